"""Mistakes in the reduction: what is summed and what a mean divides by."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar

from conformance.mistakes.registry import Wrong
from conformance.model import Op
from conformance.oracle import fixed

if TYPE_CHECKING:
    from conformance.oracle import Entry, Exact, Output, Problem, Solution
    from conformance.oracle.fixed import Number

REDUCING = (Op.VALUE, Op.GRADIENT)


class _Reduction(Wrong):
    """Base of the mistakes about one number per loss."""

    ops: ClassVar[tuple[Op, ...]] = REDUCING


class DividesByUnmasked(_Reduction):
    """Divides a plain mean by the unmasked entries only."""

    def counts(self, p: Problem, entry: Entry) -> bool:
        return not entry.joins and not entry.hidden


class DividesByNonzero(_Reduction):
    """Divides by the entries that are not zero only."""

    def counts(self, p: Problem, entry: Entry) -> bool:
        return super().counts(p, entry) and entry.rectified != 0


class DividesByFrames(_Reduction):
    """Divides by frames times keypoints, T*K, and not by (T-1)*K."""

    def divisor(self, p: Problem, entries: list[Entry]) -> int:
        return super().divisor(p, entries) + p.batch * p.keypoints


class DividesByTransitions(_Reduction):
    """Divides by T-1 and forgets the keypoints."""

    def divisor(self, p: Problem, entries: list[Entry]) -> int:
        return -(-super().divisor(p, entries) // p.keypoints)


class DividesByCoordinates(_Reduction):
    """Divides by the number of coordinates, (T-1)*K*D."""

    def divisor(self, p: Problem, entries: list[Entry]) -> int:
        return super().divisor(p, entries) * p.axes


class DividesByOneLess(_Reduction):
    """Divides by the count less one, as for a sample variance."""

    def divisor(self, p: Problem, entries: list[Entry]) -> int:
        return max(super().divisor(p, entries) - 1, 0)


class DividesByOneSequence(_Reduction):
    """Divides by the count of one sequence: sums over the batch."""

    needs = "batch"

    def divisor(self, p: Problem, entries: list[Entry]) -> int:
        return -(-super().divisor(p, entries) // max(p.batch, 1))


class DividesByAllForValid(_Reduction):
    """Divides a valid_mean by all transitions, masked ones included."""

    def counts(self, p: Problem, entry: Entry) -> bool:
        return not entry.joins


class DividesByJoinsToo(_Reduction):
    """Counts the steps between segments in the divisor."""

    needs = "segment_ids"

    def counts(self, p: Problem, entry: Entry) -> bool:
        return not (p.reduction == "valid_mean" and entry.hidden)


class DividesByFirstSequence(_Reduction):
    """Counts the transitions of the first sequence and takes as many for the others."""

    needs = "batch"

    def divisor(self, p: Problem, entries: list[Entry]) -> int:
        return p.batch * super().divisor(p, [e for e in entries if e.batch == 0])


class JoinsSubtractedTwice(_Reduction):
    """Subtracts masked and joining steps from the count of a valid_mean, those that are both twice."""

    needs = "segment_ids"

    def divisor(self, p: Problem, entries: list[Entry]) -> int:
        count = super().divisor(p, entries)
        if p.reduction != "valid_mean":
            return count
        return max(count - sum(e.joins and e.hidden for e in entries), 0)


class EmptyMeanIsNan(_Reduction):
    """Gives NaN, 0/0, for a mean over nothing."""

    ops = (Op.VALUE, Op.GRADIENT)

    def mean(self, total: Exact, count: int) -> Exact:
        return super().mean(total, count) if count else math.nan


class EmptyMeanIsNanInGradient(_Reduction):
    """Gives a NaN gradient for a mean over nothing."""

    ops = (Op.GRADIENT,)

    def gradient(self, s: Solution) -> Output:
        output = super().gradient(s)
        if s.count or s.problem.reduction == "sum":
            return output
        return replace(output, values=(math.nan,) * len(output.values))


class SumForMean(_Reduction):
    """Gives the sum where a mean is due."""

    def mean(self, total: Exact, count: int) -> Exact:
        return total

    def share(self, s: Solution) -> Fraction:
        return Fraction(1)


class MeanForSum(_Reduction):
    """Gives the mean where the sum is due."""

    def loss(self, s: Solution) -> Output:
        output = super().loss(s)
        if s.problem.reduction != "sum":
            return output
        return replace(output, values=(self.mean(output.values[0], s.count),))

    def share(self, s: Solution) -> Fraction:
        return Fraction(1, max(s.count, 1))


class NanSkippedByMean(_Reduction):
    """Reduces with a NaN-skipping sum, as nanmean does."""

    needs = "special"
    ops = (Op.VALUE,)

    def counts(self, p: Problem, entry: Entry) -> bool:
        return super().counts(p, entry) and not fixed.is_nan(entry.rectified)

    def total(self, s: Solution) -> Number:
        total: Number = 0
        for e in s.entries:
            total = total if fixed.is_nan(e.rectified) else fixed.add(total, e.rectified)
        return total


class _MeanOfMeans(_Reduction):
    """Base of the means taken in two steps."""

    ops = (Op.VALUE,)

    def group(self, entry: Entry) -> int:
        raise NotImplementedError

    def loss(self, s: Solution) -> Output:
        output = super().loss(s)
        p = s.problem
        if p.reduction not in ("mean", "valid_mean"):
            return output
        totals: dict[int, Number] = {}
        counts: dict[int, int] = {}
        for e in s.entries:
            key = self.group(e)
            totals[key] = fixed.add(totals.get(key, 0), e.rectified)
            counts[key] = counts.get(key, 0) + self.counts(p, e)
        means = [self.mean(s.scale.exact(totals[key]), counts[key]) for key in totals]
        return replace(output, values=(self.mean(sum(means, Fraction(0)), len(means)),))


class MeanOfSequenceMeans(_MeanOfMeans):
    """Averages the means of the sequences, which weighs long and short ones alike."""

    needs = "batch"

    def group(self, entry: Entry) -> int:
        return entry.batch


class MeanOfKeypointMeans(_MeanOfMeans):
    """Averages the means of the keypoints, whatever the number of their valid steps."""

    def group(self, entry: Entry) -> int:
        return entry.keypoint


class MeanOfFrameMeans(_MeanOfMeans):
    """Averages the means of the transitions, whatever the number of their valid keypoints."""

    def group(self, entry: Entry) -> int:
        return entry.batch * 10**9 + entry.before
