"""How far apart floats are, in units in the last place."""

from __future__ import annotations

import array
import math
import operator
from typing import TYPE_CHECKING

from conformance import bits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.model import Array

_CODES = {"float16": "h", "bfloat16": "h", "float32": "i", "float64": "q"}
_EXPONENTS = {"float16": 5, "bfloat16": 8, "float32": 8, "float64": 11}


def ordinals(data: bytes, dtype: str) -> list[int | None]:
    """Place of each float in the order of all floats of its dtype; None for NaN.

    Neighbours differ by 1, and -0.0 has the place of 0.0. A whole number is its own place.
    """
    if dtype not in _CODES:
        return [*map(int, bits.unpack(data, dtype))]
    flat = array.array(_CODES[dtype])
    flat.frombytes(data)
    width = 8 * flat.itemsize
    low = 1 << (width - 1)
    infinity = ((1 << _EXPONENTS[dtype]) - 1) << (width - 1 - _EXPONENTS[dtype])
    signed = [i if i >= 0 else -(i + low) for i in flat]
    if max(signed, default=0) > infinity or min(signed, default=0) < -infinity:
        return [None if abs(i) > infinity else i for i in signed]
    return list(signed)


def farthest(one: Sequence[int | None], other: Sequence[int | None]) -> float:
    """Largest distance between two arrays of ordinals, infinite where only one has NaN."""
    try:
        return float(max(map(abs, map(operator.sub, one, other)), default=0))
    except TypeError:
        pass
    worst = 0
    for a, b in zip(one, other, strict=True):
        if a is None or b is None:
            if a is not b:
                return math.inf
        else:
            worst = max(worst, abs(a - b))
    return float(worst)


def ulps_apart(one: Array, other: Array) -> float:
    """Largest distance between two arrays, infinite where their dtypes or shapes differ."""
    if (one.dtype, one.shape, len(one.values)) != (other.dtype, other.shape, len(other.values)):
        return math.inf
    if one.values == other.values:
        return 0.0
    if one.dtype not in _CODES:
        return math.inf
    return farthest(*(ordinals(bits.pack(a.values, a.dtype), a.dtype) for a in (one, other)))
