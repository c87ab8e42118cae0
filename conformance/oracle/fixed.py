"""Exact numbers as integers: every finite float is a whole number of some power of two.

A number is an `int`, counting units of 2**-bits, or one of the floats nan, inf and -inf.
Differences and sums of such numbers are exact, and a square root keeps `guard` good bits
beyond the smallest unit of the inputs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Number = int | float
Exact = Fraction | float


def add(a: Number, b: Number) -> Number:
    """Sum by the IEEE rules for NaN and infinity, exact otherwise."""
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    return _special(a) + _special(b)


def sub(a: Number, b: Number) -> Number:
    """Difference by the IEEE rules for NaN and infinity, exact otherwise."""
    if isinstance(a, int) and isinstance(b, int):
        return a - b
    return _special(a) - _special(b)


def is_nan(a: Number) -> bool:
    """Whether the number is NaN."""
    return isinstance(a, float) and math.isnan(a)


def _special(a: Number) -> float:
    # Beside a NaN or an infinity the size of a finite number plays no part, and it may not fit a float.
    return 0.0 if isinstance(a, int) else a


@dataclass(frozen=True)
class Fixed:
    """A fixed-point scale: one is 2**bits units."""

    bits: int

    @classmethod
    def fitting(cls, values: Iterable[float], guard: int) -> Fixed:
        """Give the scale on which all `values` are whole, with `guard` bits to spare."""
        finest = max((v.as_integer_ratio()[1] for v in values if math.isfinite(v)), default=1)
        return cls(finest.bit_length() - 1 + guard)

    def read(self, value: float) -> Number:
        """Exact number of a float."""
        if not math.isfinite(value):
            return value
        top, bottom = value.as_integer_ratio()
        return top << (self.bits - bottom.bit_length() + 1)

    def exact(self, number: Number) -> Exact:
        """Read the number back as a fraction, or as a float where it is NaN or infinite."""
        return Fraction(number, 1 << self.bits) if isinstance(number, int) else number

    def root_of_squares(self, step: tuple[Number, ...]) -> Number:
        """Euclidean length; NaN where any coordinate is NaN, else infinite where any is."""
        total = 0
        special: float | None = None
        for d in step:
            if isinstance(d, int):
                total += d * d
            else:
                special = d * d if special is None else special + d * d
        if special is not None:
            return special
        root = math.isqrt(total)
        # An odd last unit says "inexact": comparisons and a later rounding then come out right.
        return root if root * root == total else root | 1
