"""IEEE floats as raw bits: encode, decode and round, with no array library."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Format:
    """A binary floating-point format: `precision` counts the leading bit."""

    width: int
    precision: int
    min_exponent: int
    max_exponent: int

    @property
    def unit_roundoff(self) -> float:
        """Largest relative error of one rounding to nearest."""
        return math.ldexp(1.0, -self.precision)


FORMATS = {
    "float16": Format(16, 11, -14, 15),
    "bfloat16": Format(16, 8, -126, 127),
    "float32": Format(32, 24, -126, 127),
    "float64": Format(64, 53, -1022, 1023),
}
_CODES = {"float16": ">e", "float32": ">f", "float64": ">d", "int64": ">q"}


def encode(value: float, dtype: str) -> str:
    """Hex digits of `value`, big-endian, as wide as the dtype. The value must be exact in it.

    A complex64 is two float32, real part first. Such arrays exist to be refused, so only the
    real part can be set: the imaginary one is zero.
    """
    if dtype == "bool":
        return "01" if value else "00"
    if dtype == "bfloat16":
        return struct.pack(">f", value).hex()[:4]
    if dtype == "complex64":
        return struct.pack(">ff", value, 0.0).hex()
    return struct.pack(_CODES[dtype], value).hex()


def decode(digits: str, dtype: str) -> float | int:
    """Exact value of hex digits as written by `encode`."""
    if dtype == "bool":
        return int(digits, 16)
    if dtype == "bfloat16":
        digits, dtype = digits + "0000", "float32"
    if dtype == "complex64":
        digits, dtype = digits[:8], "float32"
    value: float | int = struct.unpack(_CODES[dtype], bytes.fromhex(digits))[0]
    return value


def decode_all(digits: list[str], dtype: str) -> tuple[float | int, ...]:
    """`decode` for a whole array, at once where the layout allows it."""
    if dtype == "bfloat16":
        digits, dtype = [d + "0000" for d in digits], "float32"
    if dtype not in _CODES:
        return tuple(decode(d, dtype) for d in digits)
    code = f">{len(digits)}{_CODES[dtype][1]}"
    return struct.unpack(code, bytes.fromhex("".join(digits)))


def text(value: float) -> str:
    """Shortest decimal that reads back to the same number; `nan`, `inf` and `-inf` by name."""
    return repr(value)


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
