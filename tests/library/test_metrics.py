"""`temporal_norm` and `estimate_epsilon` where the suite does not ask: infinite steps, and very many."""

from __future__ import annotations

import math
import struct
from fractions import Fraction
from typing import TYPE_CHECKING

import array_api_compat
import pytest

from temporal_loss import estimate_epsilon, temporal_loss, temporal_norm
from temporal_loss._metrics import _position

if TYPE_CHECKING:
    from support import Arrays


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
