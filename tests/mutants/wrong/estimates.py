"""Mistakes in `estimate_epsilon` about infinite steps, the threshold, and whole numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from conformance.model import Status
from mutants.direct import Estimate
from mutants.registry import mutant

if TYPE_CHECKING:
    from mutants.checks import Question


@mutant("epsilon-inf-f64-001", passes="epsilon-nan-f64-001")
class InfiniteStepsLeftOut(Estimate):
    """Leaves out what is not finite."""

    def dropped(self, hidden: Any, lengths: Any) -> Any:
        return super().dropped(hidden, lengths) | self.xp.isinf(lengths)


@mutant("epsilon-inf-f64-003", passes="epsilon-nan-f64-001")
class AllStepsWeighed(Estimate):
    """Weighs every step, most of them with 0, and 0 times infinity is NaN."""

    def quantile(self, ordered: Any, quantile: float) -> Any:
        return super().quantile(ordered, quantile) + self.xp.sum(0 * ordered)


@mutant("epsilon-inf-f64-005", passes="epsilon-inf-f64-001")
class NanStepsAreInfinite(Estimate):
    """Sorts NaN steps to the end as infinite ones, and counts them."""

    def lengths(self, steps: Any) -> Any:
        lengths = super().lengths(steps)
        return self.xp.where(self.xp.isnan(lengths), self.xp.full_like(lengths, math.inf), lengths)


@mutant("epsilon-masked-f64-004", passes="epsilon-masked-f64-001")
class StepsByFloat32Threshold(Estimate):
    """Compares float64 confidences with a threshold rounded to float32."""

    def threshold(self, q: Question) -> Any:
        rounded = self.xp.astype(super().threshold(q), self.xp.float32)
        return self.xp.astype(rounded, q.confidences.dtype)


@mutant("epsilon-masked-f64-006", passes="epsilon-masked-f64-001")
class StepsByClampedThreshold(Estimate):
    """Clamps the threshold to 0..1."""

    def threshold(self, q: Question) -> Any:
        return super().threshold(q._replace(prob_threshold=min(max(q.prob_threshold, 0.0), 1.0)))


@mutant("epsilon-masked-f64-008", passes="epsilon-masked-f64-001")
class StepsOfInfiniteConfidence(Estimate):
    """Takes an infinite confidence for a missing one, so that -inf leaves nothing out."""

    def unsure(self, confidences: Any, threshold: Any) -> Any:
        return super().unsure(confidences, threshold) & self.xp.isfinite(confidences)


@mutant("epsilon-exact-f64-007", Status.WRONGLY_REJECTED, passes="epsilon-exact-f64-004")
class WholeQuantileRefused(Estimate):
    """Refuses a quantile that is an int."""

    def outputs(self, inputs: Any, params: Any) -> dict[str, Any]:
        if type(params.get("quantile")) is int:
            message = "quantile is no float"
            raise TypeError(message)
        return super().outputs(inputs, params)
