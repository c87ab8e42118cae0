"""Gradients where something moves, and all the groups of gradients together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conformance.generate import slopes_together
from conformance.generate.build import ALL, HALF, WIDE, Question, array, dice
from conformance.generate.slopes_at_kinks import kinks, masked, slope
from conformance.generate.tools import (
    clear,
    exact_walk,
    flat,
    nested,
    path,
    random_array,
    random_confidences,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


NAN = math.nan


def questions() -> Iterator[Question]:
    """Cases of the group."""
    for dtype in ALL:
        yield from _moving(dtype)
        yield from kinks(dtype)
    for dtype in WIDE:
        yield from masked(dtype)
        yield from _random(dtype)
        yield from _grouped(dtype)
        yield from _far(dtype)
    yield from slopes_together.questions()


def _moving(dtype: str) -> Iterator[Question]:
    straight = nested(flat([path([(4, 0), (2, 0)], (1, 5)), path([(0, -3), (0, 3)], (7, 9))]), dtype)
    for reduction in ("mean", "sum"):
        yield slope(
            "TL-8.1 TL-8.4",
            f"steps along the axes: the unit vectors are exact, {reduction}",
            straight,
            "exact",
            group="moving",
            reduction=reduction,
        )
    yield slope(
        "TL-8.1 TL-1.4",
        "one step of (3, 4), one of (1, 1)",
        nested([[1, 2, 7, 7], [4, 6, 7, 7], [4, 6, 8, 8]], dtype),
        group="moving",
    )
    turns = nested(
        flat(
            [
                path([(3, 4), (-4, 3), (0, 8), (5, 1)], (4, 4)),
                path([(4, -3), (8, -6), (3, 4), (3, 4)], (9, 30)),
            ]
        ),
        dtype,
    )
    yield slope("TL-8.1", "turns, and equal directions that cancel", turns, group="moving")
    yield slope(
        "TL-8.1 TL-4",
        "an epsilon below every length changes the loss and not the gradient",
        turns,
        group="moving",
        epsilon=1.5,
    )
    if dtype in HALF:
        return
    yield slope(
        "TL-8.1 TL-1.1",
        "three coordinates",
        nested([[[1, 2, 3], [0, 0, 0]], [[2, 4, 5], [0, 0, 1]], [[6, 4, 5], [3, 0, 5]]], dtype),
        group="moving",
    )
    yield slope(
        "TL-8.1 TL-1.1",
        "one coordinate: signs over the count",
        nested([[[1], [2]], [[4], [2]], [[2], [1]]], dtype),
        "exact",
        group="moving",
    )


def _random(dtype: str) -> Iterator[Question]:
    for shape in ((3, 4), (5, 4), *([(4, 2, 3), (32, 34)] if dtype == "float32" else [])):
        kp = random_array(dice(f"gradient {dtype} {shape}"), shape, dtype)
        yield slope("TL-8.1 TL-9", f"random positions of shape {shape}", kp, "random", group="random")
    roll = dice(f"gradient parameters {dtype}")
    kp = random_array(roll, (5, 4), dtype)
    confidences = random_confidences(roll, (5, 2), dtype)
    for reduction in ("mean", "valid_mean", "sum"):
        yield slope(
            "TL-8.1 TL-8.2 TL-3.1 TL-4.1",
            f"random positions and confidences, an epsilon each, {reduction}",
            kp,
            "random",
            group="random",
            confidences=confidences,
            prob_threshold=0.5,
            epsilon=[clear(kp, wanted) for wanted in (80.0, 200.0)],
            reduction=reduction,
        )


def _grouped(dtype: str) -> Iterator[Question]:
    roll = dice(f"gradient groups {dtype}")
    kp = nested([[v for point in row for v in point] for row in exact_walk(roll, 5, 2)], dtype)
    for reduction in ("mean", "sum", "valid_mean"):
        yield slope(
            "TL-8.2 TL-2.1",
            f"no gradient between clips, {reduction}",
            kp,
            "segments",
            group="segments",
            segments=[0, 0, 0, 1, 1],
            reduction=reduction,
        )
    yield slope(
        "TL-8.2 TL-2.1 TL-5.3",
        "every step is a join",
        kp,
        "segments exact",
        group="segments",
        segments=[8, 7, 6, 5, 4],
    )
    deep = random_array(roll, (2, 5, 2, 2), dtype)
    for reduction in ("mean", "sum"):
        yield slope(
            "TL-8.1 TL-5.5 TL-8.4",
            f"a batch, {reduction}",
            deep,
            "batch random",
            group="batch",
            reduction=reduction,
        )
    deep = random_array(roll, (2, 5, 2, 2), dtype)
    yield slope(
        "TL-8.1 TL-8.2 TL-5.5 TL-2.1",
        "a batch with confidences, joins and an epsilon, valid_mean",
        deep,
        "batch segments random",
        group="batch",
        confidences=random_confidences(roll, (2, 5, 2), dtype),
        prob_threshold=0.5,
        epsilon=clear(deep, 60.0),
        segments=[[0, 0, 1, 1, 1], [0, 0, 0, 0, 0]],
        reduction="valid_mean",
    )
    lost = [NAN if i == 5 else v for i, v in enumerate(deep.values)]
    yield slope(
        "TL-8.3 TL-5.5",
        "a NaN in one sequence leaves the other's gradient alone",
        array(lost, deep.shape, dtype),
        "batch nan",
        group="batch",
    )


def _far(dtype: str) -> Iterator[Question]:
    far, fine = (2.0**20, 2.0**-3) if dtype == "float32" else (2.0**40, 2.0**-12)
    rows = flat(
        [
            path([(fine, 0), (0, 2 * fine), (3 * fine, 4 * fine), (fine, fine)], (at, far))
            for at in (far, -far)
        ]
    )
    yield slope(
        "TL-8.1 TL-11", "small steps far from the origin", nested(rows, dtype), "cancellation", group="far"
    )
    edge = 60 if dtype == "float32" else 500
    for power in (-edge, edge - 3):
        unit = 2.0**power
        rows = flat(
            [
                path([(unit, 2 * unit), (2 * unit, -unit)], (0, 0)),
                path([(0, 3 * unit), (unit, unit)], (0, unit)),
            ]
        )
        yield slope("TL-8.1 TL-11", f"steps of about 2**{power}", nested(rows, dtype), "range", group="far")
    near = flat([path([(1.0, 2.0**-11), (1.0, -(2.0**-11))], (0, 0)), path([(3, 5), (6, 10)], (1, 1))])
    yield slope(
        "TL-8.1 TL-11",
        "nearly equal directions almost cancel",
        nested(near, dtype),
        "cancellation",
        group="far",
    )
