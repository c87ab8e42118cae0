"""Which cases run where not all do: in slow modes, on further devices of a kind, and on JAX."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from conformance import fresh
from conformance.model import Op
from conformance.subjects.backends.protocol import AUTODIFF

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from conformance.model import Case
    from conformance.results import SubjectInfo
    from conformance.subjects.base import Startable

SLOW_MODES = {"inductor"}
_NUMBERS = ":0123456789"
_COMPILED = {"jax/"}
"""What the names of subjects begin with whose first mode compiles each case."""


class Share(Enum):
    """Which of the cases a subject is asked."""

    EVERY = "every one"
    USUAL = "all, in a slow mode the core"
    QUICK = "the core with the fresh ones and the refusals, of which nothing is compiled"
    PLACE = "few, with each operation's arrays, lists and words"


def shares(subjects: Iterable[Startable | SubjectInfo]) -> dict[str, Share]:
    """Share of each subject, by its name, where nothing more is asked for.

    Where each case is compiled as it is asked, all of them would take minutes. On another device of a kind
    that has come before, as cpu:1 comes after cpu:0, the arithmetic is the same; what can differ is where
    things lie, and a few cases show that.
    """
    seen, found = set(), {}
    for subject in subjects:
        device = subject.device or ""
        where = subject.name.removesuffix(f"{device}/{subject.mode}")
        kind = (where, device.rstrip(_NUMBERS), subject.mode)
        # Names of ports end otherwise: of their devices nothing is known.
        if where != subject.name and kind in seen:
            found[subject.name] = Share.PLACE
        else:
            found[subject.name] = Share.QUICK if where in _COMPILED else Share.USUAL
        seen.add(kind)
    return found


def cases_for(mode: str, cases: Sequence[Case], share: Share = Share.USUAL) -> list[Case]:
    """Cases that run in a mode: all of them or a share; of the array library's own gradients the core."""
    library_differentiates = mode.endswith(AUTODIFF)
    if library_differentiates:
        # What the array library's own differentiation has no part in, the mode's first form shows.
        mode, cases = mode.removesuffix(AUTODIFF), [case for case in cases if case.op is Op.GRADIENT]
    if share is Share.EVERY or (share is Share.USUAL and mode not in SLOW_MODES):
        return list(cases)
    computed = [case for case in cases if case.error is None]
    if share is Share.PLACE:
        return of_places(computed)
    picked = core(computed)
    if library_differentiates or mode in SLOW_MODES:
        return picked
    ids = {case.id for case in picked}
    return [case for case in cases if case.id in ids or case.error is not None or fresh.is_fresh(case)]


def told(mode: str, share: Share) -> str:
    """Say in words which cases those are; empty where they are all."""
    if share is Share.PLACE:
        what = "gradients" if mode.endswith(AUTODIFF) else "all operations"
        return f"{what} with each of their arrays, lists and words; all with --device NAME"
    if mode.removesuffix(AUTODIFF) in SLOW_MODES:
        return "the core"
    if share is Share.QUICK:
        others = "" if mode.endswith(AUTODIFF) else ", refusals and fresh cases"
        return f"the core{others}, since each is compiled; all with --mode eager"
    return ""


def without_transport(cases: Iterable[Case]) -> list[Case]:
    """Return the cases of all but ports, since only what is reached through text has a transport."""
    return [case for case in cases if case.op is not Op.ECHO]


def core(cases: Sequence[Case]) -> list[Case]:
    """Return few cases that together kill every mutant that all of them kill."""
    # First without what ports alone are asked, so that those are a core by themselves.
    return _fewest(cases, (without_transport(cases), cases), lambda case: case.kills)


def of_places(cases: Sequence[Case]) -> list[Case]:
    """Return few cases in which each operation is given each of its arrays, lists and words.

    For a place where the arithmetic is known to be right.
    """

    def given(case: Case) -> set[str]:
        words = [f"{name} {value}" for name, value in case.params.items() if isinstance(value, str)]
        lists = [f"list of {name}" for name, value in case.params.items() if isinstance(value, list)]
        return {f"{case.op.value} {each}" for each in (*case.inputs, *words, *lists)}

    return _fewest(cases, [[c for c in cases if not fresh.is_fresh(c)]], given)


def _fewest(
    cases: Sequence[Case], parts: Iterable[Sequence[Case]], has: Callable[[Case], Iterable[str]]
) -> list[Case]:
    """Return few of the cases that together have what all of them have, from one part after the other."""
    left = {each for case in cases for each in has(case)}
    chosen = set()
    for some in parts:
        while any(left.intersection(has(case)) for case in some):
            # Of those that have as many the smallest, so that it is quick.
            best = max(some, key=lambda case: (len(left.intersection(has(case))), -_size(case)))
            chosen.add(best.id)
            left.difference_update(has(best))
    return [case for case in cases if case.id in chosen]


def _size(case: Case) -> int:
    return len(case.inputs["keypoints"].values)
