"""TL-9: torch.func, and forward mode."""

from __future__ import annotations

import math
from typing import Any

import pytest
from support import NAN, near, under_test

from temporal_loss import TemporalLoss, estimate_epsilon, temporal_loss, temporal_norm

from . import worked
from .refusals import ARRAY_REFUSALS, Refusal, assert_refused, each
from .torch_tools import ARRAYS, read, tensor, worked_tensors

torch = under_test("torch")
vmap, grad = torch.func.vmap, torch.func.grad
# torch itself calls what it has deprecated.
forward_mode = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")


def test_grad_and_a_call_without_in_turn() -> None:
    # They are of the same type, dtype, shape and device.
    keypoints, *others = worked_tensors()
    for _ in range(2):
        assert read(worked.loss(keypoints, *others)) == 12.0
        found, value = torch.func.grad_and_value(lambda k: worked.loss(k, *others))(keypoints)
        assert (read(value), read(found)) == (12.0, worked.gradient())
    found, value = torch.func.grad_and_value(lambda k: worked.loss(k, None, others[1]))(keypoints)
    assert (read(value), read(found)) == (NAN, worked.unmasked_gradient())


def test_vmap_over_each_argument() -> None:
    keypoints, confidences, segment_ids = worked_tensors()
    batch = torch.stack([keypoints, torch.zeros_like(keypoints), 2 * keypoints])
    assert read(vmap(lambda k: worked.loss(k, confidences, segment_ids))(batch)) == [12.0, 0.0, 29.0]
    sideways = torch.stack([keypoints, 2 * keypoints], dim=-1)
    mapped = vmap(lambda k: worked.loss(k, confidences, segment_ids), in_dims=-1)
    assert read(mapped(sideways)) == [12.0, 29.0]
    none_sure = torch.stack([confidences, torch.zeros_like(confidences)])
    assert read(vmap(lambda c: worked.loss(keypoints, c, segment_ids))(none_sure)) == [12.0, 0.0]
    apart = torch.stack([segment_ids, torch.arange(5, dtype=torch.int32)])
    assert read(vmap(lambda s: worked.loss(keypoints, confidences, s))(apart)) == [12.0, 0.0]
    mapped = vmap(lambda e: worked.loss(keypoints, confidences, segment_ids, epsilon=e))
    assert read(mapped(tensor([[1, 2], [4, 9]]))) == [12.0, 2.0]
    found = vmap(worked.loss_and_grad)(*(torch.stack([each] * 2) for each in worked_tensors()))
    assert worked.read_both(ARRAYS, found) == ([12.0] * 2, [worked.gradient()] * 2)


def test_an_epsilon_of_nan_stays_under_the_mask() -> None:
    keypoints, confidences = tensor([[0, 0, 0, 0], [0, 10, 3, 4]]), tensor([[1, 0], [1, 0]])

    def loss(keypoints: Any, epsilon: Any) -> Any:
        return temporal_loss(keypoints, confidences, epsilon=epsilon, prob_threshold=0.5, reduction="sum")

    found = grad(loss, argnums=(0, 1))(keypoints, tensor([1, math.nan]))
    assert read(found[0]) == [[0, -1, 0, 0], [0, 1, 0, 0]]
    assert read(found[1]) == [-1.0, 0.0]


@pytest.mark.parametrize("reduction", worked.DIVISORS)
def test_gradients_and_vmap_of_each_other(reduction: str) -> None:
    keypoints, *others = worked_tensors()
    batch = torch.stack([keypoints, torch.zeros_like(keypoints), keypoints])

    def one(keypoints: Any) -> Any:
        return worked.loss(keypoints, *others, reduction=reduction)

    def of_the_class(keypoints: Any) -> Any:
        options: dict[str, Any] = {"epsilon": worked.EPSILON, "prob_threshold": 0.5, "reduction": reduction}
        return TemporalLoss(**options)(keypoints, others[0], segment_ids=others[1])[0]

    expected = [worked.gradient(reduction), [[0.0] * 4] * 5, worked.gradient(reduction)]
    assert read(grad(lambda k: vmap(one)(k).sum())(batch)) == expected
    assert read(vmap(grad(one))(batch)) == expected
    assert read(vmap(grad(of_the_class))(batch)) == expected
    batch.requires_grad_()
    vmap(one)(batch).sum().backward()
    assert read(batch.grad) == expected


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
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(keypoints, push)
        value, slope = torch.autograd.forward_ad.unpack_dual(worked.loss(dual, *others))
    assert (read(value), read(slope)) == (12.0, near(0.6))
    still = tensor([[7, 9], [7, 9]])
    value, slope = torch.func.jvp(temporal_loss, (still,), (tensor([[0, 0], [1, 2]]),))
    assert (read(value), read(slope)) == (0.0, 0.0)


@forward_mode
def test_jacobians_and_hessians() -> None:
    # Of entries; and (I - u u^T) / 5 for the step (3, 4), with u = (0.6, 0.8).
    keypoints = tensor([[0, 0, 0, 0], [3, 4, 6, 8]])
    found = read(torch.func.jacrev(lambda k: temporal_loss(k, reduction="none")[0])(keypoints))
    assert found == [
        [[near(-0.6), near(-0.8), 0.0, 0.0], [near(0.6), near(0.8), 0.0, 0.0]],
        [[0.0, 0.0, near(-0.6), near(-0.8)], [0.0, 0.0, near(0.6), near(0.8)]],
    ]
    hessian = torch.func.hessian(temporal_loss)(tensor([[0, 0], [3, 4]]))
    block = [[near(0.128), near(-0.096)], [near(-0.096), near(0.072)]]
    assert [read(hessian[t, :, t]) for t in range(2)] == [block, block]
    assert read(-hessian[0, :, 1]) == block


def test_the_other_functions_under_vmap() -> None:
    keypoints = tensor([[[0, 0, 1, 1], [3, 4, 1, 1], [3, 4, 1, 3]]])
    assert read(vmap(temporal_norm)(keypoints)) == [[[NAN, NAN], [5.0, 0.0], [0.0, 2.0]]]
    assert read(vmap(lambda k: estimate_epsilon(k, quantile=0.5))(keypoints)) == [[2.5, 1.0]]


@each(ARRAY_REFUSALS)
def test_refusals(refusal: Refusal) -> None:
    mapped = {name: array[None] for name, array in refusal.build(ARRAYS).items()}
    names = list(mapped)
    function = vmap(lambda *arrays: refusal.call(dict(zip(names, arrays, strict=True))))
    assert_refused(refusal, function, *mapped.values())
