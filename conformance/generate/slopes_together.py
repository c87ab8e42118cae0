"""Gradients where NaN, joins and batches meet, and of half-precision numbers below the normal ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conformance.generate.build import WIDE, Question
from conformance.generate.grouped_together import lost, pair
from conformance.generate.slopes_at_kinks import slope
from conformance.generate.tools import nested, two_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

NAN, INF = math.nan, math.inf


def questions() -> Iterator[Question]:
    """Cases of the group, after those of one thing each."""
    for dtype in WIDE:
        yield from _omitted(dtype)
        yield from _in_batches(dtype)
    yield from _subnormal()


def _omitted(dtype: str) -> Iterator[Question]:
    space = [
        [[5, 5, 5], [9, 1, 4]],
        [[6, 7, 7], [9, 5, NAN]],
        [[6, 7, 3], [9, 5, 7]],
        [[6, 7, 3], [1, 5, 7]],
    ]
    for reduction in ("mean", "valid_mean"):
        yield slope(
            "TL-8.2 TL-3.5 TL-1.1",
            f"a keypoint in space is NaN in z alone, omitted, {reduction}",
            nested(space, dtype),
            "masked-nan",
            group="masked",
            nan_policy="omit",
            reduction=reduction,
        )
    yield slope(
        "TL-8.3 TL-3.5",
        "a keypoint is infinite in every frame: inf - inf is NaN, and not omitted",
        nested([[INF, 3, 0, 0], [INF, 4, 4, 0], [INF, 4, 4, 8]], dtype),
        "nan inf",
        group="nan",
        nan_policy="omit",
    )
    for reduction in ("mean", "valid_mean"):
        yield slope(
            "TL-8.2 TL-2.1 TL-3.5",
            f"NaN beside a join and elsewhere, omitted, {reduction}",
            two_paths(dtype, (2, 0, NAN), (0, 3, NAN)),
            "segments masked-nan",
            group="segments",
            segments=[0, 0, 1, 1, 1],
            nan_policy="omit",
            reduction=reduction,
        )


def _in_batches(dtype: str) -> Iterator[Question]:
    kp = pair("gradient together", dtype)
    for reduction in ("mean", "valid_mean"):
        yield slope(
            "TL-8.1 TL-8.2 TL-3.5 TL-5.5",
            f"NaN in the second sequence is omitted there, and nothing in the first, {reduction}",
            lost(kp, (1, 2, 0, 1), (1, 4, 1, 0)),
            "batch masked-nan",
            group="batch",
            nan_policy="omit",
            reduction=reduction,
        )
    yield slope(
        "TL-8.1 TL-8.2 TL-2.1 TL-5.5",
        "one sequence of a batch is cut and the other is not, mean",
        kp,
        "batch segments",
        group="batch",
        segments=[[0, 1, 7, 7, 7], [7, 7, 7, 7, 7]],
    )


def _subnormal() -> Iterator[Question]:
    tiny = 2.0**-24
    yield slope(
        "TL-8.1 TL-8.4 TL-7.1",
        "steps between the smallest float16 numbers",
        nested([[0, tiny], [3 * tiny, tiny], [3 * tiny, 8 * tiny]], "float16"),
        "range exact",
        group="half",
    )
    yield slope(
        "TL-8.1 TL-8.4 TL-7.1",
        "a gradient below the normal float16 numbers",
        nested([[0, 0, 0, 0], [1, 3 * 2.0**-15, -1, 2.0**-14]], "float16"),
        "range",
        group="half",
    )
