"""TL-4: the soft threshold, and every form that epsilon may have."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from conformance.bits import round_to
from temporal_loss import TemporalLoss, temporal_loss

if TYPE_CHECKING:
    from collections.abc import Callable

    from support import Arrays

# Steps of 5 and 10, then 0 and 1.
PATH = [[0, 0, 0, 0], [3, 4, 6, 8], [3, 4, 6, 9]]


def test_epsilon_is_taken_off_not_only_compared_with(arrays: Arrays, dtype: str) -> None:
    found = temporal_loss(arrays.make(PATH, dtype), epsilon=2.0, reduction="none")
    assert arrays.read(found) == [[3.0, 8.0], [0.0, 0.0]]


def test_a_step_of_exactly_epsilon_is_free(arrays: Arrays, dtype: str) -> None:
    found = temporal_loss(arrays.make(PATH, dtype), epsilon=5, reduction="none")
    assert arrays.read(found) == [[0.0, 5.0], [0.0, 0.0]]


def test_the_mask_comes_before_epsilon(arrays: Arrays) -> None:
    # The other way round a masked entry would be the same 0; with NaN under it, it would not.
    keypoints = arrays.make([[0, 0, math.nan, 0], [3, 4, 6, 8]])
    confidences = arrays.make([[1, 0.25], [1, 1]])
    found = temporal_loss(keypoints, confidences, prob_threshold=0.5, epsilon=1.0, reduction="none")
    assert arrays.read(found) == [[4.0, 0.0]]


FORMS: dict[str, Callable[[Arrays], Any]] = {
    "list": lambda _: [1.0, 4.0],
    "tuple": lambda _: (1.0, 4.0),
    "integers": lambda _: [1, 4],
    "fractions": lambda _: [Fraction(1), Fraction(4)],
    "range": lambda _: range(1, 5, 3),
    "array": lambda arrays: arrays.make([1, 4]),
    "integer array": lambda arrays: arrays.make([1, 4], "int32"),
}


@pytest.mark.parametrize("form", FORMS)
def test_one_epsilon_per_keypoint(arrays: Arrays, dtype: str, form: str) -> None:
    # As many steps as keypoints: an epsilon laid along time would give 4, 9, 0, 0.
    found = temporal_loss(arrays.make(PATH, dtype), epsilon=FORMS[form](arrays), reduction="none")
    assert arrays.read(found) == [[4.0, 6.0], [0.0, 0.0]]


def test_an_epsilon_array_of_any_real_dtype(arrays: Arrays, real_dtype: str) -> None:
    for epsilon, expected in (([1, 4], [[4.0, 6.0], [0.0, 0.0]]), (2, [[3.0, 8.0], [0.0, 0.0]])):
        found = temporal_loss(arrays.make(PATH), epsilon=arrays.make(epsilon, real_dtype), reduction="none")
        assert arrays.read(found) == expected
        assert arrays.dtype_of(found) == "float32"


@pytest.mark.parametrize("form", FORMS)
def test_one_epsilon_per_keypoint_in_a_batch(arrays: Arrays, form: str) -> None:
    batch = [[[[0, 0], [0, 0]], [[3, 4], [6, 8]]], [[[0, 0], [0, 0]], [[6, 8], [3, 4]]]]
    found = temporal_loss(arrays.make(batch), epsilon=FORMS[form](arrays), reduction="none")
    assert arrays.read(found) == [[[4.0, 6.0]], [[9.0, 1.0]]]


def test_an_array_without_axes_is_one_epsilon_for_all(arrays: Arrays, dtype: str) -> None:
    found = temporal_loss(arrays.make(PATH, dtype), epsilon=arrays.make(2, dtype), reduction="none")
    assert arrays.read(found) == [[3.0, 8.0], [0.0, 0.0]]


@pytest.mark.parametrize("epsilon", [0.1, 0.7, 1 / 3, 2.3])
def test_epsilon_is_rounded_once_to_the_result_dtype(arrays: Arrays, dtype: str, epsilon: float) -> None:
    # Not to half precision for half keypoints, and not by way of float32 for float64 keypoints.
    result = "float64" if dtype == "float64" else "float32"
    exact = Fraction(8) - Fraction(round_to(epsilon, result))
    keypoints = arrays.make([[[0.0]], [[8.0]]], dtype)
    for form in (epsilon, [epsilon]):
        found = temporal_loss(keypoints, epsilon=form, reduction="none")
        assert arrays.read(found) == [[round_to(exact, result)]]


def test_a_number_and_a_list_of_it_agree_where_rounding_is_a_tie(arrays: Arrays) -> None:
    # Halfway between two float32: to even means down here, where rounding twice or up gives 0.
    epsilon = 8 + 2**-21
    keypoints = arrays.make([[[0.0]], [[8 + 2**-20]]])
    for form in (epsilon, [epsilon]):
        assert arrays.read(temporal_loss(keypoints, epsilon=form)) == 2**-20


@pytest.mark.parametrize("form", [1e39, [1e39]], ids=["number", "list"])
def test_an_epsilon_beyond_the_dtype_frees_every_finite_step(arrays: Arrays, form: Any) -> None:
    assert arrays.read(temporal_loss(arrays.make([[0, 0], [3, 4]]), epsilon=form)) == 0.0


def test_a_number_of_numpy_is_a_number(arrays: Arrays) -> None:
    np = pytest.importorskip("numpy", reason="numpy is not installed")
    for number in (np.float64(2), np.float32(2), np.float16(2), np.int64(2), np.uint8(2)):
        for epsilon in (number, [number, number]):
            found = temporal_loss(arrays.make(PATH), epsilon=epsilon, reduction="none")
            assert arrays.read(found) == [[3.0, 8.0], [0.0, 0.0]]


def test_negative_zero_is_an_epsilon(arrays: Arrays) -> None:
    for form in (-0.0, [-0.0, -0.0]):
        assert arrays.read(temporal_loss(arrays.make(PATH), epsilon=form, reduction="sum")) == 16.0


def test_a_list_changed_between_calls_takes_effect(arrays: Arrays) -> None:
    epsilon = [1.0, 4.0]
    loss = TemporalLoss(epsilon=epsilon)
    keypoints = arrays.make(PATH)
    assert arrays.read(loss(keypoints)[0]) == 10 / 4
    epsilon[1] = 5.0
    assert arrays.read(loss(keypoints)[0]) == 9 / 4


def test_one_list_serves_every_dtype_in_turn(arrays: Arrays) -> None:
    # What was rounded for one dtype must not be met by another.
    loss = TemporalLoss(epsilon=[0.1])
    for dtype in ("float32", "float64", "float16", "float64", "float32"):
        if arrays.has(dtype):
            result = "float64" if dtype == "float64" else "float32"
            found = loss(arrays.make([[[0.0]], [[8.0]]], dtype))[0]
            expected = round_to(Fraction(8) - Fraction(round_to(0.1, result)), result)
            assert (arrays.read(found), arrays.dtype_of(found)) == (expected, result)
