"""What the host does beside: no copies to it and no waits in any call, and nothing unordered between streams.

Only the stand-in can count, and knows what came after what.
"""

from __future__ import annotations

from typing import Any

import pytest
from support import under_test

from temporal_loss import TemporalLoss, temporal_loss, temporal_loss_and_grad

from . import worked

cp = under_test("cupy-stand-in")

from cupy_stand_in import Traffic, counted  # noqa: E402

from .cupy_tools import CALLS, given_on  # noqa: E402


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("device", [0, 1])
def test_no_call_copies_to_the_host_or_waits(call: str, device: int) -> None:
    for _ in range(2):
        given = given_on(device)
        with counted() as seen:
            CALLS[call](given)
        assert (seen.copies, seen.waits) == (0, 0)


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


def _in_turn(streams: list[Any], epsilon: Any) -> list[Any]:
    given = given_on(0)
    found = []
    for stream in streams:
        with stream:
            found.append(worked.loss(*given, epsilon=epsilon))
            assert cp.cuda.get_current_stream() == stream
    return found


@pytest.mark.parametrize("epsilon", [1.125, [1.125, 2.125]], ids=["number", "list"])
def test_what_one_stream_made_is_not_read_in_another_at_once(epsilon: Any) -> None:
    first, second = (cp.cuda.Stream(non_blocking=True) for _ in range(2))
    with counted() as seen:
        found = _in_turn([first, second, cp.cuda.Stream.null, first], epsilon)
    # One wait is that for the inputs.
    assert (seen.copies, seen.waits) == (0, 1)
    cp.cuda.Device().synchronize()
    assert len({array.item() for array in found}) == 1


def test_a_stream_that_waits_for_the_keypoints() -> None:
    stream = cp.cuda.Stream(non_blocking=True)
    with stream:
        keypoints = cp.asarray(worked.KEYPOINTS[:3], dtype=cp.float32)
    cp.cuda.get_current_stream().wait_event(stream.record())
    assert temporal_loss(keypoints).item() == 3.75
