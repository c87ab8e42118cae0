"""The stand-in has the names and signatures of the CuPy that is installed."""

from __future__ import annotations

import inspect
from types import FunctionType
from typing import Any

import pytest
from support import under_test

cp = under_test("cupy-stand-in")

from cupy_stand_in.module import Missing  # noqa: E402

REAL = cp._real
# What looks into memory, or hands it to others.
NOT_HERE = {
    *("base", "cstruct", "flat", "mdspan", "reduced_view", "set"),
    *("dump", "dumps", "toDlpack", "tofile"),
    *("scatter_add", "scatter_max", "scatter_min"),
}


def names(thing: Any) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


def public(kind: type) -> dict[str, Any]:
    """Public names of the real one whose value is of that very type; some load modules if asked for more."""
    return {name: value for name, value in vars(REAL).items() if name[0] != "_" and type(value) is kind}


def test_every_function_has_the_real_signature() -> None:
    functions = public(FunctionType)
    assert len(functions) > 200
    for name, real in functions.items():
        found = getattr(cp, name)
        if not isinstance(found, Missing):
            assert list(inspect.signature(found).parameters) == list(inspect.signature(real).parameters), name


def test_every_ufunc_takes_as_many() -> None:
    ufuncs = public(REAL.ufunc)
    assert len(ufuncs) > 90
    for name, real in ufuncs.items():
        found = getattr(cp, name)
        assert (type(found), found.nin, found.nout) == (cp.ufunc, real.nin, real.nout)


def test_nothing_is_here_that_the_real_one_lacks() -> None:
    assert names(cp) <= names(REAL)
    assert names(REAL.ndarray) - names(cp.ndarray) == NOT_HERE
    assert names(cp.ndarray) <= names(REAL.ndarray)


def test_what_is_not_hashable() -> None:
    for found in (cp.cuda.Device, cp.ndarray, REAL.cuda.Device, REAL.ndarray):
        assert found.__hash__ is None


def test_what_the_stand_in_has_nothing_for_says_so() -> None:
    with pytest.raises(NotImplementedError, match="has no ElementwiseKernel"):
        cp.ElementwiseKernel("T x", "T y", "y = x", "copy")
