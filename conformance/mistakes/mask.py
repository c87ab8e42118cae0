"""Mistakes in the confidence mask and in what happens to NaN."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from conformance import bits
from conformance.mistakes.registry import Wrong, scaled
from conformance.model import ErrorKind, Op
from conformance.oracle import fixed

if TYPE_CHECKING:
    from conformance.model import Request
    from conformance.oracle import Entry, Exact, Problem
    from conformance.oracle.fixed import Fixed, Number

MASKING = (Op.VALUE, Op.STAGES, Op.GRADIENT, Op.EPSILON)


class _Pair(Wrong):
    """Base of the mistakes about the two confidences of an entry."""

    ops = MASKING
    needs = "confidences"

    def doubted(self, p: Problem, b: int, before: int, after: int, k: int) -> bool:
        if p.confidences is None:
            return False
        return self.low(p.confidences[p.cell(b, before, k)], p.confidences[p.cell(b, after, k)], p)

    def low(self, first: float, second: float, p: Problem) -> bool:
        raise NotImplementedError


class MaskByEarlierFrame(_Pair):
    """Looks at the confidence of the earlier frame only."""

    def low(self, first: float, second: float, p: Problem) -> bool:
        return first < p.threshold


class MaskByLaterFrame(_Pair):
    """Looks at the confidence of the later frame only."""

    def low(self, first: float, second: float, p: Problem) -> bool:
        return second < p.threshold


class MaskNeedsBothLow(_Pair):
    """Masks only where the confidence is low in both frames."""

    def low(self, first: float, second: float, p: Problem) -> bool:
        return first < p.threshold and second < p.threshold


class MaskByMeanConfidence(_Pair):
    """Compares the mean of the two confidences with the threshold."""

    def low(self, first: float, second: float, p: Problem) -> bool:
        return (first + second) / 2 < p.threshold


class MaskNotStrict(_Pair):
    """Masks a confidence that equals the threshold."""

    def low(self, first: float, second: float, p: Problem) -> bool:
        return first <= p.threshold or second <= p.threshold


class MaskInverted(_Pair):
    """Keeps the low-confidence entries and masks the others."""

    def low(self, first: float, second: float, p: Problem) -> bool:
        return not (first < p.threshold or second < p.threshold)


class MaskIgnored(_Pair):
    """Ignores the confidences."""

    def low(self, first: float, second: float, p: Problem) -> bool:
        return False


class NanConfidenceIsLow(_Pair):
    """Masks a NaN confidence: asks `not (c >= p)` and not `c < p`."""

    def low(self, first: float, second: float, p: Problem) -> bool:
        return not (first >= p.threshold and second >= p.threshold)


class NanConfidencePoisons(_Pair):
    """Takes the smaller confidence with a NaN-spreading minimum, so one NaN hides the other's low value."""

    def low(self, first: float, second: float, p: Problem) -> bool:
        return not (math.isnan(first) or math.isnan(second)) and min(first, second) < p.threshold


class ThresholdNotRounded(_Pair):
    """Compares in float64 with a threshold that was not converted to the confidences' dtype."""

    def low(self, first: float, second: float, p: Problem) -> bool:
        threshold = float(p.asked.params.get("prob_threshold", 0.0))
        return first < threshold or second < threshold


class ThresholdInFloat32(_Pair):
    """Compares float64 confidences with a threshold rounded to float32."""

    def low(self, first: float, second: float, p: Problem) -> bool:
        threshold = bits.round_to(float(p.asked.params.get("prob_threshold", 0.0)), "float32")
        return first < threshold or second < threshold


class ThresholdInKeypointsDtype(_Pair):
    """Rounds confidences and threshold to the keypoints' dtype before comparing."""

    def low(self, first: float, second: float, p: Problem) -> bool:
        threshold = bits.round_to(float(p.asked.params.get("prob_threshold", 0.0)), p.dtype)
        return any(bits.round_to(float(c), p.dtype) < threshold for c in (first, second))


class MaskMultiplies(Wrong):
    """Masks by multiplying with 0, so a masked NaN or infinity gives NaN."""

    needs = "special"
    ops = (Op.VALUE, Op.STAGES, Op.GRADIENT)

    def mask(self, p: Problem, scale: Fixed, entry: Entry) -> Number:
        if (entry.hidden or entry.joins) and not isinstance(entry.length, int):
            return math.nan
        return super().mask(p, scale, entry)

    def slope(self, entry: Entry, epsilon: Number) -> Exact:
        if (entry.hidden or entry.joins) and not isinstance(entry.length, int):
            return math.nan
        return super().slope(entry, epsilon)


class WeightedByConfidence(Wrong):
    """Multiplies each kept length by the smaller confidence."""

    ops = (Op.VALUE, Op.STAGES)
    needs = "confidences"

    def mask(self, p: Problem, scale: Fixed, entry: Entry) -> Number:
        kept = super().mask(p, scale, entry)
        if p.confidences is None:
            return kept
        cells = (p.cell(entry.batch, t, entry.keypoint) for t in (entry.before, entry.after))
        weight = min(p.confidences[i] for i in cells)
        return math.nan if math.isnan(weight) else scaled(kept, Fraction(weight))


class NanHiddenByMask(Wrong):
    """Turns an unmasked NaN length into 0, as `where(s > 0, sqrt(s), 0)` does."""

    needs = "special"
    ops = (Op.VALUE, Op.STAGES, Op.GRADIENT)

    def mask(self, p: Problem, scale: Fixed, entry: Entry) -> Number:
        kept = super().mask(p, scale, entry)
        return 0 if fixed.is_nan(kept) else kept


class InfinityHidden(Wrong):
    """Turns a length that is not finite into 0."""

    needs = "special"
    ops = (Op.VALUE, Op.STAGES)

    def mask(self, p: Problem, scale: Fixed, entry: Entry) -> Number:
        kept = super().mask(p, scale, entry)
        return kept if isinstance(kept, int) else 0


class NanPolicyIgnored(Wrong):
    """Ignores nan_policy and lets NaN through."""

    needs = "omit"
    ops = (Op.VALUE, Op.GRADIENT)

    def omitted(self, p: Problem, b: int, before: int, after: int, k: int) -> bool:
        return False


class NanAlwaysOmitted(Wrong):
    """Masks NaN keypoints whatever nan_policy says."""

    needs = "special"
    ops = (Op.VALUE, Op.GRADIENT)

    def omitted(self, p: Problem, b: int, before: int, after: int, k: int) -> bool:
        return super().omitted(replace(p, nan_policy="omit"), b, before, after, k)


class OmitTakesInfinityToo(Wrong):
    """Treats infinite keypoints as NaN where nan_policy is "omit"."""

    needs = "omit"
    ops = (Op.VALUE, Op.GRADIENT)

    def prepare(self, p: Problem) -> Problem:
        if p.nan_policy != "omit":
            return p
        return replace(p, x=tuple(math.nan if math.isinf(v) else v for v in p.x))


class OmitByFirstAxis(Wrong):
    """Looks for NaN in the first coordinate only."""

    needs = "omit"
    ops = (Op.VALUE, Op.GRADIENT)

    def omitted(self, p: Problem, b: int, before: int, after: int, k: int) -> bool:
        if p.nan_policy != "omit":
            return False
        return any(math.isnan(p.x[p.point(b, t, k)]) for t in (before, after))


class OmitWholeFrames(Wrong):
    """Omits every keypoint of a frame in which one is NaN."""

    needs = "omit"
    ops = (Op.VALUE, Op.GRADIENT)

    def omitted(self, p: Problem, b: int, before: int, after: int, k: int) -> bool:
        return any(super(OmitWholeFrames, self).omitted(p, b, before, after, j) for j in range(p.keypoints))


class OmitNotCounted(Wrong):
    """Leaves omitted steps out of the divisor of a plain mean."""

    needs = "omit"
    ops = (Op.VALUE, Op.GRADIENT)

    def counts(self, p: Problem, entry: Entry) -> bool:
        omitted = self.omitted(p, entry.batch, entry.before, entry.after, entry.keypoint)
        return super().counts(p, entry) and not omitted


class OmitCountedAsValid(Wrong):
    """Counts omitted steps in the divisor of a valid_mean."""

    needs = "omit"
    ops = (Op.VALUE, Op.GRADIENT)

    def counts(self, p: Problem, entry: Entry) -> bool:
        if p.reduction != "valid_mean":
            return super().counts(p, entry)
        doubted = self.doubted(p, entry.batch, entry.before, entry.after, entry.keypoint)
        return not entry.joins and not doubted


class RefusesNan(Wrong):
    """Refuses keypoints that hold NaN."""

    computes = False

    def refuses(self, request: Request) -> ErrorKind | None:
        if any(math.isnan(v) for v in request.inputs["keypoints"].values):
            return ErrorKind.VALUE
        return super().refuses(request)
