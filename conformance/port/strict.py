"""Strict JSON: what lenient readers let pass is refused, with a message for the port's author."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from conformance.text import clean, clean_bytes

_BRACKETS = 200
_COMMAS = 1000
_LONGEST_NUMBER = 400


class BadLineError(Exception):
    """A line is no message of the protocol; says why."""


def read(line: bytes, elements: int) -> dict[str, Any]:
    """Read one line as a JSON object.

    Parameters
    ----------
    line : bytes
    elements : int
        How many array elements an answer can have at most. A line with far more items is refused
        before it is read: a list takes many times the memory of its text.

    Raises
    ------
    BadLineError
        It is not UTF-8, not JSON, or JSON only for lenient readers: NaN, a number outside of
        float64, one key twice, half of a surrogate pair; or it is too deep or too rich.
    """
    brackets = line.count(b"[") + line.count(b"{")
    if brackets > _BRACKETS or line.count(b",") > _COMMAS + 4 * elements:
        _refuse("far more items than any answer to this request has", line)
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(f"not UTF-8 at byte {error.start}", line)
    if text.startswith("\ufeff"):
        _refuse("starts with a byte order mark", line)
    try:
        message = json.loads(
            text,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
        # An escape can smuggle in what no UTF-8 text can hold.
        if "\\u" in text:
            json.dumps(message, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        _refuse("half of a surrogate pair in a string", line)
    except json.JSONDecodeError as error:
        _refuse(f"not JSON at column {error.colno}: {error.msg}", line)
    except RecursionError:
        _refuse("nested too deep", line)
    if not isinstance(message, dict):
        _refuse("not a JSON object", line)
    return message


def _refuse(why: str, line: bytes) -> NoReturn:
    message = f"{why}: {clean_bytes(line, 120)}"
    raise BadLineError(message)


def _integer(digits: str) -> int:
    return int(_short(digits))


def _number(digits: str) -> float | int:
    value = float(_short(digits))
    if not math.isfinite(value):
        message = f"a number outside of float64: {clean(digits, 40)}"
        raise BadLineError(message)
    # To JSON Schema 2.0 is an integer.
    return int(value) if value.is_integer() else value


def _short(digits: str) -> str:
    # Reading digits takes time that grows with their square.
    if len(digits) > _LONGEST_NUMBER:
        message = f"a number of {len(digits)} characters"
        raise BadLineError(message)
    return digits


def _constant(word: str) -> NoReturn:
    message = f"{word} is not JSON"
    raise BadLineError(message)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        left = dict.fromkeys(found, 1)
        double = next(name for name, _ in pairs if not left.pop(name, 0))
        message = f"the key {clean(double, 40)!r} twice"
        raise BadLineError(message)
    return found
