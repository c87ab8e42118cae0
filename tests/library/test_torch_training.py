"""Training in torch, where value and gradient are computed at once: operations before and after the loss."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from support import near, under_test

from conformance.bits import round_to
from temporal_loss import TemporalLoss, temporal_loss
from temporal_loss._libraries import blocks

from . import worked
from .torch_tools import read, tensor, worked_tensors

if TYPE_CHECKING:
    from collections.abc import Callable

torch = under_test("torch")
from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: E402 - after the skip
from torch.utils.checkpoint import checkpoint  # noqa: E402

REDUCTIONS = ("sum", "mean", "valid_mean")
# One step of (3, 4).
STEP = [[0, 0], [3, 4]]
UNIT = [[near(-0.6), near(-0.8)], [near(0.6), near(0.8)]]


def _times(factor: float) -> Any:
    return [[near(-0.6 * factor), near(-0.8 * factor)], [near(0.6 * factor), near(0.8 * factor)]]


def test_it_is_one_node_of_the_graph() -> None:
    # Otherwise the tests below would be of something else.
    assert "WithGradient" in type(temporal_loss(tensor(STEP, grad=True)).grad_fn).__name__
    assert temporal_loss(tensor(STEP)).grad_fn is None


@pytest.mark.parametrize("factor", [3, -0.5, 0.0])
def test_a_multiple_of_the_loss(factor: float) -> None:
    keypoints = tensor(STEP, grad=True)
    (factor * temporal_loss(keypoints)).backward()
    expected = _times(factor) if factor else [[0.0, 0.0]] * 2
    assert read(keypoints.grad) == expected


def test_a_function_of_the_loss() -> None:
    # The square of 5, whose slope is 10.
    keypoints = tensor(STEP, grad=True)
    temporal_loss(keypoints).square().backward()
    assert read(keypoints.grad) == _times(10)


def test_what_comes_from_above_is_given() -> None:
    keypoints = tensor(STEP, grad=True)
    temporal_loss(keypoints).backward(torch.tensor(7.0))
    assert read(keypoints.grad) == _times(7)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_keypoints_that_are_no_leaf(reduction: str) -> None:
    keypoints, *others = worked_tensors()
    scale = tensor(2.0, grad=True)
    half = (0.5 * keypoints).requires_grad_()
    worked.loss(scale * half, *others, reduction=reduction).backward()
    expected = worked.gradient(reduction)
    assert read(half.grad)[0] == [near(2 * each.expected) for each in expected[0]]
    # The two that move, by 5 and 10, do so in proportion to the scale; frames 3 and 4 are not touched, but
    # for NaN, which is there times 0.
    leaf = tensor(STEP)
    (slope,) = torch.autograd.grad(temporal_loss(scale * leaf), scale)
    assert read(slope) == near(5.0)


def test_two_losses_of_the_same_keypoints() -> None:
    keypoints = tensor(STEP, grad=True)
    (temporal_loss(keypoints) + 2 * temporal_loss(3 * keypoints, epsilon=1.0)).backward()
    assert read(keypoints.grad) == _times(7)


def test_gradients_add_up() -> None:
    keypoints = tensor(STEP, grad=True)
    for times in (1, 2, 3):
        temporal_loss(keypoints).backward()
        assert read(keypoints.grad) == _times(times)


def test_the_graph_used_twice() -> None:
    keypoints = tensor(STEP, grad=True)
    loss = temporal_loss(keypoints)
    loss.backward(retain_graph=True)
    (2 * loss).backward()
    assert read(keypoints.grad) == _times(3)
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()


@pytest.mark.parametrize("inside", [True, False], ids=["create_graph", "twice"])
def test_a_second_derivative(*, inside: bool) -> None:
    # (I - u u^T) / 5 for the step (3, 4), with u = (0.6, 0.8), times (1, 0); 3 comes from above.
    keypoints = tensor(STEP, "float64", grad=True)
    loss = 3 * temporal_loss(keypoints)
    if not inside:
        loss.backward(retain_graph=True)
    (slope,) = torch.autograd.grad(loss, keypoints, create_graph=True)
    assert read(slope) == _times(3)
    (second,) = torch.autograd.grad(slope[1, 0], keypoints)
    assert read(second) == [[near(-0.384), near(0.288)], [near(0.384), near(-0.288)]]


def test_a_second_derivative_by_what_comes_from_above() -> None:
    keypoints, above = tensor(STEP, grad=True), tensor(3.0, grad=True)
    (slope,) = torch.autograd.grad(above * temporal_loss(keypoints), keypoints, create_graph=True)
    (found,) = torch.autograd.grad(slope[1, 1], above)
    assert read(found) == near(0.8)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_second_derivatives_by_differences(reduction: str) -> None:
    track = [[0.1, 0.7, 5.2, 4.1], [3.3, 4.9, 2.6, 8.4], [1.2, 2.4, 9.7, 1.3], [6.5, 0.8, 7.7, 7.1]]
    confidences = tensor([[1, 1], [1, 1], [1, 1], [0.25, 1]], "float64")
    options: dict[str, Any] = {"epsilon": [0.5, 1.5], "prob_threshold": 0.5, "reduction": reduction}
    assert torch.autograd.gradgradcheck(
        lambda k: temporal_loss(
            k, confidences, segment_ids=tensor([0, 0, 0, 1], "int32"), **options
        ).square(),
        (tensor(track, "float64", grad=True),),
    )


@pytest.mark.parametrize("factor", [1, 3])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_rounded_once(dtype: str, factor: int) -> None:
    # Six entries of slope (3, 4) / 5 / 6 and (5, 12) / 13 / 6, all in float32 until the end.
    count = 6
    track = [[[0, 0]] * 3, [[3, 4]] * 3, [[8, 16]] * 3]
    keypoints = tensor(track, dtype, grad=True)
    (factor * temporal_loss(keypoints)).backward()
    assert keypoints.grad.dtype == getattr(torch, dtype)
    slopes = [(-39, -52), (39 - 25, 52 - 60), (25, 60)]
    expected = [
        [round_to(Fraction(factor * slope, 65 * count), dtype) for slope in frame] for frame in slopes
    ]
    assert read(keypoints.grad) == [[row] * 3 for row in expected]


def test_the_test_of_rounding_can_fail() -> None:
    # 14 / 390, rounded before it is multiplied by 3 and after.
    for dtype in ("float16", "bfloat16"):
        slopes = [Fraction(slope, 390) for slope in (39, 52, 14, 8, 25, 60)]
        assert any(round_to(3 * round_to(s, dtype), dtype) != round_to(3 * s, dtype) for s in slopes)


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
            assert read(slope) == UNIT


def test_an_epsilon_that_is_trained_too() -> None:
    keypoints, epsilon = tensor([[0, 0, 0, 0], [3, 4, 3, 4]], grad=True), tensor([1, 9], grad=True)
    (3 * temporal_loss(keypoints, epsilon=epsilon, reduction="sum")).backward()
    assert read(epsilon.grad) == [-3.0, 0.0]
    assert read(keypoints.grad)[1] == [near(1.8), near(2.4), 0.0, 0.0]


@pytest.mark.parametrize("form", ["number", "list", "tensor"])
def test_an_epsilon_that_is_not(form: str) -> None:
    epsilon: Any = {"number": 1.0, "list": [1.0], "tensor": tensor([1])}[form]
    keypoints = tensor(STEP, grad=True)
    loss = temporal_loss(keypoints, epsilon=epsilon)
    loss.backward()
    assert (read(loss), read(keypoints.grad)) == (4.0, UNIT)


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpoint(*, reentrant: bool) -> None:
    keypoints = tensor(STEP, grad=True)
    loss = checkpoint(lambda k: 3 * temporal_loss(2 * k), keypoints, use_reentrant=reentrant)
    loss.backward()
    assert read(keypoints.grad) == _times(6)


@pytest.mark.parametrize("block", [1, 4, 12])
def test_in_blocks(monkeypatch: pytest.MonkeyPatch, *, block: int) -> None:
    monkeypatch.setattr(blocks, "SIZE", block)
    keypoints, *others = worked_tensors(grad=True)
    (3 * worked.loss(keypoints, *others)).backward()
    expected = worked.gradient()
    assert read(keypoints.grad)[0] == [near(3 * each.expected) for each in expected[0]]
    assert read(keypoints.grad)[2:] == expected[2:]


def test_the_class_trains_as_the_function() -> None:
    keypoints, confidences, segment_ids = worked_tensors(grad=True)
    loss = TemporalLoss(epsilon=worked.EPSILON, prob_threshold=worked.THRESHOLD, reduction="sum")
    value, logs = loss(keypoints, confidences, segment_ids=segment_ids)
    (value * logs[1]["value"]).backward()
    expected = worked.gradient()
    assert read(keypoints.grad)[0] == [near(each.expected / 2) for each in expected[0]]


def test_hooks_see_the_gradient() -> None:
    seen = []
    keypoints = tensor(STEP, grad=True)
    middle = 2 * keypoints
    middle.register_hook(lambda slope: seen.append(read(slope)))
    temporal_loss(middle).backward()
    assert seen == [UNIT]


def _fake(grad: Callable[[], Any]) -> Any:
    with FakeTensorMode():
        return grad()


def test_nothing_is_looked_at_where_there_are_no_values() -> None:
    # A value asked of a fake tensor would raise.
    def train() -> Any:
        keypoints = torch.zeros(5, 4, requires_grad=True)
        loss = temporal_loss(keypoints, torch.ones(5, 2), epsilon=[1.0, 2.0], prob_threshold=0.5)
        (3 * loss).backward()
        return keypoints.grad

    assert tuple(_fake(train).shape) == (5, 4)
    keypoints = torch.zeros(5, 4, device="meta", requires_grad=True)
    (3 * temporal_loss(keypoints, epsilon=[1.0, 2.0], nan_policy="omit")).backward()
    assert keypoints.grad.device.type == "meta"


@pytest.mark.parametrize("changed", ["confidences", "epsilon"])
def test_what_is_changed_before_a_second_derivative_is_refused(changed: str) -> None:
    keypoints = tensor([[0, 0, 0, 0], [3, 4, 6, 8]], grad=True)
    given = {"confidences": tensor([[1, 1], [1, 1]]), "epsilon": tensor([1, 2])}
    options = {"prob_threshold": 0.5, "reduction": "sum"}
    loss = temporal_loss(keypoints, given["confidences"], epsilon=given["epsilon"], **options)
    given[changed].zero_()
    # The first derivative is that of what was given.
    (first,) = torch.autograd.grad(loss, keypoints, retain_graph=True)
    assert read(first)[1] == [near(0.6), near(0.8), near(0.6), near(0.8)]
    with pytest.raises(RuntimeError, match="changed in place"):
        torch.autograd.grad(loss, keypoints, create_graph=True)
