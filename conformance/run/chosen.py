"""Which cases run where not all do: the core, in slow modes and on further devices of a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.model import Op
from conformance.subjects.backends.protocol import AUTODIFF

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.model import Case
    from conformance.results import SubjectInfo
    from conformance.run.plan import Startable

SLOW_MODES = {"inductor"}


def further(subjects: Iterable[Startable | SubjectInfo]) -> set[str]:
    """Name the subjects on another device of a kind that has come before, as cpu:1 comes after cpu:0.

    The arithmetic there is the same; what can differ is where things lie, which the core shows too.
    """
    seen, found = set(), set()
    for subject in subjects:
        device = subject.device or ""
        where = subject.name.removesuffix(f"{device}/{subject.mode}")
        kind = (where, device.partition(":")[0], subject.mode)
        # Names of ports end otherwise: of their devices nothing is known.
        if where != subject.name and kind in seen:
            found.add(subject.name)
        seen.add(kind)
    return found


def cases_for(mode: str, cases: Sequence[Case], *, every: bool = False, few: bool = False) -> list[Case]:
    """Cases that run in a mode: all of them, or the core in a slow one and where `few` are wanted.

    That there be `every` one goes before both.
    """
    if mode.endswith(AUTODIFF):
        # What the array library's own differentiation has no part in, the mode's first form shows.
        mode, cases = mode.removesuffix(AUTODIFF), [case for case in cases if case.op is Op.GRADIENT]
    if every or not (few or mode in SLOW_MODES):
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
