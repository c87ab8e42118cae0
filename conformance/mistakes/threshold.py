"""Mistakes in the threshold: how it is rounded, and which thresholds are thought possible."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conformance import bits
from conformance.mistakes.registry import Wrong
from conformance.mistakes.rounding import cut, ties_away
from conformance.model import ErrorKind, Op
from conformance.oracle.problem import HALVES

if TYPE_CHECKING:
    from conformance.model import Request
    from conformance.oracle import Problem


class _Threshold(Wrong):
    """Base of the mistakes that compare with another threshold."""

    ops = (Op.VALUE, Op.STAGES, Op.GRADIENT, Op.EPSILON)
    needs = "confidences"

    def threshold(self, given: float, p: Problem) -> float:
        """Threshold to compare with, from the one that was asked for."""
        raise NotImplementedError

    def seen(self, confidence: float, p: Problem) -> float:
        """Confidence to compare."""
        return confidence

    def doubted(self, p: Problem, b: int, before: int, after: int, k: int) -> bool:
        if p.confidences is None:
            return False
        threshold = self.threshold(float(p.asked.params.get("prob_threshold", 0.0)), p)
        return any(self.seen(p.confidences[p.cell(b, t, k)], p) < threshold for t in (before, after))


def _own(p: Problem) -> str:
    """Dtype of the confidences."""
    return p.asked.inputs["confidences"].dtype


class ThresholdNotRounded(_Threshold):
    """Compares in float64 with a threshold that was not converted to the confidences' dtype."""

    def threshold(self, given: float, p: Problem) -> float:
        return given


class ThresholdInFloat32(_Threshold):
    """Compares float64 confidences with a threshold rounded to float32."""

    def threshold(self, given: float, p: Problem) -> float:
        return bits.round_to(given, "float32")


class ThresholdInKeypointsDtype(_Threshold):
    """Rounds confidences and threshold to the keypoints' dtype before comparing."""

    def threshold(self, given: float, p: Problem) -> float:
        return bits.round_to(given, p.dtype)

    def seen(self, confidence: float, p: Problem) -> float:
        return bits.round_to(float(confidence), p.dtype)


class ThresholdRoundedTwice(_Threshold):
    """Rounds the threshold to float32 first, and then to the half precision of the confidences."""

    def threshold(self, given: float, p: Problem) -> float:
        via = bits.round_to(given, "float32") if _own(p) in HALVES else given
        return bits.round_to(via, _own(p))


class ThresholdTiesAway(_Threshold):
    """Rounds a threshold half way between two numbers away from 0, and not to the even one."""

    def threshold(self, given: float, p: Problem) -> float:
        return ties_away(given, _own(p))


class ThresholdCut(_Threshold):
    """Cuts the digits of the threshold that the confidences' dtype lacks, and does not round."""

    def threshold(self, given: float, p: Problem) -> float:
        return cut(given, _own(p))


class ThresholdClamped(_Threshold):
    """Clamps the threshold to 0..1."""

    def threshold(self, given: float, p: Problem) -> float:
        return bits.round_to(min(max(given, 0.0), 1.0), _own(p))


class NegativeThresholdMasksNothing(_Threshold):
    """Skips the mask where the threshold is not above 0, though a confidence may be below it."""

    def threshold(self, given: float, p: Problem) -> float:
        return p.threshold if given > 0 else -math.inf


class ThresholdAboveOneMasksAll(Wrong):
    """Masks everything where the threshold is above 1, NaN confidences too."""

    ops = _Threshold.ops
    needs = "confidences"

    def doubted(self, p: Problem, b: int, before: int, after: int, k: int) -> bool:
        return p.confidences is not None and (p.threshold > 1 or super().doubted(p, b, before, after, k))


class ThresholdMustBeProbability(Wrong):
    """Refuses a threshold outside 0..1."""

    computes = False

    def refuses(self, request: Request) -> ErrorKind | None:
        given = request.params.get("prob_threshold", 0.0)
        if isinstance(given, int | float) and not 0 <= given <= 1:
            return ErrorKind.VALUE
        return super().refuses(request)
