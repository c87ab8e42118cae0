"""One object used inside and outside of torch's transformations: no traced or inference tensor may be reused.

A list of epsilons becomes a tensor, which nothing may keep. Each test has epsilons of its own, so
that no other test has had them before.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from support import near, under_test

from temporal_loss import (
    TemporalLoss,
    estimate_epsilon,
    temporal_loss,
    temporal_loss_and_grad,
    temporal_norm,
)

from .torch_tools import read, tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

torch = under_test("torch")
from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: E402 - after the skip
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

_numbers = count(1)
STEPS = [[0, 0, 0, 0], [3, 4, 6, 8]]


def _new() -> tuple[TemporalLoss, float]:
    """Return a loss with epsilons never used before, and what it is for steps of 5 and 10."""
    number = next(_numbers) / 256
    return TemporalLoss(epsilon=[number, 2 * number]), (15 - 3 * number) / 2


def _train(loss: TemporalLoss) -> Any:
    keypoints = tensor(STEPS, grad=True)
    value, _ = loss(keypoints)
    value.backward()
    assert read(keypoints.grad)[1] == [near(0.3), near(0.4), near(0.3), near(0.4)]
    return value


def _no_grad(loss: TemporalLoss) -> Any:
    with torch.no_grad():
        return loss(tensor(STEPS, grad=True))[0]


def _inference(loss: TemporalLoss) -> Any:
    with torch.inference_mode():
        return loss(tensor(STEPS))[0].clone()


def _compiled(loss: TemporalLoss) -> Any:
    torch._dynamo.reset()
    return torch.compile(lambda k: loss(k)[0], fullgraph=True, backend="aot_eager")(tensor(STEPS))


def _without_values(loss: TemporalLoss) -> Any:
    assert loss(tensor(STEPS).to("meta"))[0].device.type == "meta"
    with FakeTensorMode():
        value, _ = loss(torch.zeros(2, 4, requires_grad=True))
        value.backward()
        assert tuple(value.shape) == ()
    keypoints = tensor(STEPS)
    with torch.device("meta"):
        return loss(keypoints)[0]


WAYS: dict[str, Callable[[TemporalLoss], Any]] = {
    "train": _train,
    "score": lambda loss: loss(tensor(STEPS))[0],
    "no grad": _no_grad,
    "inference": _inference,
    "grad": lambda loss: torch.func.grad_and_value(lambda k: loss(k)[0])(tensor(STEPS))[1],
    "vmap": lambda loss: torch.func.vmap(lambda k: loss(k)[0])(tensor([STEPS]))[0],
    "compiled": _compiled,
    "without values": _without_values,
}


@pytest.mark.parametrize("first", WAYS)
def test_one_object_in_one_way_and_then_in_others(first: str) -> None:
    # If anything were kept, it would be of the first use.
    loss, expected = _new()
    ways = (first, "train", first, "score", "compiled", "train")
    assert [read(WAYS[way](loss)) for way in ways] == [expected] * len(ways)


def test_one_object_in_every_way() -> None:
    loss, expected = _new()
    assert [read(way(loss)) for way in (_train, *WAYS.values(), _train)] == [expected] * (len(WAYS) + 2)
    for dtype in ("float64", "float16", "float32", "float64"):
        assert read(loss(tensor(STEPS, dtype))[0]) == expected


@pytest.fixture
def flushing() -> Iterator[Callable[[bool], None]]:
    """Return what makes torch take the smallest numbers for 0; it no longer does afterwards."""
    if not torch.set_flush_denormal(False):
        pytest.skip("torch cannot flush denormal numbers here")
    yield torch.set_flush_denormal
    torch.set_flush_denormal(False)


@pytest.mark.parametrize("kind", ["number", "list", "threshold"])
def test_denormals_flushed_are_back_afterwards(flushing: Callable[[bool], None], kind: str) -> None:
    # All numbers are denormal ones of float32: entries of 6 units, epsilon and threshold of 2.
    unit = 2.0**-140 * 2 * next(_numbers)
    two = 2 * unit
    epsilon = {"number": two, "list": [two], "threshold": 0.0}[kind]
    loss = TemporalLoss(epsilon=epsilon, prob_threshold=two if kind == "threshold" else 0.0)
    entries, sure = tensor([[6 * unit]]), tensor([[unit], [9 * unit]])
    keypoints, same = tensor([[0, 0], [3, 4]]), tensor([[two], [two]])

    def ask() -> tuple[Any, ...]:
        if kind == "threshold":
            return read(loss.remove_nans(tensor([[5.0]]), sure)), read(loss(keypoints, same)[0])
        return read(loss.rectify_epsilon(entries)), read(loss(keypoints)[0])

    flushing(True)  # noqa: FBT003
    ask()
    flushing(False)  # noqa: FBT003
    assert ask() == (([[0.0]], 5.0) if kind == "threshold" else ([[4 * unit]], 5.0))


@pytest.mark.parametrize("form", ["number", "list", "tensor"])
def test_what_was_made_under_inference_can_be_trained_on(form: str) -> None:
    number = next(_numbers) / 256
    epsilon: Any = {"number": number, "list": [number] * 2, "tensor": tensor(number)}[form]
    loss = TemporalLoss(epsilon=epsilon, log_weight=number)
    with torch.inference_mode():
        assert loss(tensor(STEPS))[0].is_inference()
    keypoints = tensor(STEPS, grad=True)
    value, logs = loss(keypoints)
    (slope,) = torch.autograd.grad(value * logs[1]["value"], keypoints, create_graph=True)
    # It is saved for a second derivative, which inference tensors cannot be.
    slope.square().sum().backward()
    assert read(value) == (15 - 2 * number) / 2
    assert not loss(tensor(STEPS))[0].is_inference()


class _Watch(TorchDispatchMode):  # type: ignore[misc]  # torch is left out of type checking
    """Notes which values are read on the host, and how many operations there are."""

    def __init__(self) -> None:
        super().__init__()
        self.count, self.reads = 0, list[str]()

    def __torch_dispatch__(self, function: Any, _: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += 1
        self.reads += [str(function)] * any(
            name in str(function) for name in ("_local_scalar_dense", "nonzero")
        )
        return function(*args, **(kwargs or {}))


def test_no_tensor_is_read_on_the_host() -> None:
    loss, _ = _new()
    keypoints, confidences = tensor(STEPS, grad=True), tensor([[1, 1], [1, 1]])
    options: dict[str, Any] = {"prob_threshold": 0.5, "nan_policy": "omit", "reduction": "valid_mean"}
    with _Watch() as watch:
        value, _ = loss(keypoints, confidences, segment_ids=tensor([0, 0], "int32"))
        value.backward()
        with torch.no_grad():
            temporal_loss(keypoints, confidences, epsilon=tensor([1, 2]), **options)
        temporal_loss_and_grad(keypoints, confidences, epsilon=[1.0, 2.0], **options)
        temporal_loss(keypoints, confidences, epsilon=tensor(1), **options)
        temporal_norm(keypoints)
        estimate_epsilon(keypoints, confidences)
        assert watch.count > 50
        assert not watch.reads
        float(value.detach())
    assert watch.reads
