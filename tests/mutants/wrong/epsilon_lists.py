"""Mistakes about several epsilons: along which axis they lie, their kind, how they are rounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.mistakes.rounding import cut, ties_away
from conformance.model import Status
from mutants.checks import dtype_name
from mutants.plain import Loss
from mutants.registry import mutant

if TYPE_CHECKING:
    from mutants.checks import Question


@mutant("value-exact-f64-017", passes="value-exact-f64-009")
class EpsilonAlongTime(Loss):
    """Spreads the epsilons along time where there are as many steps."""

    def epsilons(self, q: Question, points: Any) -> Any:
        epsilons = super().epsilons(q, points)
        return epsilons[:, None] if epsilons.shape == (points.shape[-3] - 1,) else epsilons


@mutant("value-exact-f64-020", passes="value-exact-f64-017")
class EpsilonAlongSequences(Loss):
    """Spreads the epsilons along a batch of as many sequences."""

    def epsilons(self, q: Question, points: Any) -> Any:
        epsilons = super().epsilons(q, points)
        return epsilons[:, None, None] if points.ndim > 3 and epsilons.shape == points.shape[:1] else epsilons


@mutant("value-kink-f32-026", passes="value-kink-f32-028", on=("numpy",))
class WholeEpsilonsKept(Loss):
    """Makes an array of integers of whole epsilons, beside which NumPy computes in float64."""

    def epsilons(self, q: Question, points: Any) -> Any:
        if isinstance(q.epsilon, list) and all(isinstance(e, int) for e in q.epsilon):
            return self.xp.asarray(q.epsilon)
        return super().epsilons(q, points)


@mutant("value-kink-f64-022", passes="value-kink-f64-020")
class EpsilonsOfOneKind(Loss):
    """Reads a list of epsilons as whole numbers if the first one is whole."""

    def epsilons(self, q: Question, points: Any) -> Any:
        epsilons = super().epsilons(q, points)
        whole = isinstance(q.epsilon, list) and isinstance(q.epsilon[0], int)
        return self.xp.floor(epsilons) if whole else epsilons


@mutant("value-kink-f64-020", Status.WRONGLY_REJECTED, passes="value-kink-f64-018")
class WholeEpsilonsRefused(Loss):
    """Refuses an int in a list of epsilons."""

    def check_epsilon(self, q: Question) -> None:
        super().check_epsilon(q)
        if isinstance(q.epsilon, list) and any(isinstance(e, int) for e in q.epsilon):
            message = f"epsilon of {q.epsilon}"
            raise TypeError(message)


class _Rounded(Loss):
    """Base of the mistakes that round each epsilon in another way."""

    def other(self, epsilon: float, dtype: str) -> float:
        raise NotImplementedError

    def epsilons(self, q: Question, points: Any) -> Any:
        if not isinstance(q.epsilon, list):
            return super().epsilons(q, points)
        rounded = [self.other(e, dtype_name(points)) for e in q.epsilon]
        return super().epsilons(q._replace(epsilon=rounded), points)


@mutant("value-kink-f32-030", passes="value-kink-f32-031")
class EpsilonTiesAway(_Rounded):
    """Rounds half way up, and not to the even number."""

    def other(self, epsilon: float, dtype: str) -> float:
        return ties_away(epsilon, dtype)


@mutant("value-kink-f32-031", passes="value-exact-f32-009")
class EpsilonCut(_Rounded):
    """Cuts the last digits of an epsilon."""

    def other(self, epsilon: float, dtype: str) -> float:
        return cut(epsilon, dtype)


@mutant("value-kink-f32-037", passes="value-kink-f32-019")
class EpsilonRoundedTwice(Loss):
    """Reads whole numbers of an array as float64 first, and then rounds them to float32."""

    def epsilons(self, q: Question, points: Any) -> Any:
        if hasattr(q.epsilon, "dtype"):
            q = q._replace(epsilon=self.xp.astype(q.epsilon, self.xp.float64))
        return super().epsilons(q, points)
