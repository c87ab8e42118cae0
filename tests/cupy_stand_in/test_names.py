"""The stand-in has the names and signatures of the CuPy that is installed."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import under_test

cp = under_test("cupy-stand-in")

from cupy_stand_in.module import Missing  # noqa: E402

# What looks into memory, or hands it to others.
NOT_HERE = {
    "base",
    "cstruct",
    "dump",
    "dumps",
    "flat",
    "mdspan",
    "reduced_view",
    "scatter_add",
    "scatter_max",
    "scatter_min",
    "set",
    "toDlpack",
    "tofile",
}


@pytest.fixture(scope="module")
def real() -> Any:
    script = Path(__file__).with_name("real_names.py")
    # Its folder stays off the path: modules there have names of packages.
    command = [sys.executable, "-P", str(script)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)  # noqa: S603 - our own
    return json.loads(done.stdout)


def test_every_function_has_the_real_signature(real: Any) -> None:
    assert len(real["functions"]) > 200
    for name, signature in real["functions"].items():
        found = getattr(cp, name)
        if not isinstance(found, Missing):
            assert _names(str(inspect.signature(found))) == _names(signature), name


def _names(signature: str) -> list[str]:
    arguments = signature.partition(" -> ")[0].strip("()")
    return [part.partition("=")[0].partition(":")[0].strip() for part in arguments.split(", ")]


def test_every_ufunc_takes_as_many(real: Any) -> None:
    found = {
        name: [getattr(cp, name).name, getattr(cp, name).nin, getattr(cp, name).nout]
        for name in real["ufuncs"]
    }
    assert found == real["ufuncs"]


def test_nothing_is_here_that_the_real_one_lacks(real: Any) -> None:
    assert {name for name in dir(cp) if not name.startswith("_")} <= set(real["names"])
    public = {name for name in dir(cp.ndarray) if not name.startswith("_")}
    assert set(real["methods"]) - public == NOT_HERE
    assert public <= set(real["methods"])


def test_what_is_not_hashable(real: Any) -> None:
    found = {"Device": cp.cuda.Device.__hash__ is not None, "ndarray": cp.ndarray.__hash__ is not None}
    assert found == real["hashable"] == {"Device": False, "ndarray": False}


def test_what_the_stand_in_has_nothing_for_says_so() -> None:
    with pytest.raises(NotImplementedError, match="has no ElementwiseKernel"):
        cp.ElementwiseKernel("T x", "T y", "y = x", "copy")
