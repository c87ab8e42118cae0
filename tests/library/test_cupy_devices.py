"""CuPy works on the current device unless it is told another: the library is to work where the arrays are."""

from __future__ import annotations

from typing import Any

import pytest
from support import under_test

from temporal_loss import TemporalLoss, temporal_loss

from . import worked

cp = under_test("cupy", "cupy-stand-in")

from .cupy_tools import CALLS, given_on  # noqa: E402

pytestmark = pytest.mark.skipif(cp.cuda.runtime.getDeviceCount() < 2, reason="needs two devices")


def _each(found: Any) -> tuple[Any, ...]:
    return found if isinstance(found, tuple) else (found,)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("there", [0, 1])
def test_arrays_of_another_device_than_the_current(call: str, there: int) -> None:
    with cp.cuda.Device(there):
        expected = [cp.asnumpy(array).tobytes() for array in _each(CALLS[call](given_on(there)))]
    with cp.cuda.Device(1 - there) as current:
        for _ in range(2):
            found = _each(CALLS[call](given_on(there)))
            assert cp.cuda.Device() == current
            assert [array.device.id for array in found] == [there] * len(found)
            assert [cp.asnumpy(array).tobytes() for array in found] == expected


def test_the_worked_example() -> None:
    for there in (1, 0, 1):
        given = given_on(there)
        for reduction in ("none", "sum", "mean", "valid_mean"):
            assert worked.loss(*given, reduction=reduction).tolist() == worked.expected(reduction)


def test_the_current_device_stays_after_a_refusal() -> None:
    keypoints, confidences, _ = given_on(1)
    for wrong in ({"epsilon": [1.0] * 3}, {"confidences": confidences[1:]}, {"reduction": "total"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            temporal_loss(keypoints, **wrong)
        assert cp.cuda.Device().id == 0


@pytest.mark.parametrize("there", [0, 1])
@pytest.mark.parametrize("numbers", [[1.0, 2.0], 1.0], ids=["one each", "one for all"])
def test_an_epsilon_of_another_device_follows_the_keypoints(there: int, numbers: Any) -> None:
    given = given_on(there)
    with cp.cuda.Device(1 - there):
        epsilon = cp.asarray(numbers, dtype=cp.float32)
    expected = worked.loss(*given, epsilon=numbers).tolist()
    found = worked.loss(*given, epsilon=epsilon)
    assert found.device.id == there
    assert found.tolist() == expected
    entries = TemporalLoss(epsilon=epsilon).rectify_epsilon(given[0][:2, :2])
    assert entries.device.id == there
    assert epsilon.device.id == 1 - there


def test_an_epsilon_made_for_one_device_is_not_taken_on_the_other() -> None:
    for there in (0, 1, 0, 1):
        found = worked.loss(*given_on(there), epsilon=[1.0, 2.0])
        assert found.device.id == there
        assert found.item() == 12.0


def test_a_log_weight_of_another_device() -> None:
    with cp.cuda.Device(1):
        log_weight = cp.zeros((), dtype=cp.float32)
    loss = TemporalLoss(log_weight=log_weight)
    assert (loss.weight.device.id, loss.weight.item()) == (1, 0.5)
    for there in (0, 1):
        _, logs = loss(given_on(there)[0][:3])
        assert (logs[0]["value"].device.id, logs[0]["value"].item()) == (there, 3.75)
        assert logs[1]["value"].item() == 0.5


def test_arrays_of_two_devices_are_refused() -> None:
    keypoints, confidences, segment_ids = given_on(0)
    _, far_confidences, far_segment_ids = given_on(1)
    with pytest.raises(ValueError, match=r"^confidences must be on the keypoints' device"):
        temporal_loss(keypoints, far_confidences, segment_ids=segment_ids)
    with pytest.raises(ValueError, match=r"^segment_ids must be on the keypoints' device"):
        temporal_loss(keypoints, confidences, segment_ids=far_segment_ids)
