"""TL-9: torch.func, and forward mode."""

from __future__ import annotations

from typing import Any

import pytest
from support import NAN, near, under_test

from temporal_loss import TemporalLoss, estimate_epsilon, temporal_loss, temporal_norm

from . import worked
from .refusals import ARRAY_REFUSALS, Refusal, assert_refused
from .torch_tools import ARRAYS, read, tensor, worked_tensors

torch = under_test("torch")
vmap, grad = torch.func.vmap, torch.func.grad
# torch itself calls what it has deprecated.
forward_mode = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")


def test_grad() -> None:
    keypoints, *others = worked_tensors()
    found, value = torch.func.grad_and_value(lambda k: worked.loss(k, *others))(keypoints)
    assert (read(value), read(found)) == (12.0, worked.gradient())


def test_grad_after_calls_without() -> None:
    # The plain call is remembered, and is of the same type, dtype, shape and device.
    keypoints, *others = worked_tensors()
    assert read(worked.loss(keypoints, *others)) == 12.0
    assert read(grad(lambda k: worked.loss(k, *others))(keypoints)) == worked.gradient()
    assert read(worked.loss(keypoints, *others)) == 12.0


def test_grad_with_nan_beside_it() -> None:
    keypoints, _, segment_ids = worked_tensors()
    found, value = torch.func.grad_and_value(lambda k: worked.loss(k, None, segment_ids))(keypoints)
    assert (read(value), read(found)) == (NAN, worked.unmasked_gradient())


def test_vmap_over_sequences() -> None:
    keypoints, *others = worked_tensors()
    batch = torch.stack([keypoints, torch.zeros_like(keypoints), 2 * keypoints])
    assert read(vmap(lambda k: worked.loss(k, *others))(batch)) == [12.0, 0.0, 29.0]
    sideways = torch.stack([keypoints, 2 * keypoints], dim=-1)
    assert read(vmap(lambda k: worked.loss(k, *others), in_dims=-1)(sideways)) == [12.0, 29.0]


def test_vmap_over_all_else() -> None:
    keypoints, confidences, segment_ids = worked_tensors()
    none_sure = torch.stack([confidences, torch.zeros_like(confidences)])
    assert read(vmap(lambda c: worked.loss(keypoints, c, segment_ids))(none_sure)) == [12.0, 0.0]
    apart = torch.stack([segment_ids, torch.arange(5, dtype=torch.int32)])
    assert read(vmap(lambda s: worked.loss(keypoints, confidences, s))(apart)) == [12.0, 0.0]
    mapped = vmap(lambda e: worked.loss(keypoints, confidences, segment_ids, epsilon=e))
    assert read(mapped(tensor([[1, 2], [4, 9]]))) == [12.0, 2.0]


@pytest.mark.parametrize("reduction", ["sum", "mean", "valid_mean"])
def test_grad_of_vmap_and_vmap_of_grad(reduction: str) -> None:
    keypoints, *others = worked_tensors()
    batch = torch.stack([keypoints, torch.zeros_like(keypoints), keypoints])

    def one(keypoints: Any) -> Any:
        return worked.loss(keypoints, *others, reduction=reduction)

    expected = [worked.gradient(reduction), [[0.0] * 4] * 5, worked.gradient(reduction)]
    assert read(grad(lambda k: vmap(one)(k).sum())(batch)) == expected
    assert read(vmap(grad(one))(batch)) == expected


def test_backward_through_vmap() -> None:
    keypoints, *others = worked_tensors()
    batch = torch.stack([keypoints, keypoints]).requires_grad_()
    vmap(lambda k: worked.loss(k, *others))(batch).sum().backward()
    assert read(batch.grad) == [worked.gradient()] * 2


def test_grad_by_a_trainable_epsilon() -> None:
    keypoints, *others = worked_tensors()
    by_epsilon = grad(lambda e: worked.loss(keypoints, *others, epsilon=e))
    assert read(by_epsilon(tensor([1, 2]))) == [-1.0, -1.0]
    assert read(vmap(by_epsilon)(tensor([[1, 2], [9, 2]]))) == [[-1.0, -1.0], [0.0, -1.0]]


@forward_mode
def test_forward_mode() -> None:
    keypoints, *others = worked_tensors()
    # Frame 1 moves along x, keypoint 0 alone, and so do all that are masked, crossing or at a tie.
    push = tensor([[0] * 4, [1, 0, 0, 0], [1, 0, 0, 0], [9, 9, 0, 9], [9, 9, 0, 9]])
    value, slope = torch.func.jvp(lambda k: worked.loss(k, *others), (keypoints,), (push,))
    assert (read(value), read(slope)) == (12.0, near(0.6))
    value, slope = torch.func.jvp(lambda k: worked.loss(k, None, others[1]), (keypoints,), (push,))
    assert (read(value), read(slope)) == (NAN, NAN)


@forward_mode
def test_forward_mode_at_rest() -> None:
    still = tensor([[7, 9], [7, 9]])
    value, slope = torch.func.jvp(temporal_loss, (still,), (tensor([[0, 0], [1, 2]]),))
    assert (read(value), read(slope)) == (0.0, 0.0)


@forward_mode
def test_dual_numbers_as_torch_has_them() -> None:
    keypoints, *others = worked_tensors()
    push = torch.zeros_like(keypoints)
    push[1, 0] = 1.0
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(keypoints, push)
        value, slope = torch.autograd.forward_ad.unpack_dual(worked.loss(dual, *others))
    assert (read(value), read(slope)) == (12.0, near(0.6))


def test_jacobians_both_ways() -> None:
    keypoints = tensor([[0, 0, 0, 0], [3, 4, 6, 8]])

    def entries(keypoints: Any) -> Any:
        return temporal_loss(keypoints, reduction="none")[0]

    expected = [
        [[near(-0.6), near(-0.8), 0.0, 0.0], [near(0.6), near(0.8), 0.0, 0.0]],
        [[0.0, 0.0, near(-0.6), near(-0.8)], [0.0, 0.0, near(0.6), near(0.8)]],
    ]
    assert read(torch.func.jacrev(entries)(keypoints)) == expected


@forward_mode
def test_the_second_derivative() -> None:
    # (I - u u^T) / 5 for the step (3, 4), with u = (0.6, 0.8).
    keypoints = tensor([[0, 0], [3, 4]])
    hessian = read(torch.func.hessian(temporal_loss)(keypoints))
    block = [[near(0.128), near(-0.096)], [near(-0.096), near(0.072)]]
    assert [hessian[1][i][1] for i in range(2)] == block
    assert [hessian[0][i][0] for i in range(2)] == block
    assert [hessian[0][i][1][0] for i in range(2)] == [near(-0.128), near(0.096)]


def test_the_other_functions_under_vmap() -> None:
    keypoints = tensor([[[0, 0, 1, 1], [3, 4, 1, 1], [3, 4, 1, 3]]])
    assert read(vmap(temporal_norm)(keypoints)) == [[[NAN, NAN], [5.0, 0.0], [0.0, 2.0]]]
    assert read(vmap(lambda k: estimate_epsilon(k, quantile=0.5))(keypoints)) == [[2.5, 1.0]]


def test_the_class_under_vmap_and_grad() -> None:
    keypoints, confidences, segment_ids = worked_tensors()
    loss = TemporalLoss(epsilon=worked.EPSILON, prob_threshold=0.5)

    def value(keypoints: Any) -> Any:
        return loss(keypoints, confidences, segment_ids=segment_ids)[0]

    assert read(vmap(grad(value))(keypoints[None])) == [worked.gradient("mean")]


@pytest.mark.parametrize("refusal", ARRAY_REFUSALS, ids=[r.id for r in ARRAY_REFUSALS])
def test_refusals(refusal: Refusal) -> None:
    mapped = {name: array[None] for name, array in refusal.build(ARRAYS).items()}
    names = list(mapped)
    function = vmap(lambda *arrays: refusal.call(dict(zip(names, arrays, strict=True))))
    assert_refused(refusal, function, *mapped.values())
