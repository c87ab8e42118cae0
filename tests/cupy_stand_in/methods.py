"""Methods of the array: those that the real one has, with its signatures, and NumPy's inside."""

from __future__ import annotations

import inspect
import re
from inspect import Signature
from typing import TYPE_CHECKING, Any

import numpy as np

from cupy_stand_in import cuda
from cupy_stand_in.arrays import check_dtype, ndarray
from cupy_stand_in.kernels import run

if TYPE_CHECKING:
    from collections.abc import Callable

# They would look at memory without telling that they copy it to the host.
_HOST_ONLY = {"dump", "dumps", "tofile"}
_WRITERS = ("fill", "partition", "put", "sort")


def _signature(method: Any) -> Signature:
    """Signature of a method, from the first line of its text where a compiled one does not tell."""
    try:
        return inspect.signature(method)
    except (TypeError, ValueError):
        line = (method.__doc__ or "").partition("\n")[0]
        arguments = line.partition("(")[2].partition(" -> ")[0].rpartition(")")[0]
        # Cython writes types before names.
        names = re.sub(r"\w+ (?=\w)", "", arguments)
        return inspect.signature(eval(f"lambda {names}: None"))  # noqa: S307 - text of the installed package


def _method(name: str, function: Any, signature: Signature) -> Callable[..., Any]:
    def method(*args: Any, **keywords: Any) -> Any:
        given = signature.bind(*args, **keywords)
        if name == "nonzero":
            cuda.traffic.waits += 1
        if given.arguments.get("dtype") is not None:
            check_dtype(given.arguments["dtype"])
        out = given.arguments.get("out")
        writes = [args[0]] if name in _WRITERS else [] if out is None else [out]
        return run(function, given.args, writes, **given.kwargs)

    return method


def complete(real: Any) -> None:
    """Give the class the methods that the real one has."""
    for name, method in {**vars(real.__base__), **vars(real)}.items():
        own = name.startswith("_") or name in _HOST_ONLY or name in vars(ndarray)
        function = getattr(np.ndarray, name, None) or getattr(np, name, None)
        if callable(method) and function is not None and not own:
            setattr(ndarray, name, _method(name, function, _signature(method)))
