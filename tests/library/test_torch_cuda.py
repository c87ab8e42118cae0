"""TL-7.3 and TL-9 on a CUDA device: nothing waits for it, and graphs can be captured."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from support import under_test

from temporal_loss import TemporalLoss, temporal_loss

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


@pytest.mark.parametrize("reduction", ["sum", "mean", "valid_mean"])
def test_values_and_gradients(reduction: str) -> None:
    keypoints, *others = _worked()
    loss = worked.loss(keypoints, *others, reduction=reduction)
    loss.backward()
    assert loss.device == keypoints.device
    assert (read(loss), read(keypoints.grad)) == (worked.expected(reduction), worked.gradient(reduction))


@pytest.mark.parametrize("form", ["number", "list", "array"])
def test_nothing_waits_for_the_device(form: str) -> None:
    keypoints, confidences, segment_ids = _worked()
    epsilon: Any = {"number": 1.0, "list": [1.0, 2.0], "array": tensor(worked.EPSILON).cuda()}[form]
    # The first use of a list brings it to the device.
    worked.loss(keypoints, confidences, segment_ids, epsilon=epsilon)
    loss = TemporalLoss(epsilon=epsilon, prob_threshold=0.5)
    with _never_waiting():
        for reduction in ("sum", "mean", "valid_mean"):
            options = {"epsilon": epsilon, "nan_policy": "omit"}
            found = worked.loss(keypoints, confidences, segment_ids, reduction=reduction, **options)
            found.backward()
        with torch.no_grad():
            worked.loss(keypoints, confidences, segment_ids, reduction="none", epsilon=epsilon)
        value, _ = loss(keypoints, confidences)
        value.backward()


def test_the_check_can_fail() -> None:
    with _never_waiting(), pytest.raises(RuntimeError, match="synchronizing"):
        float(torch.ones(3, device="cuda").sum())


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
    graph.replay()
    torch.cuda.synchronize()
    assert read(value) == 8.5
    # What was kept for the list before and while capturing serves eager calls.
    assert read(loss(keypoints.detach(), confidences)[0]) == 8.5
    # And the graph still finds it when so many others came after it that the library has forgotten it.
    for number in range(600):
        temporal_loss(keypoints.detach(), epsilon=[number, number])
    graph.replay()
    assert read(value) == 8.5


def test_parameters_follow_to_the_device() -> None:
    keypoints, *others = _worked()
    for epsilon in ([1.0, 2.0], tensor(worked.EPSILON), tensor(worked.EPSILON).cuda()):
        found = worked.loss(keypoints, *others, epsilon=epsilon)
        assert (read(found), found.device) == (12.0, keypoints.device)


@pytest.mark.parametrize("lower", ["float16", "bfloat16"])
def test_autocast_changes_nothing(lower: str) -> None:
    keypoints = tensor([[[0.5]], [[256.0]]]).cuda().requires_grad_()
    with torch.autocast("cuda", dtype=getattr(torch, lower)):
        loss = temporal_loss(keypoints, epsilon=[0.25])
    loss.backward()
    assert (read(loss), loss.dtype, read(keypoints.grad)) == (255.25, torch.float32, [[[-1.0]], [[1.0]]])


def test_compiled_by_inductor() -> None:
    keypoints, *others = _worked()
    loss = torch.compile(worked.loss, fullgraph=True)(keypoints, *others)
    loss.backward()
    assert (read(loss), read(keypoints.grad)) == (12.0, worked.gradient())
