"""Every wrong implementation is killed by the case it names, and by nothing but its mistake."""

from __future__ import annotations

import pytest

from conformance.model import Status
from mutants.plain import Loss
from mutants.registry import Mutant, mutants
from mutants.running import backend_for, original, start, verdict

MUTANTS = mutants()
each = pytest.mark.parametrize("mutant", [pytest.param(m, id=m.id) for m in MUTANTS])


@each
def test_is_killed_by_its_case(mutant: Mutant) -> None:
    subject = start(mutant.kind, *backend_for(mutant), mutant.mode)
    if mutant.after:
        assert verdict(subject, mutant.after).status is Status.PASS
    found = verdict(subject, mutant.case)
    assert found.status is mutant.status, found


@each
def test_is_not_plain_broken(mutant: Mutant) -> None:
    subject = start(mutant.kind, *backend_for(mutant), mutant.mode)
    found = verdict(subject, mutant.passes)
    assert found.status is Status.PASS, found


@each
def test_is_killed_for_its_mistake_alone(mutant: Mutant) -> None:
    subject = start(original(mutant.kind), *backend_for(mutant), mutant.mode)
    found = verdict(subject, mutant.case)
    assert found.status is Status.PASS, found


def test_there_are_enough_of_them() -> None:
    kinds = {m.kind for m in MUTANTS}
    assert len(kinds) >= 40
    assert len({m.id for m in MUTANTS}) == len(MUTANTS)
    undeclared = [k for k in _below(Loss) if k.__module__.startswith("mutants.wrong") and k not in kinds]
    assert all(k.__name__.startswith("_") for k in undeclared), undeclared


def test_each_says_in_one_line_what_is_wrong() -> None:
    for mutant in MUTANTS:
        said = vars(mutant.kind).get("__doc__") or ""
        assert said.endswith("."), mutant.id
        assert "\n" not in said, mutant.id


def _below(kind: type[Loss]) -> list[type[Loss]]:
    return [k for direct in kind.__subclasses__() for k in (direct, *_below(direct))]
