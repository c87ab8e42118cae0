"""The bare arithmetic of the loss, written by hand for each backend: no checks, parameters ready made.

It keeps every clause that the library keeps (mask before the root where a gradient may be taken, NaN
handed on), else the comparison would be of two different things.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.backends import Absent, module, with_backward
from benchmarks.inputs import THRESHOLD

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[], object]


def plain(xp: Any, keypoints: Any, confidences: Any, epsilon: Any) -> Any:
    """Loss where no gradient is taken; `xp` is NumPy or torch itself."""
    step = keypoints[1:] - keypoints[:-1]
    across, down = step[:, 0::2], step[:, 1::2]
    length = xp.sqrt(across * across + down * down)
    unsure = confidences < THRESHOLD
    length = xp.where(unsure[1:] | unsure[:-1], 0.0, length)
    excess = length - epsilon
    return excess.clip(0.0).sum() / (length.shape[0] * length.shape[1])


def differentiable(xp: Any, keypoints: Any, confidences: Any, epsilon: Any) -> Any:
    """Loss with a right gradient; `xp` is torch or jax.numpy."""
    step = keypoints[1:] - keypoints[:-1]
    unsure = confidences < THRESHOLD
    masked = unsure[1:] | unsure[:-1]
    across, down = xp.where(masked, 0.0, step[:, 0::2]), xp.where(masked, 0.0, step[:, 1::2])
    squared = across * across + down * down
    moving = squared > 0
    length = xp.where(moving, xp.sqrt(xp.where(moving, squared, 1.0)), squared)
    excess = length - epsilon
    return xp.where(excess <= 0, 0.0, excess).sum() / (length.shape[0] * length.shape[1])


def bare(name: str, keypoints: Any, confidences: Any, epsilon: Any) -> Call | Absent:
    """Get the bare arithmetic for one of the library's backends."""
    arrays = keypoints, confidences, epsilon
    if name == "NumPy":
        return _timed(plain, np, arrays)
    library = module("torch" if name.startswith("torch") else "jax")
    if isinstance(library, Absent):
        return library
    if name.startswith("torch"):
        tensors = [library.from_numpy(array) for array in arrays]
        if name == "torch eager":
            return _timed(plain, library, tensors)
        if name == "torch.compile":
            compiled = library.compile(_loss(differentiable, library), fullgraph=True, dynamic=False)
            return lambda: compiled(*tensors)
        return with_backward(_loss(differentiable, library), tensors)
    given = [library.numpy.asarray(array) for array in arrays]
    loss = _loss(differentiable, library.numpy)
    run = library.jit(loss) if name == "jax.jit" else loss
    return lambda: run(*given).block_until_ready()


def _loss(arithmetic: Callable[..., Any], xp: Any) -> Callable[..., Any]:
    return lambda *arrays: arithmetic(xp, *arrays)


def _timed(arithmetic: Callable[..., Any], xp: Any, arrays: Any) -> Call:
    return lambda: arithmetic(xp, *arrays)
