"""Mutants whose loss is right and whose automatic gradient is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mutants.harness import mutant
from mutants.plain import Loss, Parts

if TYPE_CHECKING:
    from mutants.plain import Question

TORCH = ("torch",)
JAX = ("jax",)
BOTH = (*TORCH, *JAX)


@mutant("gradient-rest-f32-002", survives="gradient-moving-f32-001", on=TORCH)
@mutant("gradient-rest-f32-002", survives="gradient-moving-f32-001", on=JAX)
class BareRoot(Loss):
    """Takes the root of 0 where nothing moves: NaN."""

    def root(self, squares: Any) -> Any:
        return self.xp.sqrt(squares)


@mutant("gradient-rest-f32-002", survives="gradient-moving-f32-001", on=JAX)
class NormOfTheLibrary(Loss):
    """Takes the library's own norm, which gives NaN at rest on JAX."""

    def lengths(self, steps: Any) -> Any:
        return self.xp.linalg.vector_norm(steps, axis=-1)


@mutant("gradient-rest-f64-001", survives="gradient-moving-f64-001", on=TORCH)
class HypotAtRest(Loss):
    """Takes hypot, which gives NaN at rest on torch."""

    def lengths(self, steps: Any) -> Any:
        return self.xp.hypot(steps[..., 0], steps[..., 1])


@mutant("gradient-rest-f32-001", survives="gradient-moving-f32-001", on=JAX)
class HypotBelowMaximum(HypotAtRest):
    """Takes hypot, whose slope of one half at rest on JAX comes through a maximum with 0."""

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        excess = entries - epsilon
        return self.xp.maximum(excess, self.xp.zeros_like(excess))


@mutant("gradient-kink-f32-001", survives="gradient-kink-f32-003", on=TORCH)
@mutant("gradient-kink-f32-001", survives="gradient-kink-f32-003", on=JAX)
class MaximumAtTie(Loss):
    """Takes maximum, which gives half the slope where the length equals epsilon."""

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        excess = entries - epsilon
        return self.xp.maximum(excess, self.xp.zeros_like(excess))


@mutant("gradient-kink-f32-002", survives="gradient-kink-f32-003", on=TORCH)
class ClampAtTie(Loss):
    """Takes torch's clamp, which gives the full slope where the length equals epsilon."""

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        return (entries - epsilon).clamp(min=0)


@mutant("gradient-masked-f32-003", survives="gradient-masked-f32-001", on=TORCH)
@mutant("gradient-masked-f32-003", survives="gradient-masked-f32-001", on=JAX)
class MaskedAfterTheRoot(Loss):
    """Masks lengths and not steps: 0 times NaN comes back through the root."""

    def shown(self, steps: Any, hidden: Any) -> Any:
        del hidden
        return steps


@mutant("gradient-masked-f64-004", survives="gradient-masked-f64-001", on=BOTH)
class InfinityThroughMask(Loss):
    """Masks lengths and not steps: 0 times infinity comes back through the squares."""

    def shown(self, steps: Any, hidden: Any) -> Any:
        return self.zeroed(steps, hidden[..., None] & self.xp.isnan(steps))


@mutant("gradient-rest-f32-003", survives="gradient-masked-f32-001", on=BOTH)
class MaskedRest(Loss):
    """Multiplies with the mask behind a bare root: 0 times infinity where a masked keypoint rests."""

    def shown(self, steps: Any, hidden: Any) -> Any:
        del hidden
        return steps

    def root(self, squares: Any) -> Any:
        return self.xp.sqrt(squares)

    def masked(self, lengths: Any, hidden: Any) -> Any:
        return lengths * self.xp.astype(~hidden, lengths.dtype)


@mutant("gradient-segments-f32-004", survives="value-exact-f32-003", on=BOTH)
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


@mutant("gradient-moving-f64-003", survives="value-batch-f64-011", on=TORCH)
class LeafChanged(Loss):
    """Centres the keypoints in place, behind the back of the gradient."""

    def parts(self, q: Question) -> Parts:
        parts = super().parts(q)
        q.keypoints.data.sub_(q.keypoints.data.mean())
        return parts
