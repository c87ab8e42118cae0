"""Mistakes about segment ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mutants.plain import Loss, Parts
from mutants.registry import mutant

if TYPE_CHECKING:
    from mutants.checks import Question


@mutant("value-segments-f64-001", passes="value-segments-f64-008")
class SegmentsIgnored(Loss):
    """Ignores segment_ids."""

    def cut(self, ids: Any) -> Any:
        return super().cut(self.xp.zeros_like(ids))


@mutant("value-segments-f64-010", passes="value-segments-f64-008")
class CutLate(Loss):
    """Drops the step after the join and keeps the join."""

    def cut(self, ids: Any) -> Any:
        return self.xp.roll(super().cut(ids), 1, axis=-1)


@mutant("value-segments-f64-010", passes="value-segments-f64-008")
class CutEarly(Loss):
    """Drops the step before the join and keeps the join."""

    def cut(self, ids: Any) -> Any:
        return self.xp.roll(super().cut(ids), -1, axis=-1)


@mutant("value-segments-f64-010", passes="value-segments-f64-012")
class FirstStepOfClipLost(Loss):
    """Drops the join and the step after it."""

    def cut(self, ids: Any) -> Any:
        joins = super().cut(ids)
        late = self.xp.concat([self.xp.zeros_like(joins[..., :1]), joins[..., :-1]], axis=-1)
        return joins | late


@mutant("value-segments-f64-002", passes="value-segments-f64-001")
class OnlyRisingIds(Loss):
    """Cuts where the id grows."""

    def cut(self, ids: Any) -> Any:
        return ids[..., 1:] > ids[..., :-1]


@mutant("value-segments-f64-003", passes="value-segments-f64-001")
class ClipsCountedById(Loss):
    """Counts T less the number of ids, though an id may come back."""

    def divisor(self, q: Question, entries: Any, parts: Parts) -> Any:
        if q.segment_ids is None or q.reduction != "mean" or q.segment_ids.ndim > 1:
            return super().divisor(q, entries, parts)
        ids = self.xp.unique_values(q.segment_ids).shape[0]
        steps = (q.segment_ids.shape[0] - ids) * entries.shape[-1]
        return self.number(steps, entries)


@mutant("value-segments-f64-007", passes="value-segments-f64-006")
class IdsIn32Bits(Loss):
    """Keeps ids in 32 bits."""

    def cut(self, ids: Any) -> Any:
        return super().cut(ids % 2**32)


@mutant("value-segments-f64-006", passes="value-segments-f64-001")
class IdsInFloat32(Loss):
    """Compares ids as float32 numbers, where large neighbours look the same."""

    def cut(self, ids: Any) -> Any:
        return super().cut(self.xp.astype(ids, self.xp.float32))


@mutant("value-segments-f64-018", passes="value-segments-f64-001")
class IdsOfFirstSequence(Loss):
    """Uses the ids of the first sequence for all."""

    def cut(self, ids: Any) -> Any:
        return super().cut(ids[:1, ...] | self.xp.zeros_like(ids) if ids.ndim > 1 else ids)


@mutant("value-segments-f64-001", passes="value-segments-f64-008")
class IdZeroIsPadding(Loss):
    """Takes id 0 for padding where there are others."""

    def cut(self, ids: Any) -> Any:
        padding = (ids == 0) & self.xp.any(ids != 0)
        return super().cut(ids) | padding[..., 1:]


@mutant("value-segments-f64-017", passes="value-segments-f64-001")
class JoinsMultiplied(Loss):
    """Multiplies joins with 0, and 0 times NaN is NaN."""

    def shown(self, steps: Any, hidden: Any) -> Any:
        del hidden
        return steps

    def masked(self, lengths: Any, hidden: Any) -> Any:
        return lengths * self.xp.astype(~hidden, lengths.dtype)


@mutant("value-segments-f64-021", passes="value-segments-f64-006")
class IdsInFloat64(Loss):
    """Compares ids as float64 numbers, where neighbours beyond 2**53 look the same."""

    def cut(self, ids: Any) -> Any:
        return super().cut(self.xp.astype(ids, self.xp.float64))


@mutant("value-segments-f64-025", passes="value-segments-f64-024")
class IdsByDistance(Loss):
    """Asks whether the distance of ids is above 0, which overflows at 2**63."""

    def cut(self, ids: Any) -> Any:
        return self.xp.abs(ids[..., 1:] - ids[..., :-1]) > 0


@mutant("value-segments-f64-032", passes="value-segments-f64-001")
class CutsOfAnySequence(Loss):
    """Cuts all sequences where one of them is cut."""

    def cut(self, ids: Any) -> Any:
        joins = super().cut(ids)
        return self.xp.any(joins, axis=0, keepdims=True) | joins if ids.ndim > 1 else joins


@mutant("value-exact-f64-021", passes="value-segments-f64-019")
class IdsTransposed(Loss):
    """Reads ids as (T, B) where there are as many frames as sequences."""

    def cut(self, ids: Any) -> Any:
        square = ids.ndim == 2 and ids.shape[0] == ids.shape[1]
        return super().cut(self.xp.matrix_transpose(ids) if square else ids)


@mutant("value-segments-f64-032", passes="value-segments-f64-018")
class CountsFirstSequence(Loss):
    """Counts the transitions of the first sequence and takes as many for the others."""

    def divisor(self, q: Question, entries: Any, parts: Parts) -> Any:
        joins = parts.joins
        if entries.ndim > 2:
            joins = joins[:1, ...] | self.xp.zeros_like(joins)
        return super().divisor(q, entries, parts._replace(joins=joins))


@mutant("value-segments-f64-027", passes="value-segments-f64-011")
class SubtractsTwice(Loss):
    """Subtracts masked entries and joins from the count of a valid_mean, what is both twice."""

    def divisor(self, q: Question, entries: Any, parts: Parts) -> Any:
        count = super().divisor(q, entries, parts)
        if q.reduction != "valid_mean":
            return count
        return count - self.count(self.hidden(q, parts.points) & parts.joins[..., None], entries)


@mutant("value-segments-f64-037", passes="value-segments-f64-027")
class SubtractsTwiceInBatches(SubtractsTwice):
    """Subtracts twice what is both masked and a join where there are several sequences."""

    def divisor(self, q: Question, entries: Any, parts: Parts) -> Any:
        if entries.ndim > 2:
            return super().divisor(q, entries, parts)
        return Loss.divisor(self, q, entries, parts)


@mutant("value-segments-f64-032", passes="value-segments-f64-018")
class MeanOfSequencesCut(Loss):
    """Averages the means of the sequences, however few transitions one has."""

    def reduced(self, q: Question, entries: Any, parts: Parts) -> Any:
        if q.reduction != "mean" or q.segment_ids is None or entries.ndim != 3:
            return super().reduced(q, entries, parts)
        counts = self.xp.sum(self.xp.astype(~parts.joins, entries.dtype), axis=-1) * entries.shape[-1]
        return self.xp.mean(self.ratio(self.xp.sum(entries, axis=(-2, -1)), counts))
