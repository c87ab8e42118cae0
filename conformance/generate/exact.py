"""Exact geometry: 3-4-5 steps on whole pixels and power-of-two counts, so 0 ULP is demanded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.generate.build import ALL, WIDE, Question, dice
from conformance.generate.tools import ask, exact_walk, flat, nested, path

if TYPE_CHECKING:
    from collections.abc import Iterator


def questions() -> Iterator[Question]:
    """Cases of the group."""
    for dtype in ALL:
        yield from _first(dtype)
        yield from _more(dtype)
    for dtype in WIDE:
        yield from _axes(dtype)
        yield from _bigger(dtype)
    for dtype in WIDE:
        yield from _equal_sizes(dtype)


def _first(dtype: str) -> Iterator[Question]:
    name, flags = "value-exact", "exact half" if dtype.endswith("16") else "exact"
    one = nested([[0, 0], [3, 4]], dtype)
    yield ask(
        name,
        "TL-1.1 TL-2 TL-5.1 TL-7.1 TL-7.2",
        "one keypoint moves by (3, 4): the loss is 5",
        one,
        flags=flags,
    )
    two = [path([(3, 4), (0, 0)], (10, 20)), path([(8, 6), (0, 4)], (1, 30))]
    yield ask(
        name,
        "TL-1.1 TL-2",
        "two keypoints in flat columns x0, y0, x1, y1 move by 5, and by 10 and 4",
        nested(flat(two), dtype),
        flags=flags,
    )
    three = [path([(3, 4), (0, 0)], (0, 0)), path([(0, 2), (4, 3)], (9, 9))]
    for reduction, clauses in (("mean", "TL-5.1"), ("sum", "TL-5.4"), ("none", "TL-5.4")):
        yield ask(
            name,
            f"TL-2 {clauses}",
            f"three frames, two keypoints, reduction {reduction}",
            nested(flat(three), dtype),
            flags=f"{flags} rest",
            reduction=reduction,
        )


def _axes(dtype: str) -> Iterator[Question]:
    name, flags = "value-exact", "exact rest"
    yield ask(
        name,
        "TL-1.1 TL-2",
        "three coordinates: a step of (1, 2, 2) has length 3",
        nested([[[5, 5, 5], [0, 0, 0]], [[6, 7, 7], [4, 0, 3]], [[6, 7, 7], [4, 4, 3]]], dtype),
        flags=flags,
        reduction="sum",
    )
    yield ask(
        name,
        "TL-1.1 TL-2",
        "one coordinate: the length is the absolute difference",
        nested([[[5], [1]], [[2], [1.5]], [[2], [-6.5]]], dtype),
        flags=flags,
    )
    yield ask(
        name,
        "TL-1.1",
        "a flat width of six is three pairs, never two triples",
        nested([[0, 0, 3, 4, 0, 0], [3, 4, 3, 4, 6, 8], [3, 4, 6, 8, 6, 8]], dtype),
        flags=flags,
        reduction="sum",
    )


def _more(dtype: str) -> Iterator[Question]:
    name, flags = "value-exact", "exact half" if dtype.endswith("16") else "exact"
    three = nested(
        flat(
            [path([(3, 4), (6, 8), (0, 0), (0, 4)], (4, 4)), path([(4, 3), (0, 1), (8, 0), (3, 4)], (9, 1))]
        ),
        dtype,
    )
    high, low = 0.75, 0.25
    confidences = nested([[low, high], [high, low], [high, high], [high, high], [low, high]], dtype)
    yield ask(
        name,
        "TL-1.2 TL-3.1 TL-5.1",
        "low confidence in one frame masks both of its steps; the count stays",
        three,
        confidences=confidences,
        prob_threshold=0.5,
        flags=flags,
    )
    yield ask(
        name,
        "TL-3.1 TL-5.2",
        "the same with valid_mean",
        three,
        confidences=confidences,
        prob_threshold=0.5,
        reduction="valid_mean",
        flags=flags,
    )
    yield ask(
        name,
        "TL-4",
        "an epsilon of 2.5 is subtracted from every longer step",
        three,
        epsilon=2.5,
        flags=flags,
    )
    yield ask(
        name,
        "TL-4 TL-4.1",
        "one epsilon per keypoint, given as a list",
        three,
        epsilon=[4.0, 1.5],
        reduction="none",
        flags=flags,
    )
    yield ask(
        name,
        "TL-3.1 TL-4 TL-5.4",
        "mask and epsilon together, summed",
        three,
        confidences=confidences,
        prob_threshold=0.5,
        epsilon=0.5,
        reduction="sum",
        flags=flags,
    )


def _bigger(dtype: str) -> Iterator[Question]:
    frames, keypoints = (33, 2) if dtype == "float32" else (17, 8)
    for size in ((5, 4), (frames, keypoints)):
        walk = exact_walk(dice(f"exact {dtype} {size}"), *size)
        yield ask(
            "value-exact",
            "TL-2 TL-5.1",
            f"{size[0]} frames of {size[1]} keypoints in whole pixels, shape (T, K, 2)",
            nested(walk, dtype),
            flags="exact rest",
        )
    rows = [[v for point in row for v in point] for row in walk]
    yield ask(
        "value-exact",
        "TL-1.1 TL-4 TL-5.4",
        "the last one in flat columns, with an epsilon, summed",
        nested(rows, dtype),
        epsilon=1.5,
        reduction="sum",
        flags="exact rest",
    )


def _equal_sizes(dtype: str) -> Iterator[Question]:
    """As many keypoints as frames, steps or sequences: an array laid the wrong way round fits."""
    two = nested(flat([path([(3, 4), (8, 0)], (1, 2)), path([(6, 8), (0, 2)], (3, 1))]), dtype)
    for reduction in ("mean", "none"):
        yield ask(
            "value-exact",
            "TL-4.1 TL-1.4",
            f"two steps of two keypoints, an epsilon each, {reduction}",
            two,
            epsilon=[9.0, 1.0],
            reduction=reduction,
            flags="exact",
        )
    ways = [[(3, 4), (0, 8)], [(0, 2), (6, 8)], [(4, 3), (1, 0)]]
    three = nested(flat([path(way, (1, 2)) for way in ways]), dtype)
    yield ask(
        "value-exact",
        "TL-1.2 TL-3.1",
        "three frames of three keypoints with confidences",
        three,
        confidences=nested([[1, 1, 0.25], [1, 1, 1], [1, 0.25, 1]], dtype),
        prob_threshold=0.5,
        reduction="none",
        flags="exact",
    )
    pair = nested([exact_walk(dice(f"equal sizes {dtype} {i}"), 3, 2) for i in range(2)], dtype)
    yield ask(
        "value-exact",
        "TL-4.1 TL-5.5",
        "two sequences of two steps of two keypoints, an epsilon each",
        pair,
        epsilon=[0.5, 3.0],
        reduction="none",
        flags="exact batch",
    )
    cube = nested([exact_walk(dice(f"cube {dtype} {i}"), 3, 3) for i in range(3)], dtype)
    yield ask(
        "value-exact",
        "TL-1.2 TL-2.1 TL-5.5",
        "three sequences of three frames of three keypoints, with confidences and joins",
        cube,
        confidences=nested(
            [
                [[1, 1, 0.25], [1, 1, 1], [1, 1, 1]],
                [[1, 1, 1], [1, 1, 1], [1, 0.25, 1]],
                [[1, 1, 1], [1, 1, 1], [1, 1, 1]],
            ],
            dtype,
        ),
        prob_threshold=0.5,
        segments=[[0, 0, 0], [0, 0, 7], [0, 1, 1]],
        reduction="none",
        flags="exact batch segments",
    )
