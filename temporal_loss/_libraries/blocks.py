"""Large arrays in host memory, computed in blocks of frames whose temporaries fit the processor's cache.

A block is evaluated at once and its values may be looked at, which allows what traces and other
devices do not. At 100,000 frames of 20 keypoints blocks take half the time of whole arrays or less. Each
trick here has a row in the benchmarks that says what it gains today (`benchmarks/tricks.py`).
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

from temporal_loss import _stages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from temporal_loss._libraries.base import Library
    from temporal_loss._stages import Array, Entries, Frames, Parameters

    Index = tuple[slice, ...]

# Numbers per block of keypoints: few enough for the cache, and many enough for calls to be few.
SIZE = 1 << 18


def are_worthwhile(keypoints: Array) -> bool:
    """Whether there is more than one block to cut."""
    return bool(math.prod(keypoints.shape) > SIZE)


def sum_and_count(
    library: Library, frames: Frames, parameters: Parameters, epsilon: Any
) -> tuple[Array, Array | None]:
    """Sum of the entries, and how many a mean divides by; no gradient can be taken."""
    xp = library.xp
    epsilon = _for_every_step(xp, frames, parameters, epsilon)
    sums, counts = [], []
    for index in cut(frames.keypoints.shape):
        block = _take(frames, index)
        found = _evaluate(library, block, parameters, epsilon)
        block_sum, block_count = _stages.sum_and_count(xp, block, parameters, found, library.total)
        sums.append(block_sum)
        counts.append(block_count)
    return _together(xp, sums), _together(xp, counts)


def loss_and_gradient(
    library: Library, frames: Frames, parameters: Parameters, epsilon: Any
) -> tuple[Array, Array]:
    """Loss and its derivative by the keypoints, which no further one can be taken of."""
    xp, keypoints = library.xp, frames.keypoints
    divisor = _stages.divisor(xp, parameters, count(xp, frames, parameters))
    epsilon = _for_every_step(xp, frames, parameters, epsilon)
    gradient = xp.zeros(keypoints.shape, dtype=keypoints.dtype)
    sums, last = [], None
    for index in cut(keypoints.shape):
        block = _take(frames, index)
        found = _evaluate(library, block, parameters, epsilon)
        sums.append(library.total(found.values))
        part = _stages.spread(xp, _pulls(library, found, divisor))
        if index[-1].start > 0:
            # The frame that is shared with the block before.
            part[..., :1, :, :] += last
        last = part[..., -1:, :, :]
        gradient[(*index, ...)] = _stages.like_keypoints(xp, part, block.keypoints)
    return _together(xp, sums) / divisor, gradient


def _pulls(library: Library, found: Entries, divisor: Any) -> Array:
    """Take the derivative by each step; by a product where all is finite, in half the time of `where`."""
    xp, step, long = library.xp, found.step, found.lengths
    if not bool(xp.max(long) < math.inf):
        return _stages.pulls(xp, found, divisor, guard=False)
    counts = library.as_numbers(found.values != 0.0, long.dtype)
    # Where nothing counts the length may be 0.
    slope = counts / ((long + (1.0 - counts)) * divisor)
    # Joined rather than repeated or broadcast, which takes twice as long.
    coordinates = 2 if step.ndim == 2 else step.shape[-1]
    each = xp.concat([slope[..., None]] * coordinates, axis=-1)
    return _stages.apart(xp, step * xp.reshape(each, step.shape))


def _evaluate(library: Library, block: Frames, parameters: Parameters, epsilon: Any) -> Entries:
    hide = partial(by_product, library)
    beside = _for_steps(epsilon, block)
    return _stages.evaluate(library.xp, block, parameters, beside, guard=False, hide=hide)


def count(xp: ModuleType, frames: Frames, parameters: Parameters) -> Array | None:
    """Count what a mean divides by, and nothing else; None if that takes no values to know."""
    if parameters.divisor is not None:
        return None
    counts = []
    for index in cut(frames.keypoints.shape):
        block = _take(frames, index)
        masked, between = _stages.marks(xp, block.keypoints, block, parameters)
        counts.append(_stages.counted(xp, block, parameters, masked, between))
    return _together(xp, counts)


def _together(xp: ModuleType, parts: list[Any]) -> Any:
    """Sum of the blocks' numbers; stacked, so that many are added as accurately as many entries are."""
    if parts[0] is None or len(parts) == 1:
        return parts[0]
    return xp.sum(xp.stack(parts))


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


def by_product(library: Library, xp: ModuleType, values: Array, masked: Array) -> Array:
    """Set what is masked to exactly 0, by a product if that is right.

    `where` decides entry by entry: with it the whole loss takes 1.4 times as long in NumPy.
    """
    if bool(xp.max(values) < math.inf):
        return values * library.as_numbers(~masked, values.dtype)
    # 0 * NaN is NaN, and so is 0 * inf.
    return _stages.mask(xp, values, masked)


def _for_every_step(xp: ModuleType, frames: Frames, parameters: Parameters, epsilon: Any) -> Any:
    """Repeat epsilon for each step of a block: equal shapes are combined at three times a row's speed."""
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
