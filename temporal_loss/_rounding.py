"""Numbers rounded once, to nearest in a dtype, ties to even, whatever their Python type.

Comparing with, or subtracting, a Python number leaves it to the backend in which precision that
happens; a number that is exact in the dtype gives the same answer in every one.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from numbers import Rational
from typing import Any

# Bits of precision (the leading one included), and the exponents of the smallest normal number
# and of the first power of two out of range.
_FORMATS = {
    "float16": (11, -14, 16),
    "bfloat16": (8, -126, 128),
    "float32": (24, -126, 128),
}
LARGEST = {"float32": math.ldexp(2.0 - 2.0**-23, 127), "float64": math.ldexp(2.0 - 2.0**-52, 1023)}


def nearest_float(value: Any) -> float:
    """Round a real number to float64; what is beyond it becomes infinite."""
    try:
        return float(value)
    except OverflowError:  # A Python int, or a fraction of such, may have any size.
        return math.inf if value > 0 else -math.inf


def round_to(value: Any, dtype: str) -> float:
    """Round a real number, in its own precision, to a dtype; what is beyond it becomes infinite."""
    near = nearest_float(value)
    if dtype not in _FORMATS or near in (0.0, math.inf, -math.inf):
        return near
    precision, smallest, overflow = _FORMATS[dtype]
    exponent = max(math.frexp(near)[1] - 1, smallest) - precision + 1
    if isinstance(value, float):
        scaled: Any = math.ldexp(value, -exponent)
    else:
        # By way of float64 it would be rounded twice.
        scaled = _exact(value) / Fraction(2) ** exponent
    nearest = math.ldexp(round(scaled), exponent)
    return nearest if abs(nearest) < math.ldexp(1.0, overflow) else math.copysign(math.inf, near)


def _exact(value: Any) -> Fraction:
    if isinstance(value, Rational):
        return Fraction(int(value.numerator), int(value.denominator))
    return Fraction(*value.as_integer_ratio())


# Numbers that are equal, of whichever types, are rounded alike.
rounded = lru_cache(maxsize=1024)(round_to)
