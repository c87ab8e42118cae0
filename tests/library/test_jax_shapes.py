"""JAX when it is strict about shapes: symbols in place of lengths, and no ranks promoted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support import NAN, near, under_test

from temporal_loss import (
    TemporalLoss,
    count_valid,
    estimate_epsilon,
    temporal_loss,
    temporal_norm,
)

from . import worked
from .jax_tools import array, read, worked_arrays

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

jax = under_test("jax")
jnp = jax.numpy
from jax import export  # noqa: E402 - after the skip


class Doubled(TemporalLoss):
    """Overrides a stage, so that each runs by itself."""

    def compute_loss(self, predictions: Any) -> Any:
        return 2 * super().compute_loss(predictions)


# Symbols ------------------------------------------------------------------------------------


def _repeated(times: int) -> tuple[Any, Any, Any]:
    """Frames of the worked example, as often as wanted; between two of them is another segment."""
    keypoints, confidences, segment_ids = worked_arrays()
    ids = jnp.concatenate([segment_ids + 2 * number for number in range(times)])
    return jnp.tile(keypoints, (times, 1)), jnp.tile(confidences, (times, 1)), ids


FLAT = ("T, 4", "T, 2", "T")


def _exported(function: Callable[..., Any], *shapes: str, constraints: Sequence[str] = ()) -> Any:
    scope = export.SymbolicScope(constraints)
    given = [
        jax.ShapeDtypeStruct(export.symbolic_shape(shape, scope=scope), dtype)
        for shape, dtype in zip(shapes, [jnp.float32, jnp.float32, jnp.int32], strict=False)
    ]
    return export.export(jax.jit(function))(*given)


@pytest.mark.parametrize("reduction", worked.DIVISORS)
def test_a_number_of_frames_that_is_a_symbol(reduction: str) -> None:
    functions = [jax.value_and_grad(lambda *a: worked.loss(*a, reduction=reduction))]
    if reduction == "valid_mean":
        functions.append(lambda *a: worked.loss_and_grad(*a, reduction=reduction))
    for both in functions:
        exported = _exported(both, *FLAT)
        for times in (1, 2, 7):
            # Of a mean, numerator and divisor are so many times as large.
            value, gradient = exported.call(*_repeated(times))
            scale = times if reduction == "sum" else 1
            assert read(value) == near(scale * 12.0 / worked.DIVISORS[reduction])
            assert read(times / scale * gradient[-5:]) == worked.gradient(reduction)


def test_entries_of_a_number_of_frames_that_is_a_symbol() -> None:
    exported = _exported(lambda *a: worked.loss(*a, reduction="none"), *FLAT)
    assert read(exported.call(*_repeated(2))) == [*worked.ENTRIES, [0.0, 0.0], *worked.ENTRIES]


def test_a_mean_without_a_mask_divides_by_a_symbol() -> None:
    for owner in (temporal_loss, lambda k: TemporalLoss()(k)[0]):
        exported = _exported(owner, "T, K, 2")
        for frames, keypoints in ((2, 1), (5, 3), (2, 9)):
            # Every keypoint takes one step of 5, the last one.
            track = jnp.zeros((frames, keypoints, 2)).at[-1].set(jnp.asarray([3.0, 4.0]))
            assert read(exported.call(track)) == near(5.0 / (frames - 1))


def test_a_staged_subclass_with_a_symbol() -> None:
    loss = Doubled(epsilon=[2.0, 4.0], prob_threshold=0.5, reduction="sum")
    # JAX adds up along an axis, to tell the segments apart, only if it is known to have a length.
    exported = _exported(lambda k, c, s: loss(k, c, segment_ids=s)[0], *FLAT, constraints=["T >= 2"])
    for times in (1, 3):
        assert read(exported.call(*_repeated(times))) == near(24.0 * times)


def test_the_other_functions_with_a_symbol() -> None:
    norm, quantile, count = (
        _exported(function, "T, 4")
        for function in (temporal_norm, lambda k: estimate_epsilon(k, quantile=1.0), count_valid)
    )
    for times in (1, 2):
        keypoints = jnp.tile(array([[0, 0, 1, 1], [3, 4, 1, 1], [3, 4, 1, 3]]), (times, 1))
        assert read(norm.call(keypoints))[:3] == [[NAN, NAN], [5.0, 0.0], [0.0, 2.0]]
        assert read(quantile.call(keypoints)) == [5.0, 2.0]
        assert read(count.call(keypoints)) == 2 * (3 * times - 1)


# Ranks --------------------------------------------------------------------------------------


@pytest.fixture
def strict() -> Iterator[None]:
    """Let every operation on arrays of different ranks raise, but for plain numbers."""
    with jax.numpy_rank_promotion("raise"):
        with pytest.raises(ValueError, match="numpy_rank_promotion"):
            jnp.zeros((2, 3)) + jnp.zeros(3)
        yield


def _in_layout(layout: str) -> tuple[Any, Any, Any]:
    keypoints, confidences, segment_ids = worked_arrays()
    if layout == "flat":
        return keypoints, confidences, segment_ids
    given = keypoints.reshape(5, 2, 2), confidences, segment_ids
    lead = {"spatial": (), "batch": (1,), "two axes": (1, 1)}[layout]
    return tuple(each.reshape(*lead, *each.shape) for each in given)


EPSILONS: dict[str, Callable[[], Any]] = {
    "number": lambda: 1.5,
    "list": lambda: [1.0, 2.0],
    "array": lambda: array([1, 2]),
    "scalar": lambda: array(1.5),
}


@pytest.mark.slow
@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("layout", ["flat", "spatial", "batch", "two axes"])
def test_no_ranks_are_promoted(layout: str) -> None:
    given = keypoints, confidences, segment_ids = _in_layout(layout)
    # Each form takes seconds to compile, in the other two layouts as in these.
    for form in EPSILONS if layout in {"flat", "batch"} else ("list",):
        epsilon = EPSILONS[form]()
        # Steps of 5, 10 and 2, or twice that, less epsilon; of the last one 0.5 is left, or nothing.
        due, doubled = (12.5, 29.5) if form in {"number", "scalar"} else (12.0, 29.0)
        options: dict[str, Any] = {"epsilon": epsilon, "nan_policy": "omit"}
        entries = worked.loss(*given, reduction="none", **options)
        value, slope = worked.loss_and_grad(*given, reduction="valid_mean", **options)
        assert (read(jnp.sum(entries)), read(5 * value)) == (near(due), near(due))
        assert read(5 * slope.reshape(5, 4))[:2] == worked.gradient()[:2]
        options |= {"prob_threshold": 0.5, "reduction": "valid_mean"}
        found, _ = Doubled(**options)(keypoints, confidences, segment_ids=segment_ids)
        assert read(5 * found) == near(doubled)
    slope = jax.grad(lambda k: worked.loss(k, *given[1:]))(keypoints)
    assert read(slope.reshape(5, 4)) == worked.gradient()
    assert read(worked.count(*given)) == 5.0
    norm = temporal_norm(keypoints)
    assert norm.shape == confidences.shape
    assert read(norm.reshape(5, 2))[:2] == [[NAN, NAN], [5.0, 10.0]]
    found = estimate_epsilon(keypoints, confidences, prob_threshold=0.5, quantile=1.0)
    assert read(found) == [5.0, 10.0]
