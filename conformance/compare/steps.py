"""A recording's steps in plain NumPy: what a person wants to see of them, and their sizes for the budget."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from temporal_loss.recordings import Recording

# Steps may be from 2**-60 to 2**60 in float32, and 2**-500 to 2**500 in float64: what is promised (TL-11).
LARGEST = {"float32": 2.0**59, "float64": 2.0**499}
SMALLEST = {"float32": 2.0**-60, "float64": 2.0**-500}


@dataclass(frozen=True, eq=False)
class Question:
    """What every subject is asked for one dtype.

    `keypoints` are float64 but hold numbers of `dtype`; `confidences` are in the dtype they are
    handed over in: the file's own, unless that is wider than `dtype`.
    """

    dtype: str
    keypoints: NDArray[np.float64]
    confidences: NDArray[np.floating[Any]] | None
    epsilon: float | list[float]
    prob_threshold: float
    nan_policy: str

    @property
    def params(self) -> dict[str, Any]:
        """Keywords of the loss."""
        return {
            "epsilon": self.epsilon,
            "prob_threshold": self.prob_threshold,
            "reduction": "mean",
            "nan_policy": self.nan_policy,
        }

    @property
    def entries(self) -> int:
        """Number of transitions times keypoints: what the mean divides by."""
        *lead, frames, keypoints, _ = self.keypoints.shape
        count: int = math.prod(lead) * (frames - 1) * keypoints
        return count

    @property
    def rounded_epsilon(self) -> NDArray[np.float64]:
        """Epsilon as the loss takes it, rounded once to the result dtype."""
        return np.asarray(self.epsilon, dtype=self.dtype).astype(np.float64)


def ask(
    recording: Recording, dtype: str, epsilon: float | list[float], prob_threshold: float, nan_policy: str
) -> Question:
    """Round a recording to a dtype."""
    confidences = recording.confidences
    if confidences is not None and confidences.dtype.itemsize > np.dtype(dtype).itemsize:
        with np.errstate(over="ignore"):
            confidences = confidences.astype(dtype)
    keypoints = recording.keypoints.astype(dtype).astype(np.float64)
    return Question(dtype, keypoints, confidences, epsilon, prob_threshold, nan_policy)


def out_of_range(recording: Recording, dtype: str) -> str:
    """Why the dtype is not good for a recording's coordinates, or nothing."""
    finite = np.where(np.isfinite(recording.keypoints), recording.keypoints, 0.0)
    largest = float(np.abs(finite).max())
    if largest >= LARGEST[dtype]:
        found, due = f"a coordinate of {largest:.3g}", f"up to {LARGEST[dtype]:.3g}"
        return f"the file has {found}, the loss in {dtype} is good {due}"
    moved = float(np.abs(np.diff(finite.astype(dtype), axis=-3)).max())
    if 0 < moved < SMALLEST[dtype]:
        found, due = f"no move larger than {moved:.3g}", f"from {SMALLEST[dtype]:.3g}"
        return f"the file has {found}, the loss in {dtype} is good {due}"
    return ""


def lengths(keypoints: NDArray[np.float64]) -> NDArray[np.float64]:
    """Length of every step; shape (..., T-1, K)."""
    with np.errstate(invalid="ignore", over="ignore"):
        steps: NDArray[np.float64] = np.sqrt(np.square(np.diff(keypoints, axis=-3)).sum(axis=-1))
    return steps


def hidden(question: Question) -> NDArray[np.bool_]:
    """Mark the steps that low confidence, or the NaN policy, takes out."""
    usable = np.ones(question.keypoints.shape[:-1], dtype=bool)
    if question.confidences is not None:
        threshold = question.confidences.dtype.type(question.prob_threshold)
        usable &= ~(question.confidences < threshold)
    if question.nan_policy == "omit":
        usable &= ~np.isnan(question.keypoints).any(axis=-1)
    marks: NDArray[np.bool_] = ~(usable[..., 1:, :] & usable[..., :-1, :])
    return marks


def active_length(question: Question) -> tuple[float, int]:
    """Sum of the lengths above epsilon, or so near that rounding may lift them there, and their number."""
    sizes = lengths(question.keypoints)
    margin = 1 + 16 * float(np.finfo(question.dtype).eps)
    active = ~hidden(question) & (sizes * margin >= question.rounded_epsilon)
    active &= np.isfinite(sizes) & (sizes > 0)
    return float(sizes[active].sum()), int(active.sum())


@dataclass(frozen=True)
class Jump:
    """One long step: into `frame` (counted from 0) of a sequence."""

    sequence: int
    frame: int
    keypoint: int
    pixels: float


@dataclass(frozen=True)
class Summary:
    """What a person wants to know of a recording before its loss."""

    frames: int
    sequences: int
    entries: int
    masked: int
    missing: int
    jumps: tuple[Jump, ...]


def summarise(question: Question, jumps: int = 3) -> Summary:
    """Count what is masked and missing, and find the longest steps that are neither."""
    sizes, out = lengths(question.keypoints), hidden(question)
    missing = np.isnan(sizes)
    counted = np.where(out | missing, -1.0, sizes)
    order = np.argsort(-counted, axis=None, kind="stable")[:jumps]
    steps, keypoints = sizes.shape[-2:]
    longest = []
    for place in order.tolist():
        sequence, rest = divmod(place, steps * keypoints)
        step, keypoint = divmod(rest, keypoints)
        if counted.flat[place] > 0:
            longest.append(Jump(sequence, step + 1, keypoint, float(counted.flat[place])))
    return Summary(
        frames=steps + 1,
        sequences=sizes.size // (steps * keypoints),
        entries=sizes.size,
        masked=int(out.sum()),
        missing=int((missing & ~out).sum()),
        jumps=tuple(longest),
    )
