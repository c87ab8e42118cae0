"""TL-9 on JAX: jit, grad, vmap and what they make of each other, in both 64-bit settings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from support import NAN, near, under_test

from temporal_loss import TemporalLoss, estimate_epsilon, temporal_loss, temporal_norm

from . import worked
from .jax_tools import array, read, worked_arrays, x64

if TYPE_CHECKING:
    from collections.abc import Iterator

jax = under_test("jax")
jnp = jax.numpy
REDUCTIONS = ("sum", "mean", "valid_mean", "none")


@pytest.fixture(params=[False, True], ids=["x32", "x64"])
def wide(request: pytest.FixtureRequest) -> Iterator[bool]:
    with x64(on=request.param):
        yield request.param
        assert jax.config.jax_enable_x64 == request.param


@pytest.fixture(autouse=True)
def settings_are_left_alone() -> Iterator[None]:
    before = jax.config.jax_enable_x64
    yield
    assert jax.config.jax_enable_x64 == before


in_both_settings = pytest.mark.usefixtures("wide")


@in_both_settings
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_jit(reduction: str) -> None:
    arrays = worked_arrays()
    jitted = jax.jit(lambda *a: worked.loss(*a, reduction=reduction))
    for _ in range(2):
        found = jitted(*arrays)
        assert read(found) == worked.expected(reduction)
        assert found.dtype == jnp.float32


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="how XLA compiles for processors")
@in_both_settings
@pytest.mark.parametrize("shape", [(250_001, 40), (3, 100_001, 20, 3)])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_jit_writes_no_large_array_of_entries_to_memory(reduction: str, shape: tuple[int, ...]) -> None:
    frames = (shape[0], shape[1] // 2) if len(shape) == 2 else shape[:-1]
    dtype = jnp.asarray(1.0).dtype
    compiled = (
        jax.jit(lambda *a: temporal_loss(*a, epsilon=[1.0] * 20, prob_threshold=0.5, reduction=reduction))
        .lower(jax.ShapeDtypeStruct(shape, dtype), jax.ShapeDtypeStruct(frames, dtype))
        .compile()
    )
    entries = math.prod(frames) * dtype.itemsize
    # One number per frame is written, a twentieth of the entries.
    assert compiled.memory_analysis().temp_size_in_bytes < entries / 15


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
def test_a_large_sum_in_jit() -> None:
    # Twenty keypoints rest at first and then move by (3, 4), one frame after the other.
    moving = jnp.maximum(jnp.arange(250_001) - 1, 0)
    keypoints = jnp.tile(moving[:, None] * jnp.asarray([3.0, 4.0]), (1, 20))
    value, gradient = jax.jit(jax.value_and_grad(temporal_loss))(keypoints)
    assert read(value) == pytest.approx(5 * 249_999 / 250_000, rel=1e-6)
    slope = 1 / (250_000 * 20)
    assert read(gradient[:2, :2]) == [[0.0, 0.0], [near(-0.6 * slope), near(-0.8 * slope)]]
    assert read(gradient[-1, :2]) == [near(0.6 * slope), near(0.8 * slope)]


@in_both_settings
def test_numbers_in_jit() -> None:
    keypoints, confidences = array([[0, 0], [3, 4], [6, 8]]), array([[1], [0.75], [0.25]])

    def loss(keypoints: Any) -> Any:
        return temporal_loss(keypoints, confidences, epsilon=2.0, prob_threshold=0.5, reduction="sum")

    assert read(jax.jit(loss)(keypoints)) == 3.0
    assert read(jax.grad(loss)(keypoints)) == [[near(-0.6), near(-0.8)], [near(0.6), near(0.8)], [0.0, 0.0]]


@in_both_settings
@pytest.mark.parametrize("reduction", ["sum", "mean", "valid_mean"])
def test_jit_of_grad_and_grad_of_jit(reduction: str) -> None:
    keypoints, *others = worked_arrays()

    def loss(keypoints: Any) -> Any:
        return worked.loss(keypoints, *others, reduction=reduction)

    for function in (jax.jit(jax.value_and_grad(loss)), jax.value_and_grad(jax.jit(loss))):
        value, gradient = function(keypoints)
        assert read(value) == worked.expected(reduction)
        assert read(gradient) == worked.gradient(reduction)


def test_eager_grad_with_nan_beside_it() -> None:
    keypoints, _, segment_ids = worked_arrays()
    value, gradient = jax.value_and_grad(worked.loss)(keypoints, None, segment_ids)
    assert read(value) == NAN
    assert read(gradient) == worked.unmasked_gradient()


@in_both_settings
def test_everything_traced() -> None:
    # Parameters that are arrays, traced like the rest; the epsilon in another dtype.
    keypoints, confidences, segment_ids = worked_arrays()
    jitted = jax.jit(lambda k, c, s, e: worked.loss(k, c, s, epsilon=e))
    found = jitted(keypoints, confidences, segment_ids, jnp.asarray(worked.EPSILON))
    assert (read(found), found.dtype) == (12.0, jnp.float32)
    found = jitted(keypoints, confidences, segment_ids, jnp.asarray([1, 2]))
    assert (read(found), found.dtype) == (12.0, jnp.float32)


def test_the_function_itself_under_jit(*, wide: bool) -> None:
    # Here epsilon is a number that JAX has turned into a traced one, of 64 bits if it has them.
    names = ("prob_threshold", "reduction", "nan_policy")
    jitted = jax.jit(temporal_loss, static_argnames=names)
    keypoints, confidences, segment_ids = worked_arrays()
    for epsilon, expected in ((2.0, 11.0), (4.0, 7.0)):
        options = {"epsilon": epsilon, "segment_ids": segment_ids, "prob_threshold": 0.5, "reduction": "sum"}
        found = jitted(keypoints, confidences, **options)
        assert (read(found), found.dtype) == (expected, jnp.float32), wide


def test_a_traced_threshold_is_refused() -> None:
    keypoints, confidences, _ = worked_arrays()
    with pytest.raises(ValueError, match=r"prob_threshold must be a number, got .*Tracer"):
        jax.jit(lambda p: temporal_loss(keypoints, confidences, prob_threshold=p))(0.5)


def test_vmap_over_sequences() -> None:
    # The middle one stands still.
    keypoints, confidences, segment_ids = worked_arrays()
    batch = jnp.stack([keypoints, jnp.zeros_like(keypoints), 2 * keypoints])
    mapped = jax.vmap(worked.loss, (0, None, None))
    for function in (mapped, jax.jit(mapped)):
        assert read(function(batch, confidences, segment_ids)) == [12.0, 0.0, 27.0 + 2.0]


def test_vmap_over_all_else() -> None:
    keypoints, confidences, segment_ids = worked_arrays()
    none_sure = jnp.stack([confidences, jnp.zeros_like(confidences)])
    mapped = jax.jit(jax.vmap(worked.loss, (None, 0, None)))
    assert read(mapped(keypoints, none_sure, segment_ids)) == [12.0, 0.0]
    apart = jnp.stack([segment_ids, jnp.arange(5)])
    mapped = jax.jit(jax.vmap(worked.loss, (None, None, 0)))
    assert read(mapped(keypoints, confidences, apart)) == [12.0, 0.0]
    epsilons = array([[1, 2], [4, 9]])
    mapped = jax.jit(jax.vmap(lambda e: worked.loss(keypoints, confidences, segment_ids, epsilon=e)))
    assert read(mapped(epsilons)) == [12.0, 2.0]


def test_vmap_over_another_axis() -> None:
    keypoints, confidences, segment_ids = worked_arrays()
    batch = jnp.stack([keypoints, keypoints], axis=-1)
    mapped = jax.jit(jax.vmap(worked.loss, in_axes=(-1, None, None)))
    assert read(mapped(batch, confidences, segment_ids)) == [12.0, 12.0]


@in_both_settings
def test_grad_of_vmap_and_vmap_of_grad() -> None:
    keypoints, *others = worked_arrays()
    batch = jnp.stack([keypoints, jnp.zeros_like(keypoints), keypoints])

    def one(keypoints: Any) -> Any:
        return worked.loss(keypoints, *others)

    def all_together(batch: Any) -> Any:
        return jnp.sum(jax.vmap(one)(batch))

    expected = [worked.gradient(), [[0.0] * 4] * 5, worked.gradient()]
    for function in (jax.grad(all_together), jax.vmap(jax.grad(one))):
        assert read(jax.jit(function)(batch)) == expected


@in_both_settings
def test_no_tracer_leaks() -> None:
    keypoints, *others = worked_arrays()
    with jax.checking_leaks():
        found = jax.jit(jax.grad(lambda k: worked.loss(k, *others, epsilon=[1.0, 2.0])))(keypoints)
        mapped = jax.jit(jax.vmap(lambda k: worked.loss(k, *others, epsilon=(1.0, 2.0))))(keypoints[None])
        loss = TemporalLoss(epsilon=[1.0, 2.0], prob_threshold=0.5)
        jax.jit(lambda k: loss(k, others[0], segment_ids=others[1])[0])(keypoints)
    assert read(found) == worked.gradient()
    assert read(mapped) == [12.0]


def test_forward_mode() -> None:
    keypoints, *others = worked_arrays()
    # Frame 1 moves along x, keypoint 0 alone, and so do all that are masked, crossing or at a tie.
    push = array([[0] * 4, [1, 0, 0, 0], [1, 0, 0, 0], [9, 9, 0, 9], [9, 9, 0, 9]])
    value, slope = jax.jit(lambda k, p: jax.jvp(lambda k: worked.loss(k, *others), (k,), (p,)))(
        keypoints, push
    )
    assert (read(value), read(slope)) == (12.0, near(0.6))
    value, slope = jax.jvp(lambda k: worked.loss(k, None, others[1]), (keypoints,), (push,))
    assert (read(value), read(slope)) == (NAN, NAN)


def test_the_second_derivative() -> None:
    # (I - u u^T) / 5 for the step (3, 4), with u = (0.6, 0.8).
    hessian = read(jax.jit(jax.hessian(temporal_loss))(array([[0, 0], [3, 4]])))
    block = [[near(0.128), near(-0.096)], [near(-0.096), near(0.072)]]
    minus = [[near(-0.128), near(0.096)], [near(0.096), near(-0.072)]]
    assert [[hessian[0][i][0] for i in range(2)], [hessian[0][i][1] for i in range(2)]] == [block, minus]
    assert [[hessian[1][i][0] for i in range(2)], [hessian[1][i][1] for i in range(2)]] == [minus, block]


def test_the_second_derivative_is_zero_where_nothing_counts() -> None:
    keypoints, *others = worked_arrays()
    hessian = jax.jit(jax.hessian(lambda k: worked.loss(k, *others)))(keypoints)
    # Frame 4 has masked and tied steps only, frame 3 a crossing one besides.
    assert not jnp.any(hessian[3:] != 0)
    assert jnp.all(jnp.isfinite(hessian))


def test_in_a_loop_that_trains() -> None:
    # Each step of gradient descent brings both frames 0.25 nearer.
    def train(track: Any) -> Any:
        def step(track: Any, _: Any) -> tuple[Any, Any]:
            loss, slope = jax.value_and_grad(lambda k: temporal_loss(k, epsilon=[1.0]))(track)
            return track - 0.25 * slope, loss

        return jax.lax.scan(step, track, length=4)

    track, losses = jax.jit(train)(array([[[0.0]], [[3.0]]]))
    assert read(losses) == [2.0, 1.5, 1.0, 0.5]
    assert read(track) == [[[1.0]], [[2.0]]]


def test_what_is_logged_can_leave_jit() -> None:
    keypoints, confidences, segment_ids = worked_arrays()
    loss = TemporalLoss(epsilon=worked.EPSILON, prob_threshold=0.5)

    def logged(keypoints: Any) -> dict[str, Any]:
        _, logs = loss(keypoints, confidences, "val", segment_ids=segment_ids)
        return {entry["name"]: entry["value"] for entry in logs}

    found = jax.jit(logged)(keypoints)
    assert {name: read(value) for name, value in found.items()} == {
        "val_temporal_loss": near(2.0),
        "temporal_weight": 0.5,
    }


@in_both_settings
def test_the_other_functions_under_jit_and_vmap() -> None:
    keypoints = array([[0, 0, 1, 1], [3, 4, 1, 1], [3, 4, 1, 3]])
    norms = [[NAN, NAN], [5.0, 0.0], [0.0, 2.0]]
    assert read(jax.jit(temporal_norm)(keypoints)) == norms
    assert read(jax.jit(jax.vmap(temporal_norm))(keypoints[None])) == [norms]
    assert read(jax.jit(lambda k: estimate_epsilon(k, quantile=0.5))(keypoints)) == [2.5, 1.0]
    assert read(jax.jit(jax.vmap(lambda k: estimate_epsilon(k, quantile=1.0)))(keypoints[None])) == [
        [5.0, 2.0]
    ]


def test_float64_where_there_is_any() -> None:
    with x64(on=True):
        keypoints = jnp.asarray([[[1.0]], [[1.0 + 2**-52]]], dtype=jnp.float64)
        found = jax.jit(temporal_loss)(keypoints)
        assert (read(found), found.dtype) == (2**-52, jnp.float64)
