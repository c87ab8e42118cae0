"""Batches with segments, confidences and NaN at once, and segment ids that only 64 bits hold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conformance.generate.build import WIDE, Question, array, dice
from conformance.generate.tools import ask, exact_walk, nested, two_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.model import Array

NAN = math.nan
MEANS = (("mean", "TL-5.1"), ("valid_mean", "TL-5.2"))


def pair(name: str, dtype: str) -> Array:
    """Two sequences of five frames and two keypoints, exact steps."""
    roll = dice(f"{name} {dtype}")
    return nested([exact_walk(roll, 5, 2), exact_walk(roll, 5, 2)], dtype)


def lost(kp: Array, *places: tuple[int, int, int, int]) -> Array:
    """Put NaN at the given places of an array (B, T, K, D)."""
    _, frames, keypoints, axes = kp.shape
    gone = {((b * frames + t) * keypoints + k) * axes + d for b, t, k, d in places}
    return array([NAN if i in gone else v for i, v in enumerate(kp.values)], kp.shape, kp.dtype)


def batches() -> Iterator[Question]:
    """Cases of batches with NaN."""
    for dtype in WIDE:
        kp = lost(pair("batch omit", dtype), (1, 2, 0, 1), (1, 4, 1, 0))
        for reduction, clause in (*MEANS, ("none", "TL-5.4")):
            yield ask(
                "value-batch",
                f"TL-3.5 TL-5.5 {clause}",
                f"NaN in the second sequence is omitted there, and nothing in the first, {reduction}",
                kp,
                nan_policy="omit",
                reduction=reduction,
                flags="batch masked-nan",
            )


def segments() -> Iterator[Question]:
    """Cases of segments with NaN, of segments in batches, and of ids beyond 2**53."""
    for dtype in WIDE:
        yield from _large_ids(dtype)
        yield from _omitted(dtype)
        yield from _cut_apart(dtype)


def _large_ids(dtype: str) -> Iterator[Question]:
    kp = nested(exact_walk(dice(f"large ids {dtype}"), 9, 2), dtype)
    for text, first, second in (
        ("neighbouring ids beyond 2**53", 2**53, 2**53 + 1),
        ("neighbouring negative ids beyond -2**53", -(2**53), -(2**53) - 1),
        ("the largest ids", 2**63 - 2, 2**63 - 1),
        ("the smallest id and the largest", -(2**63), 2**63 - 1),
        ("ids that differ by 2**63", -(2**62), 2**62),
    ):
        yield ask(
            "value-segments",
            "TL-2.1",
            text,
            kp,
            segments=[first] * 4 + [second] * 3 + [first] * 2,
            flags="segments",
        )


def _omitted(dtype: str) -> Iterator[Question]:
    # Keypoint 0 is missing behind the join, keypoint 1 in the first frame.
    kp = two_paths(dtype, (2, 0, NAN), (0, 3, NAN))
    for reduction, clause in (*MEANS, ("sum", "TL-5.4"), ("none", "TL-5.4")):
        yield ask(
            "value-segments",
            f"TL-2.1 TL-3.5 {clause}",
            f"NaN beside a join and elsewhere, omitted, {reduction}",
            kp,
            segments=[0, 0, 1, 1, 1],
            nan_policy="omit",
            reduction=reduction,
            flags="segments masked-nan",
        )
    yield ask(
        "value-segments",
        "TL-2.1 TL-3.5 TL-3.1 TL-5.2",
        "NaN omitted, low confidence and joins together, valid_mean",
        kp,
        confidences=nested([[1, 1], [1, 0.25], [1, 1], [1, 1], [1, 0.25]], dtype),
        prob_threshold=0.5,
        segments=[0, 0, 1, 1, 1],
        nan_policy="omit",
        reduction="valid_mean",
        flags="segments masked-nan",
    )
    yield ask(
        "value-segments",
        "TL-2.1 TL-3.4",
        "NaN beside a join and elsewhere, not omitted",
        kp,
        segments=[0, 0, 1, 1, 1],
        reduction="none",
        flags="segments nan",
    )


def _cut_apart(dtype: str) -> Iterator[Question]:
    kp = pair("cut apart", dtype)
    # One sequence ends with the id that the next one begins with.
    ids = [[0, 1, 7, 7, 7], [7, 7, 7, 7, 7]]
    for reduction, clause in (*MEANS, ("sum", "TL-5.4")):
        yield ask(
            "value-segments",
            f"TL-2.1 TL-5.5 {clause}",
            f"one sequence of a batch is cut and the other is not, {reduction}",
            kp,
            segments=ids,
            reduction=reduction,
            flags="segments batch",
        )
    yield ask(
        "value-segments",
        "TL-2.1 TL-5.5 TL-5.3",
        "one sequence of a batch is cut everywhere and the other once",
        kp,
        segments=[[1, 2, 3, 4, 5], [1, 1, 1, 1, 2]],
        flags="segments batch",
    )
    sure = [[1, 1], [1, 0.25], [1, 1], [1, 1], [0.25, 1]], [[1, 1], [1, 1], [0.25, 1], [1, 1], [1, 1]]
    for reduction, clause in (*MEANS, ("none", "TL-5.4")):
        yield ask(
            "value-segments",
            f"TL-2.1 TL-3.1 TL-5.5 {clause}",
            f"a batch with joins, and low confidence beside them and elsewhere, {reduction}",
            kp,
            confidences=nested(list(sure), dtype),
            prob_threshold=0.5,
            epsilon=[0.5, 1.0],
            segments=ids,
            reduction=reduction,
            flags="segments batch",
        )


def valid() -> Iterator[Question]:
    """Cases of valid_mean in batches."""
    for dtype in WIDE:
        kp = pair("valid", dtype)
        sure = [[1, 1], [1, 1], [1, 1], [1, 1], [1, 1]], [[1, 0], [1, 0], [1, 0], [1, 0], [0, 0]]
        yield ask(
            "value-valid",
            "TL-5.2 TL-5.5",
            "one sequence of a batch mostly lost",
            kp,
            confidences=nested(list(sure), dtype),
            prob_threshold=0.5,
            reduction="valid_mean",
            flags="batch",
        )
