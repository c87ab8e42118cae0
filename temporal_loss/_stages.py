"""The loss as short stages, each a pure function of arrays, and the order they come in.

`xp` is the arrays' namespace. Keypoints are (T, 2K) or (..., T, K, D); entries have shape
(..., T-1, K), one per step and keypoint. `guard` is for arrays through which a gradient may be
taken: two things must hold at once there, exact zeros in the gradient and NaN in the value.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    Array = Any


class Frames(NamedTuple):
    """What is given per frame."""

    keypoints: Array
    confidences: Array | None = None
    segment_ids: Array | None = None


class Parameters(NamedTuple):
    """What steers the loss: checked, and each number rounded to the dtype that it meets."""

    dtype: Any
    """Result dtype, of the arrays' namespace."""
    epsilon: Any = None
    """A number, a tuple of one per keypoint, or an array; None where nothing is to be subtracted."""
    threshold: Any = 0.0
    reduction: str = "none"
    omit_nan: bool = False
    divisor: Any = None
    """What the sum of all entries is divided by; None where it takes the values to know."""
    packed: Any = None
    """Epsilon and threshold once more, as the library takes them quickest, where it has a way of its own."""


class Entries(NamedTuple):
    """Entries before reduction, and what a reduction and a gradient need beside them."""

    values: Array
    masked: Array | None
    """Marks of what is 0 for its confidence, the NaN policy or its segment."""
    crossing: Array | None
    """Marks of the steps (..., T-1, 1) that are no transitions."""
    step: Array
    lengths: Array


# 1. Lengths ---------------------------------------------------------------------------------


def frame_shape(keypoints: Array) -> tuple[int, ...]:
    """Shape (..., T, K) of what belongs to the keypoints' frames."""
    return frame_shape_of(tuple(keypoints.shape))


def frame_shape_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Shape (..., T, K) of what belongs to the frames of keypoints of a shape."""
    return (shape[0], shape[1] // 2) if len(shape) == 2 else shape[:-1]


def coordinates(points: Array) -> list[Array]:
    """One view (..., T, K) per coordinate of keypoints, or of steps, in either layout."""
    if points.ndim == 2:
        return [points[:, 0::2], points[:, 1::2]]
    return [points[..., index] for index in range(points.shape[-1])]


def steps(keypoints: Array) -> Array:
    """Movement from each frame to the next, in the keypoints' layout."""
    if keypoints.ndim == 2:
        return keypoints[1:, :] - keypoints[:-1, :]
    return keypoints[..., 1:, :, :] - keypoints[..., :-1, :, :]


def apart(xp: ModuleType, points: Array) -> Array:
    """Keypoints, or steps, with flat pairs taken apart: (..., K, D)."""
    return xp.reshape(points, (points.shape[0], -1, 2)) if points.ndim == 2 else points


def added(squares: list[Array]) -> Array:
    """Squared length of a step from the squares of its coordinates."""
    squared = squares[0]
    for square in squares[1:]:
        squared = squared + square
    return squared


def lengths(xp: ModuleType, squared: Array, *, guard: bool) -> Array:
    """Euclidean length, in pixels, of steps (..., T-1, K)."""
    if not guard:
        return xp.sqrt(squared)
    # sqrt has no derivative at 0. There it is taken at 1, where it has one, which the derivative of
    # the square, 2 * step, makes 0. Elsewhere, NaN included, nothing is added nor taken away.
    still = xp.astype(squared == 0.0, squared.dtype)
    return xp.sqrt(squared + still) - still


# 2. Segments and mask -----------------------------------------------------------------------


def low_confidence(confidences: Array, threshold: float | Array) -> Array:
    """Mark a frame's keypoint where it is below the threshold; NaN is not."""
    return confidences < threshold


def has_nan(xp: ModuleType, keypoints: Array) -> Array:
    """Mark a frame's keypoint where one of its coordinates is NaN."""
    first, *others = map(xp.isnan, coordinates(keypoints))
    for marks in others:
        first = first | marks
    return first


def either_frame(marks: Array) -> Array:
    """Mark the steps from or to a marked frame."""
    return marks[..., 1:, :] | marks[..., :-1, :]


def crossing(segment_ids: Array) -> Array:
    """Mark the steps from one segment into another; shape (..., T-1, 1)."""
    return (segment_ids[..., 1:] != segment_ids[..., :-1])[..., None]


def hidden_frames(xp: ModuleType, keypoints: Array, frames: Frames, parameters: Parameters) -> Array | None:
    """Mark a frame's keypoint (..., T, K) that masks its steps; None where there can be none."""
    marks = None
    if frames.confidences is not None:
        marks = low_confidence(frames.confidences, parameters.threshold)
    if parameters.omit_nan:
        absent = has_nan(xp, keypoints)
        marks = absent if marks is None else marks | absent
    return marks


def masked_steps(hidden: Array | None, segment_ids: Array | None) -> tuple[Array | None, Array | None]:
    """Mark the steps that give no entry, and those of them that lead from a segment to another."""
    masked = None if hidden is None else either_frame(hidden)
    if segment_ids is None:
        return masked, None
    between = crossing(segment_ids)
    return between if masked is None else masked | between, between


def marks(
    xp: ModuleType, keypoints: Array, frames: Frames, parameters: Parameters
) -> tuple[Array | None, Array | None]:
    """Mark what is masked, and what is no transition."""
    return masked_steps(hidden_frames(xp, keypoints, frames, parameters), frames.segment_ids)


def mask(xp: ModuleType, values: Array, masked: Array) -> Array:
    """Set what is masked to exactly 0."""
    return xp.where(masked, 0.0, values)


# 3. Epsilon ---------------------------------------------------------------------------------


def rectify(xp: ModuleType, entries: Array, epsilon: float | Array, *, guard: bool) -> Array:
    """Soft threshold, max(entry - epsilon, 0); NaN stays NaN."""
    if not guard:
        # The same, without a 0 that a library would have to make an array of.
        return xp.maximum(entries, epsilon) - epsilon
    # `maximum` has half a slope at the tie on some backends; `excess > 0` would hide a NaN.
    excess = entries - epsilon
    return xp.where(excess <= 0.0, 0.0, excess)


def is_checked(epsilon: Any) -> bool:
    """Whether the values of an epsilon were looked at, as those of an array never are."""
    # A tuple of types: torch.compile of torch 2.8 reads no union.
    return epsilon is None or isinstance(epsilon, (float, int, tuple))


# 1 to 3 -------------------------------------------------------------------------------------


def evaluate(  # noqa: PLR0913 - what is given, and how it is to be done
    xp: ModuleType,
    frames: Frames,
    parameters: Parameters,
    epsilon: Any,
    *,
    guard: bool,
    hide: Callable[[ModuleType, Array, Array], Array] = mask,
) -> Entries:
    """Run the stages up to reduction; `epsilon` is that of the parameters, beside the entries."""
    keypoints = frames.keypoints
    if keypoints.dtype != parameters.dtype:
        # Before differencing: a jump of 300 pixels squared is beyond float16.
        keypoints = xp.astype(keypoints, parameters.dtype)
    masked, between = marks(xp, keypoints, frames, parameters)
    step = steps(keypoints)
    if guard:
        step = apart(xp, step)
        if masked is not None:
            # Masking the lengths is too late for a gradient: 0 * NaN in the backward pass is NaN.
            step = mask(xp, step, masked[..., None])
    # Squared before it is taken apart: strided arithmetic is slow.
    long = lengths(xp, added(coordinates(step * step)), guard=guard)
    values = long if epsilon is None else rectify(xp, long, epsilon, guard=guard)
    # After epsilon, since nobody looks whether an array of these is finite.
    if masked is not None and not (guard and is_checked(parameters.epsilon)):
        values = hide(xp, values, masked)
    return Entries(values, masked, between, step, long)


# 4. Reduction -------------------------------------------------------------------------------


def count_entries(shape: tuple[int, ...]) -> Any:
    """Count the entries of frames of shape (..., T, K), those that are masked included; at least 1."""
    *batch, frames, keypoints = shape
    count = math.prod(batch) * (frames - 1) * keypoints
    # A float, since integers may be too many for a library's; a symbol stays what it is.
    return float(max(count, 1)) if isinstance(count, int) else count


def known_divisor(shape: tuple[int, ...], reduction: str, *, masks: bool, segments: bool) -> Any:
    """Get what the sum of all entries of frames (..., T, K) is divided by, if it takes no values to know."""
    if reduction in {"sum", "none"}:
        return 1.0
    if segments or (masks and reduction == "valid_mean"):
        return None
    return count_entries(shape)


def count_unmarked(xp: ModuleType, marks: Array, shape: tuple[int, ...], dtype: Any) -> Array:
    """Count the entries (of `shape`) that are not marked, as a scalar; marks of steps are (..., T-1, 1)."""
    # Whole numbers along time, the long axis: float32 could not count beyond 2**24 one by one.
    per_keypoint = marks.shape[-2] - xp.sum(xp.astype(marks, xp.int32), axis=-2, dtype=xp.int32)
    return xp.sum(xp.astype(per_keypoint, dtype)) * float(shape[-1] // marks.shape[-1])


def counted(
    xp: ModuleType, frames: Frames, parameters: Parameters, masked: Array | None, between: Array | None
) -> Array | None:
    """Count what a mean divides by; None if that takes no values to know."""
    if parameters.divisor is not None:
        return None
    unwanted = masked if parameters.reduction == "valid_mean" else between
    return count_unmarked(xp, unwanted, frame_shape(frames.keypoints), parameters.dtype)


def sum_and_count(
    xp: ModuleType,
    frames: Frames,
    parameters: Parameters,
    found: Entries,
    add: Callable[[Array], Array],
) -> tuple[Array, Array | None]:
    """Sum of the entries, and how many a mean divides by, None if that takes no values to know."""
    return add(found.values), counted(xp, frames, parameters, found.masked, found.crossing)


def divisor(xp: ModuleType, parameters: Parameters, count: Array | None) -> Any:
    """Get what the sum of all entries is divided by; 1 where nothing is counted, and the sum then 0."""
    return parameters.divisor if count is None else xp.where(count > 0.0, count, 1.0)


# 5. Gradient --------------------------------------------------------------------------------


def pulls(xp: ModuleType, found: Entries, divisor: Any, *, guard: bool) -> Array:
    """Differentiate the sum over `divisor` by each step that counts: (..., T-1, K, D), 0 for others."""
    # Whatever is masked, at rest, or at or below epsilon has an entry of 0, and NaN is none.
    idle = found.values == 0.0
    long = found.lengths
    if guard:
        # A derivative of what is hidden below has to be finite too, to stay hidden.
        long = long + xp.astype(idle, long.dtype)
    return xp.where(idle[..., None], 0.0, apart(xp, found.step) / (long * divisor)[..., None])


def spread(xp: ModuleType, pull: Array) -> Array:
    """Derive by the frames (..., T, K, D): a step pulls its later frame, and its earlier one back."""
    between = pull[..., :-1, :, :] - pull[..., 1:, :, :]
    return xp.concat([-pull[..., :1, :, :], between, pull[..., -1:, :, :]], axis=-3)


def like_keypoints(xp: ModuleType, gradient: Array, keypoints: Array) -> Array:
    """Gradient (..., T, K, D) in the layout and dtype of the keypoints."""
    if gradient.dtype != keypoints.dtype:
        gradient = xp.astype(gradient, keypoints.dtype)
    return xp.reshape(gradient, keypoints.shape)


def loss_and_gradient(  # noqa: PLR0913 - what was found, and how it is to be done
    xp: ModuleType,
    frames: Frames,
    parameters: Parameters,
    found: Entries,
    add: Callable[[Array], Array],
    *,
    guard: bool,
    to_frames: Callable[[ModuleType, Array], Array] = spread,
) -> tuple[Array, Array]:
    """Loss and its derivative by the keypoints, from their entries."""
    loss_sum, count = sum_and_count(xp, frames, parameters, found, add)
    by = divisor(xp, parameters, count)
    gradient = to_frames(xp, pulls(xp, found, by, guard=guard))
    return loss_sum / by, like_keypoints(xp, gradient, frames.keypoints)


# 6. Weight ----------------------------------------------------------------------------------


def weight(xp: ModuleType, log_weight: Array) -> Array:
    """Weight of the loss in an objective, 1 / (2 exp(log_weight))."""
    return 1.0 / (2.0 * xp.exp(log_weight))
