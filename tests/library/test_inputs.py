"""TL-1 and TL-2: what keypoints and confidences look like, and what a step is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from temporal_loss import TemporalLoss, estimate_epsilon, temporal_loss, temporal_norm

if TYPE_CHECKING:
    from support import Arrays


def test_flat_columns_are_pairs(arrays: Arrays, dtype: str) -> None:
    # Read as x0, x1, y0, y1 the steps would be sqrt(34) and sqrt(160).
    keypoints = arrays.make([[0, 0, 0, 0], [3, 4, 5, 12], [3, 4, 5, 13]], dtype)
    assert arrays.read(temporal_loss(keypoints, reduction="none")) == [[5.0, 13.0], [0.0, 1.0]]


def test_flat_rows_of_six_are_three_pairs_never_two_triples(arrays: Arrays) -> None:
    keypoints = arrays.make([[0, 0, 0, 0, 0, 0], [3, 4, 6, 8, 0, 2]])
    assert arrays.read(temporal_loss(keypoints, reduction="none")) == [[5.0, 10.0, 2.0]]


def test_two_columns_are_one_keypoint(arrays: Arrays) -> None:
    keypoints = arrays.make([[0, 0], [3, 4], [3, 4], [15, 9]])
    assert arrays.read(temporal_loss(keypoints, reduction="none")) == [[5.0], [0.0], [13.0]]


def test_two_coordinates_as_a_third_axis(arrays: Arrays, dtype: str) -> None:
    keypoints = arrays.make([[[0, 0], [0, 0]], [[3, 4], [5, 12]]], dtype)
    assert arrays.read(temporal_loss(keypoints, reduction="none")) == [[5.0, 13.0]]


@pytest.mark.parametrize(
    ("step", "length"),
    [((-7,), 7.0), ((5, -12), 13.0), ((2, 3, 6), 7.0), ((1, -4, 8), 9.0)],
    ids=["1", "2", "3", "3-negative"],
)
def test_one_to_three_coordinates(arrays: Arrays, dtype: str, step: tuple[int, ...], length: float) -> None:
    still = [9] * len(step)
    moved = [9 + s for s in step]
    keypoints = arrays.make([[still, still], [still, moved]], dtype)
    assert arrays.read(temporal_loss(keypoints, reduction="none")) == [[0.0, length]]


def test_no_step_leads_from_one_sequence_of_a_batch_to_the_next(arrays: Arrays, dtype: str) -> None:
    batch = [[[[0, 0]], [[3, 4]], [[3, 4]]], [[[100, 100]], [[100, 100]], [[106, 108]]]]
    keypoints = arrays.make(batch, dtype)
    assert arrays.read(temporal_loss(keypoints, reduction="none")) == [[[5.0], [0.0]], [[0.0], [10.0]]]
    assert arrays.read(temporal_loss(keypoints)) == 15 / 4


def test_two_leading_axes(arrays: Arrays) -> None:
    keypoints = arrays.make([[[[[0, 0]], [[3, 4]]]], [[[[1, 1]], [[1, 3]]]], [[[[0, 0]], [[0, 0]]]]])
    assert arrays.read(temporal_loss(keypoints, reduction="none")) == [[[[5.0]]], [[[2.0]]], [[[0.0]]]]


def test_confidences_have_the_leading_axes_too(arrays: Arrays) -> None:
    keypoints = arrays.make([[[[0, 0]], [[3, 4]]], [[[0, 0]], [[6, 8]]]])
    confidences = arrays.make([[[0.1], [0.9]], [[0.9], [0.9]]])
    masked = temporal_loss(keypoints, confidences, prob_threshold=0.5, reduction="none")
    assert arrays.read(masked) == [[[0.0]], [[10.0]]]


def test_an_empty_batch_has_no_loss(arrays: Arrays) -> None:
    assert arrays.read(temporal_loss(arrays.zeros((0, 3, 2, 2)))) == 0.0


def test_confidences_may_have_another_floating_dtype(arrays: Arrays, dtype: str) -> None:
    keypoints = arrays.make([[0, 0, 0, 0], [3, 4, 6, 8]])
    confidences = arrays.make([[0.25, 0.75], [0.75, 0.75]], dtype)
    found = temporal_loss(keypoints, confidences, prob_threshold=0.5, reduction="none")
    assert arrays.read(found) == [[0.0, 10.0]]
    assert arrays.dtype_of(found) == "float32"


@pytest.mark.parametrize("reduction", ["mean", "valid_mean", "sum", "none"])
def test_no_input_is_modified(arrays: Arrays, dtype: str, reduction: str) -> None:
    nan = float("nan")
    given = {
        "keypoints": arrays.make([[1, 2, 3, 4], [-1, 2, nan, 4], [5, 5, 5, 5]], dtype),
        "confidences": arrays.make([[0.5, nan], [0.25, 1], [1, 1]], dtype),
        "epsilon": arrays.make([0.5, 4], dtype),
        "segment_ids": arrays.make([0, 0, 1], "int32"),
    }
    before = {name: arrays.bytes_of(array) for name, array in given.items()}
    found = temporal_loss(**given, prob_threshold=0.5, reduction=reduction, nan_policy="omit")
    arrays.bytes_of(found)
    assert {name: arrays.bytes_of(array) for name, array in given.items()} == before


def test_no_method_modifies_its_input(arrays: Arrays) -> None:
    keypoints = arrays.make([[0, 0, 0, 0], [3, 4, 6, 8]])
    confidences = arrays.make([[0.25, 0.75], [0.75, 0.75]])
    entries = arrays.make([[5, 10]])
    before = [arrays.bytes_of(array) for array in (keypoints, confidences, entries)]
    loss = TemporalLoss(epsilon=[1.0, 2.0], prob_threshold=0.5)
    found = [
        loss.compute_loss(keypoints),
        loss.remove_nans(entries, confidences),
        loss.rectify_epsilon(entries),
        loss.reduce_loss(entries),
        temporal_norm(keypoints),
        estimate_epsilon(keypoints, confidences, prob_threshold=0.5),
    ]
    assert [arrays.read(array) for array in found[:4]] == [[[5.0, 10.0]], [[0.0, 10.0]], [[4.0, 8.0]], 7.5]
    assert [arrays.bytes_of(array) for array in (keypoints, confidences, entries)] == before


def test_segment_ids_of_any_integer_dtype(arrays: Arrays, integer_dtype: str) -> None:
    keypoints = arrays.make([[0, 0], [3, 4], [6, 8], [6, 8]])
    highest = 2 ** (int(integer_dtype.strip("uint")) - (not integer_dtype.startswith("u"))) - 1
    segment_ids = arrays.make([highest, highest, highest - 1, highest - 1], integer_dtype)
    found = temporal_loss(keypoints, segment_ids=segment_ids, reduction="none")
    assert arrays.read(found) == [[5.0], [0.0], [0.0]]
    assert arrays.read(temporal_loss(keypoints, segment_ids=segment_ids)) == 2.5
