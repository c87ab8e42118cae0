"""TL-7.3 and TL-9 on a CUDA device: nothing waits for it, and graphs can be captured."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from support import under_test

from temporal_loss import TemporalLoss

from . import worked
from .torch_tools import read, tensor, worked_tensors

if TYPE_CHECKING:
    from collections.abc import Iterator

torch = under_test("torch")
if not torch.cuda.is_available():
    pytest.skip("no CUDA device", allow_module_level=True)


@contextmanager
def _never_waiting() -> Iterator[None]:
    """Let torch raise where something waits for the device."""
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def _worked() -> tuple[Any, Any, Any]:
    keypoints, confidences, segment_ids = worked_tensors()
    return keypoints.cuda().requires_grad_(), confidences.cuda(), segment_ids.cuda()


FORMS: dict[str, Any] = {
    "number": lambda: 1.0,
    "list": lambda: [1.0, 2.0],
    "array": lambda: tensor(worked.EPSILON).cuda(),
}


@pytest.mark.parametrize("form", FORMS)
def test_nothing_waits_for_the_device(form: str) -> None:
    keypoints, confidences, segment_ids = _worked()
    epsilon = FORMS[form]()
    # The first use of a list brings it to the device.
    worked.loss(keypoints, confidences, segment_ids, epsilon=epsilon)
    loss = TemporalLoss(epsilon=epsilon, prob_threshold=0.5)
    with _never_waiting():
        for reduction in worked.DIVISORS:
            options = {"epsilon": epsilon, "nan_policy": "omit"}
            found = worked.loss(keypoints, confidences, segment_ids, reduction=reduction, **options)
            found.backward()
        with torch.no_grad():
            worked.loss(keypoints, confidences, segment_ids, reduction="none", epsilon=epsilon)
        value, _ = loss(keypoints, confidences)
        value.backward()
        with pytest.raises(RuntimeError, match="synchronizing"):
            float(value.detach())


def test_capture_and_replay() -> None:
    loss = TemporalLoss(epsilon=[1.0, 2.0], prob_threshold=0.5)
    keypoints = tensor([[0, 0, 0, 0], [3, 4, 6, 8]]).cuda().requires_grad_()
    confidences = tensor([[1, 1], [1, 1]]).cuda()

    def step() -> Any:
        keypoints.grad = None
        value, _ = loss(keypoints, confidences)
        value.backward()
        return value

    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        value = step()
    with torch.no_grad():
        keypoints.copy_(tensor([[0, 0, 0, 0], [6, 8, 6, 8]]))
    for _ in range(2):
        graph.replay()
        torch.cuda.synchronize()
        # What was made while capturing is no eager call's, nor the other way round.
        assert read(value) == read(loss(keypoints.detach(), confidences)[0]) == 8.5


def test_parameters_follow_to_the_device() -> None:
    keypoints, *others = _worked()
    for epsilon in ([1.0, 2.0], tensor(worked.EPSILON), tensor(worked.EPSILON).cuda()):
        found = worked.loss(keypoints, *others, epsilon=epsilon)
        assert (read(found), found.device) == (12.0, keypoints.device)


@pytest.mark.parametrize("lower", ["float16", "bfloat16"])
def test_autocast_changes_nothing(lower: str) -> None:
    keypoints = tensor([[[0.5]], [[256.0]]]).cuda().requires_grad_()
    with torch.autocast("cuda", dtype=getattr(torch, lower)):
        loss = TemporalLoss(epsilon=[0.25])(keypoints)[0]
    loss.backward()
    assert (read(loss), loss.dtype, read(keypoints.grad)) == (255.25, torch.float32, [[[-1.0]], [[1.0]]])


def test_compiled_by_inductor() -> None:
    keypoints, *others = _worked()
    loss = torch.compile(worked.loss, fullgraph=True)(keypoints, *others)
    loss.backward()
    assert (read(loss), read(keypoints.grad)) == (12.0, worked.gradient())
