"""Which cases run where not all do: in slow modes, on further devices of a kind, and on JAX."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance import fresh
from conformance.model import Op
from conformance.subjects.backends.protocol import AUTODIFF

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from conformance.model import Case
    from conformance.results import SubjectInfo
    from conformance.run.plan import Startable

SLOW_MODES = {"inductor"}
_COMPILED = {"jax/"}
"""What the names of subjects begin with whose first mode compiles each case."""


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


def compiled(subjects: Iterable[Startable | SubjectInfo]) -> set[str]:
    """Name the subjects that compile each case as it is asked, which takes minutes for all of them."""
    return {s.name for s in subjects if s.name.removesuffix(f"{s.device}/{s.mode}") in _COMPILED}


def cases_for(
    mode: str, cases: Sequence[Case], *, every: bool = False, few: bool = False, quick: bool = False
) -> list[Case]:
    """Cases that run in a mode: all of them, or the core in a slow one; where `few` do, those of a place.

    Where they are to be `quick` it is the core with the fresh ones and the refusals, of which nothing is
    compiled; of the gradients that the array library takes the core alone. That there be `every` one goes
    before all that.
    """
    library_differentiates = mode.endswith(AUTODIFF)
    if library_differentiates:
        # What the array library's own differentiation has no part in, the mode's first form shows.
        mode, cases = mode.removesuffix(AUTODIFF), [case for case in cases if case.op is Op.GRADIENT]
    if every or not (few or quick or mode in SLOW_MODES):
        return list(cases)
    computed = [case for case in cases if case.error is None]
    if few:
        return of_places(computed)
    picked = core(computed)
    if library_differentiates or mode in SLOW_MODES:
        return picked
    ids = {case.id for case in picked}
    return [case for case in cases if case.id in ids or case.error is not None or fresh.is_fresh(case)]


def told(mode: str, *, few: bool, quick: bool) -> str:
    """Say in words which cases those are; empty where they are all."""
    if few:
        what = "gradients" if mode.endswith(AUTODIFF) else "all operations"
        return f"{what} with each of their arrays, lists and words; all with --device NAME"
    if mode.removesuffix(AUTODIFF) in SLOW_MODES:
        return "the core"
    if quick:
        others = "" if mode.endswith(AUTODIFF) else ", refusals and fresh cases"
        return f"the core{others}, since each is compiled; all with --mode eager"
    return ""


def core(cases: Sequence[Case]) -> list[Case]:
    """Return few cases that together kill every mutant that all of them kill."""
    # What ports alone are asked comes last, so that the others are a core by themselves.
    parts = ([c for c in cases if (c.op is Op.ECHO) == echo] for echo in (False, True))
    return _fewest(cases, parts, lambda case: case.kills)


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
