"""One plain, correct `temporal_loss` in small pieces, written for these tests.

Another implementation, right or wrong, is this one with a piece replaced. It uses nothing but the
array API, so that it runs on NumPy arrays, torch tensors and JAX arrays, and it refuses nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from conformance import bits
from conformance.oracle.problem import HALVES


class Question(NamedTuple):
    """The arguments of one call."""

    keypoints: Any
    confidences: Any
    epsilon: Any = 0.0
    prob_threshold: Any = 0.0
    reduction: Any = "mean"
    segment_ids: Any = None
    nan_policy: Any = "propagate"


class Parts(NamedTuple):
    """What is known on the way to the loss."""

    points: Any
    """Positions, (..., T, K, D), in the result dtype."""
    hidden: Any
    """Whether an entry is masked, for low confidence or at a join, (..., T-1, K)."""
    joins: Any
    """Whether a step leads from one clip into another, (..., T-1)."""
    steps: Any
    """Differences of positions, 0 where hidden, (..., T-1, K, D)."""
    lengths: Any
    """Their lengths, (..., T-1, K)."""


def dtype_name(array: Any) -> str:
    """Name of a dtype without its library."""
    return str(array.dtype).rpartition(".")[2]


class Loss:
    """The loss as a callable.

    Parameters
    ----------
    xp : module
        Array-API namespace of the arrays it will be given.
    """

    def __init__(self, xp: Any) -> None:
        self.xp = xp

    def __call__(self, keypoints: Any, confidences: Any = None, **options: Any) -> Any:
        return self.loss(Question(keypoints, confidences, **options))

    def loss(self, q: Question) -> Any:
        parts = self.parts(q)
        return self.reduced(q, self.entries(q, parts), parts)

    def parts(self, q: Question) -> Parts:
        points = self.points(self.widened(q.keypoints))
        joins = self.joins(q, points)
        hidden = self.hidden(q, points) | joins[..., None]
        steps = self.shown(self.steps(points), hidden)
        return Parts(points, hidden, joins, steps, self.lengths(steps))

    def entries(self, q: Question, parts: Parts) -> Any:
        return self.rectified(self.masked(parts.lengths, parts.hidden), self.epsilons(q, parts.points))

    # The pieces, in the order of their use.

    def widened(self, keypoints: Any) -> Any:
        half = dtype_name(keypoints) in HALVES
        return self.xp.astype(keypoints, self.xp.float32) if half else keypoints

    def points(self, keypoints: Any) -> Any:
        if keypoints.ndim > 2:
            return keypoints
        frames, columns = keypoints.shape
        return self.xp.reshape(keypoints, (frames, columns // 2, 2))

    def hidden(self, q: Question, points: Any) -> Any:
        return self.touched(self.low(q, points))

    def low(self, q: Question, points: Any) -> Any:
        low = self.xp.any(self.nowhere(points), axis=-1)
        if q.confidences is not None:
            low = low | self.unsure(q.confidences, self.threshold(q))
        return low | self.lost(points) if q.nan_policy == "omit" else low

    def threshold(self, q: Question) -> Any:
        # Some libraries round to half precision by way of float32, which is once too often.
        rounded = bits.round_to(float(q.prob_threshold), dtype_name(q.confidences))
        return self.number(rounded, q.confidences)

    def unsure(self, confidences: Any, threshold: Any) -> Any:
        return confidences < threshold

    def lost(self, points: Any) -> Any:
        return self.xp.any(self.xp.isnan(points), axis=-1)

    def touched(self, low: Any) -> Any:
        return low[..., 1:, :] | low[..., :-1, :]

    def joins(self, q: Question, points: Any) -> Any:
        if q.segment_ids is None:
            return self.xp.any(self.nowhere(points[..., 1:, :, :]), axis=(-2, -1))
        return self.cut(q.segment_ids)

    def cut(self, ids: Any) -> Any:
        return ids[..., 1:] != ids[..., :-1]

    def steps(self, points: Any) -> Any:
        return points[..., 1:, :, :] - points[..., :-1, :, :]

    def shown(self, steps: Any, hidden: Any) -> Any:
        # NaN that is taken out before the root cannot come back through the gradient.
        return self.zeroed(steps, hidden[..., None])

    def lengths(self, steps: Any) -> Any:
        return self.root(self.xp.sum(steps * steps, axis=-1))

    def root(self, squares: Any) -> Any:
        # The root of 0 has an infinite slope, and 0 times infinity is NaN.
        rest = squares == 0
        return self.zeroed(self.xp.sqrt(self.xp.where(rest, self.xp.ones_like(squares), squares)), rest)

    def masked(self, lengths: Any, hidden: Any) -> Any:
        return self.zeroed(lengths, hidden)

    def epsilons(self, q: Question, points: Any) -> Any:
        if hasattr(q.epsilon, "dtype"):
            return self.xp.astype(q.epsilon, points.dtype)
        if isinstance(q.epsilon, list):
            return self.xp.stack([self.number(e, points) for e in q.epsilon])
        return self.number(q.epsilon, points)

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        return self.zeroed(entries - epsilon, entries <= epsilon)

    def reduced(self, q: Question, entries: Any, parts: Parts) -> Any:
        if q.reduction == "none":
            return entries
        total = self.total(entries)
        return total if q.reduction == "sum" else self.ratio(total, self.divisor(q, entries, parts))

    def total(self, entries: Any) -> Any:
        return self.xp.sum(entries)

    def divisor(self, q: Question, entries: Any, parts: Parts) -> Any:
        if q.reduction == "valid_mean":
            return self.count(~parts.hidden, entries)
        return self.count(~parts.joins, entries) * entries.shape[-1]

    def ratio(self, total: Any, count: Any) -> Any:
        return total / self.xp.where(count == 0, self.xp.ones_like(count), count)

    # Tools of the pieces.

    def count(self, which: Any, entries: Any) -> Any:
        return self.xp.sum(self.xp.astype(which, entries.dtype))

    def nowhere(self, values: Any) -> Any:
        return self.xp.zeros_like(values, dtype=self.xp.bool)

    def zeroed(self, values: Any, where: Any) -> Any:
        return self.xp.where(where, self.xp.zeros_like(values), values)

    def number(self, value: float, like: Any) -> Any:
        # A trace does not tell its device, so a new number is made from the array it goes with.
        return self.xp.full_like(self.xp.sum(self.xp.zeros_like(like)), value)
