"""TL-1.3 and TL-10: arrays of two libraries, or on two devices, are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support import Arrays, available

from conformance.subjects import backends
from temporal_loss import TemporalLoss, estimate_epsilon, temporal_loss

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


@pytest.fixture(params=backends.NAMES)
def other(request: pytest.FixtureRequest) -> Arrays:
    """Return each library that is here, under test or not."""
    reason = available(request.param)
    if reason:
        pytest.skip(f"{request.param}: {reason}")
    return Arrays(request.param, backends.load(request.param), wide=False)


def test_two_libraries(arrays: Arrays, other: Arrays) -> None:
    if arrays.name == other.name:
        pytest.skip("one library")

    def refusal(name: str) -> Refusal:
        return due(TypeError, name, f"library {NAMES[arrays.name]}", f"a {NAMES[other.name]} array")

    keypoints, entries = arrays.zeros((4, 6)), arrays.zeros((3, 3))
    with other.state():
        confidences, segment_ids = other.zeros((4, 3)), other.zeros((4,), "int32")
        epsilon, number = other.zeros((3,)), other.make(0.5)
    assert_refused(refusal("confidences"), temporal_loss, keypoints, confidences)
    assert_refused(refusal("confidences"), TemporalLoss(), keypoints, confidences)
    assert_refused(refusal("confidences"), TemporalLoss().remove_nans, entries, confidences)
    assert_refused(refusal("confidences"), estimate_epsilon, keypoints, confidences)
    assert_refused(refusal("segment_ids"), temporal_loss, keypoints, segment_ids=segment_ids)
    for foreign in (epsilon, number):
        assert_refused(refusal("epsilon"), temporal_loss, keypoints, epsilon=foreign)
        assert_refused(refusal("epsilon"), TemporalLoss(epsilon=foreign), keypoints)
        assert_refused(refusal("epsilon"), TemporalLoss(epsilon=foreign).rectify_epsilon, entries)


def _assert_devices_refused(arrays: Arrays, here: str, there: str) -> None:
    keypoints, entries = arrays.zeros((4, 6), device=here), arrays.zeros((3, 3), device=here)
    confidences = arrays.zeros((4, 3), device=there)
    segment_ids = arrays.zeros((4,), "int32", device=there)

    def refused(name: str, call: Callable[..., object], *args: object, **keywords: object) -> None:
        device = {"cpu": "CPU"}.get(there, there).rpartition(":")[2]
        assert_refused(due(ValueError, name, "keypoints' device", device), call, *args, **keywords)

    refused("confidences", temporal_loss, keypoints, confidences)
    refused("confidences", TemporalLoss(), keypoints, confidences)
    refused("confidences", TemporalLoss().remove_nans, entries, confidences)
    refused("confidences", estimate_epsilon, keypoints, confidences)
    refused("segment_ids", temporal_loss, keypoints, segment_ids=segment_ids)
    refused("segment_ids", TemporalLoss(), keypoints, segment_ids=segment_ids)


def test_two_devices(arrays: Arrays) -> None:
    devices = arrays.backend.devices()
    if len(devices) == 1:
        pytest.skip(f"{arrays.label} has one device here")
    for there in devices[1:]:
        _assert_devices_refused(arrays, devices[0], there)
        _assert_devices_refused(arrays, there, devices[0])
