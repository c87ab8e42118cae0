"""Mutants between calls and around them: changed inputs, kept state, wrong devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.model import Status
from mutants.harness import mutant
from mutants.plain import Loss, Parts

if TYPE_CHECKING:
    from mutants.plain import Question


@mutant("value-exact-f64-006", survives="value-exact-f64-003")
class KeypointsChanged(Loss):
    """Moves low-confidence keypoints to the origin in the caller's array."""

    def loss(self, q: Question) -> Any:
        found = super().loss(q)
        if q.confidences is not None:
            points = self.points(q.keypoints)
            points[q.confidences < q.prob_threshold] = 0
        return found


@mutant("value-exact-f64-006", survives="value-exact-f64-003")
class ConfidencesChanged(Loss):
    """Subtracts the threshold from the caller's confidences."""

    def loss(self, q: Question) -> Any:
        found = super().loss(q)
        if q.confidences is not None:
            q.confidences[...] -= q.prob_threshold
        return found


@mutant("value-segments-f64-010", survives="value-exact-f64-003")
class IdsChanged(Loss):
    """Counts the caller's segment ids from 0."""

    def loss(self, q: Question) -> Any:
        found = super().loss(q)
        if q.segment_ids is not None:
            q.segment_ids[...] -= 1
        return found


@mutant("value-kink-f64-004", survives="value-kink-f64-003")
class EpsilonChanged(Loss):
    """Squares the caller's epsilons."""

    def loss(self, q: Question) -> Any:
        found = super().loss(q)
        if hasattr(q.epsilon, "dtype"):
            q.epsilon[...] *= q.epsilon
        return found


@mutant("value-policy-f64-011", survives="value-exact-f64-003")
class NanCleanedInPlace(Loss):
    """Puts 0 for NaN into the caller's keypoints where NaN is omitted."""

    def loss(self, q: Question) -> Any:
        found = super().loss(q)
        if q.nan_policy == "omit":
            q.keypoints[self.xp.isnan(q.keypoints)] = 0
        return found


@mutant("value-exact-f64-002", survives="value-exact-f64-003", after="value-exact-f64-003")
class RemembersShape(Loss):
    """Keeps the lengths of the first keypoints of each shape."""

    def lengths(self, steps: Any) -> Any:
        kept = self.__dict__.setdefault("_kept", {})
        return kept.setdefault((steps.shape, steps.dtype), super().lengths(steps))


@mutant("value-kink-f64-001", survives="value-exact-f64-005", after="value-exact-f64-005")
class RemembersEpsilon(Loss):
    """Keeps the first epsilon."""

    def epsilons(self, q: Question, points: Any) -> Any:
        return self.__dict__.setdefault("_epsilon", super().epsilons(q, points))


@mutant("value-exact-f64-003", survives="value-rest-f64-001")
class AddsUpCalls(Loss):
    """Adds each loss to those before."""

    def loss(self, q: Question) -> Any:
        before = self.__dict__.get("_before", 0.0)
        self._before = super().loss(q) + before
        return self._before


@mutant("value-exact-f64-001", survives="value-exact-f64-005", on=("strict", "torch"), elsewhere=True)
class ResultOnDefaultDevice(Loss):
    """Gives scalars on the default device."""

    def reduced(self, q: Question, entries: Any, parts: Parts) -> Any:
        found = super().reduced(q, entries, parts)
        if q.reduction == "none":
            return found
        return self.xp.zeros((), dtype=found.dtype) + float(found)


@mutant(
    "value-exact-f64-009",
    status=Status.WRONGLY_REJECTED,
    survives="value-exact-f64-008",
    on=("strict",),
    elsewhere=True,
)
class EpsilonOnDefaultDevice(Loss):
    """Makes an array of the epsilons on the default device."""

    def epsilons(self, q: Question, points: Any) -> Any:
        if isinstance(q.epsilon, list):
            return self.xp.asarray(q.epsilon, dtype=points.dtype)
        return super().epsilons(q, points)
