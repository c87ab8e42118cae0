"""What is particular to CuPy: streams and views."""

from __future__ import annotations

from typing import Any

import pytest
from support import under_test

from temporal_loss import TemporalLoss, estimate_epsilon, temporal_loss, temporal_norm

from . import worked
from .refusals import assert_refused, due

cp = under_test("cupy", "cupy-stand-in")

VIEWS: dict[str, Any] = {
    "Fortran order": cp.asfortranarray,
    "every second frame": lambda a: cp.repeat(a, 2, axis=0)[::2],
    "frames backwards": lambda a: a[::-1].copy()[::-1],
}


def _worked() -> tuple[Any, Any, Any]:
    return (
        cp.asarray(worked.KEYPOINTS, dtype=cp.float32),
        cp.asarray(worked.CONFIDENCES, dtype=cp.float32),
        cp.asarray(worked.SEGMENT_IDS),
    )


@pytest.mark.parametrize("view", VIEWS)
def test_views(view: str) -> None:
    given = [VIEWS[view](array) for array in _worked()]
    for reduction in ("none", "sum", "mean", "valid_mean"):
        found = worked.loss(*given, reduction=reduction)
        assert isinstance(found, cp.ndarray)
        assert found.tolist() == worked.expected(reduction)


def test_on_a_stream_of_ones_own() -> None:
    given = _worked()
    stream = cp.cuda.Stream(non_blocking=True)
    cp.cuda.get_current_stream().synchronize()
    with stream:
        found = [worked.loss(*given) for _ in range(3)]
    stream.synchronize()
    assert [array.item() for array in found] == [12.0] * 3


def test_the_class_and_the_other_functions() -> None:
    keypoints, confidences, segment_ids = _worked()
    loss = TemporalLoss(epsilon=worked.EPSILON, prob_threshold=0.5, log_weight=cp.zeros(()))
    value, logs = loss(keypoints, confidences, segment_ids=segment_ids)
    found = [value, logs[1]["value"], temporal_norm(keypoints), estimate_epsilon(keypoints, confidences)]
    assert all(isinstance(array, cp.ndarray) for array in found)
    assert [array.item() for array in found[:2]] == [worked.expected("mean"), 0.5]


def test_arrays_of_numpy_are_refused() -> None:
    np = pytest.importorskip("numpy", reason="numpy is not installed")
    keypoints, confidences, _ = _worked()
    refusal = due(TypeError, "confidences", "library CuPy", "a NumPy array")
    assert_refused(refusal, temporal_loss, keypoints, np.ones(confidences.shape, np.float32))
