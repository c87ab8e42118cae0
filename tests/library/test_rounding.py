"""TL-3.2 and TL-4: a threshold and an epsilon of any number type are rounded once, to the dtype they meet."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from conformance.bits import round_to
from temporal_loss import TemporalLoss, estimate_epsilon, temporal_loss, temporal_loss_and_grad

if TYPE_CHECKING:
    from collections.abc import Callable

    from support import Arrays

BITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}
# A little more than halfway between 1 and the next number: to nearest is up, where by way of a dtype that
# cannot hold the little more it is a tie, and goes down to 1, which is even.
LITTLE = Fraction(1, 2**60)


def _above_half(dtype: str) -> Fraction:
    return 1 + Fraction(1, 2 ** BITS[dtype]) + LITTLE


def _next(dtype: str) -> float:
    return 1 + 2.0 ** (1 - BITS[dtype])


def _long_double(number: Fraction) -> Any:
    np = pytest.importorskip("numpy", reason="numpy is not installed")
    if np.finfo(np.longdouble).nmant < 60:
        pytest.skip("long double is no longer than float64 here")
    return np.longdouble(number.numerator) / np.longdouble(number.denominator)


KINDS: dict[str, Callable[[Fraction], Any]] = {"fraction": lambda n: n, "long double": _long_double}


def test_the_numbers_of_these_tests_are_those_that_two_roundings_get_wrong() -> None:
    for dtype in ("float16", "bfloat16", "float32"):
        number = _above_half(dtype)
        assert float(number) == 1 + 2.0 ** -BITS[dtype]
        assert (round_to(number, dtype), round_to(float(number), dtype)) == (_next(dtype), 1.0)
    for dtype in ("float16", "bfloat16"):
        assert round_to(round_to(_above_half(dtype), "float32"), dtype) == 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_a_threshold(arrays: Arrays, dtype: str, kind: str) -> None:
    if dtype == "float64":
        pytest.skip("nothing is wider than float64 to round to it by way of")
    threshold = KINDS[kind](_above_half(dtype))
    keypoints = arrays.make([[0, 0, 0, 0], [3, 4, 6, 8]])
    confidences = arrays.make([[1, _next(dtype)], [_next(dtype)] * 2], dtype)
    options = {"prob_threshold": threshold}
    assert arrays.read(temporal_loss(keypoints, confidences, reduction="sum", **options)) == 10.0
    assert arrays.read(temporal_loss_and_grad(keypoints, confidences, reduction="sum", **options)[0]) == 10.0
    loss = TemporalLoss(**options)
    assert arrays.read(loss(keypoints, confidences)[0]) == 5.0
    assert arrays.read(loss.remove_nans(loss.compute_loss(keypoints), confidences)) == [[0.0, 10.0]]
    found = arrays.read(estimate_epsilon(keypoints, confidences, quantile=1.0, **options))
    assert math.isnan(found[0])
    assert found[1] == 10.0


@pytest.mark.parametrize("form", ["number", "list"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_epsilon(arrays: Arrays, dtype: str, kind: str, form: str) -> None:
    number = KINDS[kind](_above_half("float32"))
    epsilon = [number] if form == "list" else number
    # Epsilon meets entries of float64 or float32; from 2, in both dtypes what is left is exact.
    exact = Fraction(2) - Fraction(round_to(_above_half("float32"), _result(dtype)))
    keypoints = arrays.make([[[0.0]], [[2.0]]], dtype)
    assert Fraction(arrays.read(temporal_loss(keypoints, epsilon=epsilon))) == exact
    assert Fraction(arrays.read(temporal_loss_and_grad(keypoints, epsilon=epsilon)[0])) == exact
    loss = TemporalLoss(epsilon=epsilon)
    assert Fraction(arrays.read(loss(keypoints)[0])) == exact
    assert Fraction(arrays.read(loss.rectify_epsilon(loss.compute_loss(keypoints)))[0][0]) == exact


def _result(dtype: str) -> str:
    return "float64" if dtype == "float64" else "float32"


# As above, as whole numbers: 2**60 + 2**36 + 1 goes to the next float32, 2**60 + 2**37.
HUGE = 2**60 + 2**36 + 1


@pytest.mark.parametrize("form", ["number", "list"])
def test_an_epsilon_beyond_what_float64_counts(arrays: Arrays, full_dtype: str, form: str) -> None:
    left = 2**61 - int(round_to(HUGE, full_dtype))
    assert left == {"float32": 2**60 - 2**37, "float64": 2**60 - 2**36}[full_dtype]
    keypoints = arrays.make([[[0.0]], [[2.0**61]]], full_dtype)
    found = temporal_loss(keypoints, epsilon=[HUGE] if form == "list" else HUGE)
    assert arrays.read(found) == left


@pytest.mark.parametrize("sign", [1, -1])
def test_a_threshold_beyond_what_float64_counts(arrays: Arrays, full_dtype: str, sign: int) -> None:
    # The dtype's own number is kept, the one below it is not.
    due = int(round_to(HUGE, full_dtype))
    below = due - 2**37 if full_dtype == "float32" else due - 2**8
    if sign < 0:
        below = due + 2**37 if full_dtype == "float32" else due + 2**8
    confidences = arrays.make([[sign * due, sign * below]] * 2, full_dtype)
    keypoints = arrays.make([[0, 0, 0, 0], [3, 4, 6, 8]])
    found = temporal_loss(keypoints, confidences, prob_threshold=sign * HUGE, reduction="none")
    assert arrays.read(found) == [[5.0, 0.0]]


def test_integers_beyond_any_dtype(arrays: Arrays) -> None:
    # Floats have them, float32 does not: every finite step is free, every confidence below.
    keypoints, confidences = arrays.make([[0, 0], [3, 4]]), arrays.make([[1], [1]])
    for epsilon in (10**300, [10**300], Fraction(10**300, 7)):
        assert arrays.read(temporal_loss(keypoints, epsilon=epsilon)) == 0.0
    thresholds: Any = ((10**300, 0.0), (-(10**300), 5.0), (Fraction(-(10**300), 7), 5.0))
    for threshold, kept in thresholds:
        assert arrays.read(temporal_loss(keypoints, confidences, prob_threshold=threshold)) == kept


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_what_is_equal_is_rounded_alike(dtype: str) -> None:
    from temporal_loss._rounding import rounded  # noqa: PLC0415 - it is kept by value, whatever the type

    for first, second in ((0.5, Fraction(1, 2)), (1, True), (3, 3.0), (Fraction(2**60), 2.0**60)):
        assert rounded(first, dtype) == rounded(second, dtype) == round_to(Fraction(first), dtype)
