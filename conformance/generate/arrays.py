"""Arrays of questions: numbers as they are written, named ones, drawn ones, and these with changes."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from conformance import bits
from conformance.generate.draws import DRAWS, dice
from conformance.model import Array

if TYPE_CHECKING:
    from collections.abc import Mapping

Number = int | float | str
Dtype = Literal["float16", "bfloat16", "float32", "float64", "int64", "bool", "complex64"]


class Told(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An array of which more is said than its numbers; CONTRIBUTING.md says what each key does."""

    values: Any = None
    array: str = ""
    draw: str = ""
    seed: str = ""
    skip: int = 0
    shape: list[int] | None = None
    frames: int = 0
    times: Number = 1
    plus: Number = 0
    put: list[list[Number]] = []
    dtype: Dtype | None = None


def choose(told: Any, dtype: str) -> Any:
    """Choose by dtype: a table whose keys are dtypes stands for what it has under this one."""
    if not isinstance(told, dict):
        return told
    if told.keys() & bits.FORMATS.keys():
        return told[dtype]
    return {key: choose(inner, dtype) for key, inner in told.items()}


def make(told: Any, dtype: str, named: Mapping[str, Any]) -> Array:
    """Make the array that is told by its name, by lists of numbers or by a table of more."""
    if isinstance(told, str):
        told = {"array": told}
    table = msgspec.convert(told if isinstance(told, dict) else {"values": told}, Told)
    dtype = table.dtype or dtype
    shape, values = _base(table, dtype, named)
    if table.frames:
        size = len(values) // shape[0]
        values = [values[i % len(values)] for i in range(table.frames * size)]
        shape = (table.frames, *shape[1:])
    if (table.times, table.plus) != (1, 0):
        times, plus = (number(n, dtype) for n in (table.times, table.plus))
        values = [number(v, dtype) * times + plus for v in values]
    for *index, value in table.put:
        start, count = _place(index, shape)
        values[start : start + count] = [value] * count
    return Array(dtype, shape, tuple(_rounded(v, dtype) for v in values))


def _base(table: Told, dtype: str, named: Mapping[str, Any]) -> tuple[tuple[int, ...], list[Any]]:
    """Give shape and numbers before anything is done to them."""
    shape = tuple(table.shape or ())
    if sum((table.values is not None, bool(table.array), bool(table.draw))) > 1:
        message = "an array takes one of `values`, `array` and `draw`"
        raise ValueError(message)
    if table.array:
        if table.array not in named:
            message = f"no array is named {table.array!r}"
            raise ValueError(message)
        others = {name: told for name, told in named.items() if name != table.array}
        array = make(choose(named[table.array], dtype), dtype, others)
        return array.shape, list(array.values)
    if table.draw:
        if table.draw not in DRAWS:
            message = f"no draw is named {table.draw!r}: there are {', '.join(DRAWS)}"
            raise ValueError(message)
        roll = dice(table.seed.replace("{dtype}", dtype))
        for _ in range(table.skip):
            roll()
        return shape, DRAWS[table.draw](roll, shape)
    if table.values is None:
        # Only a shape: for inputs to refuse, whatever they hold.
        whole = dtype in ("int64", "bool")
        return shape, [i % 2 if whole else float(i) for i in range(math.prod(shape))]
    written, values = _flat(table.values)
    return shape or written, values


def _flat(values: Any) -> tuple[tuple[int, ...], list[Any]]:
    """Give shape and numbers of lists in lists."""
    if not isinstance(values, list):
        return (), [values]
    parts = [_flat(v) for v in values]
    if len({shape for shape, _ in parts}) > 1:
        message = "the rows of an array have different lengths"
        raise ValueError(message)
    return (len(parts), *(parts[0][0] if parts else ())), [v for _, flat in parts for v in flat]


def _place(index: list[Any], shape: tuple[int, ...]) -> tuple[int, int]:
    """Give the place in C order, and the count, of the elements that an index stands for."""
    if len(index) > len(shape) or not all(0 <= i < n for i, n in zip(index, shape, strict=False)):
        message = f"`put` at {index}: the shape is {list(shape)}"
        raise ValueError(message)
    count = math.prod(shape[len(index) :])
    place = 0
    for i, n in zip(index, shape, strict=False):
        place = place * n + i
    return place * count, count


def _rounded(told: Number, dtype: str) -> float | int:
    """Read a number and round it once."""
    value = number(told, dtype)
    if dtype in bits.FORMATS:
        return bits.round_to(value, dtype)
    if dtype == "int64" and not isinstance(value, int):
        message = f"{told} is no whole number"
        raise ValueError(message)
    return value


def number(told: Number, dtype: str) -> float | int:
    """Read a number: "0.9-" and "0.9+" are those of the dtype beside 0.9, "2**53+1" is what it says."""
    if not isinstance(told, str):
        return told
    if power := re.fullmatch(r"(-?)2\*\*(-?\d+)([+-]\d+)?", told):
        sign, exponent, more = power.groups()
        size: float | int = 2 ** int(exponent)
        return (-size if sign else size) + int(more or 0)
    if not re.fullmatch(r"\d+(\.\d+)?[+-]", told):
        message = f"{told!r} is no number"
        raise ValueError(message)
    at = bits.round_to(float(told[:-1]), dtype)
    step = bits.ulp(at, dtype)
    below = step / 2 if math.frexp(at)[0] == 0.5 else step
    return at + step if told.endswith("+") else at - below
