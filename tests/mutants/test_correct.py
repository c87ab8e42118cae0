"""No correct implementation is killed, however it orders its arithmetic."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest
from support.selection import select

from conformance import suite
from conformance.judge import judge
from conformance.model import Op, Status
from conformance.subjects import backends
from mutants import correct
from mutants.direct import ByHand, Estimate, Norm, Stages
from mutants.registry import PLAIN
from mutants.running import start

if TYPE_CHECKING:
    from conformance.model import Verdict
    from conformance.subjects.native import NativeSubject
    from mutants.direct import Direct
    from mutants.plain import Loss

LOSSES = {Op.VALUE, Op.STAGES}


def subject_on(kind: type[Loss], *names: str) -> NativeSubject:
    here = [name for name in names if name in select().names]
    if not here:
        pytest.skip(f"none of {', '.join(names)} is under test")
    return start(kind, backends.load(here[0]))


def assert_passes(subject: NativeSubject, ops: set[Op]) -> None:
    cases = [case for case in suite.load_cases() if case.op in ops]
    assert len(cases) > 10
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        verdicts = [judge(c, subject.answer(c.request), device=subject.device) for c in cases]
    killed = [(v.case, v.status, v.reason) for v in verdicts if not (v.status is Status.PASS or excused(v))]
    assert not killed


def excused(verdict: Verdict) -> bool:
    """Whether the backend, and not the implementation, cannot do it."""
    return verdict.status is Status.UNSUPPORTED and "has no bfloat16" in verdict.reason


@pytest.mark.parametrize("kind", correct.VALUES, ids=lambda kind: kind.__name__)
def test_losses(kind: type[Loss]) -> None:
    assert_passes(subject_on(kind, *PLAIN), LOSSES)


@pytest.mark.parametrize("kind", correct.GRADIENTS, ids=lambda kind: kind.__name__)
def test_gradients(kind: type[Loss]) -> None:
    assert_passes(subject_on(kind, "torch"), {Op.GRADIENT})


@pytest.mark.parametrize("kind", [Stages, ByHand, Norm, Estimate], ids=lambda kind: kind.__name__)
def test_single_operations(kind: type[Direct]) -> None:
    assert_passes(subject_on(kind, *PLAIN), {kind.op})
