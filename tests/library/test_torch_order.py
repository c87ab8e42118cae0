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


def _score(loss: TemporalLoss) -> Any:
    return loss(tensor(STEPS))[0]


def _no_grad(loss: TemporalLoss) -> Any:
    with torch.no_grad():
        return loss(tensor(STEPS, grad=True))[0]


def _inference(loss: TemporalLoss) -> Any:
    with torch.inference_mode():
        return loss(tensor(STEPS))[0].clone()


def _grad(loss: TemporalLoss) -> Any:
    return torch.func.grad_and_value(lambda k: loss(k)[0])(tensor(STEPS))[1]


def _vmap(loss: TemporalLoss) -> Any:
    return torch.func.vmap(lambda k: loss(k)[0])(tensor([STEPS]))[0]


def _compiled(loss: TemporalLoss) -> Any:
    torch._dynamo.reset()
    return torch.compile(lambda k: loss(k)[0], fullgraph=True, backend="aot_eager")(tensor(STEPS))


def _meta(loss: TemporalLoss) -> Any:
    assert loss(tensor(STEPS).to("meta"))[0].device.type == "meta"
    return _score(loss)


def _fake(loss: TemporalLoss) -> Any:
    with FakeTensorMode():
        assert tuple(loss(torch.zeros(2, 4))[0].shape) == ()
    return _score(loss)


def _meta_by_default(loss: TemporalLoss) -> Any:
    keypoints = tensor(STEPS)
    with torch.device("meta"):
        return loss(keypoints)[0]


WAYS = (_train, _score, _no_grad, _inference, _grad, _vmap, _compiled, _meta, _fake, _meta_by_default)


@pytest.mark.parametrize("first", WAYS, ids=lambda way: way.__name__.strip("_"))
def test_one_object_in_one_way_after_another(first: Callable[[TemporalLoss], Any]) -> None:
    # If anything were kept, it would be of the first use.
    loss, expected = _new()
    ways = (first, first, _train, _score, _grad, _inference)
    assert [read(way(loss)) for way in ways] == [expected] * len(ways)


def test_one_object_in_every_way_after_training() -> None:
    loss, expected = _new()
    ways = (_train, *WAYS, _train)
    assert [read(way(loss)) for way in ways] == [expected] * len(ways)


def test_double_and_half_in_turn() -> None:
    loss, expected = _new()
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
    unit, scale = 2.0**-140, 2 * next(_numbers)
    two = 2 * unit * scale
    epsilon = {"number": two, "list": [two], "threshold": 0.0}[kind]
    loss = TemporalLoss(epsilon=epsilon, prob_threshold=two if kind == "threshold" else 0.0)
    entries, sure = tensor([[6 * unit * scale]]), tensor([[unit * scale], [9 * unit * scale]])
    keypoints, same = tensor([[0, 0], [3, 4]]), tensor([[two], [two]])

    def ask() -> tuple[Any, ...]:
        if kind == "threshold":
            return read(loss.remove_nans(tensor([[5.0]]), sure)), read(loss(keypoints, same)[0])
        return read(loss.rectify_epsilon(entries)), read(loss(keypoints)[0])

    flushing(True)  # noqa: FBT003
    ask()
    flushing(False)  # noqa: FBT003
    assert ask() == (([[0.0]], 5.0) if kind == "threshold" else ([[4 * unit * scale]], 5.0))


@pytest.mark.parametrize("form", ["number", "list", "tensor"])
def test_what_was_made_under_inference_can_be_trained_on(form: str) -> None:
    number = next(_numbers) / 256
    epsilon: Any = {"number": number, "list": [number] * 2, "tensor": tensor(number)}[form]
    loss = TemporalLoss(epsilon=epsilon, log_weight=number)

    def train() -> Any:
        keypoints = tensor(STEPS, grad=True)
        value, logs = loss(keypoints)
        (slope,) = torch.autograd.grad(value * logs[1]["value"], keypoints, create_graph=True)
        # It is saved for a second derivative, which inference tensors cannot be.
        slope.square().sum().backward()
        return value.detach()

    with torch.inference_mode():
        found = loss(tensor(STEPS))
        assert found[0].is_inference()
    value = train()
    assert read(value) == (15 - 2 * number) / 2
    assert not loss(tensor(STEPS))[0].is_inference()


class _Watch(TorchDispatchMode):  # type: ignore[misc]  # torch is left out of type checking
    """Notes what is asked of tensors, values read on the host among them."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def __torch_dispatch__(self, function: Any, _: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.seen.add(str(function))
        return function(*args, **(kwargs or {}))


def _reads(seen: set[str]) -> set[str]:
    return {
        name for name in seen if "_local_scalar_dense" in name or "nonzero" in name or "is_nonzero" in name
    }


def test_no_tensor_is_read_on_the_host() -> None:
    loss, _ = _new()
    keypoints, confidences = tensor(STEPS, grad=True), tensor([[1, 1], [1, 1]])
    with _Watch() as watch:
        value, _ = loss(keypoints, confidences, segment_ids=tensor([0, 0], "int32"))
        value.backward()
        options: dict[str, Any] = {"prob_threshold": 0.5, "nan_policy": "omit", "reduction": "valid_mean"}
        with torch.no_grad():
            temporal_loss(keypoints, confidences, epsilon=tensor([1, 2]), **options)
        temporal_loss_and_grad(keypoints, confidences, epsilon=[1.0, 2.0], **options)
        temporal_loss(keypoints, confidences, epsilon=tensor(1), **options)
        temporal_norm(keypoints)
        estimate_epsilon(keypoints, confidences)
        seen = set(watch.seen)
        float(value.detach())
    assert seen
    assert not _reads(seen)
    assert _reads(watch.seen)
