"""Other correct ways to write the loss. No case may kill one of them."""

from __future__ import annotations

import math
from functools import reduce
from typing import TYPE_CHECKING, Any

from mutants.plain import Loss, Parts

if TYPE_CHECKING:
    from mutants.plain import Question

# Lengths


class Hypot(Loss):
    """Takes hypot, one coordinate after the other."""

    def lengths(self, steps: Any) -> Any:
        coordinates = [self.xp.abs(steps[..., axis]) for axis in range(steps.shape[-1])]
        lengths = reduce(self.xp.hypot, coordinates)
        # Of NaN and infinity hypot makes infinity.
        missing = self.xp.any(self.xp.isnan(steps), axis=-1)
        return self.xp.where(missing, self.xp.full_like(lengths, math.nan), lengths)


class ScaledByLargest(Loss):
    """Divides by the largest coordinate before it squares."""

    def lengths(self, steps: Any) -> Any:
        sizes = self.xp.abs(steps)
        largest = self.xp.max(sizes, axis=-1, keepdims=True)
        usable = self.xp.isfinite(largest) & (largest > 0)
        largest = self.xp.where(usable, largest, self.xp.ones_like(largest))
        return largest[..., 0] * super().lengths(steps / largest)


class ScaledByPower(Loss):
    """Divides by a power of two before it squares."""

    def lengths(self, steps: Any) -> Any:
        largest = self.xp.max(self.xp.abs(steps), axis=-1, keepdims=True)
        usable = self.xp.isfinite(largest) & (largest > 0)
        _, power = self.xp.frexp(self.xp.where(usable, largest, self.xp.ones_like(largest)))
        return self.xp.ldexp(super().lengths(self.xp.ldexp(steps, -power)), power[..., 0])


class Einsum(Loss):
    """Contracts the coordinates."""

    def lengths(self, steps: Any) -> Any:
        return self.root(self.xp.einsum("...d,...d->...", steps, steps))


class LibraryNorm(Loss):
    """Takes the library's own norm."""

    def lengths(self, steps: Any) -> Any:
        return self.xp.linalg.vector_norm(steps, axis=-1)


class SquareOverRoot(Loss):
    """Divides the square by its root."""

    def root(self, squares: Any) -> Any:
        # Infinity over infinity is NaN.
        usual = self.xp.isfinite(squares) & (squares > 0)
        divisor = self.xp.where(usual, super().root(squares), self.xp.ones_like(squares))
        return squares / divisor


class CoordinatesApart(Loss):
    """Differences each coordinate by itself and adds the squares from the last to the first."""

    def steps(self, points: Any) -> Any:
        apart = [points[..., 1:, :, d] - points[..., :-1, :, d] for d in range(points.shape[-1])]
        return self.xp.stack(apart[::-1], axis=-1)


# Epsilon


class Maximum(Loss):
    """Takes the maximum with 0."""

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        excess = entries - epsilon
        return self.xp.maximum(excess, self.xp.zeros_like(excess))


class Minimum(Loss):
    """Subtracts the smaller of epsilon and the length."""

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        epsilon = self.xp.zeros_like(entries) + epsilon
        excess = entries - self.xp.minimum(entries, epsilon)
        # Infinity less a number is what it was.
        return self.xp.where(self.xp.isinf(entries), entries, excess)


# Sums


class _Flat(Loss):
    """Base of sums over entries in a row."""

    def total(self, entries: Any) -> Any:
        return self.added(self.xp.reshape(entries, (-1,)))

    def added(self, row: Any) -> Any:
        raise NotImplementedError


class Sequential(_Flat):
    """Adds one entry after the other."""

    def added(self, row: Any) -> Any:
        total = self.number(0.0, row)
        for place in range(row.shape[0]):
            total = total + row[place]
        return total


class Reversed(Sequential):
    """Adds from the last entry to the first."""

    def added(self, row: Any) -> Any:
        return super().added(self.xp.flip(row))


class Sorted(Sequential):
    """Adds the small entries first."""

    def added(self, row: Any) -> Any:
        return super().added(self.xp.sort(row))


class Pairwise(_Flat):
    """Adds neighbours, then their sums, and so on."""

    def added(self, row: Any) -> Any:
        if row.shape[0] == 0:
            return self.number(0.0, row)
        while row.shape[0] > 1:
            odd = row[-1:] if row.shape[0] % 2 else row[:0]
            even = row[: row.shape[0] - odd.shape[0]]
            row = self.xp.concat([even[::2] + even[1::2], odd])
        return row[0]


class Kahan(_Flat):
    """Carries what each addition loses."""

    def added(self, row: Any) -> Any:
        if not self.xp.all(self.xp.isfinite(row)):
            return self.xp.sum(row)
        total = lost = self.number(0.0, row)
        for place in range(row.shape[0]):
            term = row[place] - lost
            new = total + term
            total, lost = new, (new - total) - term
        return total


class Blocked(_Flat):
    """Adds blocks of 128, and their sums one after the other."""

    def added(self, row: Any) -> Any:
        total = self.number(0.0, row)
        for start in range(0, row.shape[0], 128):
            total = total + self.xp.sum(row[start : start + 128])
        return total


class Dot(_Flat):
    """Multiplies the entries with ones."""

    def added(self, row: Any) -> Any:
        return self.xp.vecdot(row, self.xp.ones_like(row))


class KeypointsFirst(Loss):
    """Adds over keypoints, then over time and sequences."""

    def total(self, entries: Any) -> Any:
        return self.xp.sum(self.xp.sum(entries, axis=-1))


class LastOfRunningSums(_Flat):
    """Takes the last of the running sums."""

    def added(self, row: Any) -> Any:
        return self.xp.cumulative_sum(row)[-1] if row.shape[0] else self.number(0.0, row)


class Float64Inside(Loss):
    """Computes in float64 and rounds the result once."""

    def loss(self, q: Question) -> Any:
        parts = self.parts(q)
        dtype = parts.points.dtype
        epsilon = self.epsilons(q, parts.points)
        wide = [self.xp.astype(a, self.xp.float64) for a in (parts.points, parts.steps, epsilon)]
        parts = parts._replace(points=wide[0], lengths=self.lengths(self.exact_steps(wide[0], parts.hidden)))
        entries = self.rectified(self.masked(parts.lengths, parts.hidden), wide[2])
        return self.xp.astype(self.reduced(q, entries, parts), dtype)

    def exact_steps(self, points: Any, hidden: Any) -> Any:
        return self.shown(self.steps(points), hidden)


# Means


class Reciprocal(Loss):
    """Multiplies with one over the count."""

    def ratio(self, total: Any, count: Any) -> Any:
        return total * super().ratio(self.xp.ones_like(count), count)


class LibraryMean(Loss):
    """Takes the library's own mean where that is what is asked for."""

    def reduced(self, q: Question, entries: Any, parts: Parts) -> Any:
        plain = q.reduction == "mean" and q.segment_ids is None and 0 not in entries.shape
        return self.xp.mean(entries) if plain else super().reduced(q, entries, parts)


LENGTHS = (Hypot, ScaledByLargest, ScaledByPower, Einsum, LibraryNorm, SquareOverRoot, CoordinatesApart)
EPSILONS = (Maximum, Minimum)
SUMS = (Sequential, Reversed, Sorted, Pairwise, Kahan, Blocked, Dot, KeypointsFirst, LastOfRunningSums)
VALUES = (Loss, *LENGTHS, *EPSILONS, *SUMS, Float64Inside, Reciprocal, LibraryMean)
"""Those whose losses are right; their gradients need not be."""


class GuardedHypot(Loss):
    """Takes hypot of what is not 0."""

    def lengths(self, steps: Any) -> Any:
        # A coordinate at rest takes part in what another one makes NaN.
        lost = self.xp.any(self.xp.isnan(steps), axis=-1)
        steps = steps * self.xp.where(lost, math.nan, 1.0)[..., None]
        none = self.xp.zeros_like(steps[..., 0])
        return reduce(self.guarded, [steps[..., axis] for axis in range(steps.shape[-1])], none)

    def guarded(self, a: Any, b: Any) -> Any:
        rest = (a == 0) & (b == 0)
        return self.zeroed(self.xp.hypot(self.xp.where(rest, self.xp.ones_like(a), a), b), rest)


class Relu(Loss):
    """Takes relu, whose slope at 0 is 0."""

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        return (entries - epsilon).relu()


class UnitVectors(Loss):
    """Multiplies each step with its own direction, held fixed."""

    def lengths(self, steps: Any) -> Any:
        lengths = super().lengths(steps.detach())
        away = self.xp.where(lengths == 0, self.xp.ones_like(lengths), lengths)
        return self.xp.sum(steps * (steps.detach() / away[..., None]), axis=-1)


GRADIENTS = (Loss, GuardedHypot, Relu, UnitVectors)
"""Those whose gradients are right on torch."""
