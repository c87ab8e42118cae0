"""Methods and operators of the array: those that the real one has, and NumPy's inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cupy_stand_in import cuda
from cupy_stand_in.arrays import check_dtype, ndarray
from cupy_stand_in.kernels import check_operand, run
from cupy_stand_in.signatures import Signature, of_method

if TYPE_CHECKING:
    from collections.abc import Callable

# They would look at memory without telling that they copy it to the host.
_HOST_ONLY = {"dump", "dumps", "tofile"}
_WRITERS = ("fill", "partition", "put", "sort")
_BINARY = {
    "add": np.add,
    "and": np.bitwise_and,
    "divmod": np.divmod,
    "floordiv": np.floor_divide,
    "lshift": np.left_shift,
    "matmul": np.matmul,
    "mod": np.remainder,
    "mul": np.multiply,
    "or": np.bitwise_or,
    "pow": np.power,
    "rshift": np.right_shift,
    "sub": np.subtract,
    "truediv": np.true_divide,
    "xor": np.bitwise_xor,
}
_COMPARISONS = {
    "eq": np.equal,
    "ge": np.greater_equal,
    "gt": np.greater,
    "le": np.less_equal,
    "lt": np.less,
    "ne": np.not_equal,
}
_UNARY = {"abs": np.absolute, "invert": np.invert, "neg": np.negative, "pos": np.positive}


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

    method.__name__, method.__signature__ = name, signature  # type: ignore[attr-defined]
    return method


def _operator(function: Any, *, swapped: bool = False, in_place: bool = False) -> Callable[[Any, Any], Any]:
    def apply(self: Any, other: Any) -> Any:
        check_operand(other)
        operands = [other, self] if swapped else [self, other]
        return run(function, operands, [self], out=self) if in_place else run(function, operands)

    return apply


def _unary(function: Any) -> Callable[[Any], Any]:
    return lambda self: run(function, [self])


def complete(real: Any) -> None:
    """Give the class the methods that the real one has."""
    for name, method in {**vars(real.__base__), **vars(real)}.items():
        own = name.startswith("_") or name in _HOST_ONLY or name in vars(ndarray)
        function = getattr(np.ndarray, name, None) or getattr(np, name, None)
        if callable(method) and function is not None and not own:
            setattr(ndarray, name, _method(name, function, of_method(method)))
    for name, function in _BINARY.items():
        setattr(ndarray, f"__{name}__", _operator(function))
        setattr(ndarray, f"__r{name}__", _operator(function, swapped=True))
        if hasattr(real, f"__i{name}__"):
            setattr(ndarray, f"__i{name}__", _operator(function, in_place=True))
    for name, function in _COMPARISONS.items():
        setattr(ndarray, f"__{name}__", _operator(function))
    for name, function in _UNARY.items():
        setattr(ndarray, f"__{name}__", _unary(function))
    # As of every class that compares elements.
    ndarray.__hash__ = None  # type: ignore[assignment]
