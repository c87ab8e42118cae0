"""Where one segment ends and the next begins."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from conformance import bits
from conformance.model import Op
from conformance.mutants.registry import mutant

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.oracle import Definition, Problem

    Ids = tuple[int, ...]

segments = partial(mutant, ops=(Op.VALUE, Op.GRADIENT), needs="segment_ids")


def cut(what: str, where: Callable[[Ids, int, int], bool]) -> None:
    """Declare a rule for whether a step is a join, of a sequence's ids and its two frames."""

    def joins(_: Definition, p: Problem, b: int, before: int, after: int) -> bool:
        return where((p.segments or ())[b * p.frames : (b + 1) * p.frames], before, after)

    segments(what, joins=joins)


def compared(what: str, unlike: Callable[[int, int], bool]) -> None:
    """Declare a rule for whether a step is a join, of the ids of its two frames."""
    cut(what, lambda ids, before, after: unlike(ids[before], ids[after]))


compared("segments-ignored: Ignores segment_ids.", lambda *_: False)
cut(
    "segments-cut-late: Cuts one step too late: the step after the join is dropped and the join kept.",
    lambda ids, before, _: before > 0 and ids[before - 1] != ids[before],
)
cut(
    "segments-cut-early: Cuts one step too early: the step before the join is dropped and the join kept.",
    lambda ids, _, after: after + 1 < len(ids) and ids[after] != ids[after + 1],
)
cut(
    "segments-cut-twice: Drops the join and the step after it.",
    lambda ids, before, after: len(set(ids[max(before - 1, 0) : after + 1])) > 1,
)
compared("segments-only-where-rising: Cuts only where the id grows.", lambda a, b: b > a)
compared("segments-only-where-falling: Cuts only where the id shrinks.", lambda a, b: b < a)
compared(
    "segment-zero-is-padding: Takes id 0 for padding and drops its steps.", lambda a, b: a != b or a == 0
)
compared(
    "segment-negative-is-padding: Takes negative ids for padding and drops their steps.",
    lambda a, b: a != b or a < 0,
)
compared(
    "segments-in-small-integers: Keeps ids in 32 bits, so that ids that differ by 2**32 look the same.",
    lambda a, b: (a - b) % 2**32 != 0,
)
compared(
    "segments-in-float32: Compares ids after a conversion to float32, where large neighbours look the same.",
    lambda a, b: bits.round_to(a, "float32") != bits.round_to(b, "float32"),
)
compared(
    "segments-in-float64: "
    "Compares ids after a conversion to float64, where neighbours beyond 2**53 look the same.",
    lambda a, b: float(a) != float(b),
)
compared(
    "segments-by-size: Asks whether the absolute difference of ids is above 0, which overflows at 2**63.",
    lambda a, b: a != b and abs(b - a) != 2**63,
)
segments(
    "segments-of-first-sequence: Uses the segment ids of the first sequence for all.",
    joins=lambda truth, p, _, before, after: truth.joins(p, 0, before, after),
)
segments(
    "segments-of-any-sequence: Cuts all sequences of a batch where one of them is cut.",
    joins=lambda truth, p, _, *step: any(truth.joins(p, b, *step) for b in range(p.batch)),
)


def _transposed(_: Definition, p: Problem) -> Problem:
    order = [t * p.batch + b for b in range(p.batch) for t in range(p.frames)]
    return replace(p, segments=p.segments and tuple(p.segments[i] for i in order))


segments(
    "segments-transposed: "
    "Reads the segment ids of a batch as (T, ...), sequence after sequence within a frame.",
    prepare=_transposed,
)
