"""Large arrays in host memory, cut along time: temporaries stay in the processor's cache, and small.

A block is evaluated at once and its values may be looked at, which allows what traces and other
devices do not.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from temporal_loss import _inputs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from temporal_loss._settings import Frames, Settings

# Numbers per block of keypoints: few enough for the cache, and many enough for calls to be few.
_SIZE = 1 << 18
# Numbers, more than all temporaries of a block have.
_KEPT = 1 << 22


def are_worthwhile(frames: Frames, settings: Settings) -> bool:
    """Whether to cut; never where a gradient may be taken."""
    if settings.guard or math.prod(frames.keypoints.shape) <= _SIZE:
        return False
    return settings.library.is_at_hand(frames.keypoints)


def prepare(frames: Frames, settings: Settings) -> Settings:
    """Fit the settings to blocks of `frames`."""
    xp, epsilon = settings.library.xp, settings.epsilon
    # Asked for, never touched, given back at once: it teaches the C library to keep what a block
    # frees for the next one. Fetching it anew from the system takes longer than the arithmetic.
    xp.empty(_KEPT, dtype=settings.dtype)
    # A row for each step: equal shapes are combined at three times the speed of a short row or a number.
    *_, length, keypoints = _inputs.frame_shape(frames.keypoints)
    frame = frames.keypoints.shape[1 if frames.keypoints.ndim == 2 else -2 :]
    steps = min(length - 1, max(1, _SIZE // math.prod(frame)))
    zero = xp.zeros((steps, keypoints), dtype=settings.dtype)
    if not isinstance(epsilon, float) and epsilon.ndim == 1:
        epsilon = zero + epsilon
    return settings._replace(epsilon=epsilon, zero=zero, in_blocks=True)


def cut(frames: Frames) -> Iterator[Frames]:
    """Yield blocks that together have every step once."""
    shape = frames.keypoints.shape
    if math.prod(shape) <= _SIZE:
        yield frames
        return
    flat = len(shape) == 2
    if not flat and len(shape) > 3 and shape[0] > 1:
        # Whole sequences first, as many as fit.
        size = max(1, _SIZE // math.prod(shape[1:]))
        for start in range(0, shape[0], size):
            part = slice(start, start + size)
            yield from cut(type(frames)(*(None if a is None else a[part, ...] for a in frames)))
        return
    time = 0 if flat else -3
    size = max(1, _SIZE * shape[time] // math.prod(shape))
    for start in range(0, shape[time] - 1, size):
        # One frame more than steps; the next block starts with it again.
        part = slice(start, start + size + 1)
        yield frames._replace(
            keypoints=frames.keypoints[part, :] if flat else frames.keypoints[..., part, :, :],
            confidences=None if frames.confidences is None else frames.confidences[..., part, :],
            segment_ids=None if frames.segment_ids is None else frames.segment_ids[..., part],
        )


def hide(xp: ModuleType, values: Any, masked: Any, dtype: Any) -> Any:
    """Set what is masked to exactly 0, by a product if that is right: `where` decides entry by entry."""
    if bool(xp.max(values) < math.inf):
        # By way of small integers, since torch turns truth values into floating-point ones slowly.
        return values * xp.astype(xp.astype(~masked, xp.uint8), dtype)
    # 0 * NaN is NaN, and so is 0 * inf.
    return xp.where(masked, 0.0, values)


def for_steps(rows: Any, values: Any) -> Any:
    """Take the rows of prepared numbers for the steps of a block, of which the last may have fewer."""
    return rows if isinstance(rows, float) or rows.ndim < 2 else rows[: values.shape[-2], :]
