"""IEEE floats as raw bits: bytes and hex digits, and rounding, with no array library."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Format:
    """A binary floating-point format: `precision` counts the leading bit."""

    precision: int
    min_exponent: int
    max_exponent: int

    @property
    def unit_roundoff(self) -> float:
        """Largest relative error of one rounding to nearest."""
        return math.ldexp(1.0, -self.precision)


FORMATS = {
    "float16": Format(11, -14, 15),
    "bfloat16": Format(8, -126, 127),
    "float32": Format(24, -126, 127),
    "float64": Format(53, -1022, 1023),
}
_CODES = {"float16": "e", "float32": "f", "float64": "d", "int64": "q", "bool": "B"}
WIDTHS = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8, "int64": 8, "bool": 1, "complex64": 8}
"""Bytes of one element of every dtype the suite knows."""


@runtime_checkable
class Packed(Protocol):
    """Numbers too many to be written one by one."""

    def pack(self, dtype: str, order: str) -> bytes:
        """Give the bytes of all."""


def pack(values: Iterable[float], dtype: str, order: str = "<") -> bytes:
    """Bytes of an array in C order, little-endian unless `order` is ">"; values must be exact in the dtype.

    A complex64 is two float32, real part first. Such arrays exist to be refused, so only the
    real part can be set: the imaginary one is zero.
    """
    if isinstance(values, Packed):
        return values.pack(dtype, order)
    numbers = list(values)
    if dtype == "complex64":
        return pack((part for v in numbers for part in (v, 0.0)), "float32", order)
    if dtype == "bfloat16":
        wide = pack(numbers, "float32", order)
        high = 2 if order == "<" else 0
        return b"".join(wide[i + high : i + high + 2] for i in range(0, len(wide), 4))
    return struct.pack(f"{order}{len(numbers)}{_CODES[dtype]}", *numbers)


def unpack(data: bytes, dtype: str, order: str = "<") -> tuple[float | int, ...]:
    """Exact values of bytes as `pack` writes them; none of a dtype that the suite does not know."""
    if dtype not in WIDTHS:
        return ()
    if dtype == "complex64":
        return unpack(data, "float32", order)[::2]
    if dtype == "bfloat16":
        before, after = (b"\0\0", b"") if order == "<" else (b"", b"\0\0")
        data = b"".join(before + data[i : i + 2] + after for i in range(0, len(data), 2))
        dtype = "float32"
    code = _CODES[dtype]
    return struct.unpack(f"{order}{len(data) // struct.calcsize(code)}{code}", data)


def encode(values: Iterable[float], dtype: str) -> tuple[str, ...]:
    """Hex digits of each value, big-endian, as wide as the dtype."""
    digits, width = pack(values, dtype, ">").hex(), 2 * WIDTHS[dtype]
    return tuple(digits[i : i + width] for i in range(0, len(digits), width))


def decode(digits: Iterable[str], dtype: str) -> tuple[float | int, ...]:
    """Exact values of hex digits as written by `encode`."""
    return unpack(bytes.fromhex("".join(digits)), dtype, ">")


def round_to(value: Fraction | float, dtype: str) -> float:
    """Round once, to nearest with ties to even, with gradual underflow and overflow to infinity."""
    if isinstance(value, float) and (dtype == "float64" or not math.isfinite(value) or value == 0):
        return value
    exact = Fraction(value)
    form = FORMATS[dtype]
    top, bottom = abs(exact.numerator), exact.denominator
    exponent = top.bit_length() - bottom.bit_length()
    if (top << max(-exponent, 0)) < (bottom << max(exponent, 0)):
        exponent -= 1
    quantum = max(exponent, form.min_exponent) - form.precision + 1
    bottom <<= max(quantum, 0)
    count, rest = divmod(top << max(-quantum, 0), bottom)
    if 2 * rest > bottom or (2 * rest == bottom and count % 2):
        count += 1
    overflows = count.bit_length() + quantum > form.max_exponent + 1
    rounded = math.inf if overflows else math.ldexp(count, quantum)
    return -rounded if exact < 0 else rounded


def ulp(value: float, dtype: str) -> float:
    """Distance from `value` to the next representable number of larger magnitude."""
    form = FORMATS[dtype]
    if not math.isfinite(value):
        return math.nan
    exponent = max(math.frexp(value)[1] - 1, form.min_exponent) if value else form.min_exponent
    return math.ldexp(1.0, exponent - form.precision + 1)
