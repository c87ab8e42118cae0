"""Mistakes about the sum, the count, and which of them is asked for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mutants.plain import Loss, Parts
from mutants.registry import mutant

if TYPE_CHECKING:
    from mutants.checks import Question


@mutant("value-exact-f64-006", passes="value-exact-f64-003")
class CountsUnmaskedOnly(Loss):
    """Divides a plain mean by the unmasked entries."""

    def divisor(self, q: Question, entries: Any, parts: Parts) -> Any:
        return super().divisor(q._replace(reduction="valid_mean"), entries, parts)


@mutant("value-valid-f64-001", passes="value-valid-f64-004")
class CountsMaskedToo(Loss):
    """Divides a valid_mean by all entries."""

    def divisor(self, q: Question, entries: Any, parts: Parts) -> Any:
        return super().divisor(q._replace(reduction="mean"), entries, parts)


@mutant("value-valid-f64-005", passes="value-exact-f64-003")
class CountsNonzeroOnly(Loss):
    """Divides a valid_mean by the entries that are not 0."""

    def divisor(self, q: Question, entries: Any, parts: Parts) -> Any:
        if q.reduction == "valid_mean":
            return self.count(entries != 0, entries)
        return super().divisor(q, entries, parts)


class _Times(Loss):
    """Base of counts that are off by a factor or a term."""

    def other(self, count: Any, parts: Parts) -> Any:
        raise NotImplementedError

    def divisor(self, q: Question, entries: Any, parts: Parts) -> Any:
        return self.other(super().divisor(q, entries, parts), parts)


@mutant("value-exact-f64-002", passes="value-exact-f64-004")
class CountsFrames(_Times):
    """Divides by T*K."""

    def other(self, count: Any, parts: Parts) -> Any:
        frames = parts.points.shape[-3]
        return count / (frames - 1) * frames


@mutant("value-shape-f64-003", passes="value-exact-f64-004")
class CountsFramesOfVideo(_Times):
    """Divides by T*K where T is large, so that only a video of 10000 frames is off, by 1 in 10000."""

    def other(self, count: Any, parts: Parts) -> Any:
        frames = parts.points.shape[-3]
        return count / (frames - 1) * frames if frames > 1000 else count


@mutant("value-exact-f64-002", passes="value-exact-f64-001")
class ForgetsKeypoints(_Times):
    """Divides by T-1."""

    def other(self, count: Any, parts: Parts) -> Any:
        return count / parts.points.shape[-2]


@mutant("value-exact-f64-014", passes="value-exact-f64-004")
class CountsFramesAlone(_Times):
    """Divides by T."""

    def other(self, count: Any, parts: Parts) -> Any:
        return self.xp.full_like(count, parts.points.shape[-3])


@mutant("value-exact-f64-001", passes="value-exact-f64-012")
class CountsCoordinates(_Times):
    """Divides by (T-1)*2K."""

    def other(self, count: Any, parts: Parts) -> Any:
        return count * parts.points.shape[-1]


@mutant("value-exact-f64-002", passes="value-exact-f64-004")
class CountsOneLess(_Times):
    """Divides by the count less one, as a sample variance does."""

    def other(self, count: Any, parts: Parts) -> Any:
        del parts
        return count - 1


@mutant("value-batch-f64-001", passes="value-exact-f64-002")
class CountsOneSequence(_Times):
    """Divides by the count of one sequence."""

    def other(self, count: Any, parts: Parts) -> Any:
        return count / max(math.prod(parts.points.shape[:-3]), 1)


@mutant("value-segments-f64-001", passes="value-segments-f64-008")
class CountsJoins(Loss):
    """Counts the steps between clips."""

    def divisor(self, q: Question, entries: Any, parts: Parts) -> Any:
        joins = self.xp.zeros_like(parts.joins)
        return super().divisor(q, entries, parts._replace(joins=joins))


@mutant("value-batch-f64-011", passes="value-exact-f64-002")
class MeanOfLibrary(Loss):
    """Takes the library's mean, which is NaN for a batch of no sequence."""

    def reduced(self, q: Question, entries: Any, parts: Parts) -> Any:
        if q.reduction == "mean" and q.segment_ids is None:
            return self.xp.mean(entries)
        return super().reduced(q, entries, parts)


class _NothingOverNothing(Loss):
    """Base of 0/0."""

    reduction = ""

    def reduced(self, q: Question, entries: Any, parts: Parts) -> Any:
        if q.reduction == self.reduction:
            return self.total(entries) / self.divisor(q, entries, parts)
        return super().reduced(q, entries, parts)


@mutant("value-segments-f64-012", passes="value-segments-f64-001")
class EmptyMeanIsNan(_NothingOverNothing):
    """Gives 0/0 for a mean where every step is a join."""

    reduction = "mean"


@mutant("value-valid-f64-007", passes="value-segments-f64-012")
class EmptyValidMeanIsNan(_NothingOverNothing):
    """Gives 0/0 for a valid_mean where no entry is valid."""

    reduction = "valid_mean"


@mutant("value-exact-f64-002", passes="value-exact-f64-004")
class SumForMean(Loss):
    """Gives the sum where the mean is asked for."""

    def divisor(self, q: Question, entries: Any, parts: Parts) -> Any:
        return self.xp.ones_like(super().divisor(q, entries, parts))


@mutant("value-exact-f64-004", passes="value-exact-f64-003")
class MeanForSum(Loss):
    """Gives the mean where the sum is asked for."""

    def reduced(self, q: Question, entries: Any, parts: Parts) -> Any:
        return super().reduced(q._replace(reduction="mean") if q.reduction == "sum" else q, entries, parts)


@mutant("value-valid-f64-001", passes="value-valid-f64-002")
class MeanOfKeypointMeans(Loss):
    """Averages the valid means of the keypoints, however few steps one has."""

    def reduced(self, q: Question, entries: Any, parts: Parts) -> Any:
        if q.reduction != "valid_mean":
            return super().reduced(q, entries, parts)
        counts = self.xp.sum(self.xp.astype(~parts.hidden, entries.dtype), axis=-2)
        return self.xp.mean(self.ratio(self.xp.sum(entries, axis=-2), counts))


@mutant("value-segments-f64-001", passes="value-exact-f64-014")
class MeanOfFrameMeans(Loss):
    """Averages the means of the steps with the joins' zeros among them."""

    def reduced(self, q: Question, entries: Any, parts: Parts) -> Any:
        if q.reduction != "mean":
            return super().reduced(q, entries, parts)
        return self.xp.mean(self.xp.mean(entries, axis=-1))


@mutant("value-batch-f64-008", passes="value-batch-f64-001")
class MeanOfSequenceMeans(Loss):
    """Averages the means of the sequences, however few valid steps one has."""

    def reduced(self, q: Question, entries: Any, parts: Parts) -> Any:
        if q.reduction != "valid_mean":
            return super().reduced(q, entries, parts)
        counts = self.xp.sum(self.xp.astype(~parts.hidden, entries.dtype), axis=(-2, -1))
        return self.xp.mean(self.ratio(self.xp.sum(entries, axis=(-2, -1)), counts))


@mutant("value-exact-f64-005", passes="value-exact-f64-003")
class NoneIsMean(Loss):
    """Reduces where the entries are asked for."""

    def reduced(self, q: Question, entries: Any, parts: Parts) -> Any:
        return super().reduced(q._replace(reduction="mean") if q.reduction == "none" else q, entries, parts)
