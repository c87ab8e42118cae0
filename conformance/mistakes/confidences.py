"""Mistakes in how confidences mask: which frames count, and what an odd confidence means."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

from conformance.mistakes.registry import Wrong, scaled
from conformance.model import Op

if TYPE_CHECKING:
    from conformance.oracle import Entry, Problem
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


class NanConfidenceIsOne(_Pair):
    """Replaces a NaN confidence by 1, which a higher threshold masks."""

    def low(self, first: float, second: float, p: Problem) -> bool:
        return any((1.0 if math.isnan(c) else c) < p.threshold for c in (first, second))


class InfiniteConfidenceMasksNothing(_Pair):
    """Takes an infinite confidence for a missing one, so that -inf masks nothing."""

    def low(self, first: float, second: float, p: Problem) -> bool:
        return any(c < p.threshold for c in (first, second) if math.isfinite(c))


class InfiniteConfidenceIsLow(_Pair):
    """Masks an infinite confidence, +inf too."""

    def low(self, first: float, second: float, p: Problem) -> bool:
        return any(c < p.threshold or math.isinf(c) for c in (first, second))


class ConfidencesClamped(_Pair):
    """Clamps confidences to 0..1 before it compares them."""

    def low(self, first: float, second: float, p: Problem) -> bool:
        return any(min(max(c, 0.0), 1.0) < p.threshold for c in (first, second) if not math.isnan(c))


class _Order(Wrong):
    """Base of the mistakes about which confidence belongs to which keypoint."""

    ops = MASKING
    needs = "confidences"

    def place(self, p: Problem, b: int, t: int, k: int) -> int:
        raise NotImplementedError

    def prepare(self, p: Problem) -> Problem:
        given = p.confidences
        if given is None:
            return p
        cells = product(range(p.batch), range(p.frames), range(p.keypoints))
        return replace(p, confidences=tuple(given[self.place(p, *cell)] for cell in cells))


class ConfidencesTransposed(_Order):
    """Reads confidences as (..., K, T)."""

    def place(self, p: Problem, b: int, t: int, k: int) -> int:
        return (b * p.keypoints + k) * p.frames + t


class ConfidencesOfFirstSequence(_Order):
    """Uses the confidences of the first sequence for all."""

    needs = "batch"

    def place(self, p: Problem, b: int, t: int, k: int) -> int:
        return p.cell(0, t, k)


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
        if math.isfinite(weight):
            return scaled(kept, Fraction(weight))
        return weight * (float(kept != 0) if isinstance(kept, int) else kept)
