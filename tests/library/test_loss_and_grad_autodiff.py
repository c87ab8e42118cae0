"""Value and gradient where the library differentiates: first and second derivatives, and transformations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from support import under_test

from temporal_loss import temporal_loss, temporal_loss_and_grad

from . import worked

if TYPE_CHECKING:
    from collections.abc import Callable

    from support import Arrays

REDUCTIONS = ("sum", "mean", "valid_mean")
# Numbers without a pattern; no step is near its epsilon.
TRACK = [[0.1, 0.7, 5.2, 4.1], [3.3, 4.9, 2.6, 8.4], [1.2, 2.4, 9.7, 1.3], [6.5, 0.8, 7.7, 7.1]]
SURE = [[1, 1], [1, 1], [1, 1], [0.25, 1]]
IDS = [0, 0, 0, 1]


def _options(arrays: Arrays, dtype: str, *, segments: bool) -> dict[str, Any]:
    return {
        "confidences": arrays.make(SURE, dtype),
        "epsilon": [0.5, 1.5],
        "prob_threshold": 0.5,
        "segment_ids": arrays.make(IDS, "int32") if segments else None,
    }


@pytest.mark.parametrize("segments", [False, True])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_as_the_library_differentiates(
    autodiff: Arrays, full_dtype: str, reduction: str, *, segments: bool
) -> None:
    options = _options(autodiff, full_dtype, segments=segments)
    keypoints = autodiff.make(TRACK, full_dtype)
    loss, slope = autodiff.loss_and_gradient(
        lambda k: temporal_loss(k, reduction=reduction, **options), keypoints
    )
    found = temporal_loss_and_grad(autodiff.make(TRACK, full_dtype), reduction=reduction, **options)
    rel = 1e-14 if full_dtype == "float64" else 1e-6
    assert autodiff.read(found[0]) == pytest.approx(autodiff.read(loss), rel=rel)
    for row, due in zip(autodiff.read(found[1]), autodiff.read(slope), strict=True):
        assert row == pytest.approx(due, rel=rel, abs=rel)


def test_the_value_has_that_gradient_too(autodiff: Arrays) -> None:
    # The first of the two results differentiated, and the second one multiplied.
    keypoints = autodiff.make([[0, 0, 7, 7], [3, 4, 7, 7]])
    slope = autodiff.gradient(lambda k: 3 * temporal_loss_and_grad(k, reduction="sum")[0], keypoints)
    assert slope == [pytest.approx([-1.8, -2.4, 0, 0]), pytest.approx([1.8, 2.4, 0, 0])]


def _second(arrays: Arrays, function: Callable[[Any], Any], weights: Any, keypoints: Any) -> Any:
    """Derivative of the gradient in a direction."""
    return arrays.gradient(lambda k: (function(k)[1] * weights).sum(), keypoints)


def test_the_second_derivative_by_hand(autodiff: Arrays, full_dtype: str) -> None:
    # (I - u u^T) / 5 for the step (3, 4), with u = (0.6, 0.8), times (1, 0).
    keypoints = autodiff.make([[0, 0], [3, 4]], full_dtype)
    weights = autodiff.make([[0, 0], [1, 0]], full_dtype)
    found = _second(autodiff, temporal_loss_and_grad, weights, keypoints)
    assert found == [pytest.approx([-0.128, 0.096], rel=1e-6), pytest.approx([0.128, -0.096], rel=1e-6)]


@pytest.mark.parametrize("bad", [3.0, math.nan, math.inf])
def test_the_second_derivative_is_zero_where_nothing_counts(autodiff: Arrays, bad: float) -> None:
    # At rest, below epsilon, at the tie, masked whatever is there, and across segments.
    keypoints = autodiff.make([[7, 9, 0, 0, 0, 0, 0, 0], [7, 9, 1, 1, 3, 4, bad, 4], [bad] * 8])
    confidences = autodiff.make([[1, 1, 1, 1], [1, 1, 1, 0.25], [1, 1, 1, 0.25]])
    options: dict[str, Any] = {
        "confidences": confidences,
        "prob_threshold": 0.5,
        "epsilon": [0.0, 2.0, 5.0, 0.0],
        "segment_ids": autodiff.make([0, 0, 1], "int32"),
        "reduction": "sum",
    }
    weights = autodiff.make([[float(n + 8 * t) for n in range(8)] for t in range(3)])
    found = _second(autodiff, lambda k: temporal_loss_and_grad(k, **options), weights, keypoints)
    assert found == [[0.0] * 8] * 3


# JAX ----------------------------------------------------------------------------------------


@pytest.fixture
def jax() -> Any:
    return under_test("jax")


def _jax_worked() -> tuple[Any, Any, Any]:
    from .jax_tools import worked_arrays  # noqa: PLC0415 - after the skip

    return worked_arrays()


def test_jit_and_vmap(jax: Any) -> None:
    given = _jax_worked()
    batch = tuple(jax.numpy.stack([each, each]) for each in given)
    for function, arrays, count in (
        (jax.jit(worked.loss_and_grad), given, 0),
        (jax.vmap(worked.loss_and_grad), batch, 2),
        (jax.jit(jax.vmap(worked.loss_and_grad)), batch, 2),
    ):
        loss, slope = function(*arrays)
        assert loss.tolist() == ([12.0] * count if count else 12.0)
        assert slope.tolist() == ([worked.gradient()] * count if count else worked.gradient())


def test_the_hessian_is_the_jacobian_of_the_gradient(jax: Any) -> None:
    from .jax_tools import ARRAYS, array, x64  # noqa: PLC0415

    with x64(on=True):
        keypoints = array(TRACK, "float64")
        for segments in (False, True):
            options = _options(ARRAYS, "float64", segments=segments)
            for reduction in REDUCTIONS:
                due = jax.hessian(lambda k: temporal_loss(k, reduction=reduction, **options))(keypoints)  # noqa: B023
                both = jax.jit(
                    jax.jacobian(lambda k: temporal_loss_and_grad(k, reduction=reduction, **options)[1])  # noqa: B023
                )
                found = both(keypoints)
                assert jax.numpy.allclose(found, due, rtol=1e-13, atol=1e-15)
                assert bool(jax.numpy.any(due != 0))


def test_the_hessian_at_kinks(jax: Any) -> None:
    keypoints, *others = _jax_worked()
    due = jax.hessian(lambda k: worked.loss(k, *others))(keypoints)
    found = jax.jacobian(lambda k: worked.loss_and_grad(k, *others)[1])(keypoints)
    assert jax.numpy.allclose(found, due, rtol=1e-6, atol=1e-8)
    assert bool(jax.numpy.all(jax.numpy.isfinite(found)))


# torch --------------------------------------------------------------------------------------


@pytest.fixture
def torch() -> Any:
    return under_test("torch")


def _torch_worked(*, grad: bool = False) -> tuple[Any, Any, Any]:
    from .torch_tools import worked_tensors  # noqa: PLC0415

    return worked_tensors(grad=grad)


def test_compiled_and_mapped(torch: Any) -> None:
    torch._dynamo.reset()
    compiled = torch.compile(worked.loss_and_grad, fullgraph=True, backend="aot_eager")
    mapped = torch.func.vmap(worked.loss_and_grad)
    for function, batch in ((compiled, False), (mapped, True)):
        given = _torch_worked()
        loss, slope = function(*(torch.stack([each] * 2) for each in given) if batch else given)
        assert loss.tolist() == ([12.0] * 2 if batch else 12.0)
        assert slope.tolist() == ([worked.gradient()] * 2 if batch else worked.gradient())
    torch._dynamo.reset()


def test_nothing_is_recorded_unless_asked_for(torch: Any) -> None:
    for found in worked.loss_and_grad(*_torch_worked()):
        assert not found.requires_grad
    for found in worked.loss_and_grad(*_torch_worked(grad=True)):
        assert found.requires_grad
    with torch.no_grad():
        for found in worked.loss_and_grad(*_torch_worked(grad=True)):
            assert not found.requires_grad


def test_gradgradcheck(torch: Any) -> None:
    from .torch_tools import ARRAYS, tensor  # noqa: PLC0415

    keypoints = tensor(TRACK, "float64", grad=True)
    for segments in (False, True):
        options = _options(ARRAYS, "float64", segments=segments)
        for reduction in REDUCTIONS:

            def both(keypoints: Any, reduction: str = reduction, options: Any = options) -> Any:
                return temporal_loss_and_grad(keypoints, reduction=reduction, **options)

            assert torch.autograd.gradcheck(both, (keypoints,))
            assert torch.autograd.gradgradcheck(both, (keypoints,))


def test_a_trainable_epsilon(torch: Any) -> None:
    from .torch_tools import tensor  # noqa: PLC0415

    epsilon = tensor([1, 9], grad=True)
    loss, slope = temporal_loss_and_grad(
        tensor([[0, 0, 0, 0], [3, 4, 3, 4]]), epsilon=epsilon, reduction="sum"
    )
    loss.backward()
    # The second step is below its epsilon.
    assert epsilon.grad.tolist() == [-1.0, 0.0]
    assert slope.detach()[:, 2:].tolist() == [[0.0, 0.0]] * 2
    assert torch.is_tensor(slope)
