"""Odd in more than one way: infinity beside NaN, odd confidences and thresholds, NaN in space."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conformance.generate.build import ALL, HALF, WIDE, Question
from conformance.generate.tools import ask, nested, path, together, two_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

NAN, INF = math.nan, math.inf


def questions() -> Iterator[Question]:
    """Cases of the group, after those of one oddity each."""
    for dtype in WIDE:
        yield from _infinity_beside_nan(dtype)
        yield from _thresholds(dtype)
        yield from _infinite_confidences(dtype)
        yield from _in_space(dtype)
    for dtype in HALF:
        yield _infinities(dtype, "none")
    for dtype in ALL:
        yield _negative_infinity(dtype)


def _infinity_beside_nan(dtype: str) -> Iterator[Question]:
    # Keypoint 0 is infinite in frame 2, keypoint 1 is missing in frame 1.
    kp = two_paths(dtype, (2, 0, INF), (1, 2, NAN))
    for reduction in ("mean", "sum", "valid_mean", "none"):
        yield ask(
            "value-nan",
            "TL-3.4 TL-2.2",
            f"infinite steps of one keypoint, NaN steps of the other, {reduction}",
            kp,
            reduction=reduction,
            flags="nan inf",
        )
    yield ask(
        "value-nan",
        "TL-3.4 TL-2.2 TL-4",
        "infinite and NaN steps above an epsilon",
        kp,
        epsilon=2.5,
        flags="nan inf",
    )
    for reduction in ("mean", "valid_mean"):
        yield ask(
            "value-policy",
            "TL-3.5 TL-2.2 TL-1.4",
            f"the NaN keypoint is omitted and the infinite one is not, {reduction}",
            kp,
            nan_policy="omit",
            reduction=reduction,
            flags="inf masked-nan",
        )
    for text, low, left in (("NaN", [1, 0.25], "inf"), ("infinite", [0.25, 1], "nan")):
        yield ask(
            "value-masked",
            "TL-3.4 TL-2.2",
            f"the {text} keypoint is masked and the other is not",
            kp,
            confidences=nested([low] * 5, dtype),
            prob_threshold=0.5,
            flags=f"masked-nan {left}",
        )


def _thresholds(dtype: str) -> Iterator[Question]:
    kp = two_paths(dtype)
    # Above 1.5: keypoint 0 in frames 0 and 1. NaN: keypoint 1 in frames 1 and 2.
    above = nested([[2, 1], [2, NAN], [1, NAN], [1, 1], [1, 1]], dtype)
    for reduction in ("mean", "valid_mean", "none"):
        yield ask(
            "value-confidence",
            "TL-3.1 TL-3.3",
            f"a threshold of 1.5: a confidence of 1 is low, 2 and NaN are not, {reduction}",
            kp,
            confidences=above,
            prob_threshold=1.5,
            reduction=reduction,
            flags="nan",
        )
    for reduction, clause in (("mean", "TL-5.1"), ("valid_mean", "TL-5.3")):
        yield ask(
            "value-confidence",
            f"TL-3.1 {clause}",
            f"a threshold above every confidence masks everything, {reduction}",
            kp,
            confidences=nested([[1, 1]] * 5, dtype),
            prob_threshold=1.5,
            reduction=reduction,
            flags="exact",
        )
    below = nested([[0, -0.25], [-0.25, NAN], [0, -0.75], [NAN, 0], [-0.5, 0]], dtype)
    for reduction in ("mean", "none"):
        yield ask(
            "value-confidence",
            "TL-3.1 TL-3.3",
            f"a threshold of -0.5: only a confidence of -0.75 is low, {reduction}",
            kp,
            confidences=below,
            prob_threshold=-0.5,
            reduction=reduction,
            flags="nan kink",
        )
    yield ask(
        "value-confidence",
        "TL-3.1",
        "a threshold below every confidence masks nothing",
        kp,
        confidences=nested([[0, -0.25], [-0.25, 0], [0, 0], [1, 0], [-0.375, 0]], dtype),
        prob_threshold=-0.5,
        flags="exact",
    )


def _infinities(dtype: str, reduction: str) -> Question:
    rows = [[INF, 1], [1, -INF], [1, 1], [INF, 1], [INF, INF]]
    return ask(
        "value-confidence",
        "TL-3.1",
        f"a confidence of inf is high and one of -inf is low, {reduction}",
        two_paths(dtype),
        confidences=nested(rows, dtype),
        prob_threshold=0.5,
        reduction=reduction,
        flags="inf" + (" half" if dtype in HALF else ""),
    )


def _infinite_confidences(dtype: str) -> Iterator[Question]:
    for reduction in ("mean", "valid_mean", "none"):
        yield _infinities(dtype, reduction)


def _negative_infinity(dtype: str) -> Question:
    return ask(
        "value-confidence",
        "TL-3.1",
        "a confidence of -inf is below a threshold of 0 too",
        two_paths(dtype),
        confidences=nested([[1, 1], [1, 1], [0, -INF], [1, 1], [1, 1]], dtype),
        flags="inf exact" + (" half" if dtype in HALF else ""),
    )


def _in_space(dtype: str) -> Iterator[Question]:
    ways = [
        path([(1, 2, 2), (0, 3, 4), (4, 4, 2)], (5, 5, 5)),
        path([(2, 1, 2), (0, 0, 8), (8, 4, 8)], (9, 1, 4)),
    ]
    points = together(ways)
    points[1][1][2] = NAN
    for reduction in ("mean", "valid_mean", "none"):
        yield ask(
            "value-policy",
            "TL-3.5 TL-1.1",
            f"a keypoint in space is NaN in z alone, omitted, {reduction}",
            nested(points, dtype),
            nan_policy="omit",
            reduction=reduction,
            flags="masked-nan",
        )
