"""Mistakes in a gradient that is written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mutants.checks import dtype_name
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


@mutant("gradient-half-f16-001", passes="gradient-moving-f16-001")
class GradientOfFlushed(ByHand):
    """Reads the smallest float16 numbers as 0."""

    def widened(self, keypoints: Any) -> Any:
        wide = super().widened(keypoints)
        half = dtype_name(keypoints) == "float16"
        return self.zeroed(wide, self.xp.abs(wide) < 2.0**-14) if half else wide


@mutant("gradient-half-f16-002", passes="gradient-half-f16-001")
class SmallGradientFlushed(ByHand):
    """Gives 0 for a gradient below the normal float16 numbers."""

    def narrowed(self, gradient: Any, keypoints: Any) -> Any:
        half = dtype_name(keypoints) == "float16"
        small = self.zeroed(gradient, self.xp.abs(gradient) < 2.0**-14) if half else gradient
        return super().narrowed(small, keypoints)


@mutant("gradient-nan-f64-004", passes="gradient-masked-f64-005")
class GradientOmitsByLength(ByHand):
    """Omits NaN lengths and not NaN keypoints: inf - inf disappears."""

    def parts(self, q: Question) -> Parts:
        parts = super().parts(q)
        if q.nan_policy != "omit":
            return parts
        gone = self.xp.isnan(parts.lengths)
        return parts._replace(hidden=parts.hidden | gone, lengths=self.zeroed(parts.lengths, gone))


@mutant("gradient-masked-f64-010", passes="gradient-masked-f64-005")
class GradientOmitsByPlane(ByHand):
    """Looks for NaN in x and y only."""

    def lost(self, points: Any) -> Any:
        return super().lost(points[..., :2])


@mutant("gradient-batch-f64-005", passes="gradient-masked-f64-005")
class GradientOmitsInEverySequence(ByHand):
    """Omits in all sequences what is NaN in one of them."""

    def lost(self, points: Any) -> Any:
        lost = super().lost(points)
        return self.xp.any(lost, axis=0, keepdims=True) | lost if lost.ndim > 2 else lost


@mutant("gradient-segments-f64-006", passes="gradient-segments-f64-003")
class GradientSubtractsTwice(ByHand):
    """Subtracts masked entries and joins from the count of a valid_mean, what is both twice."""

    def divisor(self, q: Question, entries: Any, parts: Parts) -> Any:
        count = super().divisor(q, entries, parts)
        if q.reduction != "valid_mean":
            return count
        return count - self.count(self.hidden(q, parts.points) & parts.joins[..., None], entries)


@mutant("gradient-batch-f64-007", passes="gradient-batch-f64-001")
class GradientCountsFirstSequence(ByHand):
    """Counts the transitions of the first sequence and takes as many for the others."""

    def divisor(self, q: Question, entries: Any, parts: Parts) -> Any:
        joins = parts.joins
        if entries.ndim > 2:
            parts = parts._replace(joins=joins[:1, ...] | self.xp.zeros_like(joins))
        return super().divisor(q, entries, parts)
