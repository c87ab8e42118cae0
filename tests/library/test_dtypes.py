"""TL-7: what dtype and device come out, and that half precision is widened first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from temporal_loss import TemporalLoss, estimate_epsilon, temporal_loss, temporal_norm

if TYPE_CHECKING:
    from support import Arrays

RESULTS = {"float16": "float32", "bfloat16": "float32", "float32": "float32", "float64": "float64"}


@pytest.mark.parametrize("reduction", ["mean", "valid_mean", "sum", "none"])
@pytest.mark.parametrize("epsilon", [0.0, 2.5, [2.5, 0.5], "array"], ids=["zero", "number", "list", "array"])
def test_the_result_dtype(arrays: Arrays, dtype: str, reduction: str, epsilon: object) -> None:
    given = arrays.make([1, 2], "float32") if epsilon == "array" else epsilon
    keypoints = arrays.make([[0, 0, 0, 0], [3, 4, 6, 8]], dtype)
    confidences = arrays.make([[1, 1], [1, 1]], "float32")
    segment_ids = arrays.make([0, 0], "int32")
    found = temporal_loss(
        keypoints,
        confidences,
        epsilon=given,
        prob_threshold=0.3,
        reduction=reduction,
        segment_ids=segment_ids,
        nan_policy="omit",
    )
    assert arrays.dtype_of(found) == RESULTS[dtype]


def test_the_result_dtype_of_the_other_functions(arrays: Arrays, dtype: str) -> None:
    keypoints = arrays.make([[0, 0], [3, 4], [3, 4]], dtype)
    for found in (
        temporal_norm(keypoints),
        estimate_epsilon(keypoints),
        TemporalLoss().compute_loss(keypoints),
    ):
        assert arrays.dtype_of(found) == RESULTS[dtype]


def test_wide_parameters_widen_nothing(arrays: Arrays, full_dtype: str) -> None:
    # Confidences, epsilon and log_weight of float64 beside keypoints of float32.
    keypoints = arrays.make([[0, 0], [3, 4]])
    loss = TemporalLoss(epsilon=arrays.make([1], full_dtype), log_weight=arrays.make(0, full_dtype))
    value, _ = loss(keypoints, arrays.make([[1], [1]], full_dtype))
    assert (arrays.read(value), arrays.dtype_of(value)) == (4.0, "float32")


def test_half_precision_does_not_overflow(arrays: Arrays, half_dtype: str) -> None:
    # 300 squared is beyond float16, and no bfloat16 is nearer to 500**2 than 250880.
    keypoints = arrays.make([[0, 0], [300, 400]], half_dtype)
    assert arrays.read(temporal_loss(keypoints)) == 500.0
    assert arrays.read(temporal_loss(arrays.make([[[-60000]], [[60000]]], half_dtype))) == pytest.approx(
        120000, rel=0.01
    )


def test_half_precision_is_widened_before_the_difference(arrays: Arrays, half_dtype: str) -> None:
    # Both frames are exact in half precision; their difference is not.
    high = 2048.0 if half_dtype == "float16" else 256.0
    keypoints = arrays.make([[[high]], [[0.5]]], half_dtype)
    for found in (temporal_loss(keypoints), TemporalLoss()(keypoints)[0], estimate_epsilon(keypoints)[0]):
        assert arrays.read(found) == high - 0.5
    assert arrays.read(temporal_norm(keypoints))[1] == [high - 0.5]
    assert arrays.read(TemporalLoss().compute_loss(keypoints)) == [[high - 0.5]]


def test_half_precision_sums_in_single(arrays: Arrays, half_dtype: str) -> None:
    # 3000 steps of 0.5: in half precision a sum of halves stops growing at 1024, or at 128.
    keypoints = arrays.make([[[0.5 * (t % 2)]] for t in range(3001)], half_dtype)
    assert arrays.read(temporal_loss(keypoints, reduction="sum")) == 1500.0
    assert arrays.read(temporal_loss(keypoints)) == 0.5
    one_segment = arrays.make([0] * 3001, "int32")
    assert arrays.read(temporal_loss(keypoints, segment_ids=one_segment)) == 0.5


def test_half_precision_confidences_are_not_what_is_counted(arrays: Arrays, half_dtype: str) -> None:
    # 2100 kept steps; bfloat16 counts no further than 256, float16 no further than 2048.
    keypoints = arrays.make([[[0.5 * (t % 2)]] for t in range(2101)], half_dtype)
    confidences = arrays.make([[1.0]] * 2101, half_dtype)
    found = temporal_loss(keypoints, confidences, prob_threshold=0.5, reduction="valid_mean")
    assert arrays.read(found) == 0.5


def test_float64_is_not_rounded_on_the_way(arrays: Arrays, full_dtype: str) -> None:
    # One unit in the last place of float64, or of float32, at 1.
    unit = 2**-52 if full_dtype == "float64" else 2**-23
    keypoints = arrays.make([[[1.0]], [[1.0 + unit]]], full_dtype)
    assert arrays.read(temporal_loss(keypoints)) == unit
    assert arrays.read(temporal_norm(keypoints))[1] == [unit]
    assert arrays.read(estimate_epsilon(keypoints)) == [unit]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_range_of_steps(arrays: Arrays, full_dtype: str, sign: int) -> None:
    # TL-11: squares of such steps neither overflow nor lose a bit.
    power = sign * (500 if full_dtype == "float64" else 60)
    keypoints = arrays.make([[0, 0], [math.ldexp(3, power), math.ldexp(4, power)]], full_dtype)
    assert arrays.read(temporal_loss(keypoints)) == math.ldexp(5, power)


def test_the_result_is_on_the_device_of_the_keypoints(arrays: Arrays) -> None:
    for device in arrays.backend.devices():
        keypoints = arrays.make([[0, 0, 0, 0], [3, 4, 6, 8]], device=device)
        confidences = arrays.make([[1, 1], [1, 1]], device=device)
        segment_ids = arrays.make([0, 0], "int32", device=device)
        for epsilon in (1.0, [1.0, 2.0], arrays.make([1, 2], device=device)):
            for reduction in ("mean", "valid_mean", "sum", "none"):
                found = temporal_loss(
                    keypoints, confidences, epsilon=epsilon, segment_ids=segment_ids, reduction=reduction
                )
                assert arrays.backend.device_name(found) == device
        others = (temporal_norm(keypoints), estimate_epsilon(keypoints, confidences))
        assert [arrays.backend.device_name(found) for found in others] == [device, device]


def test_an_epsilon_array_follows_the_keypoints_to_their_device(arrays: Arrays) -> None:
    for here in arrays.backend.devices():
        keypoints = arrays.make([[0, 0, 0, 0], [3, 4, 6, 8]], device=here)
        for there in arrays.backend.devices():
            for epsilon in (arrays.make([1, 2], device=there), arrays.make(1, device=there)):
                found = temporal_loss(keypoints, epsilon=epsilon, reduction="none")
                assert arrays.backend.device_name(found) == here
                assert arrays.read(found) == [[4.0, 8.0 + (tuple(epsilon.shape) == ())]]


def test_one_list_serves_every_device_in_turn(arrays: Arrays) -> None:
    loss = TemporalLoss(epsilon=[1.0, 2.0])
    for device in [*arrays.backend.devices()] * 2:
        value, _ = loss(arrays.make([[0, 0, 0, 0], [3, 4, 6, 8]], device=device))
        assert (arrays.read(value), arrays.backend.device_name(value)) == (6.0, device)
