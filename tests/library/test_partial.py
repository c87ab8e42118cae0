"""Libraries with less than the standard asks for: little is needed, and what is missing is named."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from temporal_loss import (
    TemporalLoss,
    _libraries,
    count_valid,
    estimate_epsilon,
    temporal_loss,
    temporal_loss_and_grad,
    temporal_norm,
)

# NumPy 2.0 has no cumulative_sum of its own.
np = pytest.importorskip("array_api_compat.numpy", reason="these libraries are NumPy with parts left out")

PLAIN = ("bool", "float32", "float64", "int32", "uint8", "isdtype")
FUNCTIONS = (
    *("arange", "asarray", "astype", "broadcast_to", "concat", "cumulative_sum", "exp", "floor", "full_like"),
    *("isfinite", "isnan", "max", "reshape", "sort", "sqrt", "stack", "sum", "where", "zeros_like"),
)


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
    for name in {*PLAIN, *FUNCTIONS}.difference(without):
        whole = getattr(np, name)
        setattr(Array.xp, name, whole if name in PLAIN else _wrapped(Array, whole))
    return Array


@pytest.fixture(autouse=True)
def types_are_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_libraries, "_of_types", {})


# Each call for one step of 5 and one of 10, and what it gives.
CALLS: dict[str, tuple[Any, Any]] = {
    "loss": (lambda k, _: temporal_loss(k, epsilon=[1.0, 2.0], reduction="sum"), 12.0),
    "number": (lambda k, _: temporal_loss(k, epsilon=1.5, reduction="sum"), 12.0),
    "mask": (lambda k, c: temporal_loss(k, c, prob_threshold=0.5, reduction="valid_mean"), 7.5),
    "omit": (lambda k, _: temporal_loss(k, nan_policy="omit", reduction="none"), [[5.0, 10.0]]),
    "class": (lambda k, c: TemporalLoss(epsilon=1.0)(k, c, "val")[0], 6.5),
    "stages": (lambda k, c: TemporalLoss().remove_nans(TemporalLoss().compute_loss(k), c), [[5.0, 10.0]]),
    "gradient": (
        lambda k, _: temporal_loss_and_grad(k, reduction="sum")[1],
        [[-0.6, -0.8, -0.6, -0.8], [0.6, 0.8, 0.6, 0.8]],
    ),
    "norm": (lambda k, _: temporal_norm(k)[1:, :], [[5.0, 10.0]]),
    "epsilon": (lambda k, _: estimate_epsilon(k, quantile=1.0), [5.0, 10.0]),
    "count": (lambda k, c: count_valid(k, c, nan_policy="omit"), 2.0),
}
# What each of them cannot do without.
NEEDED = {
    "sqrt": {*CALLS} - {"count"},
    "astype": {*CALLS},
    "sum": {"loss", "number", "mask", "class", "gradient", "epsilon", "count"},
    "isnan": {"omit", "epsilon", "count"},
    "sort": {"epsilon"},
    "arange": {"epsilon"},
    "concat": {"gradient", "norm"},
    "full_like": {"norm", "class"},
    "asarray": {"loss"},
    **{name: set[str]() for name in ("floor", "exp", "max", "stack", "isdtype")},
}


@pytest.mark.parametrize("missing", [None, *NEEDED])
@pytest.mark.parametrize("call", CALLS)
def test_what_is_missing_is_named(call: str, missing: str | None) -> None:
    kind = _library(*[missing] if missing else [])
    keypoints, confidences = kind([[0.0, 0.0, 0.0, 0.0], [3.0, 4.0, 6.0, 8.0]]), kind([[1.0, 1.0]] * 2)
    function, expected = CALLS[call]
    if missing and call in NEEDED[missing]:
        with pytest.raises(TypeError, match=rf"\btiny\b.* lacks {missing}\(\) of the array API standard"):
            function(keypoints, confidences)
        return
    found = function(keypoints, confidences)
    assert type(found) is kind
    np.testing.assert_allclose(found.held, expected, rtol=1e-15)


def test_errors_of_others_stay_what_they_are() -> None:
    class Broken(TemporalLoss):
        def rectify_epsilon(self, loss: Any) -> Any:
            return loss.no_such_thing

    with pytest.raises(AttributeError, match="no_such_thing"):
        Broken()(_library()([[0.0, 0.0], [3.0, 4.0]]))
