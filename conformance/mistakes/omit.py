"""Mistakes in nan_policy: what is omitted, and whether it is counted."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.mistakes.registry import Wrong
from conformance.model import Op

if TYPE_CHECKING:
    from conformance.oracle import Entry, Problem


class _Omit(Wrong):
    """Base of the mistakes about steps that touch a NaN keypoint."""

    needs = "omit"
    ops = (Op.VALUE, Op.GRADIENT)

    def omitted(self, p: Problem, b: int, before: int, after: int, k: int) -> bool:
        return p.nan_policy == "omit" and any(self.lost(p, b, t, k) for t in (before, after))

    def lost(self, p: Problem, b: int, t: int, k: int) -> bool:
        """Whether a keypoint is taken for missing."""
        i = p.point(b, t, k)
        return any(map(math.isnan, p.x[i : i + p.axes]))


class NanPolicyIgnored(_Omit):
    """Ignores nan_policy and lets NaN through."""

    def omitted(self, p: Problem, b: int, before: int, after: int, k: int) -> bool:
        return False


class NanAlwaysOmitted(_Omit):
    """Masks NaN keypoints whatever nan_policy says."""

    needs = "special"

    def omitted(self, p: Problem, b: int, before: int, after: int, k: int) -> bool:
        return super().omitted(replace(p, nan_policy="omit"), b, before, after, k)


class OmitTakesInfinityToo(_Omit):
    """Treats infinite keypoints as NaN where nan_policy is "omit"."""

    def prepare(self, p: Problem) -> Problem:
        if p.nan_policy != "omit":
            return p
        return replace(p, x=tuple(math.nan if math.isinf(v) else v for v in p.x))


class OmitByFirstAxis(_Omit):
    """Looks for NaN in the first coordinate only."""

    def lost(self, p: Problem, b: int, t: int, k: int) -> bool:
        return math.isnan(p.x[p.point(b, t, k)])


class OmitByFirstTwoAxes(_Omit):
    """Looks for NaN in the first two coordinates only."""

    def lost(self, p: Problem, b: int, t: int, k: int) -> bool:
        i = p.point(b, t, k)
        return any(map(math.isnan, p.x[i : i + min(p.axes, 2)]))


class OmitByLength(_Omit):
    """Omits a length that is NaN and not a keypoint that is: inf - inf disappears."""

    def omitted(self, p: Problem, b: int, before: int, after: int, k: int) -> bool:
        if p.nan_policy != "omit":
            return False
        i, j = p.point(b, before, k), p.point(b, after, k)
        return any(math.isnan(p.x[j + axis] - p.x[i + axis]) for axis in range(p.axes))


class OmitWholeFrames(_Omit):
    """Omits every keypoint of a frame in which one is NaN."""

    def lost(self, p: Problem, b: int, t: int, k: int) -> bool:
        return any(super(OmitWholeFrames, self).lost(p, b, t, j) for j in range(p.keypoints))


class OmitAcrossSequences(_Omit):
    """Omits a keypoint's step in every sequence of a batch where it is NaN in one."""

    def lost(self, p: Problem, b: int, t: int, k: int) -> bool:
        return any(super(OmitAcrossSequences, self).lost(p, other, t, k) for other in range(p.batch))


class OmitNotBesideSegments(_Omit):
    """Ignores nan_policy where segment_ids are given."""

    def omitted(self, p: Problem, b: int, before: int, after: int, k: int) -> bool:
        return p.segments is None and super().omitted(p, b, before, after, k)


class OmitNotBesideConfidences(_Omit):
    """Ignores nan_policy where confidences are given."""

    def omitted(self, p: Problem, b: int, before: int, after: int, k: int) -> bool:
        return p.confidences is None and super().omitted(p, b, before, after, k)


class OmitNotCounted(_Omit):
    """Leaves omitted steps out of the divisor of a plain mean."""

    def counts(self, p: Problem, entry: Entry) -> bool:
        omitted = self.omitted(p, entry.batch, entry.before, entry.after, entry.keypoint)
        return super().counts(p, entry) and not omitted


class OmitCountedAsValid(_Omit):
    """Counts omitted steps in the divisor of a valid_mean."""

    def counts(self, p: Problem, entry: Entry) -> bool:
        if p.reduction != "valid_mean":
            return super().counts(p, entry)
        doubted = self.doubted(p, entry.batch, entry.before, entry.after, entry.keypoint)
        return not entry.joins and not doubted
