"""Wrong ways to round a number to a dtype, and ways to reckon with the oracle's numbers."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from conformance import bits

if TYPE_CHECKING:
    from conformance.oracle import Exact
    from conformance.oracle.fixed import Fixed, Number


def subnormal(value: Exact, dtype: str) -> bool:
    """Whether a number is below the normal ones of the dtype, and not 0."""
    least = 2.0 ** bits.FORMATS[dtype].min_exponent
    return value != 0 and -least < value < least


def cut(value: float | Fraction, dtype: str) -> float:
    """Nearest number of the dtype towards 0, of a finite number within its range."""
    size = abs(Fraction(value))
    near = bits.round_to(size, dtype)
    if near > size:
        step = bits.ulp(near, dtype)
        near -= step / 2 if math.frexp(near)[0] == 0.5 and not subnormal(near / 2, dtype) else step
    return math.copysign(near, value)


def ties_away(value: float, dtype: str) -> float:
    """Nearest number of the dtype, of two equally near ones that away from 0; holds as `cut` does."""
    size = abs(Fraction(value))
    low = cut(abs(value), dtype)
    high = low + bits.ulp(low, dtype)
    return math.copysign(high if size - Fraction(low) >= Fraction(high) - size else low, value)


def scaled(number: Number, by: Fraction) -> Number:
    """Give a number times a fraction, cut at the last unit."""
    return number * by.numerator // by.denominator if isinstance(number, int) else number


def through(value: Exact, dtype: str) -> Exact:
    """Round to a dtype; what overflows is infinite."""
    near = bits.round_to(value, dtype)
    return Fraction(near) if math.isfinite(near) else near


def rounded(number: Number, scale: Fixed, dtype: str) -> Number:
    """Round a number to a dtype, then read it back; what overflows is infinite."""
    near = through(scale.exact(number), dtype)
    return (near.numerator << scale.bits) // near.denominator if isinstance(near, Fraction) else near
