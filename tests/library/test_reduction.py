"""TL-5 and TL-2.1: what is summed, what is counted, and what a segment leaves out of both."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from temporal_loss import temporal_loss

if TYPE_CHECKING:
    from support import Arrays

# Entries 5 and 10, 0 and 2, 13 and 0.
PATH = [[0, 0, 0, 0], [3, 4, 6, 8], [3, 4, 6, 10], [8, 16, 6, 10]]
# Masks 5 (frame 0 of keypoint 0) and 2, 0 (frame 3 and 2 of keypoint 1): what stays is 10, 0, 13.
SURE = [[0.25, 1], [1, 1], [1, 0.25], [1, 1]]


@pytest.mark.parametrize(("reduction", "expected"), [("mean", 5.0), ("valid_mean", 5.0), ("sum", 30.0)])
def test_without_a_mask(arrays: Arrays, dtype: str, reduction: str, expected: float) -> None:
    assert arrays.read(temporal_loss(arrays.make(PATH, dtype), reduction=reduction)) == expected


@pytest.mark.parametrize(
    ("reduction", "expected"),
    # Six entries, three of them masked.
    [
        ("none", [[0.0, 10.0], [0.0, 0.0], [13.0, 0.0]]),
        ("sum", 23.0),
        ("mean", 23 / 6),
        ("valid_mean", 23 / 3),
    ],
)
def test_masked_entries_count_for_mean_only(arrays: Arrays, reduction: str, expected: object) -> None:
    found = temporal_loss(arrays.make(PATH), arrays.make(SURE), prob_threshold=0.5, reduction=reduction)
    assert arrays.read(found) == (pytest.approx(expected) if isinstance(expected, float) else expected)


def test_mean_is_the_default(arrays: Arrays) -> None:
    assert arrays.read(temporal_loss(arrays.make(PATH))) == 5.0


def test_steps_within_epsilon_are_counted_by_both_means(arrays: Arrays) -> None:
    # 1, 6, 0, 0, 9, 0 over six.
    for reduction in ("mean", "valid_mean"):
        found = temporal_loss(arrays.make(PATH), epsilon=4.0, reduction=reduction)
        assert arrays.read(found) == pytest.approx(16 / 6)


def test_scalars_have_no_axes(arrays: Arrays, dtype: str) -> None:
    for reduction in ("mean", "valid_mean", "sum"):
        assert tuple(temporal_loss(arrays.make(PATH, dtype), reduction=reduction).shape) == ()
    assert tuple(temporal_loss(arrays.make(PATH, dtype), reduction="none").shape) == (3, 2)


def test_valid_mean_of_nothing_is_zero(arrays: Arrays, dtype: str) -> None:
    nothing = arrays.zeros((4, 2), dtype)
    found = temporal_loss(arrays.make(PATH, dtype), nothing, prob_threshold=0.5, reduction="valid_mean")
    assert arrays.read(found) == 0.0


SEGMENTS = {
    "apart": [0, 0, 7, 7],
    "falling": [9, 9, -3, -3],
    "neighbours": [1, 1, 2, 2],
}


@pytest.mark.parametrize("ids", SEGMENTS)
def test_a_step_between_segments_is_none(arrays: Arrays, ids: str) -> None:
    # Of 5, 10 | 0, 2 | 13, 0 the middle row is no transition.
    keypoints, segment_ids = arrays.make(PATH), arrays.make(SEGMENTS[ids], "int32")
    expected = {"none": [[5.0, 10.0], [0.0, 0.0], [13.0, 0.0]], "sum": 28.0, "mean": 7.0, "valid_mean": 7.0}
    for reduction, value in expected.items():
        found = temporal_loss(keypoints, segment_ids=segment_ids, reduction=reduction)
        assert arrays.read(found) == value, reduction


def test_a_segment_may_come_back(arrays: Arrays) -> None:
    segment_ids = arrays.make([0, 1, 0, 0], "int32")
    found = temporal_loss(arrays.make(PATH), segment_ids=segment_ids, reduction="none")
    assert arrays.read(found) == [[0.0, 0.0], [0.0, 0.0], [13.0, 0.0]]


def test_one_segment_changes_nothing(arrays: Arrays) -> None:
    found = temporal_loss(arrays.make(PATH), segment_ids=arrays.make([4, 4, 4, 4], "int32"))
    assert arrays.read(found) == 5.0


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_step_between_segments_is_zero_whatever_the_keypoints(arrays: Arrays, bad: float) -> None:
    # A frame of padding that no transition touches.
    keypoints = arrays.make([[0, 0], [3, 4], [bad, bad], [6, 8], [6, 10]])
    segment_ids = arrays.make([0, 0, 1, 2, 2], "int32")
    assert arrays.read(temporal_loss(keypoints, segment_ids=segment_ids)) == 3.5


def test_every_step_crossing_gives_zero(arrays: Arrays, dtype: str) -> None:
    segment_ids = arrays.make([0, 1, 2, 3], "int32")
    for reduction in ("mean", "valid_mean", "sum"):
        found = temporal_loss(arrays.make(PATH, dtype), segment_ids=segment_ids, reduction=reduction)
        assert arrays.read(found) == 0.0, reduction


def test_segments_and_mask_together(arrays: Arrays) -> None:
    # Rows 0 and 2 are transitions, four entries; the mask leaves 10 and 13 and takes 5 and 0.
    given = {
        "confidences": arrays.make([[0.25, 1], [1, 1], [1, 0.25], [1, 1]]),
        "segment_ids": arrays.make([0, 0, 1, 1], "int32"),
        "prob_threshold": 0.5,
    }
    expected = {"none": [[0.0, 10.0], [0.0, 0.0], [13.0, 0.0]], "sum": 23.0, "mean": 5.75, "valid_mean": 11.5}
    for reduction, value in expected.items():
        assert arrays.read(temporal_loss(arrays.make(PATH), reduction=reduction, **given)) == value, reduction


def test_segments_of_each_sequence_of_a_batch(arrays: Arrays) -> None:
    keypoints = arrays.make([[[[0]], [[4]], [[6]]], [[[0]], [[1]], [[9]]]])
    segment_ids = arrays.make([[0, 0, 1], [0, 1, 1]], "int32")
    found = temporal_loss(keypoints, segment_ids=segment_ids, reduction="none")
    assert arrays.read(found) == [[[4.0], [0.0]], [[0.0], [8.0]]]
    assert arrays.read(temporal_loss(keypoints, segment_ids=segment_ids)) == 6.0


def test_segments_count_every_keypoint_of_a_batch(arrays: Arrays) -> None:
    keypoints = arrays.make([[[[0], [0], [0]], [[4], [8], [0]]], [[[0], [0], [0]], [[5], [6], [7]]]])
    segment_ids = arrays.make([[0, 0], [0, 1]], "int32")
    assert arrays.read(temporal_loss(keypoints, segment_ids=segment_ids)) == 4.0
