"""TL-8: value and gradient by hand, on libraries that differentiate and on those that do not."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from support import NAN, near

from conformance.bits import round_to
from temporal_loss import temporal_loss_and_grad

from . import worked

if TYPE_CHECKING:
    from support import Arrays

INF, NOT = math.inf, math.nan
REDUCTIONS = ("sum", "mean", "valid_mean")


# By hand ------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_the_worked_example(arrays: Arrays, reduction: str) -> None:
    found = worked.loss_and_grad(*worked.given(arrays), reduction=reduction)
    assert worked.read_both(arrays, found) == (worked.expected(reduction), worked.gradient(reduction))


def test_nan_in_the_open(arrays: Arrays) -> None:
    keypoints, _, segment_ids = worked.given(arrays)
    found = worked.loss_and_grad(keypoints, None, segment_ids)
    assert worked.read_both(arrays, found) == (NAN, worked.unmasked_gradient())


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_the_worked_example_in_each_layout(arrays: Arrays, reduction: str) -> None:
    confidences, segment_ids = worked.CONFIDENCES, worked.SEGMENT_IDS
    keypoints: list[Any] = worked.KEYPOINTS
    spatial = [[frame[:2], frame[2:]] for frame in keypoints]
    rows = [[row[:2], row[2:]] for row in worked.gradient(reduction)]
    found = worked.loss_and_grad(
        arrays.make(spatial),
        arrays.make(confidences),
        arrays.make(segment_ids, "int32"),
        reduction=reduction,
    )
    assert worked.read_both(arrays, found) == (worked.expected(reduction), rows)
    # A batch of it beside one at rest: twice the transitions, of which none more is masked.
    found = worked.loss_and_grad(
        arrays.make([spatial, [[[7, 9], [7, 9]]] * 5]),
        arrays.make([confidences, [[1, 1]] * 5]),
        arrays.make([segment_ids, [0] * 3 + [1] * 2], "int32"),
        reduction=reduction,
    )
    count = {"sum": 1, "mean": 12, "valid_mean": 11}[reduction]
    x, y = near(0.6 / count), near(0.8 / count)
    back = [near(-0.6 / count), near(-0.8 / count)]
    still = [[0.0, 0.0]] * 2
    expected = [[[back, back], [[x, y], [x, y]], still, still, still], [still] * 5]
    assert worked.read_both(arrays, found) == (near(12 / count), expected)


@pytest.mark.parametrize("step", [(-7,), (5, -12), (2, 3, 6)], ids=["1", "2", "3"])
def test_one_to_three_coordinates(arrays: Arrays, dtype: str, step: tuple[int, ...]) -> None:
    length = math.isqrt(sum(s * s for s in step))
    still, moved = [9] * len(step), [9 + s for s in step]
    found = temporal_loss_and_grad(arrays.make([[still, still], [still, moved]], dtype))
    rel = 2**-8 if dtype in {"float16", "bfloat16"} else 2**-20
    unit = [near(s / length / 2, rel) for s in step]
    back = [near(-s / length / 2, rel) for s in step]
    none = [0.0] * len(step)
    assert worked.read_both(arrays, found) == (length / 2, [[none, back], [none, unit]])


def test_a_frame_between_two_steps_is_pulled_by_both(arrays: Arrays, dtype: str) -> None:
    # Unit vectors are signs: 1 and -1 over four entries; where they meet, they add up.
    keypoints = arrays.make([[[0], [0]], [[4], [2]], [[1], [8]]], dtype)
    expected = [[[-0.25], [-0.25]], [[0.5], [0.0]], [[-0.25], [0.25]]]
    assert worked.read_both(arrays, temporal_loss_and_grad(keypoints)) == (3.75, expected)


@pytest.mark.parametrize(("reduction", "unit"), [("mean", 0.25), ("sum", 1.0), ("valid_mean", 0.5)])
def test_the_divisor(arrays: Arrays, reduction: str, unit: float) -> None:
    # Of four entries two are masked: those from and to frame 1 of keypoint 0.
    keypoints = arrays.make([[[0], [0]], [[4], [2]], [[1], [8]]])
    confidences = arrays.make([[1, 1], [0.25, 1], [1, 1]])
    found = temporal_loss_and_grad(keypoints, confidences, prob_threshold=0.5, reduction=reduction)
    expected = [[[0.0], [-unit]], [[0.0], [0.0]], [[0.0], [unit]]]
    assert worked.read_both(arrays, found) == (8 * unit, expected)


@pytest.mark.parametrize("form", ["list", "array", "tuple"])
def test_an_epsilon_for_each_keypoint(arrays: Arrays, dtype: str, form: str) -> None:
    # Above, at and below: the first alone is pulled, by a whole unit and not by what is left of it.
    numbers = [1.0, 4.0, 9.0]
    epsilon: Any = {"list": numbers, "tuple": tuple(numbers), "array": arrays.make(numbers, dtype)}[form]
    keypoints = arrays.make([[[0], [0], [0]], [[4], [4], [-4]]], dtype)
    found = temporal_loss_and_grad(keypoints, epsilon=epsilon, reduction="sum")
    assert worked.read_both(arrays, found) == (3.0, [[[-1.0], [0.0], [0.0]], [[1.0], [0.0], [0.0]]])


def test_omitted_nan(arrays: Arrays, dtype: str) -> None:
    keypoints = arrays.make([[[0], [0]], [[2], [NOT]], [[NOT], [5]], [[1], [8]], [[4], [8]]], dtype)
    found = temporal_loss_and_grad(keypoints, nan_policy="omit", reduction="valid_mean")
    # Kept: 2 and 3 of the first, 3 and 0 of the second.
    expected = [
        [[-0.25], [0.0]],
        [[0.25], [0.0]],
        [[0.0], [-0.25]],
        [[-0.25], [0.25]],
        [[0.25], [0.0]],
    ]
    assert worked.read_both(arrays, found) == (2.0, expected)


def test_a_keypoint_that_is_masked_and_far_off(arrays: Arrays) -> None:
    # Beside steps of 2, which keep their gradient to the bit.
    for bad in (NOT, INF, -INF, 1e18):
        keypoints = arrays.make([[[0]], [[2]], [[bad]], [[-bad]], [[7]], [[9]]])
        confidences = arrays.make([[1], [1], [0.25], [0.25], [1], [1]])
        found = temporal_loss_and_grad(keypoints, confidences, prob_threshold=0.5, reduction="sum")
        assert worked.read_both(arrays, found) == (
            4.0,
            [[[-1.0]], [[1.0]], [[0.0]], [[0.0]], [[-1.0]], [[1.0]]],
        )


def test_unmasked_nan_stays_with_the_frames_it_touches(arrays: Arrays) -> None:
    # Keypoint 0 is missing in frame 1: its steps from 0 and to 2 are NaN, the step to 3 is not.
    track = [[[0, 0]] * 2, [[NOT, 1], [2, 0]], [[1, 0], [4, 0]], [[3, 0], [6, 0]], [[5, 0], [8, 0]]]
    loss, gradient = worked.read_both(
        arrays, temporal_loss_and_grad(arrays.make(track), epsilon=1.0, reduction="sum")
    )
    assert loss == NAN
    # In both coordinates, since the length of the step is.
    assert [row[0] for row in gradient] == [[NAN, NAN]] * 3 + [[0.0, 0.0], [1.0, 0.0]]
    assert [row[1] for row in gradient] == [[-1.0, 0.0]] + [[0.0, 0.0]] * 3 + [[1.0, 0.0]]


def test_a_mean_over_nothing(arrays: Arrays) -> None:
    keypoints = arrays.make([[0, 0], [NOT, 4], [6, INF]])
    none_sure, apart = arrays.make([[0], [0], [0]]), arrays.make([0, 1, 2], "int32")
    nothing: list[dict[str, Any]] = [
        {"confidences": none_sure, "prob_threshold": 0.5, "reduction": "valid_mean"},
        {"segment_ids": apart, "reduction": "mean"},
        {"segment_ids": apart, "reduction": "valid_mean"},
    ]
    for options in nothing:
        assert worked.read_both(arrays, temporal_loss_and_grad(keypoints, **options)) == (
            0.0,
            [[0.0, 0.0]] * 3,
        )


def test_an_empty_batch(arrays: Arrays) -> None:
    loss, gradient = temporal_loss_and_grad(arrays.zeros((0, 3, 2, 2)))
    assert arrays.read(loss) == 0.0
    assert tuple(gradient.shape) == (0, 3, 2, 2)


@pytest.mark.parametrize("exponent", [-60, 60])
def test_the_unit_vector_of_tiny_and_huge_steps(arrays: Arrays, exponent: int) -> None:
    keypoints = arrays.make([[0, 0], [math.ldexp(3, exponent), math.ldexp(4, exponent)]])
    loss, gradient = worked.read_both(arrays, temporal_loss_and_grad(keypoints))
    assert loss == near(math.ldexp(5, exponent))
    assert gradient == [[near(-0.6), near(-0.8)], [near(0.6), near(0.8)]]


# dtypes and places --------------------------------------------------------------------------


def test_dtypes_and_shapes(arrays: Arrays, dtype: str) -> None:
    loss, gradient = worked.loss_and_grad(*worked.given(arrays, dtype), reduction="mean")
    assert arrays.dtype_of(loss) == ("float64" if dtype == "float64" else "float32")
    assert (arrays.dtype_of(gradient), tuple(gradient.shape)) == (dtype, (5, 4))
    assert arrays.read(loss) == near(2.0)


@pytest.mark.parametrize("keypoints", [3, 7, 11])
def test_half_precision_is_rounded_once(arrays: Arrays, half_dtype: str, keypoints: int) -> None:
    # Each in the middle takes a step there and one on: (-u + v) / 2K in float32, and only then rounded.
    track = [[[0, 0]] * keypoints, [[3, 4]] * keypoints, [[8, 16]] * keypoints]
    _, gradient = temporal_loss_and_grad(arrays.make(track, half_dtype))
    expected = [
        [round_to(Fraction(slope, 65 * 2 * keypoints), half_dtype) for slope in frame]
        for frame in ((-39, -52), (39 - 25, 52 - 60), (25, 60))
    ]
    assert arrays.read(gradient) == [[row] * keypoints for row in expected]


def test_the_device(arrays: Arrays) -> None:
    for device in arrays.backend.devices():
        keypoints = arrays.make(worked.KEYPOINTS, device=device)
        for array in temporal_loss_and_grad(keypoints, epsilon=[1.0, 2.0], nan_policy="omit"):
            assert arrays.backend.device_name(array) == device


def test_no_input_is_modified_nor_returned(arrays: Arrays) -> None:
    given = worked.given(arrays)
    before = [arrays.bytes_of(array) for array in given]
    _, gradient = worked.loss_and_grad(*given)
    assert gradient is not given[0]
    assert [arrays.bytes_of(array) for array in given] == before
