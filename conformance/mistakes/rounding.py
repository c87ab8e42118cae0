"""Wrong ways to round a number to a dtype. They hold for finite numbers in its normal range."""

from __future__ import annotations

import math
from fractions import Fraction

from conformance import bits


def cut(value: float, dtype: str) -> float:
    """Nearest number of the dtype towards 0."""
    size = abs(value)
    near = bits.round_to(size, dtype)
    if near > size:
        step = bits.ulp(near, dtype)
        near -= step / 2 if math.frexp(near)[0] == 0.5 else step
    return math.copysign(near, value)


def ties_away(value: float, dtype: str) -> float:
    """Nearest number of the dtype; of two equally near ones that away from 0."""
    size = abs(Fraction(value))
    low = cut(abs(value), dtype)
    high = low + bits.ulp(low, dtype)
    return math.copysign(high if size - Fraction(low) >= Fraction(high) - size else low, value)
