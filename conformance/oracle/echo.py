"""What the operation `echo` is due: everything that was read, given back, and nothing computed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from conformance.model import Array
from conformance.oracle.problem import HALVES, result_dtype

if TYPE_CHECKING:
    from conformance.model import Request


def echo(request: Request) -> dict[str, Array]:
    """Give the arrays, the parameters that are numbers, and what comes first of the keypoints.

    Half precision comes back in the dtype that it is computed in: who passes the digits on has read nothing.
    """
    outputs = {name: _read(array) for name, array in request.inputs.items()}
    outputs |= {name: number(v) for name, v in request.params.items() if is_number(v)}
    return outputs | {"first": _first(outputs["keypoints"])}


def _read(array: Array) -> Array:
    return Array(result_dtype(array.dtype), array.shape, array.values) if array.dtype in HALVES else array


def _first(array: Array) -> Array:
    shape = array.shape[1:]
    return Array(array.dtype, shape, array.values[: math.prod(shape)])


def is_number(value: Any) -> bool:
    """Whether a parameter is a number, or a list of nothing else."""
    values = value if isinstance(value, list) else [value]
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def number(value: Any) -> Array:
    """Write a parameter that is a number, or a list of numbers, as an array of float64."""
    if isinstance(value, list):
        return Array("float64", (len(value),), tuple(map(float, value)))
    return Array("float64", (), (float(value),))
