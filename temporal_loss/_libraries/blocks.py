"""Large arrays in host memory, cut along time: temporaries stay in the processor's cache, and small.

A block is evaluated at once and its values may be looked at, which allows what traces and other
devices do not.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from temporal_loss import _stages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from temporal_loss._stages import Array, Frames, Parameters

    Index = tuple[slice, ...]

# Numbers per block of keypoints: few enough for the cache, and many enough for calls to be few.
SIZE = 1 << 18


def are_worthwhile(keypoints: Array) -> bool:
    """Whether there is more than one block to cut."""
    return math.prod(keypoints.shape) > SIZE


def sum_and_count(
    xp: ModuleType, frames: Frames, parameters: Parameters, epsilon: Any
) -> tuple[Array, Array | None]:
    """Sum of the entries, and how many a mean divides by; no gradient can be taken."""
    epsilon = _for_every_step(xp, frames, parameters, epsilon)
    sums, counts = [], []
    for index in cut(frames.keypoints.shape):
        block = _take(frames, index)
        beside = _for_steps(epsilon, block)
        found = _stages.evaluate(xp, block, parameters, beside, guard=False, hide=by_product)
        block_sum, count = _stages.sum_and_count(xp, block, parameters, found)
        sums.append(block_sum)
        counts.append(count)
    # Stacked, so that many blocks are added as accurately as the backend adds many entries.
    return xp.sum(xp.stack(sums)), None if counts[0] is None else xp.sum(xp.stack(counts))


def cut(shape: tuple[int, ...]) -> Iterator[Index]:
    """Yield indices into (..., T) of blocks that together have every step once."""
    time = max(len(shape) - 3, 0)
    whole = tuple(slice(0, length) for length in shape[: time + 1])
    yield from _cut(whole, shape, 0, time)


def _cut(index: Index, shape: tuple[int, ...], axis: int, time: int) -> Iterator[Index]:
    lengths = [part.stop - part.start for part in index]
    size = math.prod(lengths[axis:]) * math.prod(shape[time + 1 :])
    if size <= SIZE or lengths[axis] == 0:
        yield index
        return
    # One frame more than steps; the next block starts with it again.
    shared = 1 if axis == time else 0
    length = max(1, SIZE * lengths[axis] // size)
    for start in range(0, lengths[axis] - shared, length):
        part = slice(start, min(start + length + shared, lengths[axis]))
        block = (*index[:axis], part, *index[axis + 1 :])
        if axis < time and size // lengths[axis] > SIZE:
            yield from _cut(block, shape, axis + 1, time)
        else:
            yield block


def _take(frames: Frames, index: Index) -> Frames:
    return type(frames)(*(None if array is None else array[(*index, ...)] for array in frames))


def by_product(xp: ModuleType, values: Array, masked: Array) -> Array:
    """Set what is masked to exactly 0, by a product if that is right: `where` decides entry by entry."""
    if bool(xp.max(values) < math.inf):
        # By way of small integers, since torch turns truth values into floating-point ones slowly.
        return values * xp.astype(xp.astype(~masked, xp.uint8), values.dtype)
    # 0 * NaN is NaN, and so is 0 * inf.
    return xp.where(masked, 0.0, values)


def _for_every_step(xp: ModuleType, frames: Frames, parameters: Parameters, epsilon: Any) -> Any:
    """Repeat epsilon for each step of a block: equal shapes are combined at three times the speed of a row."""
    if epsilon is None or isinstance(epsilon, float) or epsilon.ndim == 0:
        return epsilon
    *_, length, keypoints = _stages.frame_shape(frames.keypoints)
    frame = math.prod(frames.keypoints.shape[max(frames.keypoints.ndim - 2, 1) :])
    steps = min(length - 1, max(1, SIZE // frame))
    return xp.zeros((steps, keypoints), dtype=parameters.dtype) + epsilon


def _for_steps(epsilon: Any, block: Frames) -> Any:
    if epsilon is None or isinstance(epsilon, float) or epsilon.ndim == 0:
        return epsilon
    return epsilon[: _stages.frame_shape(block.keypoints)[-2] - 1, :]
