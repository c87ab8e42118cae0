"""TL-1.3, TL-1.4 and TL-7.2: libraries and devices of arrays, other dtypes beside, and nothing modified."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support import Arrays, available

from conformance.subjects import backends
from temporal_loss import (
    TemporalLoss,
    count_valid,
    estimate_epsilon,
    temporal_loss,
    temporal_loss_and_grad,
    temporal_norm,
)

from . import worked
from .refusals import Refusal, assert_refused, due

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = {
    "numpy": "NumPy",
    "torch": "torch",
    "jax": "JAX",
    "cupy": "CuPy",
    "cupy-stand-in": "CuPy",
    "dask": "Dask",
    "strict": "array-api-strict",
}
STEP = [[0, 0, 0, 0], [3, 4, 6, 8]]


def test_segment_ids_of_any_integer_dtype(arrays: Arrays, integer_dtype: str) -> None:
    keypoints = arrays.make([[0, 0], [3, 4], [6, 8], [6, 8]])
    highest = 2 ** (int(integer_dtype.strip("uint")) - (not integer_dtype.startswith("u"))) - 1
    segment_ids = arrays.make([highest, highest, highest - 1, highest - 1], integer_dtype)
    found = temporal_loss(keypoints, segment_ids=segment_ids, reduction="none")
    assert arrays.read(found) == [[5.0], [0.0], [0.0]]
    assert arrays.read(temporal_loss(keypoints, segment_ids=segment_ids)) == 2.5


def test_wide_parameters_widen_nothing(arrays: Arrays, full_dtype: str) -> None:
    # Confidences, epsilon and log_weight of float64 beside keypoints of float32.
    loss = TemporalLoss(epsilon=arrays.make([1], full_dtype), log_weight=arrays.make(0, full_dtype))
    value, _ = loss(arrays.make([[0, 0], [3, 4]]), arrays.make([[1], [1]], full_dtype))
    assert (arrays.read(value), arrays.dtype_of(value)) == (4.0, "float32")


def test_no_call_modifies_or_returns_what_it_is_given(arrays: Arrays) -> None:
    given = [*worked.given(arrays), arrays.make(worked.EPSILON), arrays.make([[5, 10]])]
    before = [arrays.bytes_of(array) for array in given]
    keypoints, confidences, segment_ids, epsilon, entries = given
    loss = TemporalLoss(epsilon=epsilon, prob_threshold=0.5)
    found = [
        loss.compute_loss(keypoints),
        loss.remove_nans(entries, confidences[:2, :]),
        loss.rectify_epsilon(entries),
        loss.reduce_loss(entries),
        temporal_norm(keypoints),
        estimate_epsilon(keypoints, confidences, prob_threshold=0.5),
        worked.count(keypoints, confidences, segment_ids),
        worked.loss(keypoints, confidences, segment_ids, reduction="none", nan_policy="omit"),
        *worked.loss_and_grad(keypoints, confidences, segment_ids),
    ]
    for array in found:
        arrays.bytes_of(array)
        assert not any(array is other for other in given)
    assert [arrays.bytes_of(array) for array in given] == before


# Devices ------------------------------------------------------------------------------------


def test_results_are_on_the_device_of_the_keypoints(arrays: Arrays) -> None:
    # One list of epsilons serves all devices in turn, and an array follows the keypoints.
    loss = TemporalLoss(epsilon=[1.0, 2.0])
    for here in [*arrays.backend.devices()] * 2:
        keypoints = arrays.make(STEP, device=here)
        found = [loss(keypoints)[0], loss(keypoints)[1][1]["value"], temporal_norm(keypoints)]
        found += [
            estimate_epsilon(keypoints),
            count_valid(keypoints),
            *temporal_loss_and_grad(keypoints, epsilon=[1.0, 2.0]),
        ]
        assert arrays.read(found[0]) == 6.0
        for there in arrays.backend.devices():
            for epsilon in (arrays.make([1, 2], device=there), arrays.make(1, device=there)):
                found.append(temporal_loss(keypoints, epsilon=epsilon, reduction="none"))
                assert arrays.read(found[-1]) == [[4.0, 8.0 + (tuple(epsilon.shape) == ())]]
        assert {arrays.backend.device_name(array) for array in found} == {here}


def test_two_devices_are_refused(arrays: Arrays) -> None:
    first, *others = arrays.backend.devices()
    if not others:
        pytest.skip(f"{arrays.label} has one device here")
    for here, there in [pair for other in others for pair in ((first, other), (other, first))]:
        device = {"cpu": "CPU"}.get(there, there).rpartition(":")[2]
        _assert_refused_beside(
            arrays.zeros((4, 6), device=here),
            arrays.zeros((3, 3), device=here),
            arrays.zeros((4, 3), device=there),
            arrays.zeros((4,), "int32", device=there),
            lambda name, device=device: due(ValueError, name, "keypoints' device", device),
        )


def _assert_refused_beside(
    keypoints: object, entries: object, confidences: object, ids: object, due_for: Callable[[str], Refusal]
) -> None:
    for call in (temporal_loss, TemporalLoss(), estimate_epsilon, temporal_loss_and_grad):
        assert_refused(due_for("confidences"), call, keypoints, confidences)
    assert_refused(due_for("confidences"), TemporalLoss().remove_nans, entries, confidences)
    for call in (temporal_loss, TemporalLoss(), temporal_loss_and_grad):
        assert_refused(due_for("segment_ids"), call, keypoints, segment_ids=ids)


# Libraries ----------------------------------------------------------------------------------


@pytest.fixture(params=backends.NAMES)
def other(request: pytest.FixtureRequest) -> Arrays:
    """Return each library that is here, under test or not."""
    reason = available(request.param)
    if reason:
        pytest.skip(f"{request.param}: {reason}")
    return Arrays(request.param, backends.load(request.param), wide=False)


def test_two_libraries_are_refused(arrays: Arrays, other: Arrays) -> None:
    if arrays.name == other.name:
        pytest.skip("one library")

    def refusal(name: str) -> Refusal:
        return due(TypeError, name, f"library {NAMES[arrays.name]}", f"a {NAMES[other.name]} array")

    keypoints, entries = arrays.zeros((4, 6)), arrays.zeros((3, 3))
    with other.state():
        confidences, segment_ids = other.zeros((4, 3)), other.zeros((4,), "int32")
        epsilons = other.zeros((3,)), other.make(0.5)
    _assert_refused_beside(keypoints, entries, confidences, segment_ids, refusal)
    for epsilon in epsilons:
        assert_refused(refusal("epsilon"), temporal_loss, keypoints, epsilon=epsilon)
        assert_refused(refusal("epsilon"), TemporalLoss(epsilon=epsilon), keypoints)
        assert_refused(refusal("epsilon"), TemporalLoss(epsilon=epsilon).rectify_epsilon, entries)
