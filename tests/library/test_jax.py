"""TL-9 on JAX: jit, grad, vmap and what they make of each other, in both 64-bit settings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from support import NAN, near, under_test

from temporal_loss import (
    TemporalLoss,
    count_valid,
    estimate_epsilon,
    temporal_loss,
    temporal_loss_and_grad,
    temporal_norm,
)

from . import worked
from .jax_tools import ARRAYS, array, read, worked_arrays, x64
from .refusals import ARRAY_REFUSALS, PARAMETER_REFUSALS, Refusal, assert_refused, due, each

if TYPE_CHECKING:
    from collections.abc import Iterator

jax = under_test("jax")
jnp = jax.numpy


@pytest.fixture(params=[False, True], ids=["x32", "x64"])
def wide(request: pytest.FixtureRequest) -> Iterator[bool]:
    before = jax.config.jax_enable_x64
    with x64(on=request.param):
        yield request.param
        # No call changes the setting.
        assert jax.config.jax_enable_x64 == request.param
    assert jax.config.jax_enable_x64 == before


in_both_settings = pytest.mark.usefixtures("wide")


# jit ----------------------------------------------------------------------------------------


@in_both_settings
def test_jit() -> None:
    arrays = worked_arrays()
    for reduction in worked.REDUCTIONS:
        jitted = jax.jit(lambda *a: worked.loss(*a, reduction=reduction))  # noqa: B023
        for _ in range(2):
            found = jitted(*arrays)
            assert (read(found), found.dtype) == (worked.expected(reduction), jnp.float32)


@in_both_settings
def test_everything_traced() -> None:
    # Parameters that are arrays, traced like the rest; the epsilon in another dtype.
    arrays = worked_arrays()
    jitted = jax.jit(lambda k, c, s, e: worked.loss(k, c, s, epsilon=e))
    for epsilon in (jnp.asarray(worked.EPSILON), jnp.asarray([1, 2])):
        found = jitted(*arrays, epsilon)
        assert (read(found), found.dtype) == (12.0, jnp.float32)


def test_the_function_itself_under_jit(*, wide: bool) -> None:
    # Here epsilon is a number that JAX has turned into a traced one, of 64 bits if it has them.
    jitted = jax.jit(temporal_loss, static_argnames=("prob_threshold", "reduction", "nan_policy"))
    keypoints, confidences, segment_ids = worked_arrays()
    for epsilon, expected in ((2.0, 11.0), (4.0, 7.0)):
        options = {"epsilon": epsilon, "segment_ids": segment_ids, "prob_threshold": 0.5, "reduction": "sum"}
        found = jitted(keypoints, confidences, **options)
        assert (read(found), found.dtype) == (expected, jnp.float32), wide


def test_other_numbers_compile_nothing_anew(caplog: pytest.LogCaptureFixture) -> None:
    keypoints, confidences, _ = worked_arrays()

    def losses(number: float) -> Any:
        options = {"epsilon": number, "prob_threshold": number / 64}
        value = read(temporal_loss(keypoints, confidences, **options))
        read(temporal_loss(keypoints, confidences, **{**options, "epsilon": [number, number]}))
        read(jax.grad(lambda k: temporal_loss(k, confidences, **options))(keypoints))
        return value

    first = losses(1.0)
    with jax.log_compiles():
        caplog.clear()
        assert losses(2.0) != first
        assert "Compiling" not in caplog.text
        # That it would say so.
        temporal_loss(keypoints[1:], confidences[1:])
        assert "Compiling jit(temporal_loss)" in caplog.text


def test_without_compiling() -> None:
    with jax.disable_jit():
        assert read(worked.loss(*worked_arrays())) == worked.expected("sum")
        assert read(temporal_loss(array([[0, 0], [3, 4]]), epsilon=1.0)) == 4.0


@in_both_settings
def test_a_large_sum() -> None:
    # Twenty keypoints rest at first and then move by (3, 4), one frame after the other.
    moving = jnp.maximum(jnp.arange(250_001) - 1, 0)
    keypoints = jnp.tile(moving[:, None] * jnp.asarray([3.0, 4.0]), (1, 20))
    value, gradient = jax.jit(jax.value_and_grad(temporal_loss))(keypoints)
    assert read(value) == pytest.approx(5 * 249_999 / 250_000, rel=1e-6)
    slope = 1 / (250_000 * 20)
    assert read(gradient[:2, :2]) == [[0.0, 0.0], [near(-0.6 * slope), near(-0.8 * slope)]]
    assert read(gradient[-1, :2]) == [near(0.6 * slope), near(0.8 * slope)]


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="how XLA compiles for processors")
@in_both_settings
@pytest.mark.parametrize("shape", [(250_001, 40), (3, 100_001, 20, 3)])
def test_jit_writes_no_large_array_of_entries_to_memory(shape: tuple[int, ...]) -> None:
    frames = (shape[0], shape[1] // 2) if len(shape) == 2 else shape[:-1]
    dtype = jnp.asarray(1.0).dtype
    compiled = (
        jax.jit(lambda *a: temporal_loss(*a, epsilon=[1.0] * 20, prob_threshold=0.5))
        .lower(jax.ShapeDtypeStruct(shape, dtype), jax.ShapeDtypeStruct(frames, dtype))
        .compile()
    )
    # One number per frame is written, a twentieth of the entries.
    assert compiled.memory_analysis().temp_size_in_bytes < math.prod(frames) * dtype.itemsize / 15


# Gradients ----------------------------------------------------------------------------------


@in_both_settings
def test_jit_and_grad_of_each_other() -> None:
    keypoints, *others = worked_arrays()
    for reduction in worked.DIVISORS:

        def loss(keypoints: Any, reduction: str = reduction) -> Any:
            return worked.loss(keypoints, *others, reduction=reduction)

        for function in (jax.jit(jax.value_and_grad(loss)), jax.value_and_grad(jax.jit(loss))):
            value, gradient = function(keypoints)
            assert (read(value), read(gradient)) == (worked.expected(reduction), worked.gradient(reduction))


def test_eager_grad_with_nan_beside_it() -> None:
    keypoints, _, segment_ids = worked_arrays()
    found = jax.value_and_grad(worked.loss)(keypoints, None, segment_ids)
    assert worked.read_both(ARRAYS, found) == (NAN, worked.unmasked_gradient())


def test_forward_mode() -> None:
    keypoints, *others = worked_arrays()
    # Frame 1 moves along x, keypoint 0 alone, and so do all that are masked, crossing or at a tie.
    push = array([[0] * 4, [1, 0, 0, 0], [1, 0, 0, 0], [9, 9, 0, 9], [9, 9, 0, 9]])
    found = jax.jit(lambda k, p: jax.jvp(lambda k: worked.loss(k, *others), (k,), (p,)))(keypoints, push)
    assert worked.read_both(ARRAYS, found) == (12.0, near(0.6))
    found = jax.jvp(lambda k: worked.loss(k, None, others[1]), (keypoints,), (push,))
    assert worked.read_both(ARRAYS, found) == (NAN, NAN)


def test_the_hessian_is_the_jacobian_of_the_gradient() -> None:
    # (I - u u^T) / 5 for the step (3, 4), with u = (0.6, 0.8).
    hessian = jax.jit(jax.hessian(temporal_loss))(array([[0, 0], [3, 4]]))
    block = jnp.asarray([[0.128, -0.096], [-0.096, 0.072]])
    for there in range(2):
        for here in range(2):
            assert jnp.allclose(hessian[there, :, here], block if here == there else -block)
    keypoints, *others = worked_arrays()
    due = jax.jit(jax.hessian(lambda k: worked.loss(k, *others)))(keypoints)
    found = jax.jit(jax.jacobian(lambda k: worked.loss_and_grad(k, *others)[1]))(keypoints)
    assert jnp.allclose(found, due, rtol=1e-6, atol=1e-8)
    # Frame 4 has masked and tied steps only, frame 3 a crossing one besides.
    assert jnp.all(jnp.isfinite(due))
    assert not jnp.any(due[3:] != 0)
    assert jnp.any(due[:2] != 0)


# vmap ---------------------------------------------------------------------------------------


def test_vmap_over_each_argument() -> None:
    keypoints, confidences, segment_ids = worked_arrays()
    batch = jnp.stack([keypoints, jnp.zeros_like(keypoints), 2 * keypoints])
    mapped = jax.vmap(worked.loss, (0, None, None))
    for function in (mapped, jax.jit(mapped)):
        assert read(function(batch, confidences, segment_ids)) == [12.0, 0.0, 27.0 + 2.0]
    sideways = jnp.stack([keypoints, keypoints], axis=-1)
    mapped = jax.vmap(worked.loss, (-1, None, None))
    assert read(jax.jit(mapped)(sideways, confidences, segment_ids)) == [12.0, 12.0]
    none_sure = jnp.stack([confidences, jnp.zeros_like(confidences)])
    mapped = jax.vmap(worked.loss, (None, 0, None))
    assert read(jax.jit(mapped)(keypoints, none_sure, segment_ids)) == [12.0, 0.0]
    apart = jnp.stack([segment_ids, jnp.arange(5)])
    mapped = jax.vmap(worked.loss, (None, None, 0))
    assert read(jax.jit(mapped)(keypoints, confidences, apart)) == [12.0, 0.0]
    mapped = jax.vmap(lambda e: worked.loss(keypoints, confidences, segment_ids, epsilon=e))
    assert read(jax.jit(mapped)(array([[1, 2], [4, 9]]))) == [12.0, 2.0]


@in_both_settings
def test_grad_and_vmap_of_each_other() -> None:
    keypoints, *others = worked_arrays()
    batch = jnp.stack([keypoints, jnp.zeros_like(keypoints), keypoints])

    def one(keypoints: Any) -> Any:
        return worked.loss(keypoints, *others)

    def all_together(batch: Any) -> Any:
        return jnp.sum(jax.vmap(one)(batch))

    by_hand = jax.vmap(lambda k: worked.loss_and_grad(k, *others)[1])
    expected = [worked.gradient(), [[0.0] * 4] * 5, worked.gradient()]
    for function in (jax.grad(all_together), jax.vmap(jax.grad(one)), by_hand):
        assert read(jax.jit(function)(batch)) == expected


def test_the_other_functions_and_what_is_logged() -> None:
    keypoints = array([[0, 0, 1, 1], [3, 4, 1, 1], [3, 4, 1, 3]])
    assert read(jax.jit(jax.vmap(temporal_norm))(keypoints[None])) == [[[NAN, NAN], [5.0, 0.0], [0.0, 2.0]]]
    mapped = jax.jit(jax.vmap(lambda k: estimate_epsilon(k, quantile=0.5)))
    assert read(mapped(keypoints[None])) == [[2.5, 1.0]]
    assert read(jax.jit(jax.vmap(count_valid))(keypoints[None])) == [4.0]
    assert read(jax.jit(worked.count)(*worked_arrays())) == 5.0
    loss = TemporalLoss(epsilon=worked.EPSILON, prob_threshold=0.5)

    @jax.jit  # type: ignore[untyped-decorator]
    def logged(keypoints: Any, confidences: Any, segment_ids: Any) -> dict[str, Any]:
        _, logs = loss(keypoints, confidences, "val", segment_ids=segment_ids)
        return {entry["name"]: entry["value"] for entry in logs}

    found = {name: read(value) for name, value in logged(*worked_arrays()).items()}
    assert found == {"val_temporal_loss": near(2.0), "temporal_weight": 0.5}


class TracedLoss(TemporalLoss):
    """The class as a pytree."""


jax.tree_util.register_dataclass(
    TracedLoss,
    data_fields=["epsilon", "log_weight"],
    meta_fields=["prob_threshold", "reduction", "nan_policy"],
)


def test_the_class_as_a_pytree_compiles_once() -> None:
    compiled = []

    @jax.jit  # type: ignore[untyped-decorator]
    def objective(loss: TracedLoss, keypoints: Any) -> Any:
        compiled.append(loss)
        return loss.weight * loss(keypoints)[0]

    # Steps of 5 and 10; half of the loss is also what less log_weight would add.
    keypoints = array([[0, 0, 0, 0], [3, 4, 6, 8]])
    for epsilon, expected in ((3.0, 4.5), (1.0, 6.5), (0.0, 7.5)):
        loss = TracedLoss(epsilon=epsilon, log_weight=0.0)
        assert read(objective(loss, keypoints)) == expected / 2
        assert read(jax.grad(objective)(loss, keypoints).log_weight) == -expected / 2
    assert len(compiled) == 1


# Refusals -----------------------------------------------------------------------------------


@each(ARRAY_REFUSALS)
def test_arrays_are_refused_while_tracing(refusal: Refusal) -> None:
    built = refusal.build(ARRAYS)
    assert_refused(refusal, jax.jit(refusal.call), built)
    mapped = {name: array[None] for name, array in built.items()}
    assert_refused(refusal, jax.jit(jax.vmap(refusal.call)), mapped)


@each(PARAMETER_REFUSALS)
def test_parameters_are_refused_while_tracing(refusal: Refusal) -> None:
    assert_refused(refusal, jax.eval_shape, refusal.call, {"keypoints": jnp.zeros((4, 6))})


def test_an_epsilon_of_nan_stays_under_the_mask() -> None:
    keypoints, confidences = array([[0, 0, 0, 0], [0, 10, 3, 4]]), array([[1, 0], [1, 0]])

    def loss(keypoints: Any, epsilon: Any) -> Any:
        return temporal_loss(keypoints, confidences, epsilon=epsilon, prob_threshold=0.5, reduction="sum")

    for gradient in (jax.grad(loss, argnums=(0, 1)), jax.jit(jax.grad(loss, argnums=(0, 1)))):
        found = gradient(keypoints, array([1, math.nan]))
        assert read(found[0]) == [[0, -1, 0, 0], [0, 1, 0, 0]]
        assert read(found[1]) == [-1.0, 0.0]


def test_what_else_is_refused_while_tracing() -> None:
    keypoints, confidences, _ = worked_arrays()
    with pytest.raises(ValueError, match=r"prob_threshold must be a number, got .*Tracer"):
        jax.jit(lambda p: temporal_loss(keypoints, confidences, prob_threshold=p))(0.5)
    for function in (temporal_loss, lambda k: temporal_loss_and_grad(k)[0]):
        assert_refused(due(ValueError, "keypoints", "(4, 5)"), jax.grad(function), jnp.zeros((4, 5)))
    numpy_array = pytest.importorskip("numpy").ones((5, 2))
    refusal = due(TypeError, "confidences", "library JAX", "a NumPy array")
    assert_refused(refusal, jax.jit(lambda k: temporal_loss(k, numpy_array)), keypoints)
