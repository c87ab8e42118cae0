"""Mistakes in the length of a step."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from conformance.mistakes.registry import Wrong, scaled
from conformance.oracle import fixed

if TYPE_CHECKING:
    from conformance.oracle import Entry, Exact, Solution
    from conformance.oracle.fixed import Fixed, Number


def _size(d: Number) -> Number:
    return abs(d)


class SquaredLength(Wrong):
    """Sums squares and takes no root."""

    def length(self, scale: Fixed, step: tuple[Number, ...]) -> Number:
        root = super().length(scale, step)
        return root * root >> scale.bits if isinstance(root, int) else root * root

    def direction(self, s: Solution, entry: Entry) -> tuple[Exact, ...]:
        if not isinstance(entry.length, int):
            return super().direction(s, entry)
        return tuple(2 * s.scale.exact(d) for d in entry.step)


class CityBlockLength(Wrong):
    """Adds absolute differences (L1) in place of the Euclidean norm."""

    def length(self, scale: Fixed, step: tuple[Number, ...]) -> Number:
        total: Number = 0
        for d in step:
            total = fixed.add(total, _size(d))
        return total

    def direction(self, s: Solution, entry: Entry) -> tuple[Exact, ...]:
        if not isinstance(entry.length, int):
            return super().direction(s, entry)
        return tuple(Fraction((d > 0) - (d < 0)) for d in entry.step)


class LargestCoordinate(Wrong):
    """Takes the largest absolute difference in place of the Euclidean norm."""

    def length(self, scale: Fixed, step: tuple[Number, ...]) -> Number:
        if any(fixed.is_nan(d) for d in step):
            return math.nan
        return max(map(_size, step))

    def direction(self, s: Solution, entry: Entry) -> tuple[Exact, ...]:
        if not isinstance(entry.length, int):
            return super().direction(s, entry)
        return tuple(
            Fraction((d > 0) - (d < 0)) if abs(d) == entry.length else Fraction(0) for d in entry.step
        )


class RootMeanSquare(Wrong):
    """Takes the mean of the squares, and not their sum, under the root."""

    def length(self, scale: Fixed, step: tuple[Number, ...]) -> Number:
        if not all(isinstance(d, int) for d in step):
            return super().length(scale, step)
        return math.isqrt(sum(int(d) * int(d) for d in step) // len(step))

    def direction(self, s: Solution, entry: Entry) -> tuple[Exact, ...]:
        return tuple(unit / len(entry.step) for unit in super().direction(s, entry))


class TinyUnderTheRoot(Wrong):
    """Adds 1e-12 under the root to dodge the gradient at rest: still keypoints get a length of 1e-6."""

    def length(self, scale: Fixed, step: tuple[Number, ...]) -> Number:
        tiny = scaled(1 << (2 * scale.bits), Fraction(1, 10**12))
        if not isinstance(tiny, int) or not all(isinstance(d, int) for d in step):
            return super().length(scale, step)
        return math.isqrt(sum(int(d) * int(d) for d in step) + tiny)


class FirstAxisAlone(Wrong):
    """Takes the difference of the first coordinate alone."""

    def length(self, scale: Fixed, step: tuple[Number, ...]) -> Number:
        return super().length(scale, step[:1])

    def direction(self, s: Solution, entry: Entry) -> tuple[Exact, ...]:
        return (*super().direction(s, entry)[:1], *((Fraction(0),) * (len(entry.step) - 1)))


class NanSeenAsZero(Wrong):
    """Sums squares with a NaN-skipping sum: a NaN coordinate counts as no motion."""

    needs = "special"

    def length(self, scale: Fixed, step: tuple[Number, ...]) -> Number:
        return super().length(scale, tuple(0 if fixed.is_nan(d) else d for d in step))

    def direction(self, s: Solution, entry: Entry) -> tuple[Exact, ...]:
        if not isinstance(entry.length, int) or not entry.length:
            return super().direction(s, entry)
        return tuple(Fraction(d, entry.length) if isinstance(d, int) else Fraction(0) for d in entry.step)
