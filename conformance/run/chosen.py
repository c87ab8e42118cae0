"""Which cases run where not all do: the core, for modes that take seconds to compile each case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.model import Op
from conformance.subjects.backends.protocol import AUTODIFF

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.model import Case

SLOW_MODES = {"inductor"}


def cases_for(mode: str, cases: Sequence[Case], *, every: bool = False) -> list[Case]:
    """Cases that run in a mode: all of them, or the core in a slow one unless `every` one is wanted."""
    if mode.endswith(AUTODIFF):
        # What the array library's own differentiation has no part in, the mode's first form shows.
        mode, cases = mode.removesuffix(AUTODIFF), [case for case in cases if case.op is Op.GRADIENT]
    if every or mode not in SLOW_MODES:
        return list(cases)
    return core([case for case in cases if case.error is None])


def core(cases: Sequence[Case]) -> list[Case]:
    """Return few cases that together kill every mutant that all of them kill."""
    left = {mutant for case in cases for mutant in case.kills}
    chosen = set()
    # What ports alone are asked comes last, so that the others are a core by themselves.
    for some in (
        [case for case in cases if case.op is not Op.ECHO],
        [case for case in cases if case.op is Op.ECHO],
    ):
        while any(left.intersection(case.kills) for case in some):
            # Of those that kill as many the smallest, so that the core is quick.
            best = max(some, key=lambda case: (len(left.intersection(case.kills)), -_size(case)))
            chosen.add(best.id)
            left.difference_update(best.kills)
    return [case for case in cases if case.id in chosen]


def _size(case: Case) -> int:
    return len(case.inputs["keypoints"].values)
