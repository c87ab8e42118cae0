"""Mistakes in the gradient, most of them at a kink."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from conformance.mistakes.registry import Wrong
from conformance.model import Op
from conformance.oracle import fixed

if TYPE_CHECKING:
    from conformance.oracle import Entry, Exact, Output, Solution
    from conformance.oracle.fixed import Number


class _Gradient(Wrong):
    """Base of the mistakes that leave the loss alone."""

    ops = (Op.GRADIENT,)

    def live(self, entry: Entry) -> bool:
        """Whether the entry is neither masked nor a join."""
        return not entry.joins and not entry.hidden


class GradientNanAtRest(_Gradient):
    """Gives NaN where nothing moves, as the root of 0 does."""

    def slope(self, entry: Entry, epsilon: Number) -> Exact:
        return math.nan if self.live(entry) and entry.length == 0 else super().slope(entry, epsilon)

    def direction(self, s: Solution, entry: Entry) -> tuple[Exact, ...]:
        return super().direction(s, entry) if entry.length else (math.nan,) * len(entry.step)


class GradientHalfAtRest(_Gradient):
    """Gives one half where nothing moves, as hypot does in some libraries."""

    def slope(self, entry: Entry, epsilon: Number) -> Exact:
        return Fraction(1, 2) if self.live(entry) and entry.length == 0 else super().slope(entry, epsilon)

    def direction(self, s: Solution, entry: Entry) -> tuple[Exact, ...]:
        return super().direction(s, entry) if entry.length else (Fraction(1),) * len(entry.step)


class GradientNanAtMaskedRest(_Gradient):
    """Gives NaN where a masked keypoint does not move: 0 times the infinite slope of the root."""

    def slope(self, entry: Entry, epsilon: Number) -> Exact:
        return math.nan if entry.hidden and entry.length == 0 else super().slope(entry, epsilon)

    def direction(self, s: Solution, entry: Entry) -> tuple[Exact, ...]:
        return super().direction(s, entry) if entry.length else (math.nan,) * len(entry.step)


class _AtTie(_Gradient):
    """Base of the mistakes where the length equals epsilon."""

    tie = Fraction(1)

    def slope(self, entry: Entry, epsilon: Number) -> Exact:
        if self.live(entry) and entry.length == epsilon and entry.length != 0:
            return self.tie
        return super().slope(entry, epsilon)


class GradientHalfAtTie(_AtTie):
    """Gives half the slope where the length equals epsilon, as maximum does in some libraries."""

    tie = Fraction(1, 2)


class GradientFullAtTie(_AtTie):
    """Gives the full slope where the length equals epsilon, as clamp does."""


class GradientPastEpsilon(_Gradient):
    """Lets the gradient through below epsilon."""

    def slope(self, entry: Entry, epsilon: Number) -> Exact:
        if self.live(entry) and isinstance(entry.length, int) and entry.length:
            return Fraction(1)
        return super().slope(entry, epsilon)


class GradientPastMask(_Gradient):
    """Lets the gradient through the confidence mask."""

    needs = "confidences"

    def slope(self, entry: Entry, epsilon: Number) -> Exact:
        if entry.hidden and not entry.joins:
            return Fraction(1) if isinstance(entry.length, int) and entry.length > epsilon else Fraction(0)
        return super().slope(entry, epsilon)


class GradientPastJoins(_Gradient):
    """Lets the gradient through between segments."""

    needs = "segment_ids"

    def slope(self, entry: Entry, epsilon: Number) -> Exact:
        if entry.joins and not entry.hidden:
            return Fraction(1) if isinstance(entry.length, int) and entry.length > epsilon else Fraction(0)
        return super().slope(entry, epsilon)


class GradientNanWhereMasked(_Gradient):
    """Gives NaN where masked keypoints are NaN: 0 times NaN."""

    needs = "special"

    def slope(self, entry: Entry, epsilon: Number) -> Exact:
        return (
            math.nan if not self.live(entry) and fixed.is_nan(entry.length) else super().slope(entry, epsilon)
        )


class GradientNanHidden(_Gradient):
    """Gives 0 for an unmasked NaN step."""

    needs = "special"

    def slope(self, entry: Entry, epsilon: Number) -> Exact:
        return Fraction(0) if fixed.is_nan(entry.length) else super().slope(entry, epsilon)


class GradientNanEverywhere(_Gradient):
    """Gives NaN for every keypoint where the loss is NaN."""

    needs = "special"

    def gradient(self, s: Solution) -> Output:
        output = super().gradient(s)
        nan = any(isinstance(v, float) for v in s.outputs["loss"].values)
        return replace(output, values=(math.nan,) * len(output.values)) if nan else output


class GradientSignFlipped(_Gradient):
    """Gives the negative gradient."""

    def push(self, gradient: Exact, part: Exact) -> Exact:
        return gradient - part

    def pull(self, gradient: Exact, part: Exact) -> Exact:
        return gradient + part


class GradientOfLaterFrame(_Gradient):
    """Moves only the frame a step ends in, as if the earlier one were a constant."""

    def pull(self, gradient: Exact, part: Exact) -> Exact:
        return gradient


class GradientOfEarlierFrame(_Gradient):
    """Moves only the frame a step starts from, as if the later one were a constant."""

    def push(self, gradient: Exact, part: Exact) -> Exact:
        return gradient


class GradientOfSum(_Gradient):
    """Forgets to divide the gradient by the count."""

    def share(self, s: Solution) -> Fraction:
        return Fraction(1)


class GradientDividedByUnmasked(_Gradient):
    """Divides the gradient of a plain mean by the unmasked entries only."""

    def share(self, s: Solution) -> Fraction:
        if s.problem.reduction != "mean":
            return super().share(s)
        return Fraction(1, max(sum(self.live(e) for e in s.entries), 1))


class GradientOfSquares(_Gradient):
    """Gives the gradient of the squared length."""

    def direction(self, s: Solution, entry: Entry) -> tuple[Exact, ...]:
        return tuple(2 * s.scale.exact(d) for d in entry.step)


class GradientOverwritten(_Gradient):
    """Writes each frame's gradient and does not add the two steps it takes part in."""

    def push(self, gradient: Exact, part: Exact) -> Exact:
        return part

    def pull(self, gradient: Exact, part: Exact) -> Exact:
        return -part


class GradientDamped(_Gradient):
    """Adds 1e-8 to the length it divides by."""

    def direction(self, s: Solution, entry: Entry) -> tuple[Exact, ...]:
        length = s.scale.exact(entry.length)
        if not isinstance(length, Fraction):
            return super().direction(s, entry)
        return tuple(s.scale.exact(d) / (length + Fraction(1, 10**8)) for d in entry.step)


class GradientScaledByExcess(_Gradient):
    """Scales the gradient by how far the length is above epsilon."""

    def slope(self, entry: Entry, epsilon: Number) -> Exact:
        slope = super().slope(entry, epsilon)
        if slope == 0 or not isinstance(entry.length, int):
            return slope
        return Fraction(int(entry.rectified), entry.length)
