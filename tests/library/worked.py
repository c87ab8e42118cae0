"""One worked example with everything in it, for the transformations of TL-9.

Five frames of two keypoints, in pairs. Steps of the first: 5, at rest, crossing into the second
segment (with a NaN behind it), masked (with a NaN). Steps of the second: 10, at rest, crossing, and
2, which is its epsilon exactly.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from support import NAN, near

from temporal_loss import count_valid, temporal_loss, temporal_loss_and_grad

if TYPE_CHECKING:
    from support import Arrays

_NOT = math.nan
KEYPOINTS = [[0, 0, 0, 0], [3, 4, 6, 8], [3, 4, 6, 8], [_NOT, 4, 6, 13], [6, 8, 6, 15]]
CONFIDENCES = [[1, 1], [1, 1], [1, 1], [0.25, 1], [1, 1]]
SEGMENT_IDS = [0, 0, 0, 1, 1]
EPSILON = [1.0, 2.0]
THRESHOLD = 0.5

ENTRIES = [[4.0, 8.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
# Three transitions of two keypoints, of which one entry is masked.
DIVISORS = {"sum": 1, "mean": 6, "valid_mean": 5}
REDUCTIONS = (*DIVISORS, "none")


def expected(reduction: str) -> Any:
    """Loss by hand: entries 4 and 8."""
    return ENTRIES if reduction == "none" else near(12 / DIVISORS[reduction])


def gradient(reduction: str = "sum") -> Any:
    """Gradient by hand: both keypoints leave frame 0 and reach frame 1 along (0.6, 0.8)."""
    x, y = 0.6 / DIVISORS[reduction], 0.8 / DIVISORS[reduction]
    moving = [[near(-x), near(-y), near(-x), near(-y)], [near(x), near(y), near(x), near(y)]]
    return moving + [[0.0] * 4] * 3


def unmasked_gradient() -> Any:
    """Gradient of the sum without confidences: NaN where the first keypoint's last step is."""
    return [*gradient()[:3], [NAN, NAN, 0.0, 0.0], [NAN, NAN, 0.0, 0.0]]


def loss(
    keypoints: Any, confidences: Any, segment_ids: Any, *, reduction: str = "sum", **options: Any
) -> Any:
    """Loss of the example; `options` replace its own."""
    options = {"epsilon": EPSILON, "prob_threshold": THRESHOLD, **options}
    return temporal_loss(keypoints, confidences, segment_ids=segment_ids, reduction=reduction, **options)


def count(keypoints: Any, confidences: Any, segment_ids: Any) -> Any:
    """Count of the entries that "valid_mean" divides by."""
    return count_valid(keypoints, confidences, prob_threshold=THRESHOLD, segment_ids=segment_ids)


def loss_and_grad(
    keypoints: Any, confidences: Any, segment_ids: Any, *, reduction: str = "sum", **options: Any
) -> Any:
    """Loss and gradient of the example; `options` replace its own."""
    options = {"epsilon": EPSILON, "prob_threshold": THRESHOLD, **options, "segment_ids": segment_ids}
    return temporal_loss_and_grad(keypoints, confidences, reduction=reduction, **options)


def given(arrays: Arrays, dtype: str = "float32", device: str | None = None) -> tuple[Any, Any, Any]:
    """Keypoints, confidences and segment ids of the example."""
    return (
        arrays.make(KEYPOINTS, dtype, device),
        arrays.make(CONFIDENCES, dtype, device),
        arrays.make(SEGMENT_IDS, "int32", device),
    )


def read_both(arrays: Arrays, found: tuple[Any, Any]) -> tuple[Any, Any]:
    """Loss and gradient as nested lists."""
    assert isinstance(found, tuple)
    loss, gradient = found
    return arrays.read(loss), arrays.read(gradient)
