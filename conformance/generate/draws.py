"""Arrays too large or too irregular to write down, drawn from a seed: the same on every Python."""

from __future__ import annotations

import math
import random
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Roll = Callable[[], float]
    Shape = Sequence[int]

_DIRECTIONS = ((3, 4), (4, 3), (4, 0), (0, 2), (0, 0), (0, 8), (1, 0))


def dice(seed: str) -> Roll:
    """Uniform numbers in [0, 1), the same on every Python: only `Random.random` is drawn from."""
    return random.Random(zlib.crc32(seed.encode())).random  # noqa: S311 - not for secrets


def uniform(roll: Roll, shape: Shape) -> list[float]:
    """Numbers in [0, 1), all digits in use."""
    return [roll() for _ in range(math.prod(shape))]


def confidences(roll: Roll, shape: Shape) -> list[float]:
    """Confidences; about one in six is below one half."""
    return [0.5 * (1 + roll()) if roll() < 5 / 6 else 0.5 * roll() for _ in range(math.prod(shape))]


def walk(roll: Roll, shape: Shape) -> list[float]:
    """Wandering positions (T, width) on a grid of 1/16 pixel, as smooth as a tracked animal."""
    frames, width = shape
    at = [200.0 + 100.0 * roll() for _ in range(width)]
    found: list[float] = []
    for _ in range(frames):
        at = [v + 6.0 * (roll() - 0.5) for v in at]
        found += [math.floor(v * 16) / 16 for v in at]
    return found


def swings(roll: Roll, shape: Shape) -> list[float]:
    """Numbers (T, width) of size 1 to 4, of either sign by turns."""
    frames, width = shape
    return [(1 + 3 * roll()) * (-1) ** (t + c) for t in range(frames) for c in range(width)]


def exact_walk(roll: Roll, shape: Shape) -> list[float]:
    """Whole positions in the plane below 128, every step of whole length: (T, 2K) or (..., T, K, 2).

    A step is (3, 4), (4, 3), along an axis or none, times 1, 2 or 4, and stays within 8 to 120.
    """
    *batch, frames, keypoints = (*shape[:-1], shape[-1] // 2) if len(shape) == 2 else shape[:-1]
    found: list[float] = []
    for _ in range(math.prod(batch)):
        paths = [_path(roll, frames) for _ in range(keypoints)]
        found += [v for row in zip(*paths, strict=True) for point in row for v in point]
    return found


def _path(roll: Roll, frames: int) -> list[tuple[float, float]]:
    x, y = 64.0, 64.0
    found = [(x, y)]
    for _ in range(frames - 1):
        direction = _DIRECTIONS[int(roll() * len(_DIRECTIONS))]
        size = 1 << int(roll() * 3)
        dx, dy = (v * size * (1 if roll() < 0.5 else -1) for v in direction)
        x += dx if 8 <= x + dx <= 120 else -dx
        y += dy if 8 <= y + dy <= 120 else -dy
        found.append((x, y))
    return found


DRAWS: dict[str, Callable[[Roll, Shape], list[float]]] = {
    draw.__name__: draw for draw in (uniform, confidences, walk, swings, exact_walk)
}
