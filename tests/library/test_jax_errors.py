"""TL-10 on JAX while it traces: shapes and dtypes are known, and refused as ever."""

from __future__ import annotations

import pytest
from support import under_test

from temporal_loss import temporal_loss

from .jax_tools import ARRAYS
from .refusals import ARRAY_REFUSALS, REFUSALS, Refusal, assert_refused, due

jax = under_test("jax")
jnp = jax.numpy
OF_PARAMETERS = [refusal for refusal in REFUSALS if refusal.keywords]


@pytest.mark.parametrize("refusal", ARRAY_REFUSALS, ids=[r.id for r in ARRAY_REFUSALS])
def test_arrays(refusal: Refusal) -> None:
    built = refusal.build(ARRAYS)
    assert_refused(refusal, jax.jit(refusal.call), built)
    assert_refused(refusal, jax.eval_shape, refusal.call, built)
    mapped = {name: array[None] for name, array in built.items()}
    assert_refused(refusal, jax.vmap(refusal.call), mapped)
    assert_refused(refusal, jax.jit(jax.vmap(refusal.call)), mapped)


@pytest.mark.parametrize("refusal", OF_PARAMETERS, ids=[r.id for r in OF_PARAMETERS])
def test_parameters(refusal: Refusal) -> None:
    assert_refused(refusal, jax.jit(refusal.call), {"keypoints": jnp.zeros((4, 6))})


def test_keypoints_are_checked_under_grad() -> None:
    refusal = due(ValueError, "keypoints", "(4, 5)", "even")
    assert_refused(refusal, jax.grad(temporal_loss), jnp.zeros((4, 5)))


def test_an_array_of_numpy_inside_jit() -> None:
    np = pytest.importorskip("numpy", reason="numpy is not installed")
    refusal = due(TypeError, "confidences", "library JAX", "a NumPy array")
    assert_refused(refusal, jax.jit(lambda k: temporal_loss(k, np.ones((4, 3)))), jnp.zeros((4, 6)))
