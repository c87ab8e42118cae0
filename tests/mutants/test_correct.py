"""No correct implementation is killed, however it orders its arithmetic."""

from __future__ import annotations

import pytest
from support.selection import select

from conformance import suite
from conformance.model import Op, Status
from conformance.run.varied import varied
from conformance.subjects import backends
from mutants import correct
from mutants.harness import PLAIN, start, verdict
from mutants.plain import Loss


def killers(kind: type[Loss], names: tuple[str, ...], ops: set[Op]) -> list[tuple[str, str]]:
    """Cases that kill an implementation on the first of some backends that is under test."""
    here = [name for name in names if name in select().names]
    if not here:
        pytest.skip(f"none of {', '.join(names)} is under test")
    subject = start(kind, backends.load(here[0]))
    cases = [case for case in suite.load_cases() if case.op in ops and case.error is None]
    assert len(cases) > 100
    verdicts = [verdict(subject, case, times=1) for case in cases]
    # Without bfloat16 the backend, and not the implementation, cannot do it.
    bad = [v for v in verdicts if v.status is not Status.PASS and "has no bfloat16" not in v.reason]
    return [(v.case, v.reason) for v in bad]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", PLAIN)
def test_variations(name: str) -> None:
    if name not in select().names:
        pytest.skip(f"{name} is not under test")
    subject = start(Loss, backends.load(name))
    computed = [c for c in suite.load_cases()[::5] if c.op in {Op.VALUE, Op.STAGES, Op.GRADIENT}]
    found = [varied(subject, case) for case in computed if case.error is None]
    assert [v for v in found if v is not None] == []
    assert len(found) > 80


@pytest.mark.parametrize("kind", correct.VALUES, ids=lambda kind: kind.__name__)
def test_losses(kind: type[Loss]) -> None:
    assert killers(kind, PLAIN, {Op.VALUE, Op.STAGES}) == []


@pytest.mark.parametrize("kind", correct.GRADIENTS, ids=lambda kind: kind.__name__)
def test_gradients(kind: type[Loss]) -> None:
    assert killers(kind, ("torch",), {Op.GRADIENT}) == []
