"""Short ways to write a question."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from conformance import bits, oracle
from conformance.generate.build import MARGIN, SHORT, Question, array
from conformance.model import Array, Op

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OPS = {
    "value": Op.VALUE,
    "stages": Op.STAGES,
    "gradient": Op.GRADIENT,
    "norm": Op.NORM,
    "epsilon": Op.EPSILON,
}
Nested = Any
"""Numbers in lists in lists, as deep as the array has axes."""


def nested(values: Nested, dtype: str) -> Array:
    """Array from nested lists; every number is rounded once to the dtype."""
    shape = []
    level = values
    while isinstance(level, list):
        shape.append(len(level))
        level = level[0] if level else None
    flat = values if isinstance(values, list) else [values]
    for _ in shape[1:]:
        flat = [v for part in flat for v in part]
    return array(flat, tuple(shape), dtype)


def ask(  # noqa: PLR0913 - a question has that many parts
    name: str,
    clauses: str,
    description: str,
    keypoints: Array,
    *,
    flags: str = "",
    confidences: Array | None = None,
    segments: Nested = None,
    **params: Any,
) -> Question:
    """Build one question; `name` is operation-group, the dtype and a number are added to it."""
    inputs = {"keypoints": keypoints}
    if confidences is not None:
        inputs["confidences"] = confidences
    if segments is not None:
        inputs["segment_ids"] = segments if isinstance(segments, Array) else nested(segments, "int64")
    if isinstance(params.get("epsilon"), Array):
        inputs["epsilon"] = params.pop("epsilon")
    dtype = SHORT.get(keypoints.dtype, keypoints.dtype)
    op = OPS[name.split("-", maxsplit=1)[0]]
    return Question(
        f"{name}-{dtype}", tuple(clauses.split()), description, op, inputs, params, tuple(flags.split())
    )


def path(steps: Sequence[Sequence[float]], start: Sequence[float]) -> list[list[float]]:
    """Positions of one keypoint from its start and its steps."""
    at = list(start)
    found = [at]
    for step in steps:
        at = [a + s for a, s in zip(at, step, strict=True)]
        found.append(at)
    return found


def together(paths: Sequence[Sequence[Sequence[float]]]) -> list[list[list[float]]]:
    """Bring keypoints' paths into (T, K, D)."""
    return [[list(p[t]) for p in paths] for t in range(len(paths[0]))]


def flat(paths: Sequence[Sequence[Sequence[float]]]) -> list[list[float]]:
    """Bring keypoints' paths into (T, 2K)."""
    return [[v for point in row for v in point] for row in together(paths)]


def two_paths(dtype: str, *marks: tuple[int, int, float]) -> Array:
    """Give steps of 5, 10, 0, 4 and 5, 1, 8, 5; each mark puts a number into a frame's column."""
    rows = flat(
        [
            path([(3, 4), (6, 8), (0, 0), (0, 4)], (4, 4)),
            path([(4, 3), (0, 1), (8, 0), (3, 4)], (9, 1)),
        ]
    )
    for frame, column, value in marks:
        rows[frame][column] = value
    return nested(rows, dtype)


def triples(roll: Callable[[], float], count: int, low: float = 8, high: float = 120) -> list[list[float]]:
    """Exact steps: (3, 4), (4, 3), (d, 0), (0, d) or rest, times 1 to 4, that stay in low..high."""
    shapes = [(3, 4), (4, 3), (4, 0), (0, 2), (0, 0), (0, 8), (1, 0)]
    at = [(low + high) // 2] * 2
    found = []
    for _ in range(count):
        shape = shapes[int(roll() * len(shapes))]
        size = 1 << int(roll() * 3)
        step = [float(v * size * (1 if roll() < 0.5 else -1)) for v in shape]
        step = [s if low <= a + s <= high else -s for a, s in zip(at, step, strict=True)]
        at = [a + s for a, s in zip(at, step, strict=True)]
        found.append(step)
    return found


def exact_walk(roll: Callable[[], float], frames: int, keypoints: int) -> list[list[list[float]]]:
    """Random exact motion in the plane, positions whole and below 128."""
    return together([path(triples(roll, frames - 1), (64.0, 64.0)) for _ in range(keypoints)])


def cloud(roll: Callable[[], float], count: int, size: float = 512.0) -> list[float]:
    """Random positions in pixels with full mantissas."""
    return [size * roll() for _ in range(count)]


def grains(roll: Callable[[], float], count: int, dtype: str) -> list[float]:
    """Random confidences; about one in six is below one half."""
    return [
        bits.round_to(0.5 * (1 + roll()) if roll() < 5 / 6 else 0.5 * roll(), dtype) for _ in range(count)
    ]


def random_array(roll: Callable[[], float], shape: tuple[int, ...], dtype: str, size: float = 512.0) -> Array:
    """Random positions of any shape."""
    return array(cloud(roll, math.prod(shape), size), shape, dtype)


def random_confidences(roll: Callable[[], float], shape: tuple[int, ...], dtype: str) -> Array:
    """Random confidences of any shape."""
    return array(grains(roll, math.prod(shape), dtype), shape, dtype)


def neighbours(threshold: float, dtype: str) -> tuple[float, float, float]:
    """Threshold in the dtype, and the numbers just below and just above."""
    at = bits.round_to(threshold, dtype)
    step = bits.ulp(at, dtype)
    below = at - (step / 2 if math.frexp(at)[0] == 0.5 else step)
    return below, at, at + step


def clear(keypoints: Array, wanted: float) -> float:
    """Give an epsilon near the wanted one that no step's length comes close to."""
    lengths = [v for v in oracle.temporal_norm(keypoints).values if math.isfinite(v)]
    for tries in range(256):
        epsilon = round(wanted * 64 + tries) / 64
        if all(abs(v - epsilon) > 2 * MARGIN * max(v, epsilon) for v in lengths):
            return epsilon
    message = f"no epsilon near {wanted} is clear of all lengths"
    raise ValueError(message)
