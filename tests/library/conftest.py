"""Fixtures that hand each test its backends and, where it asks, their dtypes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support import Arrays, select
from support.arrays import FLOATS, INTEGERS

from conformance.subjects import backends

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDE_JAX = "jax-x64"
# It is NumPy inside, and its user is told of inf - inf and 0 / 0.
MARKS = {"strict": [pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")]}
# What a test asks for by the name of its argument.
DTYPES = {
    "dtype": FLOATS,
    "half_dtype": ("float16", "bfloat16"),
    "full_dtype": ("float32", "float64"),
    "integer_dtype": INTEGERS,
    "real_dtype": (*FLOATS, *INTEGERS),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    names = metafunc.fixturenames
    fixture = next((n for n in ("arrays", "autodiff") if n in names), None)
    if fixture is None:
        return
    kinds = [
        a
        for a in _under_test(metafunc.config.getoption("--device"))
        if fixture == "arrays" or a.backend.autodiff
    ]
    dtype = next((n for n in DTYPES if n in names), None)
    if dtype is None:
        cells = [
            pytest.param(a, id=a.label, marks=MARKS.get(a.name, ())) for a in kinds if a.label != WIDE_JAX
        ]
    else:
        cells = [
            pytest.param(a, d, id=f"{a.label}-{d}", marks=MARKS.get(a.name, ()))
            for a in kinds
            for d in DTYPES[dtype]
            if a.has(d) and not _spares(a, d, dtype)
        ]
    fixtures = [fixture] if dtype is None else [fixture, dtype]
    if not cells:
        lack = "differentiates" if fixture == "autodiff" else f"has {' or '.join(DTYPES[dtype or 'dtype'])}"
        reason = f"none of the backends under test ({', '.join(select().names)}) {lack}"
        cells = [pytest.param(*[None] * len(fixtures), marks=pytest.mark.skip(reason=reason), id="none")]
    metafunc.parametrize(fixtures, cells, indirect=[fixture])


@pytest.fixture
def arrays(request: pytest.FixtureRequest) -> Iterator[Arrays]:
    """Return a backend under test, in the state it needs."""
    chosen: Arrays = request.param
    with chosen.state():
        yield chosen


@pytest.fixture
def autodiff(request: pytest.FixtureRequest) -> Iterator[Arrays]:
    """Return a backend under test that differentiates."""
    chosen: Arrays = request.param
    with chosen.state():
        yield chosen


def _spares(arrays: Arrays, dtype: str, asked: str) -> bool:
    # JAX compiles every operation for every dtype, which takes seconds: most dtypes are tested in one
    # of its two settings, float32 in both where a test is about few of them, float16 only there.
    if arrays.label == WIDE_JAX:
        few = {"half_dtype": "float16", "full_dtype": "float32"}
        return not (dtype.endswith("64") or few.get(asked) == dtype)
    return arrays.name == "jax" and dtype == "float16"


def _under_test(device: str) -> list[Arrays]:
    found = []
    for name in select().names:
        backend = backends.load(name)
        there = [each for each in backend.devices() if each.startswith(device)]
        if not there:
            message = f"--device: {name} has no {device}, only {', '.join(backend.devices())}"
            raise pytest.UsageError(message)
        found.append(Arrays(name, backend, wide=name != "jax", place=there[0]))
        if name == "jax":
            found.append(Arrays(WIDE_JAX, backend, place=there[0]))
    return found
