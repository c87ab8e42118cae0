"""Libraries with less than the standard asks for: little is needed, and what is missing is named."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from temporal_loss import (
    TemporalLoss,
    _libraries,
    estimate_epsilon,
    temporal_loss,
    temporal_loss_and_grad,
    temporal_norm,
)

np = pytest.importorskip("numpy", reason="these libraries are NumPy with parts left out")

DTYPES = ("bool", "float32", "float64", "int32", "uint8")
FUNCTIONS = (
    *("arange", "asarray", "astype", "broadcast_to", "concat", "cumulative_sum", "exp", "floor", "full_like"),
    *(
        "isdtype",
        "isfinite",
        "isnan",
        "max",
        "reshape",
        "sort",
        "sqrt",
        "stack",
        "sum",
        "where",
        "zeros_like",
    ),
)
FLAT = [[0.0, 0.0, 0.0, 0.0], [3.0, 4.0, 6.0, 8.0]]


class _Array:
    """An array of the standard, which has no device and is not one of NumPy's."""

    xp: Any

    def __init__(self, data: Any) -> None:
        self.held = np.asarray(data)

    def __array_namespace__(self, *, api_version: Any = None) -> Any:
        del api_version
        return self.xp

    dtype = property(lambda self: self.held.dtype)
    shape = property(lambda self: self.held.shape)
    ndim = property(lambda self: self.held.ndim)

    def __getitem__(self, index: Any) -> Any:
        return type(self)(self.held[index])


def _operator(name: str) -> Any:
    def operate(self: _Array, *others: Any) -> Any:
        return type(self)(getattr(self.held, name)(*(getattr(other, "held", other) for other in others)))

    return operate


OPERATORS = (
    *("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "floordiv", "mod", "neg"),
    *("lt", "le", "gt", "ge", "eq", "ne", "and", "or", "invert"),
)
for _name in OPERATORS:
    setattr(_Array, f"__{_name}__", _operator(f"__{_name}__"))


def _wrapped(kind: type[_Array], function: Any) -> Any:
    def call(*args: Any, **keywords: Any) -> Any:
        plain = [[x.held for x in a] if isinstance(a, list) else getattr(a, "held", a) for a in args]
        return kind(function(*plain, **keywords))

    return call


def _library(*without: str) -> type[_Array]:
    """Return the type of the arrays of a new library, which lacks some functions."""

    class Array(_Array):
        pass

    Array.xp = ModuleType("tiny")
    for name in {*DTYPES, *FUNCTIONS}.difference(without):
        whole = getattr(np, name)
        plain = name in {*DTYPES, "isdtype"}
        setattr(Array.xp, name, whole if plain else _wrapped(Array, whole))
    return Array


CALLS: dict[str, Any] = {
    "loss": lambda k, _: temporal_loss(k, epsilon=[1.0, 2.0], reduction="sum"),
    "number": lambda k, _: temporal_loss(k, epsilon=1.5, reduction="sum"),
    "mask": lambda k, c: temporal_loss(k, c, prob_threshold=0.5, reduction="valid_mean"),
    "omit": lambda k, _: temporal_loss(k, nan_policy="omit", reduction="none"),
    "class": lambda k, c: TemporalLoss(epsilon=1.0)(k, c, "val")[0],
    "stages": lambda k, c: TemporalLoss().remove_nans(TemporalLoss().compute_loss(k), c),
    "gradient": lambda k, _: temporal_loss_and_grad(k, reduction="sum")[1],
    "norm": lambda k, _: temporal_norm(k)[1:, :],
    "epsilon": lambda k, _: estimate_epsilon(k, quantile=1.0),
}
EXPECTED: dict[str, Any] = {
    "loss": 12.0,
    "number": 12.0,
    "mask": 7.5,
    "omit": [[5.0, 10.0]],
    "class": 6.5,
    "stages": [[5.0, 10.0]],
    "gradient": [[-0.6, -0.8, -0.6, -0.8], [0.6, 0.8, 0.6, 0.8]],
    "norm": [[5.0, 10.0]],
    "epsilon": [5.0, 10.0],
}


def _call(kind: type[_Array], call: str) -> Any:
    return CALLS[call](kind(FLAT), kind([[1.0, 1.0], [1.0, 1.0]]))


@pytest.mark.parametrize("call", CALLS)
def test_arrays_without_a_device(call: str) -> None:
    kind = _library()
    assert not hasattr(kind(FLAT), "device")
    found = _call(kind, call)
    assert type(found) is kind
    np.testing.assert_allclose(found.held, EXPECTED[call], rtol=1e-15)


# What each of them cannot do without.
NEEDED = {
    "sqrt": set(CALLS),
    "astype": set(CALLS),
    "sum": {"loss", "number", "mask", "class", "gradient", "epsilon"},
    "isnan": {"omit", "epsilon"},
    "sort": {"epsilon"},
    "arange": {"epsilon"},
    "floor": set(),
    "concat": {"gradient", "norm"},
    "full_like": {"norm", "class"},
    "asarray": {"loss"},
    "exp": set(),
    "max": set(),
    "stack": set(),
    "isdtype": set(),
}


@pytest.mark.parametrize("missing", NEEDED)
@pytest.mark.parametrize("call", CALLS)
def test_a_function_that_is_missing_is_named(call: str, missing: str) -> None:
    kind = _library(missing)
    if call in NEEDED[missing]:
        with pytest.raises(TypeError, match=rf"\btiny\b.* lacks {missing}\(\) of the array API standard"):
            _call(kind, call)
    else:
        np.testing.assert_allclose(_call(kind, call).held, EXPECTED[call], rtol=1e-15)


def test_errors_of_others_stay_what_they_are() -> None:
    class Broken(TemporalLoss):
        def rectify_epsilon(self, loss: Any) -> Any:
            return loss.no_such_thing

    with pytest.raises(AttributeError, match="no_such_thing"):
        Broken()(_library()(FLAT))


@pytest.fixture(autouse=True)
def types_are_let_go_of() -> Any:
    before = dict(_libraries._of_types)
    yield
    _libraries._of_types.clear()
    _libraries._of_types.update(before)
