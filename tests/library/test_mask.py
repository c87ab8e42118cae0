"""TL-3: which entries confidence and NaN take away, and what stays."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from support import NAN

from conformance.bits import decode, encode, round_to
from temporal_loss import temporal_loss
from temporal_loss._rounding import rounded

if TYPE_CHECKING:
    from support import Arrays

INF, NOT = math.inf, math.nan

# Steps of 5 at every frame of both keypoints.
WALK = [[0, 0, 0, 0], [3, 4, 3, 4], [6, 8, 6, 8], [9, 12, 9, 12]]


def test_low_confidence_masks_the_steps_into_and_out_of_its_frame(arrays: Arrays, dtype: str) -> None:
    confidences = arrays.make([[1, 0.25], [0.25, 1], [1, 1], [1, 1]], dtype)
    found = temporal_loss(arrays.make(WALK, dtype), confidences, prob_threshold=0.5, reduction="none")
    assert arrays.read(found) == [[0.0, 0.0], [0.0, 5.0], [5.0, 5.0]]


def test_low_confidence_in_the_last_frame(arrays: Arrays) -> None:
    confidences = arrays.make([[1, 1], [1, 1], [1, 1], [1, 0.25]])
    found = temporal_loss(arrays.make(WALK), confidences, prob_threshold=0.5, reduction="none")
    assert arrays.read(found) == [[5.0, 5.0], [5.0, 5.0], [5.0, 0.0]]


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.7, 0.9, 0.95, 1 / 3])
def test_a_confidence_that_prints_like_the_threshold_is_kept(
    arrays: Arrays, dtype: str, threshold: float
) -> None:
    # Some of these are rounded up on the way to the dtype, some down.
    same = round_to(threshold, dtype)
    digits = encode(same, dtype)
    below = float(decode(f"{int(digits, 16) - 1:0{len(digits)}x}", dtype))
    confidences = arrays.make([[same, below], [same, same]], dtype)
    keypoints = arrays.make([[0, 0, 0, 0], [3, 4, 6, 8]])
    found = temporal_loss(keypoints, confidences, prob_threshold=threshold, reduction="none")
    assert arrays.read(found) == [[5.0, 0.0]]


def test_a_threshold_below_every_number_of_the_dtype_masks_nothing(arrays: Arrays, dtype: str) -> None:
    confidences = arrays.make([[0, -1], [-math.inf, 1]], dtype)
    for threshold, sure in ((-1e300, dtype == "float64"), (-math.inf, False)):
        found = temporal_loss(
            arrays.make(WALK[:2], dtype), confidences, prob_threshold=threshold, reduction="none"
        )
        # Only float64 tells -1e300 from minus infinity.
        assert arrays.read(found) == [[0.0 if sure else 5.0, 5.0]]


# Of each dtype the smallest number above 0.
SMALLEST = {"float16": 2.0**-24, "bfloat16": 2.0**-133, "float32": 2.0**-149}


@pytest.mark.parametrize(
    ("part", "rounds_to"), [(0.25, 0), (0.5, 0), (0.75, 1), (1.25, 1), (1.5, 2), (2.5, 2)]
)
def test_thresholds_smaller_than_the_normal_numbers_are_rounded_too(part: float, rounds_to: int) -> None:
    for dtype in ("float16", "bfloat16", "float32"):
        assert rounded(part * SMALLEST[dtype], dtype) == rounds_to * SMALLEST[dtype]
        assert rounded(-part * SMALLEST[dtype], dtype) == -rounds_to * SMALLEST[dtype]


def test_the_threshold_follows_the_confidences_not_the_keypoints(arrays: Arrays, dtype: str) -> None:
    # The float32 nearest to 0.9 is below it, and would be masked by a threshold of float64.
    same = round_to(0.9, "float32")
    confidences = arrays.make([[same, same - 2**-24], [same, same]], "float32")
    keypoints = arrays.make(WALK[:2], dtype)
    found = temporal_loss(keypoints, confidences, prob_threshold=0.9, reduction="none")
    assert arrays.read(found) == [[5.0, 0.0]]


@pytest.mark.parametrize(
    ("threshold", "kept"),
    [(0.0, True), (-1.0, True), (1.5, False), (INF, False), (-INF, True), (1, True), (1e39, False)],
)
def test_any_number_is_a_threshold(arrays: Arrays, threshold: float, kept: bool) -> None:  # noqa: FBT001
    confidences = arrays.make([[1, 1], [1, 1]])
    found = temporal_loss(arrays.make(WALK[:2]), confidences, prob_threshold=threshold, reduction="none")
    assert arrays.read(found) == [[5.0 * kept, 5.0 * kept]]


def test_without_confidences_the_threshold_masks_nothing(arrays: Arrays) -> None:
    assert arrays.read(temporal_loss(arrays.make(WALK), prob_threshold=0.9)) == 5.0


def test_nan_confidence_counts_as_confident(arrays: Arrays, dtype: str) -> None:
    confidences = arrays.make([[NOT, NOT], [NOT, 0.25]], dtype)
    found = temporal_loss(arrays.make(WALK[:2]), confidences, prob_threshold=0.5, reduction="none")
    assert arrays.read(found) == [[5.0, 0.0]]


@pytest.mark.parametrize("bad", [NOT, INF, -INF])
def test_masked_entries_are_zero_whatever_the_keypoints(arrays: Arrays, dtype: str, bad: float) -> None:
    keypoints = arrays.make([[0, 0], [bad, 4], [bad, bad], [6, 8], [6, 8]], dtype)
    confidences = arrays.make([[1], [0.25], [0.25], [1], [1]], dtype)
    for reduction, expected in {
        "none": [[0.0], [0.0], [0.0], [0.0]],
        "sum": 0.0,
        "mean": 0.0,
        "valid_mean": 0.0,
    }.items():
        found = temporal_loss(keypoints, confidences, prob_threshold=0.5, reduction=reduction)
        assert arrays.read(found) == expected, reduction


@pytest.mark.parametrize("epsilon", [0.0, 2.0, [2.0, 2.0]], ids=["zero", "number", "list"])
def test_unmasked_nan_reaches_the_result(arrays: Arrays, dtype: str, epsilon: float | list[float]) -> None:
    keypoints = arrays.make([[0, 0, 0, 0], [3, NOT, 6, 8], [3, 4, 6, 8]], dtype)
    confidences = arrays.make([[1, 1], [1, 1], [1, 1]], dtype)
    second = 10.0 - 2.0 * (epsilon != 0.0)
    for given in (None, confidences):
        found = temporal_loss(keypoints, given, prob_threshold=0.5, epsilon=epsilon, reduction="none")
        assert arrays.read(found) == [[NAN, second], [NAN, 0.0]]
        for reduction in ("sum", "mean", "valid_mean"):
            found = temporal_loss(keypoints, given, prob_threshold=0.5, epsilon=epsilon, reduction=reduction)
            assert arrays.read(found) == NAN, reduction


def test_unmasked_infinity_reaches_the_result(arrays: Arrays, dtype: str) -> None:
    keypoints = arrays.make([[0, 0], [INF, 4], [INF, 4]], dtype)
    found = temporal_loss(keypoints, epsilon=1.0, reduction="none")
    assert arrays.read(found) == [[INF], [NAN]]


def test_negative_zero_is_no_motion(arrays: Arrays, dtype: str) -> None:
    keypoints = arrays.make([[0.0, -0.0], [-0.0, 0.0]], dtype)
    assert arrays.read(temporal_loss(keypoints)) == 0.0


def test_omit_masks_the_steps_that_touch_a_nan(arrays: Arrays, dtype: str) -> None:
    # In each coordinate in turn, so that none is overlooked.
    keypoints = arrays.make(
        [[[0, 0, 0]] * 4, [[NOT, 3, 6], [2, NOT, 6], [2, 3, NOT], [2, 3, 6]], [[2, 3, 6]] * 4], dtype
    )
    found = temporal_loss(keypoints, nan_policy="omit", reduction="none")
    assert arrays.read(found) == [[0.0, 0.0, 0.0, 7.0], [0.0, 0.0, 0.0, 0.0]]


def test_omitted_entries_count_for_mean_but_not_for_valid_mean(arrays: Arrays) -> None:
    keypoints = arrays.make([[0, 0, 0, 0], [NOT, 4, 6, 8], [3, 4, 6, 8], [3, 4, 6, 10]])
    # Kept: 10, 0, 2 of keypoint 1 and the last step, 0, of keypoint 0; two of six are masked.
    assert arrays.read(temporal_loss(keypoints, nan_policy="omit", reduction="sum")) == 12.0
    assert arrays.read(temporal_loss(keypoints, nan_policy="omit")) == 2.0
    assert arrays.read(temporal_loss(keypoints, nan_policy="omit", reduction="valid_mean")) == 3.0


def test_omit_and_low_confidence_together(arrays: Arrays) -> None:
    keypoints = arrays.make([[0, 0, 0, 0, 0, 0], [NOT, 4, 6, 8, 5, 12]])
    confidences = arrays.make([[1, 0.25, 1], [1, 1, 1]])
    found = temporal_loss(keypoints, confidences, prob_threshold=0.5, nan_policy="omit", reduction="none")
    assert arrays.read(found) == [[0.0, 0.0, 13.0]]


def test_omit_takes_infinity_for_a_number(arrays: Arrays) -> None:
    keypoints = arrays.make([[0, 0], [INF, 4]])
    assert arrays.read(temporal_loss(keypoints, nan_policy="omit")) == INF
