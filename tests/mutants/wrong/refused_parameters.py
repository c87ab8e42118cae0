"""Mistakes about which parameters are refused, and as what."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from conformance.model import Status
from mutants.plain import Loss
from mutants.registry import mutant

if TYPE_CHECKING:
    from mutants.checks import Question

ACCEPTED = Status.WRONGLY_ACCEPTED


@mutant("value-error-f64-038", ACCEPTED, passes="value-error-f64-039")
class OneEpsilonInAList(Loss):
    """Spreads a list of one epsilon over the keypoints."""

    def check_epsilon_shape(self, shape: tuple[int, ...], q: Question) -> None:
        super().check_epsilon_shape(() if shape == (1,) else shape, q)


@mutant("value-error-f64-037", ACCEPTED, passes="value-error-f64-038")
class EmptyListIsNone(Loss):
    """Takes an empty list for no epsilon."""

    def check_epsilon_shape(self, shape: tuple[int, ...], q: Question) -> None:
        super().check_epsilon_shape(() if shape == (0,) else shape, q)

    def epsilons(self, q: Question, points: Any) -> Any:
        return super().epsilons(q._replace(epsilon=0.0) if q.epsilon == [] else q, points)


@mutant("value-error-f64-040", ACCEPTED, passes="value-error-f64-039")
class SpareEpsilonsIgnored(Loss):
    """Uses the first K of too many epsilons."""

    def check_epsilon_shape(self, shape: tuple[int, ...], q: Question) -> None:
        super().check_epsilon_shape((2,) if shape == (4,) else shape, q)

    def epsilons(self, q: Question, points: Any) -> Any:
        return super().epsilons(q, points)[: points.shape[-2]]


@mutant("value-error-f64-043", ACCEPTED, passes="value-error-f64-042")
class EpsilonRow(Loss):
    """Takes an epsilon array with an axis too many."""

    def check_epsilon_shape(self, shape: tuple[int, ...], q: Question) -> None:
        super().check_epsilon_shape(shape[-1:], q)


@mutant("value-error-f64-045", ACCEPTED, passes="value-error-f64-051")
class NegativeEpsilon(Loss):
    """Takes a negative epsilon, as the origin does."""

    def check_epsilon_number(self, number: Any) -> None:
        super().check_epsilon_number(abs(number))


@mutant("value-error-f64-046", ACCEPTED, passes="value-error-f64-045")
class FirstEpsilonChecked(Loss):
    """Looks at the first of a list of epsilons."""

    def check_epsilon(self, q: Question) -> None:
        super().check_epsilon(q._replace(epsilon=q.epsilon[0]) if isinstance(q.epsilon, list) else q)


@mutant("value-error-f64-047", ACCEPTED, passes="value-error-f64-045")
class AlmostNegative(Loss):
    """Takes a negative epsilon that is almost 0."""

    def check_epsilon_number(self, number: Any) -> None:
        super().check_epsilon_number(number + 1e-9)


@mutant("value-error-f64-049", ACCEPTED, passes="value-error-f64-051")
class NanEpsilon(Loss):
    """Asks whether epsilon is below 0 or infinite, which NaN is not."""

    def check_epsilon_number(self, number: Any) -> None:
        super().check_epsilon_number(0.0 if math.isnan(number) else number)


@mutant("value-error-f64-051", ACCEPTED, passes="value-error-f64-053")
class InfiniteEpsilon(Loss):
    """Takes an infinite epsilon for one that is never reached."""

    def check_epsilon_number(self, number: Any) -> None:
        super().check_epsilon_number(0.0 if number == math.inf else number)


@mutant("value-error-f64-055", ACCEPTED, passes="value-error-f64-057")
class EpsilonRead(Loss):
    """Reads a text as epsilon."""

    def check_epsilon_number(self, number: Any) -> None:
        super().check_epsilon_number(float(number) if isinstance(number, str) else number)

    def number(self, value: Any, like: Any) -> Any:
        return super().number(float(value), like)


@mutant("value-error-f64-057", ACCEPTED, passes="value-error-f64-055")
class NoneIsNoEpsilon(Loss):
    """Takes None for 0."""

    def check_epsilon_number(self, number: Any) -> None:
        super().check_epsilon_number(0.0 if number is None else number)

    def number(self, value: Any, like: Any) -> Any:
        return super().number(value or 0.0, like)


@mutant("value-error-f64-055", passes="value-error-f64-051")
class TextIsAType(Loss):
    """Compares a text with 0, and lets the TypeError out where the value is wrong."""

    def check_epsilon_number(self, number: Any) -> None:
        if not 0 <= number < math.inf:
            message = f"epsilon of {number!r}"
            raise ValueError(message)


@mutant("value-error-f64-056", ACCEPTED, passes="value-error-f64-058")
class ThresholdRead(Loss):
    """Reads a text as prob_threshold."""

    def check_threshold(self, q: Question) -> None:
        if isinstance(q.prob_threshold, str):
            q = q._replace(prob_threshold=float(q.prob_threshold))
        super().check_threshold(q)

    def number(self, value: Any, like: Any) -> Any:
        return super().number(float(value), like)


@mutant("value-error-f64-060", ACCEPTED, passes="value-error-f64-065")
class OtherReductionsAreMeans(Loss):
    """Takes any other reduction for the mean."""

    def check_reduction(self, q: Question) -> None:
        pass


@mutant("value-error-f64-062", ACCEPTED, passes="value-error-f64-060")
class ReductionInAnyCase(Loss):
    """Takes "Mean" for "mean"."""

    def check_reduction(self, q: Question) -> None:
        super().check_reduction(q._replace(reduction=str(q.reduction).lower()))


@mutant("value-error-f64-064", ACCEPTED, passes="value-error-f64-060")
class NoReductionIsDefault(Loss):
    """Takes None for the default reduction."""

    def check_reduction(self, q: Question) -> None:
        super().check_reduction(q._replace(reduction=q.reduction or "mean"))


@mutant("value-error-f64-065", ACCEPTED, passes="value-error-f64-060")
class OtherPoliciesPropagate(Loss):
    """Takes any other nan_policy for "propagate"."""

    def check_policy(self, q: Question) -> None:
        pass


@mutant("value-error-f64-061", Status.CRASH, passes="value-exact-f64-004")
class ReductionLookedUp(Loss):
    """Looks the reduction up in a table, and lets the KeyError out."""

    def check_reduction(self, q: Question) -> None:
        {"mean": 1, "valid_mean": 2, "sum": 3, "none": 4}[q.reduction]
