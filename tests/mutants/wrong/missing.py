"""Mistakes about NaN and infinity: hidden, leaked, or omitted in the wrong place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from conformance.model import Status
from mutants.plain import Loss, Parts
from mutants.registry import mutant

if TYPE_CHECKING:
    from mutants.checks import Question


@mutant("value-nan-f64-004", passes="value-policy-f64-004")
class NanHiddenByLength(Loss):
    """Writes `where(s > 0, sqrt(s), 0)`, which is 0 for NaN."""

    def root(self, squares: Any) -> Any:
        return self.zeroed(super().root(squares), ~(squares > 0))


@mutant("value-nan-f64-005", passes="value-policy-f64-004")
class NanHiddenByEpsilon(Loss):
    """Writes `where(l > epsilon, l - epsilon, 0)`, which is 0 for NaN."""

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        return self.zeroed(entries - epsilon, ~(entries > epsilon))


@mutant("value-nan-f64-002", passes="value-nan-f64-004")
class NanHiddenByReduction(Loss):
    """Reduces with a sum that skips NaN."""

    def total(self, entries: Any) -> Any:
        return super().total(self.zeroed(entries, self.xp.isnan(entries)))


@mutant("value-nan-f64-003", passes="value-exact-f64-002")
class NanCoordinateIsRest(Loss):
    """Takes a NaN coordinate for one that does not move."""

    def lengths(self, steps: Any) -> Any:
        return super().lengths(self.zeroed(steps, self.xp.isnan(steps)))


@mutant("value-masked-f64-001", passes="value-exact-f64-006")
class MaskMultiplies(Loss):
    """Masks by multiplying with 0, and 0 times NaN is NaN."""

    def shown(self, steps: Any, hidden: Any) -> Any:
        del hidden
        return steps

    def masked(self, lengths: Any, hidden: Any) -> Any:
        return lengths * self.xp.astype(~hidden, lengths.dtype)


@mutant("value-nan-f64-006", passes="value-masked-f64-002")
class NanCleanedBeforeMask(Loss):
    """Cleans NaN away together with the low confidences, wherever confidences are given."""

    def low(self, q: Question, points: Any) -> Any:
        low = super().low(q, points)
        return low if q.confidences is None else low | self.lost(points)


@mutant("value-policy-f64-003", passes="value-policy-f64-010")
class PolicyIgnored(Loss):
    """Ignores nan_policy and always propagates."""

    def low(self, q: Question, points: Any) -> Any:
        return super().low(q._replace(nan_policy="propagate"), points)


@mutant("value-policy-f64-010", passes="value-policy-f64-003")
class AlwaysOmits(Loss):
    """Ignores nan_policy and always omits."""

    def low(self, q: Question, points: Any) -> Any:
        return super().low(q._replace(nan_policy="omit"), points)


@mutant("value-policy-f64-007", passes="value-policy-f64-004")
class OmitsByLength(Loss):
    """Omits NaN lengths and not NaN keypoints: inf - inf disappears."""

    def loss(self, q: Question) -> Any:
        parts = self.parts(q)
        if q.nan_policy == "omit":
            gone = self.xp.isnan(parts.lengths)
            hidden, lengths = parts.hidden | gone, self.zeroed(parts.lengths, gone)
            parts = parts._replace(hidden=hidden, lengths=lengths)
        return self.reduced(q, self.entries(q, parts), parts)


@mutant("value-policy-f64-006", passes="value-policy-f64-004")
class OmitsInfinityToo(Loss):
    """Omits what is not finite."""

    def lost(self, points: Any) -> Any:
        return self.xp.any(~self.xp.isfinite(points), axis=-1)


@mutant("value-policy-f64-004", passes="value-policy-f64-006")
class OmitsByFirstCoordinate(Loss):
    """Looks for NaN in x only."""

    def lost(self, points: Any) -> Any:
        return self.xp.isnan(points[..., 0])


@mutant("value-policy-f64-002", passes="value-policy-f64-008")
class OmitsWholeFrames(Loss):
    """Omits every keypoint of a frame in which one is NaN."""

    def lost(self, points: Any) -> Any:
        lost = super().lost(points)
        return self.xp.any(lost, axis=-1, keepdims=True) | self.xp.zeros_like(lost)


@mutant("value-policy-f64-001", passes="value-policy-f64-002")
class OmittedNotCounted(Loss):
    """Leaves omitted steps out of the count of a plain mean."""

    def divisor(self, q: Question, entries: Any, parts: Parts) -> Any:
        if q.nan_policy == "omit":
            q = q._replace(reduction="valid_mean")
        return super().divisor(q, entries, parts)


@mutant("value-policy-f64-002", passes="value-policy-f64-001")
class OmittedCountedAsValid(Loss):
    """Counts omitted steps in a valid_mean."""

    def divisor(self, q: Question, entries: Any, parts: Parts) -> Any:
        if q.nan_policy == "omit" and q.confidences is None:
            q = q._replace(reduction="mean")
        return super().divisor(q, entries, parts)


@mutant("value-nan-f64-001", Status.WRONGLY_REJECTED, passes="value-exact-f64-002")
class RefusesNan(Loss):
    """Refuses keypoints that hold NaN."""

    def check_keypoints(self, q: Question) -> None:
        super().check_keypoints(q)
        if self.xp.any(self.xp.isnan(q.keypoints)):
            message = "keypoints hold NaN"
            raise ValueError(message)


@mutant("value-nan-f64-007", passes="value-inf-f64-004")
class InfinityBeforeNan(Loss):
    """Gives infinity as soon as one entry is infinite, whatever NaN there is beside it."""

    def total(self, entries: Any) -> Any:
        infinite = self.xp.any(self.xp.isinf(entries))
        return self.xp.where(infinite, self.number(math.inf, entries), super().total(entries))


@mutant("value-policy-f64-013", passes="value-policy-f64-004")
class OmitsByPlane(Loss):
    """Looks for NaN in x and y only."""

    def lost(self, points: Any) -> Any:
        return super().lost(points[..., :2])


@mutant("value-batch-f64-012", passes="value-policy-f64-004")
class OmitsInEverySequence(Loss):
    """Omits in all sequences what is NaN in one of them."""

    def lost(self, points: Any) -> Any:
        lost = super().lost(points)
        return self.xp.any(lost, axis=0, keepdims=True) | lost if lost.ndim > 2 else lost


@mutant("value-batch-f64-013", passes="value-policy-f64-004")
class OmitsByFirstSequence(Loss):
    """Looks for NaN in the first sequence only."""

    def lost(self, points: Any) -> Any:
        lost = super().lost(points)
        return lost[:1, ...] | self.xp.zeros_like(lost) if lost.ndim > 2 else lost


@mutant("value-segments-f64-026", passes="value-policy-f64-001")
class OmitsNothingInSegments(Loss):
    """Ignores nan_policy where segment ids are given."""

    def low(self, q: Question, points: Any) -> Any:
        return super().low(q if q.segment_ids is None else q._replace(nan_policy="propagate"), points)


@mutant("value-segments-f64-028", passes="value-segments-f64-001")
class SegmentsForgottenByOmit(Loss):
    """Ignores segment ids where NaN is omitted."""

    def joins(self, q: Question, points: Any) -> Any:
        return super().joins(q._replace(segment_ids=None) if q.nan_policy == "omit" else q, points)


@mutant("value-segments-f64-029", passes="value-segments-f64-001")
class OmitsWholeSegments(Loss):
    """Omits a keypoint in the whole of a segment in which it is NaN once."""

    def low(self, q: Question, points: Any) -> Any:
        low = super().low(q, points)
        if q.nan_policy != "omit" or q.segment_ids is None or q.segment_ids.ndim > 1:
            return low
        same = q.segment_ids[:, None] == q.segment_ids[None, :]
        return low | self.xp.any(same[:, :, None] & self.lost(points)[None, :, :], axis=1)
