"""Mistakes that leave the loss alone and spoil its automatic gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.subjects import backends
from mutants.plain import Loss, Parts
from mutants.registry import mutant

if TYPE_CHECKING:
    from mutants.checks import Question

TORCH = ("torch",)
JAX = ("jax",)
BOTH = (*TORCH, *JAX)


def frozen(array: Any) -> Any:
    """Values of an array without their gradient."""
    return array.detach() if hasattr(array, "detach") else backends.load("jax").xp().lax.stop_gradient(array)


@mutant("gradient-rest-f32-002", passes="gradient-moving-f32-001", on=TORCH)
@mutant("gradient-rest-f32-002", passes="gradient-moving-f32-001", on=JAX)
class BareRoot(Loss):
    """Takes the root of 0 where nothing moves: NaN."""

    def root(self, squares: Any) -> Any:
        return self.xp.sqrt(squares)


@mutant("gradient-rest-f32-002", passes="gradient-moving-f32-001", on=JAX)
class NormOfTheLibrary(Loss):
    """Takes the library's own norm, which gives NaN at rest on JAX."""

    def lengths(self, steps: Any) -> Any:
        return self.xp.linalg.vector_norm(steps, axis=-1)


@mutant("gradient-rest-f64-001", passes="gradient-moving-f64-001", on=TORCH)
class HypotAtRest(Loss):
    """Takes hypot, which gives NaN at rest on torch."""

    def lengths(self, steps: Any) -> Any:
        return self.xp.hypot(steps[..., 0], steps[..., 1])


@mutant("gradient-rest-f32-001", passes="gradient-moving-f32-001", on=JAX)
class HypotBelowMaximum(HypotAtRest):
    """Takes hypot, whose slope of one half at rest on JAX comes through a maximum with 0."""

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        excess = entries - epsilon
        return self.xp.maximum(excess, self.xp.zeros_like(excess))


@mutant("gradient-kink-f32-001", passes="gradient-kink-f32-003", on=TORCH)
@mutant("gradient-kink-f32-001", passes="gradient-kink-f32-003", on=JAX)
class MaximumAtTie(Loss):
    """Takes maximum, which gives half the slope where the length equals epsilon."""

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        excess = entries - epsilon
        return self.xp.maximum(excess, self.xp.zeros_like(excess))


@mutant("gradient-kink-f32-002", passes="gradient-kink-f32-003", on=TORCH)
class ClampAtTie(Loss):
    """Takes torch's clamp, which gives the full slope where the length equals epsilon."""

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        return (entries - epsilon).clamp(min=0)


@mutant("gradient-kink-f32-001", passes="gradient-kink-f32-003", on=BOTH)
class EpsilonNotStrict(Loss):
    """Lets the gradient through where the length equals epsilon."""

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        return self.zeroed(entries - epsilon, entries < epsilon)


@mutant("gradient-masked-f32-003", passes="gradient-masked-f32-001", on=TORCH)
@mutant("gradient-masked-f32-003", passes="gradient-masked-f32-001", on=JAX)
class MaskedAfterTheRoot(Loss):
    """Masks lengths and not steps: 0 times NaN comes back through the root."""

    def shown(self, steps: Any, hidden: Any) -> Any:
        del hidden
        return steps


@mutant("gradient-masked-f64-004", passes="gradient-masked-f64-001", on=BOTH)
class InfinityThroughMask(Loss):
    """Masks lengths and not steps: 0 times infinity comes back through the squares."""

    def shown(self, steps: Any, hidden: Any) -> Any:
        return self.zeroed(steps, hidden[..., None] & self.xp.isnan(steps))


@mutant("gradient-rest-f32-003", passes="gradient-masked-f32-001", on=BOTH)
class MaskedRest(Loss):
    """Multiplies with the mask behind a bare root: 0 times infinity where a masked keypoint rests."""

    def shown(self, steps: Any, hidden: Any) -> Any:
        del hidden
        return steps

    def root(self, squares: Any) -> Any:
        return self.xp.sqrt(squares)

    def masked(self, lengths: Any, hidden: Any) -> Any:
        return lengths * self.xp.astype(~hidden, lengths.dtype)


@mutant("gradient-masked-f32-001", passes="gradient-rest-f32-001", on=BOTH)
class GradientPastMask(Loss):
    """Masks the values only."""

    def loss(self, q: Question) -> Any:
        whole = super().loss(q._replace(confidences=None))
        return whole - frozen(whole - super().loss(q))


@mutant("gradient-segments-f32-002", passes="gradient-moving-f32-004", on=BOTH)
class GradientPastJoins(Loss):
    """Cuts clips in the values only."""

    def loss(self, q: Question) -> Any:
        whole = super().loss(q._replace(segment_ids=None))
        return whole - frozen(whole - super().loss(q))


@mutant("gradient-kink-f32-003", passes="gradient-moving-f32-005", on=BOTH)
class GradientPastEpsilon(Loss):
    """Rectifies the values only."""

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        return entries - frozen(entries - super().rectified(entries, epsilon))


@mutant("gradient-moving-f32-001", passes="gradient-rest-f32-002", on=BOTH)
class GradientSign(Loss):
    """Gives the negative gradient."""

    def loss(self, q: Question) -> Any:
        found = super().loss(q)
        return 2 * frozen(found) - found


@mutant("gradient-moving-f32-001", passes="gradient-rest-f32-002", on=BOTH)
class LaterFrameMoves(Loss):
    """Takes the earlier frame of a step for a constant."""

    def steps(self, points: Any) -> Any:
        return points[..., 1:, :, :] - frozen(points[..., :-1, :, :])


@mutant("gradient-moving-f32-001", passes="gradient-rest-f32-002", on=BOTH)
class EarlierFrameMoves(Loss):
    """Takes the later frame of a step for a constant."""

    def steps(self, points: Any) -> Any:
        return frozen(points[..., 1:, :, :]) - points[..., :-1, :, :]


@mutant("gradient-moving-f32-004", passes="gradient-moving-f32-002", on=BOTH)
class GradientOfSum(Loss):
    """Forgets to divide the gradient by the count."""

    def ratio(self, total: Any, count: Any) -> Any:
        return total - frozen(total - super().ratio(total, count))


@mutant("gradient-masked-f32-009", passes="gradient-masked-f32-002", on=BOTH)
class GradientOverUnmasked(Loss):
    """Divides the gradient of a plain mean by the unmasked entries."""

    def reduced(self, q: Question, entries: Any, parts: Parts) -> Any:
        found = super().reduced(q, entries, parts)
        if q.reduction != "mean":
            return found
        valid = super().reduced(q._replace(reduction="valid_mean"), entries, parts)
        return valid - frozen(valid - found)


@mutant("gradient-moving-f32-003", passes="gradient-rest-f32-002", on=BOTH)
class GradientOfSquares(Loss):
    """Gives the gradient of the squared length."""

    def lengths(self, steps: Any) -> Any:
        squares = self.xp.sum(steps * steps, axis=-1)
        return squares - frozen(squares - super().lengths(steps))


@mutant("gradient-moving-f64-002", passes="gradient-rest-f64-002", on=BOTH)
class GradientDamped(Loss):
    """Adds 1e-8 to the length that it divides by."""

    def lengths(self, steps: Any) -> Any:
        lengths = super().lengths(steps)
        damped = lengths * frozen(lengths / (lengths + 1e-8))
        return damped - frozen(damped - lengths)


@mutant("gradient-nan-f32-001", passes="gradient-masked-f32-003", on=BOTH)
class GradientOfNanIsZero(Loss):
    """Gives no gradient to an unmasked NaN."""

    def lengths(self, steps: Any) -> Any:
        missing = self.xp.any(self.xp.isnan(steps), axis=-1, keepdims=True)
        return super().lengths(self.xp.where(missing, frozen(steps), steps))


@mutant("gradient-nan-f32-002", passes="gradient-nan-f32-001", on=BOTH)
class NanInItsCoordinateOnly(Loss):
    """Gives a NaN in x a NaN gradient in x and none in y."""

    def lengths(self, steps: Any) -> Any:
        missing = self.xp.isnan(steps)
        beside = self.xp.any(missing, axis=-1, keepdims=True) & ~missing
        return super().lengths(self.xp.where(beside, frozen(steps), steps))


@mutant("gradient-nan-f64-001", passes="gradient-masked-f64-003", on=BOTH)
class NanEverywhere(Loss):
    """Spreads one NaN over the gradient of all keypoints."""

    def total(self, entries: Any) -> Any:
        return super().total(entries * frozen(self.ratio(super().total(entries), super().total(entries))))


@mutant("gradient-segments-f32-004", passes="gradient-masked-f32-002", on=BOTH)
class EmptyMeanGradient(Loss):
    """Divides by 0 and picks the other branch, but the gradient is NaN by then, and 0 times NaN too."""

    def shown(self, steps: Any, hidden: Any) -> Any:
        del hidden
        return steps

    def masked(self, lengths: Any, hidden: Any) -> Any:
        return lengths * self.xp.astype(~hidden, lengths.dtype)

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        return entries if self.xp.all(epsilon == 0) else super().rectified(entries, epsilon)

    def ratio(self, total: Any, count: Any) -> Any:
        return self.zeroed(total / count, count == 0)


@mutant("gradient-random-f64-001", passes="gradient-moving-f64-001", on=BOTH)
class GradientInFloat32(Loss):
    """Differentiates float64 keypoints in float32."""

    def lengths(self, steps: Any) -> Any:
        lengths = super().lengths(steps)
        short = self.xp.astype(super().lengths(self.xp.astype(steps, self.xp.float32)), steps.dtype)
        return short - frozen(short - lengths)


@mutant("gradient-moving-f64-003", passes="gradient-error-f64-001", on=TORCH)
class LeafChanged(Loss):
    """Centres the keypoints in place, behind the back of the gradient."""

    def parts(self, q: Question) -> Parts:
        parts = super().parts(q)
        q.keypoints.data.sub_(q.keypoints.data.mean())
        return parts
