"""Mistakes in a gradient that is written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mutants.direct import ByHand
from mutants.registry import mutant

if TYPE_CHECKING:
    from mutants.checks import Question
    from mutants.plain import Parts


@mutant("gradient-moving-f64-004", passes="gradient-rest-f64-002")
class FrameOverwritten(ByHand):
    """Writes the gradient of each step over that of the step before."""

    def scattered(self, units: Any) -> Any:
        none = self.xp.zeros_like(units[..., :1, :, :])
        moved = self.xp.concat([-units, none], axis=-3)
        return self.xp.where(moved == 0, self.xp.concat([none, units], axis=-3), moved)


@mutant("gradient-moving-f16-001", passes="gradient-moving-f32-001")
class GradientKeptWide(ByHand):
    """Gives the gradient of half-precision keypoints in float32."""

    def narrowed(self, gradient: Any, keypoints: Any) -> Any:
        del keypoints
        return gradient


@mutant("gradient-moving-f64-001", passes="gradient-moving-f64-006")
class GradientKeptInPairs(ByHand):
    """Gives the gradient of flat columns as (T, K, 2)."""

    def shaped(self, gradient: Any, keypoints: Any) -> Any:
        del keypoints
        return gradient


@mutant("gradient-rest-f64-001", passes="gradient-moving-f64-004")
class ZeroOverZero(ByHand):
    """Divides the step by its length where both are 0."""

    def units(self, q: Question, parts: Parts, entries: Any) -> Any:
        units = self.zeroed(parts.steps / parts.lengths[..., None], parts.hidden[..., None])
        return units if q.reduction == "sum" else self.ratio(units, self.divisor(q, entries, parts))


@mutant("gradient-moving-f64-005", passes="gradient-moving-f64-004")
class ScaledByExcess(ByHand):
    """Scales the unit vector by how far the length is above epsilon."""

    def units(self, q: Question, parts: Parts, entries: Any) -> Any:
        lengths = self.xp.where(parts.lengths == 0, self.xp.ones_like(entries), parts.lengths)
        return super().units(q, parts, entries) * (entries / lengths)[..., None]


@mutant("gradient-batch-f64-003", passes="gradient-batch-f64-001")
class CountOfTheMean(ByHand):
    """Divides the gradient by all transitions, whichever mean is asked for."""

    def units(self, q: Question, parts: Parts, entries: Any) -> Any:
        if q.reduction == "valid_mean":
            q = q._replace(reduction="mean")
        return super().units(q, parts, entries)


@mutant("gradient-far-f64-003", passes="gradient-moving-f64-001")
class LengthInFloat32(ByHand):
    """Divides by the length as float32 has it."""

    def units(self, q: Question, parts: Parts, entries: Any) -> Any:
        short = self.xp.astype(self.xp.astype(parts.lengths, self.xp.float32), parts.lengths.dtype)
        return super().units(q, parts._replace(lengths=short), entries)
