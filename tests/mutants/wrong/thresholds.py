"""Mistakes about the threshold: how it is rounded, and which ones are thought possible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.mistakes.rounding import cut, ties_away
from conformance.model import Status
from mutants.checks import HALVES, dtype_name
from mutants.plain import Loss
from mutants.registry import mutant

if TYPE_CHECKING:
    from mutants.checks import Question


class _Other(Loss):
    """Base of the mistakes that compare with another threshold."""

    def other(self, threshold: float, dtype: str) -> float:
        raise NotImplementedError

    def threshold(self, q: Question) -> Any:
        return self.number(self.other(float(q.prob_threshold), dtype_name(q.confidences)), q.confidences)


@mutant("value-kink-f16-025", passes="value-kink-f16-023")
class ThresholdRoundedTwice(Loss):
    """Rounds to float32 first, and then to half precision."""

    def threshold(self, q: Question) -> Any:
        if dtype_name(q.confidences) not in HALVES:
            return super().threshold(q)
        wide = self.number(q.prob_threshold, self.xp.astype(q.confidences, self.xp.float32))
        return self.xp.astype(wide, q.confidences.dtype)


@mutant("value-kink-f32-033", passes="value-kink-f32-034")
class ThresholdTiesAway(_Other):
    """Rounds half way up, and not to the even number."""

    def other(self, threshold: float, dtype: str) -> float:
        return ties_away(threshold, dtype)


@mutant("value-kink-bf16-024", passes="value-kink-bf16-022")
class ThresholdCut(_Other):
    """Cuts the threshold's last digits, as a shift of its bits to bfloat16 does."""

    def other(self, threshold: float, dtype: str) -> float:
        return cut(threshold, dtype)


@mutant("value-confidence-f64-012", passes="value-exact-f64-006")
class ThresholdClamped(Loss):
    """Clamps the threshold to 0..1."""

    def threshold(self, q: Question) -> Any:
        return super().threshold(q._replace(prob_threshold=min(max(q.prob_threshold, 0.0), 1.0)))


@mutant("value-confidence-f64-012", Status.WRONGLY_REJECTED, passes="value-exact-f64-006")
class ThresholdIsProbability(Loss):
    """Refuses a threshold outside 0..1."""

    def check_threshold(self, q: Question) -> None:
        super().check_threshold(q)
        if not 0 <= q.prob_threshold <= 1:
            message = f"prob_threshold of {q.prob_threshold}"
            raise ValueError(message)


@mutant("value-confidence-f64-014", passes="value-confidence-f64-007")
class NegativeThresholdIsNone(Loss):
    """Skips the mask below a threshold of 0, though a confidence may be lower still."""

    def low(self, q: Question, points: Any) -> Any:
        return super().low(q._replace(confidences=None) if q.prob_threshold < 0 else q, points)


@mutant("value-confidence-f64-009", passes="value-confidence-f64-012")
class AboveOneMasksAll(Loss):
    """Masks everything above a threshold of 1, NaN and higher confidences too."""

    def unsure(self, confidences: Any, threshold: Any) -> Any:
        return super().unsure(confidences, threshold) | (threshold > 1)


@mutant("value-kink-f64-019", Status.WRONGLY_REJECTED, passes="value-exact-f64-006")
class WholeThresholdRefused(Loss):
    """Refuses a threshold that is an int."""

    def check_threshold(self, q: Question) -> None:
        if type(q.prob_threshold) is int:
            message = f"prob_threshold of {q.prob_threshold!r}"
            raise TypeError(message)
        super().check_threshold(q)
