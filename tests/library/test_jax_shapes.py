"""JAX when it is strict about shapes: symbols in place of lengths, and no ranks promoted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support import NAN, near, under_test

from temporal_loss import (
    TemporalLoss,
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

REDUCTIONS = ("sum", "mean", "valid_mean", "none")


# Symbols ------------------------------------------------------------------------------------


def _repeated(times: int) -> tuple[Any, Any, Any]:
    """Frames of the worked example, as often as wanted; between two of them is another segment."""
    keypoints, confidences, segment_ids = worked_arrays()
    ids = jnp.concatenate([segment_ids + 2 * number for number in range(times)])
    return jnp.tile(keypoints, (times, 1)), jnp.tile(confidences, (times, 1)), ids


def _exported(function: Callable[..., Any], *shapes: str, constraints: Sequence[str] = ()) -> Any:
    scope = export.SymbolicScope(constraints)
    given = [
        jax.ShapeDtypeStruct(export.symbolic_shape(shape, scope=scope), dtype)
        for shape, dtype in zip(shapes, [jnp.float32, jnp.float32, jnp.int32], strict=False)
    ]
    return export.export(jax.jit(function))(*given)


FLAT = ("T, 4", "T, 2", "T")


@pytest.mark.parametrize("reduction", REDUCTIONS[:3])
def test_a_number_of_frames_that_is_a_symbol(reduction: str) -> None:
    exported = _exported(lambda *a: worked.loss(*a, reduction=reduction), *FLAT)
    for times in (1, 2, 7):
        divisor = {"sum": 1.0 / times}.get(reduction, worked.DIVISORS[reduction])
        assert read(exported.call(*_repeated(times))) == near(12.0 / divisor)


def test_entries_of_a_number_of_frames_that_is_a_symbol() -> None:
    exported = _exported(lambda *a: worked.loss(*a, reduction="none"), *FLAT)
    assert read(exported.call(*_repeated(1))) == worked.ENTRIES
    assert read(exported.call(*_repeated(2))) == [*worked.ENTRIES, [0.0, 0.0], *worked.ENTRIES]


def test_a_mean_without_a_mask_divides_by_a_symbol() -> None:
    for owner in (temporal_loss, lambda k: TemporalLoss()(k)[0]):
        exported = _exported(owner, "T, K, 2")
        for frames, keypoints in ((2, 1), (5, 3), (2, 9)):
            # Every keypoint takes one step of 5, the last one.
            track = jnp.zeros((frames, keypoints, 2)).at[-1].set(jnp.asarray([3.0, 4.0]))
            assert read(exported.call(track)) == near(5.0 / (frames - 1))


@pytest.mark.parametrize("reduction", REDUCTIONS[:3])
def test_gradients_with_a_symbol(reduction: str) -> None:
    slope = jax.grad(lambda *a: worked.loss(*a, reduction=reduction))
    both = _exported(lambda *a: worked.loss_and_grad(*a, reduction=reduction)[1], *FLAT)
    for exported in (_exported(slope, *FLAT), both):
        assert read(exported.call(*_repeated(1))) == worked.gradient(reduction)
        doubled = read(exported.call(*_repeated(2)))
        scale = 1 if reduction == "sum" else 2
        assert doubled[0] == [near(x.expected / scale) for x in worked.gradient(reduction)[0]]
        assert doubled[:5] == doubled[5:]


def test_a_batch_of_a_number_that_is_a_symbol() -> None:
    # All at once: sequences and frames.
    exported = _exported(worked.loss, "B, T, 2, 2", "B, T, 2", "B, T")
    for batch, times in ((1, 1), (3, 2)):
        keypoints, confidences, ids = _repeated(times)
        given = keypoints.reshape(5 * times, 2, 2), confidences, ids
        found = exported.call(*(jnp.stack([each] * batch) for each in given))
        assert read(found) == near(12.0 * batch * times)


def test_a_staged_subclass_with_a_symbol() -> None:
    class Doubled(TemporalLoss):
        def compute_loss(self, predictions: Any) -> Any:
            return 2 * super().compute_loss(predictions)

    loss = Doubled(epsilon=[2.0, 4.0], prob_threshold=0.5, reduction="sum")
    # JAX adds up along an axis, to tell the segments apart, only if it is known to have a length.
    exported = _exported(lambda k, c, s: loss(k, c, segment_ids=s)[0], *FLAT, constraints=["T >= 2"])
    for times in (1, 3):
        assert read(exported.call(*_repeated(times))) == near(24.0 * times)


@pytest.mark.parametrize("function", [temporal_norm, lambda k: estimate_epsilon(k, quantile=1.0)])
def test_the_other_functions_with_a_symbol(function: Callable[..., Any]) -> None:
    exported = _exported(function, "T, 4")
    for times in (1, 2):
        keypoints = jnp.tile(array([[0, 0, 1, 1], [3, 4, 1, 1], [3, 4, 1, 3]]), (times, 1))
        assert jnp.array_equal(exported.call(keypoints), function(keypoints), equal_nan=True)


# Ranks --------------------------------------------------------------------------------------


@pytest.fixture
def strict() -> Iterator[None]:
    """Let every operation on arrays of different ranks raise, but for plain numbers."""
    with jax.numpy_rank_promotion("raise"):
        yield


def _in_layout(layout: str) -> tuple[Any, Any, Any]:
    keypoints, confidences, segment_ids = worked_arrays()
    if layout == "flat":
        return keypoints, confidences, segment_ids
    given = keypoints.reshape(5, 2, 2), confidences, segment_ids
    if layout == "spatial":
        return given
    lead = (1, 1) if layout == "two axes" else (1,)
    return tuple(each.reshape(*lead, *each.shape) for each in given)


LAYOUTS = ("flat", "spatial", "batch", "two axes")


@pytest.mark.usefixtures("strict")
def test_that_ranks_would_be_refused() -> None:
    with pytest.raises(ValueError, match="numpy_rank_promotion"):
        jnp.zeros((2, 3)) + jnp.zeros(3)


EPSILONS: dict[str, Callable[[], Any]] = {
    "number": lambda: 1.5,
    "list": lambda: [1.0, 2.0],
    "array": lambda: array([1, 2]),
    "scalar": lambda: array(1.5),
}


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("form", EPSILONS)
def test_the_loss_promotes_no_ranks(layout: str, form: str) -> None:
    # The steps of the first sum: 5 and 10; 2, less 1.5, is left of the last one but for the list.
    given, epsilon = _in_layout(layout), EPSILONS[form]()
    due = 12.5 if form in {"number", "scalar"} else 12.0
    for reduction in REDUCTIONS:
        found = worked.loss(*given, reduction=reduction, epsilon=epsilon, nan_policy="omit")
        total = jnp.sum(found) if reduction == "none" else found * worked.DIVISORS[reduction]
        assert read(total) == near(due)
        if reduction != "none":
            value, slope = worked.loss_and_grad(*given, reduction=reduction, epsilon=epsilon)
            assert read(value * worked.DIVISORS[reduction]) == near(due)
            assert slope.shape == given[0].shape
    slope = jax.grad(lambda k: worked.loss(k, *given[1:], epsilon=epsilon))(given[0])
    assert read(slope.reshape(5, 4))[:2] == worked.gradient()[:2]


class _Doubled(TemporalLoss):
    """Overrides a stage, so that each runs by itself."""

    def compute_loss(self, predictions: Any) -> Any:
        return 2 * super().compute_loss(predictions)


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("form", EPSILONS)
def test_the_class_promotes_no_ranks(layout: str, form: str) -> None:
    keypoints, confidences, segment_ids = _in_layout(layout)
    for reduction in REDUCTIONS:
        options: dict[str, Any] = {"epsilon": EPSILONS[form](), "prob_threshold": 0.5, "reduction": reduction}
        divisor = worked.DIVISORS.get(reduction, 1)
        for kind, scale in ((TemporalLoss, 1), (_Doubled, 2)):
            for policy in ("propagate", "omit"):
                loss = kind(**options, nan_policy=policy)
                found = jnp.sum(loss(keypoints, confidences, segment_ids=segment_ids)[0]) * divisor
                # Epsilon is taken off once: 5, 10 and 2, doubled or not.
                each = [1.0, 2.0] if form in {"list", "array"} else [1.5, 1.5]
                steps = [5 * scale - each[0], 10 * scale - each[1], 2 * scale - each[1]]
                assert read(found) == near(sum(steps))


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_stages_and_other_functions_promote_no_ranks(layout: str) -> None:
    keypoints, confidences, _ = _in_layout(layout)
    loss = TemporalLoss(epsilon=[1.0, 2.0], prob_threshold=0.5)
    entries = loss.rectify_epsilon(loss.remove_nans(loss.compute_loss(keypoints), confidences))
    assert read(loss.reduce_loss(entries, "sum")) == 15.0
    norm = temporal_norm(keypoints)
    assert norm.shape == confidences.shape
    assert read(norm.reshape(5, 2))[:2] == [[NAN, NAN], [5.0, 10.0]]
    found = estimate_epsilon(keypoints, confidences, prob_threshold=0.5, quantile=1.0)
    assert read(found) == [5.0, 10.0]
    assert read(estimate_epsilon(keypoints, quantile=0.5)) == [near(2.5), near(3.5)]


@pytest.mark.usefixtures("strict")
def test_under_transformations_too() -> None:
    given = _in_layout("flat")
    batch = tuple(jnp.stack([each, each]) for each in given)
    assert read(jax.jit(jax.vmap(worked.loss))(*batch)) == [12.0, 12.0]
    both = jax.jit(jax.vmap(worked.loss_and_grad))(*batch)
    assert read(both[0]) == [12.0, 12.0]
    assert read(both[1]) == [worked.gradient()] * 2
