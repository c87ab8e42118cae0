"""Mistakes about the length of a step."""

from __future__ import annotations

from typing import Any

from mutants.plain import Loss
from mutants.registry import mutant


@mutant("value-exact-f64-001", passes="value-rest-f64-001")
class SquaredLength(Loss):
    """Sums squares and takes no root."""

    def lengths(self, steps: Any) -> Any:
        return self.xp.sum(steps * steps, axis=-1)


@mutant("value-exact-f64-001", passes="value-exact-f64-012")
class CityBlockLength(Loss):
    """Adds absolute differences."""

    def lengths(self, steps: Any) -> Any:
        return self.xp.sum(self.xp.abs(steps), axis=-1)


@mutant("value-exact-f64-001", passes="value-exact-f64-012")
class LargestCoordinate(Loss):
    """Takes the largest absolute difference."""

    def lengths(self, steps: Any) -> Any:
        return self.xp.max(self.xp.abs(steps), axis=-1)


@mutant("value-exact-f64-011", passes="value-exact-f64-012")
class RootMeanSquare(Loss):
    """Takes the mean of the squares under the root."""

    def lengths(self, steps: Any) -> Any:
        return self.root(self.xp.mean(steps * steps, axis=-1))


@mutant("value-inf-f64-004", passes="value-exact-f64-012")
class FirstCoordinateAlone(Loss):
    """Takes the difference in x."""

    def lengths(self, steps: Any) -> Any:
        return self.xp.abs(steps[..., 0])


@mutant("value-exact-f64-012", passes="value-exact-f64-001")
class SignedDifference(Loss):
    """Leaves the sign of a single coordinate's difference."""

    def lengths(self, steps: Any) -> Any:
        return steps[..., 0] if steps.shape[-1] == 1 else super().lengths(steps)


@mutant("value-rest-f64-001", passes="value-exact-f64-001")
class TinyUnderTheRoot(Loss):
    """Adds 1e-24 under the root to dodge the gradient at rest."""

    def lengths(self, steps: Any) -> Any:
        return self.xp.sqrt(self.xp.sum(steps * steps, axis=-1) + 1e-24)


@mutant("value-cancel-f64-002", passes="value-exact-f64-002")
class SquaresExpanded(Loss):
    """Multiplies (b - a)^2 out, which cancels far from the origin."""

    def steps(self, points: Any) -> Any:
        a, b = points[..., :-1, :, :], points[..., 1:, :, :]
        return self.xp.sqrt(self.xp.abs(b * b - 2 * a * b + a * a))


@mutant("value-inf-f64-001", passes="value-exact-f64-002")
class InfinityOverInfinity(Loss):
    """Divides by the largest coordinate, which makes NaN of an infinite step."""

    def lengths(self, steps: Any) -> Any:
        largest = self.xp.max(self.xp.abs(steps), axis=-1, keepdims=True)
        scaled = steps / self.xp.where(largest == 0, self.xp.ones_like(largest), largest)
        return largest[..., 0] * super().lengths(scaled)


@mutant("value-range-f64-002", passes="value-random-f64-002")
class SmallStepsAreRest(Loss):
    """Takes steps below 1e-8 for rest."""

    def root(self, squares: Any) -> Any:
        return super().root(self.zeroed(squares, squares < 1e-16))


@mutant("value-range-f64-003", passes="value-random-f64-002")
class FourthPowers(Loss):
    """Overflows halfway: squares the squares, then takes the root twice."""

    def root(self, squares: Any) -> Any:
        return super().root(super().root(squares * squares))


@mutant("value-inf-f32-002", passes="value-nan-f32-004")
class InfinityIsMissing(Loss):
    """Turns infinite lengths into 0, as `nan_to_num` with limits does."""

    def lengths(self, steps: Any) -> Any:
        lengths = super().lengths(steps)
        return self.zeroed(lengths, self.xp.isinf(lengths))
