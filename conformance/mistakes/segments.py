"""Mistakes in where one segment ends and the next begins."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance import bits
from conformance.mistakes.registry import Wrong
from conformance.model import Op

if TYPE_CHECKING:
    from conformance.oracle import Problem


class _Segments(Wrong):
    """Base of the mistakes that segment ids make."""

    ops = (Op.VALUE, Op.GRADIENT)
    needs = "segment_ids"

    def joins(self, p: Problem, b: int, before: int, after: int) -> bool:
        if p.segments is None:
            return False
        row = p.segments[b * p.frames : (b + 1) * p.frames]
        return self.cut(row, before, after)

    def cut(self, ids: tuple[int, ...], before: int, after: int) -> bool:
        raise NotImplementedError


class SegmentsIgnored(_Segments):
    """Ignores segment_ids."""

    def cut(self, ids: tuple[int, ...], before: int, after: int) -> bool:
        return False


class SegmentsCutLate(_Segments):
    """Cuts one step too late: the step after the join is dropped and the join kept."""

    def cut(self, ids: tuple[int, ...], before: int, after: int) -> bool:
        return before > 0 and ids[before - 1] != ids[before]


class SegmentsCutEarly(_Segments):
    """Cuts one step too early: the step before the join is dropped and the join kept."""

    def cut(self, ids: tuple[int, ...], before: int, after: int) -> bool:
        return after + 1 < len(ids) and ids[after] != ids[after + 1]


class SegmentsOnlyWhereRising(_Segments):
    """Cuts only where the id grows."""

    def cut(self, ids: tuple[int, ...], before: int, after: int) -> bool:
        return ids[after] > ids[before]


class SegmentsOnlyWhereFalling(_Segments):
    """Cuts only where the id shrinks."""

    def cut(self, ids: tuple[int, ...], before: int, after: int) -> bool:
        return ids[after] < ids[before]


class SegmentZeroIsPadding(_Segments):
    """Takes id 0 for padding and drops its steps."""

    def cut(self, ids: tuple[int, ...], before: int, after: int) -> bool:
        return ids[before] != ids[after] or ids[before] == 0


class SegmentNegativeIsPadding(_Segments):
    """Takes negative ids for padding and drops their steps."""

    def cut(self, ids: tuple[int, ...], before: int, after: int) -> bool:
        return ids[before] != ids[after] or ids[before] < 0


class SegmentsInSmallIntegers(_Segments):
    """Keeps ids in 32 bits, so that ids that differ by 2**32 look the same."""

    def cut(self, ids: tuple[int, ...], before: int, after: int) -> bool:
        return (ids[before] - ids[after]) % 2**32 != 0


class SegmentsInFloat32(_Segments):
    """Compares ids after a conversion to float32, where large neighbours look the same."""

    def cut(self, ids: tuple[int, ...], before: int, after: int) -> bool:
        return _single(ids[before]) != _single(ids[after])


class SegmentsInFloat64(_Segments):
    """Compares ids after a conversion to float64, where neighbours beyond 2**53 look the same."""

    def cut(self, ids: tuple[int, ...], before: int, after: int) -> bool:
        return float(ids[before]) != float(ids[after])


class SegmentsBySize(_Segments):
    """Asks whether the absolute difference of ids is above 0, which overflows at 2**63."""

    def cut(self, ids: tuple[int, ...], before: int, after: int) -> bool:
        return ids[before] != ids[after] and abs(ids[after] - ids[before]) != 2**63


class _OtherIds(_Segments):
    """Base of the mistakes about which ids belong to which sequence."""

    def cut(self, ids: tuple[int, ...], before: int, after: int) -> bool:
        return ids[before] != ids[after]


class SegmentsOfFirstSequence(_OtherIds):
    """Uses the segment ids of the first sequence for all."""

    def joins(self, p: Problem, b: int, before: int, after: int) -> bool:
        return super().joins(p, 0, before, after)


class SegmentsOfAnySequence(_OtherIds):
    """Cuts all sequences of a batch where one of them is cut."""

    def joins(self, p: Problem, b: int, before: int, after: int) -> bool:
        return any(super(SegmentsOfAnySequence, self).joins(p, i, before, after) for i in range(p.batch))


class SegmentsTransposed(_OtherIds):
    """Reads the segment ids of a batch as (T, ...), sequence after sequence within a frame."""

    def prepare(self, p: Problem) -> Problem:
        given = p.segments
        if given is None:
            return p
        turned = tuple(given[t * p.batch + b] for b in range(p.batch) for t in range(p.frames))
        return replace(p, segments=turned)


def _single(value: int) -> float:
    return bits.round_to(value, "float32")
