"""`count_valid`, and the other two where the suite does not ask: infinite steps, and very many."""

from __future__ import annotations

import itertools
import math
import random
import struct
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import array_api_compat
import pytest
from support import near

from temporal_loss import count_valid, estimate_epsilon, temporal_loss, temporal_norm
from temporal_loss._metrics import _position

from . import worked

if TYPE_CHECKING:
    from support import Arrays

# Counts ---------------------------------------------------------------------------------------


def test_the_count_of_the_worked_example(arrays: Arrays, dtype: str) -> None:
    keypoints, confidences, segment_ids = worked.given(arrays, dtype)
    found = worked.count(keypoints, confidences, segment_ids)
    assert arrays.dtype_of(found) == ("float64" if dtype == "float64" else "float32")
    assert arrays.read(found) == 5.0
    assert arrays.read(count_valid(keypoints)) == 8.0
    assert arrays.read(count_valid(keypoints, segment_ids=segment_ids)) == 6.0
    # Both steps of a keypoint that is NaN go; the one across segments had gone before.
    assert arrays.read(count_valid(keypoints, nan_policy="omit")) == 6.0
    assert arrays.read(count_valid(keypoints, segment_ids=segment_ids, nan_policy="omit")) == 5.0


@pytest.mark.parametrize("left_out", list(itertools.product([False, True], repeat=3)), ids=str)
def test_the_sum_over_the_count_is_valid_mean(arrays: Arrays, left_out: tuple[bool, bool, bool]) -> None:
    draw = random.Random(f"count_valid {left_out}")  # noqa: S311 - no secret
    unsure, cut, lost = left_out
    frames, places, batch = 9, 3, 2
    values = [draw.uniform(-9, 9) for _ in range(batch * frames * places * 2)]
    given: dict[str, Any] = {"prob_threshold": 0.4}
    if unsure:
        given["confidences"] = [draw.random() for _ in range(batch * frames * places)]
    if cut:
        given["segment_ids"] = [draw.randrange(2) for _ in range(batch * frames)]
    if lost:
        given["nan_policy"] = "omit"
        values = [math.nan if draw.random() < 0.2 else value for value in values]
    keypoints: Any = arrays.make(values)
    xp = array_api_compat.array_namespace(keypoints)
    keypoints = xp.reshape(keypoints, (batch, frames, places, 2))
    if unsure:
        given["confidences"] = xp.reshape(arrays.make(given["confidences"]), (batch, frames, places))
    if cut:
        given["segment_ids"] = xp.reshape(arrays.make(given["segment_ids"], "int32"), (batch, frames))
    count = arrays.read(count_valid(keypoints, **given))
    every = batch * (frames - 1) * places
    assert (0 < count < every) if any(left_out) else count == every
    total = arrays.read(temporal_loss(keypoints, reduction="sum", **given))
    assert total / count == near(arrays.read(temporal_loss(keypoints, reduction="valid_mean", **given)))


def test_a_count_of_nothing_is_0(arrays: Arrays) -> None:
    assert arrays.read(count_valid(arrays.zeros((0, 4, 2, 2)))) == 0.0
    keypoints, confidences = arrays.zeros((4, 4)), arrays.zeros((4, 2))
    assert arrays.read(count_valid(keypoints, confidences, prob_threshold=0.5)) == 0.0


# The norm, and epsilon -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantile", "expected"), [(0.5, 2.0), (0.75, math.inf), (1.0, math.inf), (0.25, 1.5)]
)
def test_an_infinite_step_is_one_to_go_by(arrays: Arrays, quantile: float, expected: float) -> None:
    # Ordered: 1, 2, inf. At a half it is 2, and no share of what is above it.
    keypoints = arrays.make([[[0]], [[1]], [[3]], [[math.inf]]])
    assert arrays.read(estimate_epsilon(keypoints, quantile=quantile)) == [expected]
    # Steps inf, inf - inf (a NaN, left out), inf.
    keypoints = arrays.make([[[0]], [[math.inf]], [[math.inf]], [[0]]])
    assert arrays.read(estimate_epsilon(keypoints, quantile=quantile)) == [math.inf]


def test_an_epsilon_found_is_one_to_use(arrays: Arrays) -> None:
    keypoints = arrays.make([[0, 0, 0, 0], [3, 4, 0, 0], [3, 4, 0, 1]])
    epsilon = estimate_epsilon(keypoints, quantile=0.5)
    assert arrays.read(temporal_loss(keypoints, epsilon=epsilon, reduction="sum")) == 3.0


def test_the_norm_has_a_gradient(autodiff: Arrays) -> None:
    keypoints = autodiff.make([[0, 0, 7, 7], [3, 4, 7, 7]])
    before, after = autodiff.gradient(lambda k: temporal_norm(k)[1, :].sum(), keypoints)
    assert before == pytest.approx([-0.6, -0.8, 0.0, 0.0])
    assert after == pytest.approx([0.6, 0.8, 0.0, 0.0])


@pytest.mark.slow
def test_more_steps_than_float32_counts(arrays: Arrays) -> None:
    # The number of the last step is none of float32's: rounded, it would be that of no step.
    if arrays.name not in {"numpy", "torch", "jax"}:
        pytest.skip(f"so many steps take {arrays.label} long")
    frames = 2**24 + 5
    assert struct.unpack("<f", struct.pack("<f", frames - 2))[0] != frames - 2
    # All rest, but for steps of 1, 2 and 5 at the end.
    data = struct.pack("<fff", 1, 3, 8).rjust(4 * frames, b"\0")
    backend = arrays.backend
    keypoints = backend.from_bytes(data, "float32", (frames, 1, 1), backend.devices()[0], backend.modes[0])
    last = frames - 2
    for quantile, expected in ((1.0, 5.0), ((last - 2.5) / last, 0.5)):
        found = arrays.read(estimate_epsilon(keypoints, quantile=quantile))
        assert found == [pytest.approx(expected, rel=1e-6)], quantile


@pytest.mark.parametrize("quantile", [0.0, 1e-9, 0.1, 0.25, 1 / 3, 0.5, 0.9, 0.99, 0.999999, 1 - 2**-53, 1.0])
def test_a_position_is_exact_however_many_steps(arrays: Arrays, quantile: float) -> None:
    # Asked of the stage itself: so many steps would fill the memory.
    powers = (15, 16, 24, 30, 31)
    numbers = [0, 1, 2, 7, 2**16 + 1, 2**24 + 1, 2**30 + 12345, *(2**power - 1 for power in powers)]
    last = arrays.make(numbers, "int32")
    xp = array_api_compat.array_namespace(last)
    index, fraction = _position(xp, quantile, last, xp.float32)
    for number, whole, part in zip(numbers, arrays.read(index), arrays.read(fraction), strict=True):
        assert 0 <= whole <= number
        assert 0 <= part <= 1
        assert abs(whole + Fraction(part) - Fraction(quantile) * number) < Fraction(1, 2**18), number
