"""TL-3.2 and TL-4: every form of epsilon and threshold, each rounded once to the dtype that it meets."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from conformance.bits import round_to
from temporal_loss import TemporalLoss, estimate_epsilon, temporal_loss, temporal_loss_and_grad
from temporal_loss._rounding import rounded

if TYPE_CHECKING:
    from collections.abc import Callable

    from support import Arrays

# Steps of 5 and 10, then 0 and 1.
PATH = [[0, 0, 0, 0], [3, 4, 6, 8], [3, 4, 6, 9]]


def _result(dtype: str) -> str:
    return "float64" if dtype == "float64" else "float32"


# Forms --------------------------------------------------------------------------------------

FORMS: dict[str, Callable[[Arrays], Any]] = {
    "list": lambda _: [1.0, 4.0],
    "tuple": lambda _: (1.0, 4.0),
    "fractions": lambda _: [Fraction(1), Fraction(4)],
    "range": lambda _: range(1, 5, 3),
    "array": lambda arrays: arrays.make([1, 4]),
}


@pytest.mark.parametrize("form", FORMS)
def test_one_epsilon_per_keypoint(arrays: Arrays, form: str) -> None:
    epsilon = FORMS[form](arrays)
    assert arrays.read(temporal_loss(arrays.make(PATH), epsilon=epsilon, reduction="none")) == [
        [4, 6],
        [0, 0],
    ]
    batch = arrays.make([[[[0, 0], [0, 0]], [[3, 4], [6, 8]]], [[[0, 0], [0, 0]], [[6, 8], [3, 4]]]])
    found = temporal_loss(batch, epsilon=epsilon, reduction="none")
    assert arrays.read(found) == [[[4.0, 6.0]], [[9.0, 1.0]]]


def test_an_epsilon_array_of_any_real_dtype(arrays: Arrays, real_dtype: str) -> None:
    for epsilon, expected in (([1, 4], [[4.0, 6.0], [0.0, 0.0]]), (2, [[3.0, 8.0], [0.0, 0.0]])):
        found = temporal_loss(arrays.make(PATH), epsilon=arrays.make(epsilon, real_dtype), reduction="none")
        assert (arrays.read(found), arrays.dtype_of(found)) == (expected, "float32")


@pytest.mark.parametrize("element", [math.nan, math.inf, -2.0])
def test_a_masked_entry_is_0_whatever_an_epsilon_array_holds(arrays: Arrays, element: float) -> None:
    keypoints = arrays.make([[0, 0, 0, 0], [0, 10, 3, 4], [0, 10, math.nan, 9]])
    confidences = arrays.make([[1, 0], [1, 0], [1, 0]])
    epsilon = arrays.make([1, element])
    options: dict[str, Any] = {"epsilon": epsilon, "prob_threshold": 0.5}
    found = temporal_loss(keypoints, confidences, reduction="none", **options)
    assert arrays.read(found) == [[9.0, 0.0], [0.0, 0.0]]
    loss, gradient = temporal_loss_and_grad(keypoints, confidences, reduction="sum", **options)
    assert arrays.read(loss) == 9.0
    assert arrays.read(gradient) == [[0, -1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    # As in a recording in which the second keypoint is never seen.
    absent = arrays.make([[0, 0, math.nan, 0], [0, 10, math.nan, 0]])
    omitted: dict[str, Any] = {"epsilon": epsilon, "nan_policy": "omit"}
    assert arrays.read(temporal_loss(absent, reduction="sum", **omitted)) == 9.0
    both = temporal_loss(absent, segment_ids=arrays.make([0, 1], "int32"), reduction="sum", **omitted)
    assert arrays.read(both) == 0.0
    suggested = estimate_epsilon(absent, quantile=0.0)
    assert arrays.read(temporal_loss(absent, epsilon=suggested, nan_policy="omit")) == 0.0


def test_a_number_of_numpy_is_a_number(arrays: Arrays) -> None:
    np = pytest.importorskip("numpy", reason="numpy is not installed")
    for number in (np.float64(2), np.float16(2), np.int64(2), np.uint8(2)):
        for epsilon in (number, [number, number]):
            found = temporal_loss(arrays.make(PATH), epsilon=epsilon, reduction="none")
            assert arrays.read(found) == [[3.0, 8.0], [0.0, 0.0]]


# Rounding -----------------------------------------------------------------------------------

BITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}


def _above_half(dtype: str) -> Fraction:
    """Give a number a little more than halfway between 1 and the next one of a dtype.

    To nearest is up, where by way of a dtype that cannot hold the little more it is a tie, and goes
    down to 1, which is even.
    """
    return 1 + Fraction(1, 2 ** BITS[dtype]) + Fraction(1, 2**60)


def _next(dtype: str) -> float:
    return 1 + 2.0 ** (1 - BITS[dtype])


def _long_double(number: Fraction) -> Any:
    np = pytest.importorskip("numpy", reason="numpy is not installed")
    if np.finfo(np.longdouble).nmant < 60:
        pytest.skip("long double is no longer than float64 here")
    return np.longdouble(number.numerator) / np.longdouble(number.denominator)


KINDS: dict[str, Callable[[Fraction], Any]] = {"fraction": lambda n: n, "long double": _long_double}


@pytest.mark.parametrize("kind", KINDS)
def test_a_threshold(arrays: Arrays, dtype: str, kind: str) -> None:
    if dtype == "float64":
        pytest.skip("nothing is wider than float64 to round to it by way of")
    options = {"prob_threshold": KINDS[kind](_above_half(dtype))}
    keypoints = arrays.make([[0, 0, 0, 0], [3, 4, 6, 8]])
    confidences = arrays.make([[1, _next(dtype)], [_next(dtype)] * 2], dtype)
    loss = TemporalLoss(**options)
    assert arrays.read(temporal_loss(keypoints, confidences, **options)) == 5.0
    assert arrays.read(temporal_loss_and_grad(keypoints, confidences, **options)[0]) == 5.0
    assert arrays.read(loss(keypoints, confidences)[0]) == 5.0
    assert arrays.read(loss.remove_nans(loss.compute_loss(keypoints), confidences)) == [[0.0, 10.0]]
    found = arrays.read(estimate_epsilon(keypoints, confidences, quantile=1.0, **options))
    assert (math.isnan(found[0]), found[1]) == (True, 10.0)


@pytest.mark.parametrize("form", ["number", "list"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_epsilon(arrays: Arrays, full_dtype: str, kind: str, form: str) -> None:
    number = KINDS[kind](_above_half("float32"))
    epsilon = [number] if form == "list" else number
    # From 2, in both dtypes what is left is exact.
    exact = Fraction(2) - Fraction(round_to(_above_half("float32"), full_dtype))
    keypoints = arrays.make([[[0.0]], [[2.0]]], full_dtype)
    loss = TemporalLoss(epsilon=epsilon)
    assert [
        Fraction(arrays.read(temporal_loss(keypoints, epsilon=epsilon))),
        Fraction(arrays.read(temporal_loss_and_grad(keypoints, epsilon=epsilon)[0])),
        Fraction(arrays.read(loss(keypoints)[0])),
        Fraction(arrays.read(loss.rectify_epsilon(loss.compute_loss(keypoints)))[0][0]),
    ] == [exact] * 4


# As above, as whole numbers: this goes to the next float32, 2**60 + 2**37.
HUGE = 2**60 + 2**36 + 1


@pytest.mark.parametrize("form", ["number", "list"])
def test_an_epsilon_beyond_what_float64_counts(arrays: Arrays, full_dtype: str, form: str) -> None:
    left = {"float32": 2**60 - 2**37, "float64": 2**60 - 2**36}[full_dtype]
    keypoints = arrays.make([[[0.0]], [[2.0**61]]], full_dtype)
    found = temporal_loss(keypoints, epsilon=[HUGE] if form == "list" else HUGE)
    assert arrays.read(found) == left


def test_numbers_beyond_the_dtype(arrays: Arrays) -> None:
    # Every finite step is free, and every confidence is below, or none.
    keypoints, confidences = arrays.make([[0, 0], [3, 4]]), arrays.make([[1], [-math.inf]])
    for epsilon in (1e39, [1e39], 10**300, [10**300], Fraction(10**300, 7)):
        assert arrays.read(temporal_loss(keypoints, epsilon=epsilon)) == 0.0
    high: list[Any] = [math.inf, 10**300, 1e39]
    low: list[Any] = [-math.inf, -(10**300), -1e300, Fraction(-(10**300), 7)]
    for threshold in high + low:
        found = temporal_loss(keypoints, confidences, prob_threshold=threshold)
        assert arrays.read(found) == 5.0 * (threshold in low)


@pytest.mark.parametrize(
    ("part", "rounds_to"), [(0.25, 0), (0.5, 0), (0.75, 1), (1.25, 1), (1.5, 2), (2.5, 2)]
)
def test_numbers_smaller_than_the_normal_ones_are_rounded_too(part: float, rounds_to: int) -> None:
    for dtype, smallest in (("float16", 2.0**-24), ("bfloat16", 2.0**-133), ("float32", 2.0**-149)):
        assert rounded(part * smallest, dtype) == rounds_to * smallest
        assert rounded(-part * smallest, dtype) == -rounds_to * smallest


def test_numbers_are_kept_by_value_and_dtype() -> None:
    # Each of them is the next number of its dtype.
    number = 1 + 2**-9
    found = [rounded(n, d) for n in (number, Fraction(number)) for d in ("bfloat16", "float16", "float32")]
    assert found == [1.0, number, number] * 2


# One object, one after the other ------------------------------------------------------------


def test_one_list_serves_every_dtype_in_turn(arrays: Arrays) -> None:
    # What was rounded for one dtype must not be met by another.
    loss = TemporalLoss(epsilon=[0.1])
    for dtype in ("float32", "float64", "float16", "float64", "float32"):
        if arrays.has(dtype):
            result = _result(dtype)
            found = loss(arrays.make([[[0.0]], [[8.0]]], dtype))[0]
            expected = round_to(Fraction(8) - Fraction(round_to(0.1, result)), result)
            assert (arrays.read(found), arrays.dtype_of(found)) == (expected, result)


def test_a_list_changed_between_calls_takes_effect(arrays: Arrays) -> None:
    epsilon = [1.0, 4.0]
    loss = TemporalLoss(epsilon=epsilon)
    for second, expected in ((4.0, 10 / 4), (5.0, 9 / 4)):
        epsilon[1] = second
        assert arrays.read(loss(arrays.make(PATH))[0]) == expected


# Trained ------------------------------------------------------------------------------------


# Entries 5 and 10, 0 and 1 over four; the tie is not above.
@pytest.mark.parametrize(
    ("epsilon", "slope"),
    [([1, 2], [-0.25, -0.25]), ([5, 0], [0.0, -0.5]), (0.5, -0.75), ([0, 0], [-0.25, -0.5])],
)
def test_the_gradient_by_epsilon(autodiff: Arrays, full_dtype: str, epsilon: Any, slope: Any) -> None:
    keypoints = autodiff.make(PATH, full_dtype)
    found = autodiff.gradient(
        lambda e: temporal_loss(keypoints, epsilon=e), autodiff.make(epsilon, full_dtype)
    )
    assert found == slope


def test_the_gradient_by_epsilon_where_masked(autodiff: Arrays) -> None:
    keypoints, sure = autodiff.make([[0, 0, math.nan, 0], [3, 4, 6, 8]]), autodiff.make([[1, 0.25], [1, 1]])
    loss = TemporalLoss(prob_threshold=0.5)

    def by_epsilon(epsilon: Any) -> Any:
        loss.epsilon = epsilon
        return loss(keypoints, sure)[0]

    assert autodiff.gradient(by_epsilon, autodiff.make([1, 1])) == [-0.5, 0.0]


def test_confidences_have_no_gradient(autodiff: Arrays) -> None:
    keypoints = autodiff.make([[[0], [0]], [[4], [2]]])

    def by_both(confidences: Any) -> Any:
        masked = temporal_loss(keypoints, confidences, prob_threshold=0.5, reduction="sum")
        return masked + confidences.sum()

    found = autodiff.loss_and_gradient(by_both, autodiff.make([[1, 1], [0.25, 1]]))
    assert (autodiff.read(found[0]), autodiff.read(found[1])) == (2.0 + 3.25, [[1.0, 1.0], [1.0, 1.0]])
