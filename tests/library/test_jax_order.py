"""One object used inside and outside of every JAX transformation: no traced array may be reused.

A list of epsilons becomes an array. Were a traced one kept, the next use would raise, or leak. Each
test has epsilons of its own, so that no other test has had them before.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from support import under_test

from temporal_loss import (
    TemporalLoss,
    estimate_epsilon,
    temporal_loss,
    temporal_loss_and_grad,
    temporal_norm,
)

from .jax_tools import array, read, x64

if TYPE_CHECKING:
    from collections.abc import Callable

jax = under_test("jax")
jnp = jax.numpy
_numbers = count(1)
STEP = [[0, 0, 0, 0], [3, 4, 6, 8]]


def _new() -> tuple[TemporalLoss, float]:
    """Return a loss with epsilons never used before, and what it is for steps of 5 and 10."""
    number = next(_numbers) / 256
    return TemporalLoss(epsilon=[number, 2 * number]), (15 - 3 * number) / 2


def _jit_of_grad_of_vmap(loss: TemporalLoss, keypoints: Any) -> Any:
    both = jax.value_and_grad(lambda k: jnp.sum(jax.vmap(lambda one: loss(one)[0])(k)))
    return jax.jit(both)(keypoints[None])[0]


def _wide(loss: TemporalLoss, keypoints: Any) -> Any:
    with x64(on=True):
        found = jax.jit(lambda k: loss(k)[0])(keypoints.astype(jnp.float64))
        assert found.dtype == jnp.float64
        return found


WAYS: dict[str, Callable[[TemporalLoss, Any], Any]] = {
    "eager": lambda loss, keypoints: loss(keypoints)[0],
    "jit": lambda loss, keypoints: jax.jit(lambda k: loss(k)[0])(keypoints),
    # The keypoints are known while the rest is traced, and so is what is made beside them.
    "constant": lambda loss, keypoints: jax.jit(lambda nothing: loss(keypoints)[0] + nothing)(0.0),
    "grad": lambda loss, keypoints: jax.value_and_grad(lambda k: loss(k)[0])(keypoints)[0],
    "vmap": lambda loss, keypoints: jax.vmap(lambda k: loss(k)[0])(keypoints[None])[0],
    "jit of grad of vmap": _jit_of_grad_of_vmap,
    "scan": lambda loss, keypoints: jax.lax.scan(lambda c, k: (c, loss(k)[0]), 0, keypoints[None])[1][0],
    "wide": _wide,
}


@pytest.mark.parametrize("first", WAYS)
def test_one_object_in_one_way_after_another(first: str) -> None:
    # If anything were kept, it would be of the first use.
    loss, expected = _new()
    keypoints = array(STEP)
    ways = (first, first, "eager", "jit", "vmap", "wide")
    with jax.checking_leaks():
        found = [read(WAYS[way](loss, keypoints)) for way in ways]
    assert found == [expected] * len(ways)


# What JAX says of arrays of 64 bits met in 32.
@pytest.mark.filterwarnings("ignore:Explicitly requested dtype float64:UserWarning")
@pytest.mark.parametrize("epsilon", [0.1, [0.1], (0.1,), Fraction(1, 10)], ids=str)
@pytest.mark.parametrize("narrow_first", [True, False])
def test_what_was_asked_in_32_bits_is_asked_anew_in_64(epsilon: Any, *, narrow_first: bool) -> None:
    # A step of 5 beside a confidence that is the threshold, in float64: it is kept, and 4.9 is left. In
    # 32 bits the threshold is another number, and above that confidence.
    threshold = 0.3 + next(_numbers) / 64
    with x64(on=True):
        keypoints = array([[0, 0], [3, 4]], "float64")
        confidences = array([[threshold], [threshold]], "float64")

    def ask() -> None:
        options: dict[str, Any] = {"epsilon": epsilon, "prob_threshold": threshold}
        found = [temporal_loss(keypoints, confidences, **options), TemporalLoss(**options)(keypoints)[0]]
        found.append(temporal_loss_and_grad(keypoints, confidences, **options)[0])
        if jax.config.jax_enable_x64:
            assert [read(each) for each in found] == [5.0 - 0.1] * 3
            assert {each.dtype for each in found} == {jnp.dtype("float64")}

    for on in (False, True, False, True) if narrow_first else (True, False, True):
        with x64(on=on):
            ask()


READS = ("array", "bool", "float", "int", "index", "complex", "iter")


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every way to read an array's values on the host fail."""

    def refuse(*_: Any, **__: Any) -> None:
        message = "an array was read on the host"
        raise AssertionError(message)

    for name in ("item", "tolist", *(f"__{each}__" for each in READS)):
        monkeypatch.setattr(type(jnp.zeros(1)), name, refuse)


@pytest.mark.slow
@pytest.mark.usefixtures("unreadable")
def test_no_array_is_read_on_the_host() -> None:
    keypoints, confidences = jnp.zeros((3, 4)), jnp.ones((3, 2))
    loss, _ = _new()
    loss(keypoints, confidences, segment_ids=jnp.zeros(3, dtype=int))
    options: dict[str, Any] = {"prob_threshold": 0.5, "nan_policy": "omit", "reduction": "valid_mean"}
    temporal_loss(keypoints, confidences, epsilon=jnp.ones(2), **options)
    jax.grad(lambda k: temporal_loss(k, confidences, epsilon=jnp.ones(()), **options))(keypoints)
    temporal_loss_and_grad(keypoints, confidences, epsilon=[1.0, 2.0], **options)
    temporal_norm(keypoints)
    estimate_epsilon(keypoints, confidences)
    with pytest.raises(AssertionError, match="read on the host"):
        float(jnp.sum(keypoints))


def test_nothing_is_sent_to_the_device_once_compiled() -> None:
    loss, expected = _new()
    keypoints = array(STEP)
    compiled = jax.jit(jax.value_and_grad(lambda k: loss(k)[0]))
    compiled(keypoints)
    with jax.transfer_guard("disallow"):
        found = compiled(keypoints)[0]
    assert read(found) == expected


@pytest.mark.parametrize("form", ["number", "list", "none"])
@pytest.mark.parametrize("first", [0, 1], ids=["free first", "put first"])
def test_what_may_still_be_moved_stays_so(form: str, first: int) -> None:
    # JAX moves arrays that nobody has put anywhere to where the others are. Numbers made beside them
    # must not hold them, nor those made for arrays that were put somewhere.
    number = next(_numbers) / 256
    epsilons: dict[str, Any] = {"number": number, "list": [number, 2 * number], "none": 0.0}
    options: dict[str, Any] = {"prob_threshold": 0.5 - number / 1024, "epsilon": epsilons[form]}
    free = [jnp.asarray(STEP, dtype=jnp.float32), jnp.ones((2, 2))]
    put = [jax.device_put(each, jax.devices()[0]) for each in free]
    for placed in [(free, False), (put, True)][:: -1 if first else 1]:
        (keypoints, confidences), committed = placed
        found = temporal_loss(keypoints, confidences, **options)
        assert (keypoints.committed, found.committed) == (committed, committed)
