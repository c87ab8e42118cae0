"""CuPy's functions: each with the real one's signature, and NumPy's function of that name inside."""

from __future__ import annotations

import inspect
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

import numpy as np

from cupy_stand_in import cuda
from cupy_stand_in.arrays import array, check_dtype, ndarray
from cupy_stand_in.kernels import check_operand, run

if TYPE_CHECKING:
    from collections.abc import Callable

# First parameters that have to be arrays, whatever NumPy would make of a list or a number.
_ARRAYS = {"a", "a1", "ar", "ar1", "arr", "condition", "element", "m", "prototype", "v", "x", "x1"}
# They tell something of an array without its elements, or of what is none.
_TELLING = {"iscomplexobj", "isrealobj", "isscalar", "iterable", "ndim", "shape", "size"}
_ALIKE = {"empty_like", "full_like", "ones_like", "zeros_like"}
# Where NumPy tells the host, CuPy gives an array.
_GIVES_NUMBER = {"allclose", "array_equal", "array_equiv", "count_nonzero"}
# How many elements come of them, or whether they are due at all, the host has to be told.
_WAITS = {
    "argwhere",
    "bincount",
    "extract",
    "flatnonzero",
    "intersect1d",
    "nonzero",
    "percentile",
    "quantile",
    "setdiff1d",
    "setxor1d",
    "trim_zeros",
    "union1d",
    "unique",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
}
_WRITES_FIRST = {"copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"}


class ufunc:  # noqa: N801 - its name in CuPy
    """An elementwise function, which takes arrays and numbers and nothing else."""

    def __init__(self, name: str, real: Any) -> None:
        self.name, self.nin, self.nout, self.nargs = real.name, real.nin, real.nout, real.nargs
        self.types, self.__doc__ = real.types, f"As NumPy's `{name}`."
        self._function = getattr(np, name)

    def __repr__(self) -> str:
        return f"<stand-in for ufunc '{self.name}'>"

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        wrong = {name: value for name, value in keywords.items() if name not in {"out", "dtype", "casting"}}
        if wrong:
            message = f"Wrong arguments {wrong}"
            raise TypeError(message)
        if len(args) not in {self.nin, self.nargs}:
            message = (
                f"Wrong number of arguments for '{self.name}'. It must be either {self.nin} or {self.nargs} "
                f"(with outputs), but given {len(args)}."
            )
            raise TypeError(message)
        for each in args:
            check_operand(each)
        out = keywords.get("out", args[self.nin :])
        writes = [each for each in (out if isinstance(out, tuple) else (out,)) if each is not None]
        return run(self._function, args, writes, **keywords)


def function(name: str, real: Any, host: Any) -> Callable[..., Any]:
    """Make the function of a name, which takes what the real one takes, of NumPy's."""
    try:
        signature = inspect.signature(real)
    except ValueError:
        # A compiled one, which does not tell.
        return lambda *args: run(host, args)
    first = next(iter(signature.parameters), "")

    @wraps(real)
    def call(*args: Any, **keywords: Any) -> Any:
        given = signature.bind(*args, **keywords)
        arguments = given.arguments
        value: Any = arguments.get(first)
        if first in _ARRAYS and name not in _TELLING and not isinstance(value, ndarray):
            message = f"{first!r} must be a cupy.ndarray object, not {type(value)}."
            raise TypeError(message)
        if isinstance(arguments.get("dtype"), str | type | np.dtype):
            check_dtype(arguments["dtype"])
        if name in _WAITS or (name == "where" and len(arguments) == 1):
            cuda.traffic.waits += 1
        if name in _ALIKE:
            # Of the array only what it looks like is taken, and that the host knows.
            return run(partial(host, value._host), given.args[1:], **given.kwargs)
        out = arguments.get("out")
        writes = [value] if name in _WRITES_FIRST else [] if out is None else [out]
        return run(_as_array(host) if name in _GIVES_NUMBER else host, given.args, writes, **given.kwargs)

    return call


def _as_array(host: Any) -> Callable[..., Any]:
    return lambda *args, **keywords: np.asarray(host(*args, **keywords))


# What has no like in NumPy, or takes what the host has --------------------------------------------


def asarray(
    a: Any, dtype: Any = None, order: Any = None, *, copy: bool | None = None, blocking: bool = False
) -> Any:
    """Array on the current device; a copy only where there is none yet, or it is asked for."""
    return array(a, dtype, copy, order, blocking=blocking)


def ascontiguousarray(a: Any, dtype: Any = None) -> Any:
    """Array in C order, of at least one dimension."""
    return array(a, dtype, None, "C", ndmin=1)


def asfortranarray(a: Any, dtype: Any = None) -> Any:
    """Array in Fortran order, of at least one dimension."""
    return array(a, dtype, None, "F", ndmin=1)


def asnumpy(a: Any, stream: Any = None, order: Any = "C", out: Any = None, *, blocking: bool = True) -> Any:
    """Copy to the host."""
    return a.get(stream, order, out, blocking) if isinstance(a, ndarray) else np.asarray(a, order=order)


def astype(x: Any, dtype: Any, /, *, copy: bool = True) -> Any:
    """Array of another dtype."""
    return x.astype(dtype, copy=copy)


_OWN = (array, asarray, ascontiguousarray, asfortranarray, asnumpy, astype)
OWN: dict[str, Callable[..., Any]] = {made.__name__: made for made in _OWN} | {"asanyarray": asarray}
