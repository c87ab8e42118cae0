"""How a request is read: what is lost before anything is computed, and the defaults of what is absent."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

from conformance import bits
from conformance.model import Op
from conformance.mutants.registry import mutant
from conformance.oracle.problem import HALVES

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.model import Array, Request


def arrays_read(what: str, read: Callable[[Array], Array]) -> None:
    """Declare another reading of every array."""
    mutant(what, reads=lambda r: replace(r, inputs={name: read(a) for name, a in r.inputs.items()}))


def _columns_first(array: Array) -> Array:
    # The element at an index is taken from where it would lie if the first axis ran fastest.
    steps = [math.prod(array.shape[:axis]) for axis in range(len(array.shape))]
    places = (sum(map(int.__mul__, index, steps)) for index in product(*map(range, array.shape)))
    return replace(array, values=tuple(array.values[place] for place in places))


arrays_read("columns-first: Reads the elements of arrays in column-major order.", _columns_first)


def halves_read(what: str, read: Callable[[Array], tuple[float | int, ...]]) -> None:
    """Declare another reading of the numbers of half precision."""
    arrays_read(what, lambda a: replace(a, values=read(a)) if a.dtype in HALVES else a)


def _as_the_other(array: Array) -> tuple[float | int, ...]:
    (other,) = (dtype for dtype in HALVES if dtype != array.dtype)
    return bits.decode(array.bits, other)


def _without_specials(array: Array) -> tuple[float | int, ...]:
    """Read the highest exponent like any other: infinity is 2**16 in float16, NaN a number above."""
    form = bits.FORMATS[array.dtype]
    fraction = form.precision - 1

    def read(value: float, digits: str) -> float:
        if math.isfinite(value):
            return value
        tail = int(digits, 16) & ((1 << fraction) - 1)
        # 2**128 is infinite in the float32 that bfloat16 is widened to.
        wide = math.ldexp(1 + math.ldexp(tail, -fraction), form.max_exponent + 1)
        return bits.round_to(math.copysign(wide, -1.0 if int(digits[0], 16) >= 8 else 1.0), "float32")

    return tuple(map(read, array.values, array.bits))


def _exponent_kept(array: Array) -> tuple[float | int, ...]:
    """Shift the fields of float16 into those of float32, though its exponents have another bias."""
    if array.dtype != "float16":
        return array.values
    wide = (f"{(int(d, 16) & 0x8000) << 16 | (int(d, 16) & 0x7FFF) << 13:08x}" for d in array.bits)
    return bits.decode(wide, "float32")


halves_read("half-as-the-other: Reads float16 as bfloat16, and bfloat16 as float16.", _as_the_other)
halves_read(
    "half-without-specials: Reads infinity and NaN in half precision as numbers above the largest.",
    _without_specials,
)
halves_read(
    "half-exponent-kept: Shifts the bits of float16 to their places in float32 with the old exponent's bias.",
    _exponent_kept,
)
halves_read(
    "half-nan-as-infinity: Reads NaN in half precision as infinity.",
    lambda a: tuple(math.inf if math.isnan(v) else v for v in a.values),
)
arrays_read(
    "double-throughout: Takes every array for float64, and computes and answers in it.",
    lambda a: replace(a, dtype="float64") if a.dtype in bits.FORMATS else a,
)


def numbers_read(what: str, read: Callable[[Any], Any]) -> None:
    """Declare another reading of every parameter."""
    mutant(what, reads=lambda r: replace(r, params={name: read(v) for name, v in r.params.items()}))


def each_number(read: Callable[[float], float]) -> Callable[[Any], Any]:
    """Read the numbers of a parameter otherwise, and nothing else of it."""

    def numbers(value: Any) -> Any:
        if isinstance(value, list):
            return [numbers(v) for v in value]
        return read(value) if isinstance(value, float) and math.isfinite(value) else value

    return numbers


def _digit_by_digit(value: float) -> float:
    """Read decimals as many readers do: digit by digit into a float64, then times a power of ten."""
    digits, _, exponent = repr(value).partition("e")
    whole, _, fraction = digits.lstrip("-").partition(".")
    found = 0.0
    for digit in whole + fraction:
        found = 10 * found + int(digit)
    power = int(exponent or 0) - len(fraction)
    return math.copysign(found * 10.0**power, value)


numbers_read(
    "decimals-digit-by-digit: Reads decimal numbers digit by digit in float64, which may be a bit off.",
    each_number(_digit_by_digit),
)
numbers_read(
    "decimals-in-float32: Reads decimal numbers as float32.",
    each_number(lambda v: bits.round_to(v, "float32")),
)
numbers_read(
    "decimals-of-fifteen-digits: Reads the first 15 digits of a decimal number.",
    each_number(lambda v: float(f"{v:.15g}")),
)
numbers_read(
    "list-of-one-is-a-number: Reads a list of one number as that number.",
    lambda v: v[0] if isinstance(v, list) and len(v) == 1 else v,
)


def _epsilon_in_a_list(request: Request) -> Request:
    epsilon = request.params.get("epsilon")
    listed = {"epsilon": [epsilon]} if isinstance(epsilon, int | float) else {}
    return replace(request, params=request.params | listed)


mutant("number-is-a-list: Reads an epsilon that is a number as a list of one.", reads=_epsilon_in_a_list)
mutant(
    "null-is-absent: Takes a parameter that is null for one that is left out.",
    reads=lambda r: replace(r, params={name: v for name, v in r.params.items() if v is not None}),
)


LOSS = (Op.VALUE, Op.GRADIENT)
STAGED = (*LOSS, Op.STAGES)


def default(what: str, ops: tuple[Op, ...], name: str, value: object) -> None:
    """Declare another default of a parameter, for the operations that have it."""

    def reads(request: Request) -> Request:
        has = request.op in ops and name not in request.inputs
        return replace(request, params={name: value, **request.params}) if has else request

    mutant(what, reads=reads)


default("epsilon-default-is-one: Takes an epsilon of 1 where none is given.", STAGED, "epsilon", 1.0)
default(
    "threshold-default-is-half: Takes a threshold of 0.5 where none is given.",
    (*STAGED, Op.EPSILON),
    "prob_threshold",
    0.5,
)
default('reduction-default-is-sum: Takes the reduction "sum" where none is given.', LOSS, "reduction", "sum")
default(
    'reduction-default-is-none: Takes the reduction "none" where none is given.',
    (Op.VALUE,),
    "reduction",
    "none",
)
default(
    'reduction-default-is-valid-mean: Takes the reduction "valid_mean" where none is given.',
    LOSS,
    "reduction",
    "valid_mean",
)
default(
    'policy-default-is-omit: Takes the NaN policy "omit" where none is given.', LOSS, "nan_policy", "omit"
)
