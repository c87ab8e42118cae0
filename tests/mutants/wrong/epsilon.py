"""Mistakes about epsilon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.model import Status
from mutants.direct import Stages
from mutants.plain import Loss
from mutants.registry import mutant

if TYPE_CHECKING:
    from mutants.checks import Question


@mutant("value-exact-f64-008", passes="value-kink-f64-005")
class HardThreshold(Loss):
    """Zeroes lengths up to epsilon but does not subtract it from the others."""

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        return self.zeroed(entries, entries <= epsilon)


@mutant("value-kink-f64-005", passes="value-exact-f64-003")
class EpsilonIgnored(Loss):
    """Ignores epsilon."""

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        del epsilon
        return entries


@mutant("value-rest-f64-002", passes="value-exact-f64-003")
class NotClamped(Loss):
    """Subtracts epsilon and lets the result become negative."""

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        return entries - epsilon


@mutant("value-kink-f64-001", passes="value-exact-f64-003")
class DistanceFromEpsilon(Loss):
    """Takes |l - epsilon|."""

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        return self.xp.abs(entries - epsilon)


@mutant("value-exact-f64-009", passes="value-exact-f64-008")
class EpsilonsReversed(Loss):
    """Hands the epsilons to the keypoints in reverse order."""

    def epsilons(self, q: Question, points: Any) -> Any:
        epsilons = super().epsilons(q, points)
        return self.xp.flip(epsilons) if epsilons.ndim else epsilons


@mutant("value-exact-f64-009", passes="value-exact-f64-008")
class FirstEpsilonForAll(Loss):
    """Uses the first epsilon for every keypoint."""

    def epsilons(self, q: Question, points: Any) -> Any:
        epsilons = super().epsilons(q, points)
        return epsilons[0] if epsilons.ndim else epsilons


@mutant("value-exact-f64-009", Status.WRONGLY_REJECTED, passes="value-exact-f64-008", on=("numpy",))
class EpsilonPerFrame(Loss):
    """Spreads the epsilons along time and not along keypoints."""

    def epsilons(self, q: Question, points: Any) -> Any:
        epsilons = super().epsilons(q, points)
        return epsilons[:, None] if epsilons.ndim else epsilons


@mutant("value-kink-f64-013", passes="value-exact-f64-009")
class EpsilonInFloat32(Loss):
    """Rounds epsilon to float32 beside float64 keypoints, as the origin does."""

    def epsilons(self, q: Question, points: Any) -> Any:
        epsilons = self.xp.astype(super().epsilons(q, points), self.xp.float32)
        return self.xp.astype(epsilons, points.dtype)


@mutant("value-kink-f16-015", passes="value-exact-f16-008")
class EpsilonInHalf(Loss):
    """Rounds epsilon to the half precision of the keypoints."""

    def epsilons(self, q: Question, points: Any) -> Any:
        epsilons = self.xp.astype(super().epsilons(q, points), q.keypoints.dtype)
        return self.xp.astype(epsilons, points.dtype)


@mutant("value-kink-f32-017", passes="value-exact-f32-009")
class EpsilonNotRounded(Loss):
    """Compares and subtracts in float64, and rounds the result."""

    def epsilons(self, q: Question, points: Any) -> Any:
        return super().epsilons(q, self.xp.astype(points, self.xp.float64))

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        wide = super().rectified(self.xp.astype(entries, self.xp.float64), epsilon)
        return self.xp.astype(wide, entries.dtype)


@mutant("value-exact-f64-008", passes="value-kink-f64-001")
class EpsilonTruncated(Loss):
    """Cuts epsilon to a whole number of pixels."""

    def epsilons(self, q: Question, points: Any) -> Any:
        return self.xp.floor(super().epsilons(q, points))


@mutant("value-kink-f64-001", passes="value-kink-f64-005")
class EpsilonUnderTheRoot(Loss):
    """Subtracts the square of epsilon from the square of the length, then takes the root."""

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        return self.root(super().rectified(entries * entries, epsilon * epsilon))


@mutant("value-kink-f64-001", passes="value-exact-f64-003")
class EpsilonSubtractedTwice(Loss):
    """Compares with epsilon what it was subtracted from already."""

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        return super().rectified(super().rectified(entries, epsilon), epsilon)


@mutant("value-exact-f64-016", passes="value-exact-f64-003")
class EpsilonAfterReduction(Loss):
    """Subtracts epsilon from the sum or mean and not from each length."""

    def loss(self, q: Question) -> Any:
        parts = self.parts(q)
        if q.reduction == "none":
            return self.entries(q, parts)
        reduced = self.reduced(q, self.masked(parts.lengths, parts.hidden), parts)
        return self.rectified(reduced, self.xp.max(self.epsilons(q, parts.points)))


@mutant("value-inf-f64-001", passes="value-kink-f64-001")
class EpsilonRelative(Loss):
    """Multiplies by 1 - epsilon / l, which is NaN for an infinite length."""

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        lengths = self.xp.where(entries == 0, self.xp.ones_like(entries), entries)
        return self.zeroed(entries * ((entries - epsilon) / lengths), entries <= epsilon)


@mutant("value-kink-f32-018", passes="value-kink-f32-022")
class EpsilonArrayKept(Loss):
    """Uses an epsilon array in the dtype it comes in, which then decides the result's."""

    def epsilons(self, q: Question, points: Any) -> Any:
        return q.epsilon if hasattr(q.epsilon, "dtype") else super().epsilons(q, points)


@mutant("value-kink-f64-018", Status.WRONGLY_REJECTED, passes="value-kink-f64-013")
class WholeEpsilonRefused(Loss):
    """Refuses an epsilon that is an int."""

    def check_epsilon_number(self, number: Any) -> None:
        if isinstance(number, int):
            message = f"epsilon of {number!r}"
            raise TypeError(message)
        super().check_epsilon_number(number)


@mutant("value-kink-f64-017", Status.WRONGLY_REJECTED, passes="value-kink-f64-004")
class EpsilonArrayNeedsAnAxis(Loss):
    """Refuses an epsilon array without axes."""

    def check_epsilon_shape(self, shape: tuple[int, ...], q: Question) -> None:
        if shape == ():
            self.refuse_shape("epsilon", shape)
        super().check_epsilon_shape(shape, q)


@mutant("stages-exact-f64-003", passes="stages-exact-f64-001")
class EpsilonBeforeMask(Stages):
    """Runs the epsilon stage before the mask."""

    def answer(self, q: Question) -> dict[str, Any]:
        found = super().answer(q)
        return {**found, "masked": found["rectified"]}


@mutant("stages-exact-f64-002", passes="stages-exact-f64-003")
class MaskedInPlace(Stages):
    """Masks the differences in place, so that they are lost."""

    def answer(self, q: Question) -> dict[str, Any]:
        found = super().answer(q)
        return {**found, "differences": found["masked"]}
