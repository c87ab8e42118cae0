"""Checks are not skipped for a call that only resembles an earlier one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from temporal_loss import temporal_loss

if TYPE_CHECKING:
    from support import Arrays

# Steps of 5 and 10.
STEP = [[0, 0, 0, 0], [3, 4, 6, 8]]
SURE = [[1, 1], [1, 1]]
REFUSED: dict[str, list[Any]] = {
    "epsilon": [[True, 1.0], True, [1.0] * 3, [1.0, -1.0], [1.0, math.nan], [[1.0], [1.0]]],
    "prob_threshold": [True, math.nan],
    "reduction": ["total", ["sum"]],
    "nan_policy": ["raise"],
    "keypoints": [STEP],
    "confidences": [SURE],
}
OTHER: list[tuple[dict[str, Any], Any]] = [
    ({"epsilon": [1.0, 2.0]}, 12.0),
    ({"epsilon": 2.0}, 11.0),
    ({"epsilon": 0}, 15.0),
    ({"prob_threshold": 2}, 0.0),
    ({"reduction": "mean"}, 6.5),
    ({"reduction": "none"}, [[4.0, 9.0]]),
    ({"confidences": None, "prob_threshold": 2}, 13.0),
]


def test_nearly_like_it_is_not_like_it(arrays: Arrays) -> None:
    same: dict[str, Any] = {
        "keypoints": arrays.make(STEP),
        "confidences": arrays.make(SURE),
        "epsilon": [1.0, 1.0],
        "prob_threshold": 1,
        "reduction": "sum",
    }
    refused = [(name, wrong) for name, values in REFUSED.items() for wrong in values]
    refused += [("keypoints", arrays.make(STEP, "int32")), ("keypoints", arrays.make(STEP[:1]))]
    refused += [("confidences", arrays.make(SURE, "int32")), ("confidences", arrays.make([[1, 1]] * 3))]
    for name, wrong in refused:
        assert arrays.read(temporal_loss(**same)) == 13.0
        with pytest.raises((TypeError, ValueError), match=rf"^{name}\b"):
            temporal_loss(**{**same, name: wrong})
    for differently, expected in OTHER * 2:
        assert arrays.read(temporal_loss(**{**same, **differently})) == expected, differently
        assert arrays.read(temporal_loss(**same)) == 13.0


def test_nearly_like_segments_and_nan_are_not_like_them(arrays: Arrays) -> None:
    # Steps of 5 and NaN.
    keypoints = arrays.make([[0, 0], [3, 4], [math.nan, 0]])
    same: dict[str, Any] = {"reduction": "sum", "nan_policy": "omit"}
    together, apart = arrays.make([0, 0, 0], "int32"), arrays.make([0, 1, 1], "int32")
    for _ in range(2):
        assert arrays.read(temporal_loss(keypoints, **same)) == 5.0
        assert arrays.read(temporal_loss(keypoints, segment_ids=together, **same)) == 5.0
        assert arrays.read(temporal_loss(keypoints, segment_ids=apart, **same)) == 0.0
        assert math.isnan(arrays.read(temporal_loss(keypoints, **{**same, "nan_policy": "propagate"})))
        for wrong in (arrays.make([0, 0, 0], "float32"), arrays.make([0, 0], "int32")):
            with pytest.raises((TypeError, ValueError), match=r"^segment_ids\b"):
                temporal_loss(keypoints, segment_ids=wrong, **same)


def test_each_dtype_gets_its_own(arrays: Arrays, dtype: str) -> None:
    # 0.7 is another number in each: a confidence written like it is kept.
    for name in (dtype, "float32", dtype):
        keypoints, confidences = arrays.make(STEP, name), arrays.make([[0.7, 1], [1, 1]], name)
        assert arrays.read(temporal_loss(keypoints, confidences, prob_threshold=0.7)) == 7.5


def test_a_gradient_after_a_call_without(autodiff: Arrays) -> None:
    # One keypoint rests: only arithmetic made for gradients gives it 0, and the other one a unit vector.
    keypoints = autodiff.make([[[0], [0]], [[0], [8]]])

    def loss(keypoints: Any) -> Any:
        return temporal_loss(keypoints, reduction="sum")

    for _ in range(2):
        assert autodiff.read(loss(keypoints)) == 8.0
        assert autodiff.gradient(loss, keypoints) == [[[0.0], [-1.0]], [[0.0], [1.0]]]
