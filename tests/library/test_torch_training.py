"""Training in torch, where value and gradient are computed at once: operations before and after the loss."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from support import near, under_test

from conformance.bits import round_to
from temporal_loss import TemporalLoss, temporal_loss, temporal_loss_and_grad
from temporal_loss._libraries import blocks

from . import worked
from .torch_tools import read, tensor, worked_tensors

if TYPE_CHECKING:
    from collections.abc import Callable

torch = under_test("torch")
from torch.fx.experimental.proxy_tensor import make_fx  # noqa: E402 - after the skip
from torch.utils.checkpoint import checkpoint  # noqa: E402

# One step of (3, 4).
STEP = [[0, 0], [3, 4]]


def _times(factor: float) -> Any:
    """Gradient of so many times the loss of that step."""
    unit = [near(0.6 * factor), near(0.8 * factor)]
    return [[near(-each.expected) for each in unit], unit]


def test_it_is_one_node_of_the_graph() -> None:
    # Otherwise the tests below would be of something else.
    assert "WithGradient" in type(temporal_loss(tensor(STEP, grad=True)).grad_fn).__name__
    assert temporal_loss(tensor(STEP)).grad_fn is None


# From above and below -----------------------------------------------------------------------


def _weighted(keypoints: Any) -> Any:
    value, logs = TemporalLoss(epsilon=[1.0])(keypoints)
    return value * logs[1]["value"]


ABOVE: dict[str, tuple[Callable[[Any], Any], float]] = {
    "a multiple": (lambda k: -0.5 * temporal_loss(k), -0.5),
    # The square of 5, whose slope is 10.
    "a function": (lambda k: temporal_loss(k).square(), 10),
    "keypoints that are no leaf": (lambda k: 3 * temporal_loss(2 * k), 6),
    "two losses": (lambda k: temporal_loss(k) + 2 * temporal_loss(3 * k, epsilon=1.0), 7),
    "the class": (_weighted, 0.5),
    "an epsilon that is a tensor": (lambda k: temporal_loss(k, epsilon=tensor([1])), 1),
    "a checkpoint": (
        lambda k: checkpoint(lambda k: 3 * temporal_loss(2 * k), k, use_reentrant=False),
        6,
    ),
    "a reentrant checkpoint": (
        lambda k: checkpoint(lambda k: 3 * temporal_loss(2 * k), k, use_reentrant=True),
        6,
    ),
}


@pytest.mark.parametrize("above", ABOVE)
def test_what_comes_from_above(above: str) -> None:
    objective, factor = ABOVE[above]
    keypoints = tensor(STEP, grad=True)
    objective(keypoints).backward()
    assert read(keypoints.grad) == _times(factor)


def test_gradients_add_up_and_a_graph_is_used_twice() -> None:
    keypoints = tensor(STEP, grad=True)
    temporal_loss(keypoints).backward(torch.tensor(7.0))
    assert read(keypoints.grad) == _times(7)
    loss = temporal_loss(keypoints)
    loss.backward(retain_graph=True)
    (0.0 * loss).backward(retain_graph=True)
    (2 * loss).backward()
    assert read(keypoints.grad) == _times(10)
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()


def test_an_epsilon_that_is_trained_too() -> None:
    keypoints, epsilon = tensor([[0, 0, 0, 0], [3, 4, 3, 4]], grad=True), tensor([1, 9], grad=True)
    for function in (temporal_loss, lambda *a, **o: temporal_loss_and_grad(*a, **o)[0]):
        keypoints.grad = epsilon.grad = None
        (3 * function(keypoints, epsilon=epsilon, reduction="sum")).backward()
        assert read(epsilon.grad) == [-3.0, 0.0]
        assert read(keypoints.grad)[1] == [near(1.8), near(2.4), 0.0, 0.0]


@pytest.mark.parametrize("block", [1, 4, 12])
@pytest.mark.parametrize("reduction", worked.DIVISORS)
def test_in_blocks(monkeypatch: pytest.MonkeyPatch, reduction: str, *, block: int) -> None:
    monkeypatch.setattr(blocks, "SIZE", block)
    keypoints, *others = worked_tensors(grad=True)
    (3 * worked.loss(keypoints, *others, reduction=reduction)).backward()
    due = worked.gradient(reduction)
    assert read(keypoints.grad) == [[near(3 * each.expected) for each in row] for row in due[:2]] + due[2:]


@pytest.mark.parametrize("factor", [1, 3])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_rounded_once(dtype: str, factor: int) -> None:
    # Six entries of slope (3, 4) / 5 / 6 and (5, 12) / 13 / 6, all in float32 until the end.
    keypoints = tensor([[[0, 0]] * 3, [[3, 4]] * 3, [[8, 16]] * 3], dtype, grad=True)
    (factor * temporal_loss(keypoints)).backward()
    assert keypoints.grad.dtype == getattr(torch, dtype)
    slopes = [[Fraction(n, 65 * 6) for n in pair] for pair in ((-39, -52), (39 - 25, 52 - 60), (25, 60))]
    assert read(keypoints.grad) == [[[round_to(factor * s, dtype) for s in pair]] * 3 for pair in slopes]
    if factor == 3:
        # Rounded before it is multiplied, one of them would be another number.
        assert any(3 * round_to(s, dtype) != round_to(3 * s, dtype) for pair in slopes for s in pair)


# Second derivatives -------------------------------------------------------------------------


@pytest.mark.parametrize("inside", [True, False], ids=["create_graph", "twice"])
def test_a_second_derivative(*, inside: bool) -> None:
    # (I - u u^T) / 5 for the step (3, 4), with u = (0.6, 0.8), times (1, 0); 3 comes from above.
    keypoints, above = tensor(STEP, "float64", grad=True), tensor(3.0, "float64", grad=True)
    loss = above * temporal_loss(keypoints)
    if not inside:
        loss.backward(retain_graph=True)
    (slope,) = torch.autograd.grad(loss, keypoints, create_graph=True)
    assert read(slope) == _times(3)
    second, by_above = torch.autograd.grad(slope[1, 0], (keypoints, above))
    assert read(second) == [[near(-0.384), near(0.288)], [near(0.384), near(-0.288)]]
    assert read(by_above) == near(0.6)


@pytest.mark.parametrize("reduction", worked.DIVISORS)
@pytest.mark.parametrize("trained", [False, True], ids=["keypoints", "epsilon too"])
def test_derivatives_by_differences(reduction: str, *, trained: bool) -> None:
    # Numbers without a pattern; every step is long enough, and far from its epsilon.
    track = [[0.1, 0.7, 5.2, 4.1], [3.3, 4.9, 2.6, 8.4], [1.2, 2.4, 9.7, 1.3], [6.5, 0.8, 7.7, 7.1]]
    keypoints, epsilon = tensor(track, "float64", grad=True), tensor([0.5, 1.5], "float64", grad=trained)
    options: dict[str, Any] = {
        "confidences": tensor([[1, 1], [1, 1], [1, 1], [0.25, 1]], "float64"),
        "segment_ids": tensor([0, 0, 0, 1], "int32"),
        "prob_threshold": 0.5,
        "reduction": reduction,
    }
    for function in (temporal_loss, temporal_loss_and_grad):

        def call(keypoints: Any, epsilon: Any, function: Callable[..., Any] = function) -> Any:
            return function(keypoints, epsilon=epsilon, **options)

        assert torch.autograd.gradcheck(call, (keypoints, epsilon))
        assert torch.autograd.gradgradcheck(call, (keypoints, epsilon))


def test_the_second_derivative_is_zero_where_nothing_counts() -> None:
    keypoints, *others = worked_tensors()
    hessian = torch.autograd.functional.hessian(lambda k: worked.loss(k, *others), keypoints)
    assert bool(torch.isfinite(hessian).all())
    assert not bool((hessian[3:] != 0).any())


# What is changed in between -----------------------------------------------------------------


def test_keypoints_changed_before_the_backward_pass() -> None:
    # torch's own error, or the gradient that was due: never one of other numbers.
    for create_graph in (False, True):
        keypoints = tensor(STEP, grad=True)
        middle = 1.0 * keypoints
        loss = temporal_loss(middle)
        middle.mul_(torch.tensor([1.0, -1.0]))
        try:
            (slope,) = torch.autograd.grad(loss, keypoints, create_graph=create_graph)
        except RuntimeError as error:
            assert "modified by an inplace operation" in str(error)  # noqa: PT017 - either will do
        else:
            assert read(slope) == _times(1)


@pytest.mark.parametrize("changed", ["confidences", "epsilon"])
def test_what_is_changed_before_a_second_derivative_is_refused(changed: str) -> None:
    keypoints = tensor([[0, 0, 0, 0], [3, 4, 6, 8]], grad=True)
    given = {"confidences": tensor([[1, 1], [1, 1]]), "epsilon": tensor([1, 2])}
    loss = temporal_loss(keypoints, **given, prob_threshold=0.5, reduction="sum")
    given[changed].zero_()
    # The first derivative is that of what was given.
    (first,) = torch.autograd.grad(loss, keypoints, retain_graph=True)
    assert read(first)[1] == [near(0.6), near(0.8), near(0.6), near(0.8)]
    with pytest.raises(RuntimeError, match="changed in place"):
        torch.autograd.grad(loss, keypoints, create_graph=True)


# What is recorded without a gradient can be differentiated when it is played back -------------


class _Module(torch.nn.Module):  # type: ignore[misc,name-defined]
    """The worked example, with the class."""

    def __init__(self) -> None:
        super().__init__()
        self.loss = TemporalLoss(epsilon=worked.EPSILON, prob_threshold=worked.THRESHOLD)

    def forward(self, keypoints: Any, confidences: Any, segment_ids: Any) -> Any:
        return self.loss(keypoints, confidences, segment_ids=segment_ids)[0]


RECORDERS: dict[str, Callable[..., Any]] = {
    "make_fx": make_fx(_Module()),
    "export": lambda *arrays: torch.export.export(_Module(), arrays, strict=False).module(),
    "strict export": lambda *arrays: torch.export.export(_Module(), arrays, strict=True).module(),
    "jit.trace": lambda *arrays: torch.jit.trace(_Module(), arrays),
}


# Shapes are numbers to the checks, which one kind of tracing remarks on.
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
@pytest.mark.filterwarnings("ignore:`torch.jit.trace` is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:`torch.jit.trace_method` is deprecated:DeprecationWarning")
@pytest.mark.parametrize("recorder", RECORDERS)
def test_played_back(recorder: str) -> None:
    played = RECORDERS[recorder](*worked_tensors())
    keypoints, *others = worked_tensors(grad=True)
    value = played(keypoints, *others)
    value.backward()
    assert (read(value), read(keypoints.grad)) == (worked.expected("mean"), worked.gradient("mean"))
