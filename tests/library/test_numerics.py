"""TL-11: how far from the exact answer, for numbers without a pattern.

With u the unit roundoff, the coordinates' differences are off by a factor of (1 + u) each, their
squares and D - 1 sums by D more, of which the square root keeps half, and rounds once itself: a
length is off by at most (1 + (D + 1) / 2 + 1) u of itself, to first order. Taking epsilon off, which
was rounded too, adds u of each; for D = 2 that is 3.5 u + 2 u of the length, at most 6 u with the
terms of higher order. A mean of N entries adds at most N u of itself, to which all are positive.
"""

from __future__ import annotations

import random
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import mpmath
import pytest

from conformance.bits import FORMATS, round_to
from temporal_loss import temporal_loss, temporal_norm

if TYPE_CHECKING:
    from support import Arrays

FRAMES, KEYPOINTS = 12, 3
EPSILON = [0.1, 3.3, 250.7]


def _tracks(dtype: str, scale: float) -> list[list[float]]:
    numbers = random.Random(20240229)  # noqa: S311 - no secret
    return [
        [round_to(numbers.uniform(-scale, scale), dtype) for _ in range(2 * KEYPOINTS)] for _ in range(FRAMES)
    ]


def _exact(tracks: list[list[float]], epsilon: list[float]) -> list[list[tuple[Any, Any]]]:
    """Length and what is left of it, exact to 60 digits."""
    found = []
    with mpmath.workdps(60):
        for before, after in pairwise(tracks):
            row = []
            for k, free in enumerate(epsilon):
                x, y = (mpmath.mpf(after[2 * k + i]) - mpmath.mpf(before[2 * k + i]) for i in (0, 1))
                length = mpmath.sqrt(x * x + y * y)
                row.append((length, max(length - mpmath.mpf(free), mpmath.mpf(0))))
            found.append(row)
    return found


@pytest.mark.parametrize("scale", [2.0**-50, 1.0, 500.0, 2.0**50])
def test_entries_and_mean(arrays: Arrays, full_dtype: str, scale: float) -> None:
    u = FORMATS[full_dtype].unit_roundoff
    tracks, epsilon = _tracks(full_dtype, scale), [e * scale / 500 for e in EPSILON]
    exact = _exact(tracks, epsilon)
    keypoints = arrays.make(tracks, full_dtype)
    entries = arrays.read(temporal_loss(keypoints, epsilon=epsilon, reduction="none"))
    for row, due in zip(entries, exact, strict=True):
        for entry, (length, left) in zip(row, due, strict=True):
            assert abs(entry - left) <= 6 * u * length
    cells = [cell for row in exact for cell in row]
    count, total = len(cells), sum(left for _, left in cells)
    slack = 6 * u * sum(length for length, _ in cells) + count * u * total
    assert abs(arrays.read(temporal_loss(keypoints, epsilon=epsilon, reduction="sum")) - total) <= slack
    mean = arrays.read(temporal_loss(keypoints, epsilon=epsilon))
    assert abs(mean - total / count) <= slack / count + u * total / count
    assert total > 0


def test_the_norm(arrays: Arrays, full_dtype: str) -> None:
    u = FORMATS[full_dtype].unit_roundoff
    tracks = _tracks(full_dtype, 500.0)
    norms = arrays.read(temporal_norm(arrays.make(tracks, full_dtype)))[1:]
    for row, due in zip(norms, _exact(tracks, EPSILON), strict=True):
        for norm, (length, _) in zip(row, due, strict=True):
            assert abs(norm - length) <= 4 * u * length


def test_cancellation_costs_no_more_than_the_inputs_had(arrays: Arrays, full_dtype: str) -> None:
    # Frames far from the origin and near each other: their difference is exact.
    u = FORMATS[full_dtype].unit_roundoff
    far = 1024.0
    near_by = round_to(far + 3 * 1024 * 2 * u, full_dtype)
    other = round_to(far + 4 * 1024 * 2 * u, full_dtype)
    keypoints = arrays.make([[far, far], [near_by, other]], full_dtype)
    assert arrays.read(temporal_loss(keypoints)) == 5 * 1024 * 2 * u


def test_the_mean_over_many_frames(arrays: Arrays) -> None:
    # Each step is 0.1 as float32 has it: a naive sum would be off by 1e-3 of itself after so many.
    if arrays.name == "dask":
        pytest.skip("one chunk per frame or two, when cut through every axis")
    frames = 20_000
    step = round_to(0.1, "float32")
    keypoints = arrays.make([[[step * (t % 2)]] for t in range(frames + 1)])
    assert arrays.read(temporal_loss(keypoints)) == pytest.approx(step, rel=1e-5)
