"""`temporal_norm` and `estimate_epsilon`."""

from __future__ import annotations

import math
import struct
from fractions import Fraction
from typing import TYPE_CHECKING

import array_api_compat
import pytest
from support import NAN, near

from temporal_loss import estimate_epsilon, temporal_norm

if TYPE_CHECKING:
    from support import Arrays

NOT = math.nan


def _track(*steps: float) -> list[list[list[float]]]:
    """One keypoint on a line, which takes these steps."""
    place, frames = 0.0, [[[0.0]]]
    for step in steps:
        place += step
        frames.append([[place]])
    return frames


def test_the_norm_has_no_step_into_the_first_frame(arrays: Arrays, dtype: str) -> None:
    keypoints = arrays.make([[0, 0, 0, 0], [3, 4, 5, 12], [3, 4, 5, 13]], dtype)
    assert arrays.read(temporal_norm(keypoints)) == [[NAN, NAN], [5.0, 13.0], [0.0, 1.0]]


def test_the_norm_of_a_batch(arrays: Arrays) -> None:
    keypoints = arrays.make([[[[0, 0, 0]], [[2, 3, 6]]], [[[9, 9, 9]], [[9, 9, 9]]]])
    assert arrays.read(temporal_norm(keypoints)) == [[[NAN], [7.0]], [[NAN], [0.0]]]


def test_the_norm_of_nan_is_nan(arrays: Arrays) -> None:
    keypoints = arrays.make([[0, 0, 1, 1], [NOT, 4, 1, 2], [3, 4, 1, 2]])
    assert arrays.read(temporal_norm(keypoints)) == [[NAN, NAN], [NAN, 1.0], [NAN, 0.0]]


@pytest.mark.parametrize(
    ("quantile", "expected"),
    # Ordered: 1, 2, 4, 8, 16.
    [(0.0, 1.0), (0.25, 2.0), (0.5, 4.0), (0.625, 6.0), (0.75, 8.0), (1.0, 16.0), (1, 16.0)],
)
def test_a_quantile_of_the_steps(arrays: Arrays, quantile: float, expected: float) -> None:
    keypoints = arrays.make(_track(8, -2, 1, -16, 4))
    assert arrays.read(estimate_epsilon(keypoints, quantile=quantile)) == [expected]


def test_the_default_is_nearly_the_largest(arrays: Arrays, dtype: str) -> None:
    # Steps 0 to 100, one of each: 0.99 of the way is 99. The numbers stay small by going to and fro.
    steps = [step * (-1) ** step for step in range(101)]
    assert arrays.read(estimate_epsilon(arrays.make(_track(*steps), dtype))) == [near(99.0)]


def test_each_keypoint_for_itself(arrays: Arrays) -> None:
    keypoints = arrays.make([[0, 0, 0, 0], [3, 4, 0, 0], [3, 4, 0, 1]])
    assert arrays.read(estimate_epsilon(keypoints, quantile=1.0)) == [5.0, 1.0]
    assert arrays.read(estimate_epsilon(keypoints, quantile=0.5)) == [2.5, 0.5]


def test_sequences_of_a_batch_are_pooled_but_not_joined(arrays: Arrays) -> None:
    keypoints = arrays.make([[[_track(1, 1)], [_track(3, 3)]]][0][0] + [[[[100.0]], [[103.0]], [[106.0]]]])
    # Joined, there would be a step of 98.
    assert arrays.read(estimate_epsilon(keypoints, quantile=1.0)) == [3.0]
    assert arrays.read(estimate_epsilon(keypoints, quantile=0.5)) == [2.0]


def test_steps_of_low_confidence_are_left_out(arrays: Arrays) -> None:
    keypoints = arrays.make(_track(1, 2, 50, 70, 4))
    confidences = arrays.make([[1], [1], [1], [0.25], [1], [1]])
    # Frame 3 takes 50 and 70 away.
    found = [
        arrays.read(estimate_epsilon(keypoints, confidences, prob_threshold=0.5, quantile=q))[0]
        for q in (0.0, 0.25, 0.5, 1.0)
    ]
    assert found == [1.0, 1.5, 2.0, 4.0]
    assert arrays.read(estimate_epsilon(keypoints, confidences, quantile=1.0)) == [70.0]


def test_confidence_equal_to_the_threshold_is_kept(arrays: Arrays, dtype: str) -> None:
    keypoints = arrays.make(_track(1, 2), dtype)
    sure = arrays.make([[0.5], [0.5], [0.25]], dtype)
    assert arrays.read(estimate_epsilon(keypoints, sure, prob_threshold=0.5, quantile=1.0)) == [1.0]


def test_steps_that_touch_a_nan_are_left_out(arrays: Arrays, dtype: str) -> None:
    keypoints = arrays.make([[[0]], [[1]], [[NOT]], [[5]], [[8]]], dtype)
    assert arrays.read(estimate_epsilon(keypoints, quantile=1.0)) == [3.0]
    assert arrays.read(estimate_epsilon(keypoints, quantile=0.0)) == [1.0]


def test_no_step_to_go_by_gives_nan(arrays: Arrays) -> None:
    keypoints = arrays.make([[NOT, 0, 0, 0, 0, 0], [1, 1, 3, 4, 6, 8]])
    confidences = arrays.make([[1, 0.25, 1], [1, 1, 1]])
    found = estimate_epsilon(keypoints, confidences, prob_threshold=0.5)
    assert arrays.read(found) == [NAN, NAN, 10.0]


@pytest.mark.parametrize(
    ("quantile", "expected"), [(0.5, 2.0), (0.75, math.inf), (1.0, math.inf), (0.25, 1.5)]
)
def test_an_infinite_step_is_one_to_go_by(arrays: Arrays, quantile: float, expected: float) -> None:
    # Ordered: 1, 2, inf. At a half it is 2, and no share of what is above it.
    keypoints = arrays.make([[[0]], [[1]], [[3]], [[math.inf]]])
    assert arrays.read(estimate_epsilon(keypoints, quantile=quantile)) == [expected]


def test_two_infinite_steps(arrays: Arrays) -> None:
    # Steps inf, inf - inf (a NaN, left out), inf.
    keypoints = arrays.make([[[0]], [[math.inf]], [[math.inf]], [[0]]])
    for quantile in (0.0, 0.5, 1.0):
        assert arrays.read(estimate_epsilon(keypoints, quantile=quantile)) == [math.inf]


def test_one_step(arrays: Arrays) -> None:
    for quantile in (0.0, 0.3, 1.0):
        assert arrays.read(estimate_epsilon(arrays.make([[0, 0], [3, 4]]), quantile=quantile)) == [5.0]


def test_an_epsilon_found_is_one_to_use(arrays: Arrays) -> None:
    from temporal_loss import temporal_loss  # noqa: PLC0415

    keypoints = arrays.make([[0, 0, 0, 0], [3, 4, 0, 0], [3, 4, 0, 1]])
    epsilon = estimate_epsilon(keypoints, quantile=0.5)
    assert arrays.read(temporal_loss(keypoints, epsilon=epsilon, reduction="sum")) == 3.0


# Many steps ---------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [1, 3])
def test_more_steps_than_float32_counts(arrays: Arrays, more: int) -> None:
    # The number of the last step is none of float32's: rounded, it is the one before (1) or none at all (3).
    if arrays.name not in {"numpy", "torch", "jax"}:
        pytest.skip(f"so many steps take {arrays.label} long")
    frames = 2**24 + more + 2
    assert struct.unpack("<f", struct.pack("<f", frames - 2))[0] != frames - 2
    # All rest, but for steps of 1, 2 and 5 at the end.
    data = struct.pack("<fff", 1, 3, 8).rjust(4 * frames, b"\0")
    backend = arrays.backend
    keypoints = backend.from_bytes(data, "float32", (frames, 1, 1), backend.devices()[0], backend.modes[0])
    last = frames - 2
    for quantile, expected in ((1.0, 5.0), ((last - 1) / last, 2.0), ((last - 2.5) / last, 0.5), (0.5, 0.0)):
        found = arrays.read(estimate_epsilon(keypoints, quantile=quantile))
        assert found == [pytest.approx(expected, rel=1e-6)], quantile


@pytest.mark.parametrize("quantile", [0.0, 1e-9, 0.1, 0.25, 1 / 3, 0.5, 0.9, 0.99, 0.999999, 1 - 2**-53, 1.0])
def test_a_position_is_exact_however_many_steps(arrays: Arrays, quantile: float) -> None:
    from temporal_loss._metrics import _position  # noqa: PLC0415 - so many steps fill the memory

    numbers = [
        0,
        1,
        2,
        7,
        2**15 - 1,
        2**15,
        2**16 + 1,
        2**24 - 1,
        2**24 + 1,
        2**30 + 12345,
        2**31 - 2,
        2**31 - 1,
    ]
    last = arrays.make(numbers, "int32")
    xp = array_api_compat.array_namespace(last)
    index, fraction = _position(xp, quantile, last, xp.float32)
    for number, whole, part in zip(numbers, arrays.read(index), arrays.read(fraction), strict=True):
        assert 0 <= whole <= number
        assert 0 <= part <= 1
        exact = Fraction(quantile) * number
        assert abs(whole + Fraction(part) - exact) < Fraction(1, 2**18), number
