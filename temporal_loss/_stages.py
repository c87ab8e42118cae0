"""The loss as five short stages, each a pure function of arrays.

`xp` is the arrays' namespace. Keypoints are (T, 2K) or (..., T, K, D) in the result dtype; entries
have shape (..., T-1, K), one per step and keypoint. `guard` is for arrays through which a gradient
may be taken: two things must hold at once there, exact zeros in the gradient and NaN in the value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

    Array = Any


def coordinates(keypoints: Array) -> list[Array]:
    """One view (..., T, K) per spatial coordinate."""
    if keypoints.ndim == 2:
        return [keypoints[:, 0::2], keypoints[:, 1::2]]
    return [keypoints[..., index] for index in range(keypoints.shape[-1])]


# 1. Differences -----------------------------------------------------------------------------


def steps(keypoints: Array) -> Array:
    """Movement from each frame to the next."""
    if keypoints.ndim == 2:
        return keypoints[1:, :] - keypoints[:-1, :]
    return keypoints[..., 1:, :, :] - keypoints[..., :-1, :, :]


def squared_lengths(squares: list[Array]) -> Array:
    """Sum of the squares of a step's coordinates, each (..., T-1, K)."""
    squared = squares[0]
    for square in squares[1:]:
        squared = squared + square
    return squared


def are_ordinary(xp: ModuleType, squared: Array) -> bool:
    """Look whether no length is 0, infinite or NaN, so that a gradient needs no guard."""
    # Over itself such a one is NaN, and any other 1. A look takes as long as many an operation: one only.
    return not bool(xp.isnan(xp.sum(squared / squared)))


def lengths(xp: ModuleType, squared: Array, zero: float | Array = 0.0, *, guard: bool) -> Array:
    """Euclidean length, in pixels, of steps (..., T-1, K)."""
    if not guard:
        return xp.sqrt(squared)
    # sqrt has no derivative at 0. There it is taken at 1, where it has one, which the derivative of
    # the square, 2 * step, makes 0. Elsewhere, NaN included, nothing is added nor taken away.
    still = xp.astype(squared == zero, squared.dtype)
    return xp.sqrt(squared + still) - still


# 2. Segments and mask -----------------------------------------------------------------------


def unsure(confidences: Array, threshold: float) -> Array:
    """Mark a frame's keypoint where it is below the threshold; NaN is not."""
    return confidences < threshold


def missing(xp: ModuleType, keypoints: Array) -> Array:
    """Mark a frame's keypoint where one of its coordinates is NaN."""
    first, *others = coordinates(keypoints)
    marks = xp.isnan(first)
    for position in others:
        marks = marks | xp.isnan(position)
    return marks


def either_frame(marks: Array) -> Array:
    """Mark the steps from or to a marked frame."""
    return marks[..., 1:, :] | marks[..., :-1, :]


def crossing(segment_ids: Array) -> Array:
    """Mark the steps from one segment into another; shape (..., T-1, 1)."""
    return (segment_ids[..., 1:] != segment_ids[..., :-1])[..., None]


def mask(xp: ModuleType, values: Array, masked: Array, zero: float | Array = 0.0) -> Array:
    """Set what is masked to exactly 0."""
    return xp.where(masked, zero, values)


# 3. Epsilon ---------------------------------------------------------------------------------


def rectify(  # noqa: PLR0913 - with what it needs to know of the arrays
    xp: ModuleType,
    entries: Array,
    epsilon: float | Array,
    zero: float | Array = 0.0,
    *,
    guard: bool,
    masked: Array | None = None,
) -> Array:
    """Soft threshold, max(entry - epsilon, 0), and 0 where `masked`; other NaN stays NaN."""
    excess = entries - epsilon
    if not guard and masked is None:
        return xp.maximum(excess, zero)
    # `maximum` has half a slope at the tie on some backends; `excess > 0` would hide a NaN.
    gone = excess <= zero
    return xp.where(gone if masked is None else gone | masked, zero, excess)


# 4. Reduction -------------------------------------------------------------------------------


def total(xp: ModuleType, entries: Array, *, as_complex: bool = False) -> Array:
    """Sum of all entries; `as_complex` where that saves writing them to memory."""
    if as_complex:
        # Parts are added apart, so the real one is the same sum. Taking it between the two sums keeps
        # them two: into the first, along the short axis, everything before it is fused.
        entries = xp.real(xp.sum(entries + 0j, axis=-1))
    return xp.sum(entries)


def count_unmarked(xp: ModuleType, marks: Array, dtype: Any) -> Array:
    """Count the entries that are not marked, as a scalar of `dtype`."""
    # Whole numbers along time, the long axis: float32 could not count beyond 2**24 one by one.
    per_keypoint = marks.shape[-2] - xp.sum(xp.astype(marks, xp.int32), axis=-2, dtype=xp.int32)
    return xp.sum(xp.astype(per_keypoint, dtype))


def ratio(xp: ModuleType, loss_sum: Array, counted: Array) -> Array:
    """Mean from a sum and what is counted; 0 where nothing is."""
    return loss_sum / xp.where(counted > 0, counted, 1.0)


# 5. Weight ----------------------------------------------------------------------------------


def weight(xp: ModuleType, log_weight: Array) -> Array:
    """Weight of the loss in an objective, 1 / (2 exp(log_weight))."""
    return 1.0 / (2.0 * xp.exp(log_weight))
