"""CuPy works on the current device unless it is told another: the library is to work where the arrays are.

Besides, what the host does: no copies to it and no waits in any call, and nothing unordered between
streams. Only the stand-in can count, and knows what came after what.
"""

from __future__ import annotations

from typing import Any

import pytest
from support import select, under_test

from temporal_loss import (
    TemporalLoss,
    count_valid,
    estimate_epsilon,
    temporal_loss,
    temporal_loss_and_grad,
    temporal_norm,
)

from . import worked

cp = under_test("cupy", "cupy-stand-in")

two_devices = pytest.mark.skipif(cp.cuda.runtime.getDeviceCount() < 2, reason="needs two devices")
counting = pytest.mark.skipif("cupy-stand-in" not in select().names, reason="only the stand-in counts")
if "cupy-stand-in" in select().names:
    from cupy_stand_in import Traffic, counted

Given = tuple[Any, Any, Any]


class Doubled(TemporalLoss):
    """Overrides a stage, so that each runs by itself."""

    def rectify_epsilon(self, loss: Any) -> Any:
        return 2 * super().rectify_epsilon(loss)


def _class(given: Given, kind: type[TemporalLoss] = TemporalLoss, **options: Any) -> tuple[Any, Any]:
    keypoints, confidences, segment_ids = given
    loss, logs = kind(**options)(keypoints, confidences, segment_ids=segment_ids, stage="val")
    return loss, logs[1]["value"]


def _here(keypoints: Any, numbers: Any) -> Any:
    with keypoints.device:
        return cp.asarray(numbers, dtype=cp.float32)


def _half(keypoints: Any) -> Any:
    with keypoints.device:
        return keypoints.astype(cp.float16)


STAGES = TemporalLoss(epsilon=worked.EPSILON, prob_threshold=worked.THRESHOLD)
OMIT: dict[str, Any] = {"nan_policy": "omit", "reduction": "valid_mean"}
CALLS: dict[str, Any] = {
    **{r: (lambda given, r=r: worked.loss(*given, reduction=r)) for r in worked.REDUCTIONS},
    "keypoints alone": lambda given: temporal_loss(given[0][:3], reduction="none"),
    "half": lambda given: temporal_loss(_half(given[0]), epsilon=0.3),
    "spatial": lambda given: temporal_loss(given[0].reshape(5, 2, 2), given[1], prob_threshold=0.5),
    "epsilon as a number": lambda given: worked.loss(*given, epsilon=1.5),
    "epsilon as an array": lambda given: worked.loss(*given, epsilon=_here(given[0], [1.0, 2.0])),
    "epsilon as a scalar": lambda given: worked.loss(*given, epsilon=_here(given[0], 1.0)),
    "NaN left out": lambda given: temporal_loss(given[0], **OMIT),
    "temporal_norm": lambda given: temporal_norm(given[0]),
    "estimate_epsilon": lambda given: estimate_epsilon(given[0], given[1], prob_threshold=0.5),
    "count_valid": lambda given: worked.count(*given),
    "count_valid of all": lambda given: count_valid(given[0]),
    "value and gradient": lambda given: worked.loss_and_grad(*given),
    "gradient of half": lambda given: temporal_loss_and_grad(_half(given[0]), epsilon=0.3),
    "the class": lambda given: _class(given, epsilon=worked.EPSILON, prob_threshold=0.5, log_weight=1.0),
    "a subclass": lambda given: _class(given, Doubled, epsilon=worked.EPSILON, prob_threshold=0.5),
    "compute_loss": lambda given: STAGES.compute_loss(given[0]),
    "remove_nans": lambda given: STAGES.remove_nans(given[0][1:, :2], given[1]),
    "rectify_epsilon": lambda given: STAGES.rectify_epsilon(given[0][1:, :2]),
    "reduce_loss": lambda given: STAGES.reduce_loss(given[0][:3]),
    "log_loss": lambda given: STAGES.log_loss(given[0][0, 0])[1]["value"],
    "weight": lambda given: TemporalLoss(log_weight=_here(given[0], 1.0)).weight,
}


def given_on(device: int) -> Given:
    """Worked example on a device, and all there."""
    with cp.cuda.Device(device) as place:
        given = (
            cp.asarray(worked.KEYPOINTS, dtype=cp.float32),
            cp.asarray(worked.CONFIDENCES, dtype=cp.float32),
            cp.asarray(worked.SEGMENT_IDS),
        )
        place.synchronize()
    return given


# Views and devices --------------------------------------------------------------------------


VIEWS: dict[str, Any] = {
    "Fortran order": cp.asfortranarray,
    "every second frame": lambda a: cp.repeat(a, 2, axis=0)[::2],
    "frames backwards": lambda a: a[::-1].copy()[::-1],
}


@pytest.mark.parametrize("view", VIEWS)
def test_views(view: str) -> None:
    given = [VIEWS[view](array) for array in given_on(0)]
    for reduction in worked.REDUCTIONS:
        found = worked.loss(*given, reduction=reduction)
        assert isinstance(found, cp.ndarray)
        assert found.tolist() == worked.expected(reduction)


@two_devices
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("there", [0, 1])
def test_arrays_of_another_device_than_the_current(call: str, there: int) -> None:
    def each() -> tuple[Any, ...]:
        found = CALLS[call](given_on(there))
        return found if isinstance(found, tuple) else (found,)

    with cp.cuda.Device(there):
        expected = [cp.asnumpy(array).tobytes() for array in each()]
    with cp.cuda.Device(1 - there) as current:
        for _ in range(2):
            found = each()
            assert cp.cuda.Device() == current
            assert [array.device.id for array in found] == [there] * len(found)
            assert [cp.asnumpy(array).tobytes() for array in found] == expected


@two_devices
def test_the_current_device_stays_after_a_refusal() -> None:
    keypoints, confidences, _ = given_on(1)
    for wrong in ({"epsilon": [1.0] * 3}, {"confidences": confidences[1:]}, {"reduction": "total"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            temporal_loss(keypoints, **wrong)
        assert cp.cuda.Device().id == 0


@two_devices
@pytest.mark.parametrize("numbers", [[1.0, 2.0], 1.0], ids=["one each", "one for all"])
def test_parameters_of_another_device(numbers: Any) -> None:
    for there in (1, 0, 1):
        given = given_on(there)
        with cp.cuda.Device(1 - there):
            epsilon, log_weight = cp.asarray(numbers, dtype=cp.float32), cp.zeros((), dtype=cp.float32)
        # A list was made for the other device before.
        expected = worked.loss(*given, epsilon=numbers)
        found = worked.loss(*given, epsilon=epsilon)
        assert (found.device.id, expected.device.id) == (there, there)
        assert found.tolist() == expected.tolist()
        loss = TemporalLoss(epsilon=epsilon, log_weight=log_weight)
        assert loss.rectify_epsilon(given[0][:2, :2]).device.id == there
        # The weight stays with what it is made of.
        assert (epsilon.device.id, loss.weight.device.id) == (1 - there, 1 - there)
        value, logs = loss(given[0][:3])
        assert (value.device.id, logs[1]["value"].item()) == (there, 0.5)


# Streams, copies and waits ------------------------------------------------------------------


def test_on_a_stream_of_ones_own() -> None:
    given = given_on(0)
    stream = cp.cuda.Stream(non_blocking=True)
    with stream:
        found = [worked.loss(*given) for _ in range(3)]
    stream.synchronize()
    assert [array.item() for array in found] == [12.0] * 3


def test_a_stream_that_waits_for_the_keypoints() -> None:
    stream = cp.cuda.Stream(non_blocking=True)
    with stream:
        keypoints = cp.asarray(worked.KEYPOINTS[:3], dtype=cp.float32)
    cp.cuda.get_current_stream().wait_event(stream.record())
    assert temporal_loss(keypoints).item() == 3.75


@counting
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("device", [0, 1])
def test_no_call_copies_to_the_host_or_waits(call: str, device: int) -> None:
    for _ in range(2):
        given = given_on(device)
        with counted() as seen:
            CALLS[call](given)
        assert (seen.copies, seen.waits) == (0, 0)


@counting
@pytest.mark.parametrize("device", [0, 1])
@pytest.mark.parametrize("epsilon", [0.0, 0.25, [0.25, 0.5], (0.5, 0.25)], ids=str)
def test_no_call_copies_to_the_device_either(epsilon: Any, device: int) -> None:
    given = given_on(device)
    loss = TemporalLoss(epsilon=epsilon, prob_threshold=0.5)
    with counted() as seen:
        worked.loss(*given, epsilon=epsilon)
        loss(*given[:2])
        temporal_loss_and_grad(*given[:2], epsilon=epsilon, prob_threshold=0.5)
    assert seen == Traffic()


@counting
@pytest.mark.parametrize("epsilon", [1.125, [1.125, 2.125]], ids=["number", "list"])
def test_what_one_stream_made_is_not_read_in_another_at_once(epsilon: Any) -> None:
    first, second = (cp.cuda.Stream(non_blocking=True) for _ in range(2))
    found = []
    with counted() as seen:
        given = given_on(0)
        for stream in (first, second, cp.cuda.Stream.null, first):
            with stream:
                found.append(worked.loss(*given, epsilon=epsilon))
                assert cp.cuda.get_current_stream() == stream
    # One wait is that for the inputs.
    assert (seen.copies, seen.waits) == (0, 1)
    cp.cuda.Device().synchronize()
    assert len({array.item() for array in found}) == 1
