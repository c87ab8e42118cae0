"""Every wrong implementation is killed by the case it names, and by nothing but what is wrong with it."""

from __future__ import annotations

import pytest

from conformance.model import Status
from conformance.variations import WORDS
from mutants import asked, autodiff, calls, transforms
from mutants.harness import MUTANTS, Mutant, start, verdict
from mutants.plain import Loss

NAMED = [pytest.param(m, id=f"{m.kind.__name__}-{m.on[0]}") for m in MUTANTS]
each = pytest.mark.parametrize("mutant", NAMED)


@pytest.mark.slow
@each
def test_is_killed_by_its_case(mutant: Mutant) -> None:
    subject = start(mutant.kind, *mutant.place(), mutant.mode)
    if mutant.after:
        assert verdict(subject, mutant.after).status is Status.PASS
    found = verdict(subject, mutant.killer)
    assert found.status is mutant.status, found
    assert found.reason.startswith(f"{WORDS[mutant.way]}: " if mutant.way else ""), found


@each
def test_is_not_plain_broken(mutant: Mutant) -> None:
    found = verdict(start(mutant.kind, *mutant.place(), mutant.mode), mutant.survives)
    assert found.status is Status.PASS, found


@pytest.mark.slow
@each
def test_is_killed_for_what_is_wrong_alone(mutant: Mutant) -> None:
    found = verdict(start(Loss, *mutant.place(), mutant.mode), mutant.killer)
    assert found.status is Status.PASS, found


def test_all_are_declared() -> None:
    themes = (asked, autodiff, calls, transforms)
    there = {v for theme in themes for v in vars(theme).values() if isinstance(v, type)}
    kinds = {kind for kind in there if issubclass(kind, Loss)}
    assert {m.kind for m in MUTANTS} == kinds - {Loss, asked.Doubles}
