"""From a question to a case: what is due, and which mutants it kills."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance import oracle
from conformance.expected import expect
from conformance.mutants import killed

if TYPE_CHECKING:
    from conformance.model import Case


def answer(case: Case) -> Case:
    """Compute what is due and which mutants the case kills."""
    fault = oracle.refusal(case.request)
    if ("error" in case.id.split("-")) != (fault is not None):
        message = f"{case.id}: refusal is {fault}"
        raise ValueError(message)
    if fault is not None:
        case = replace(case, error=fault, flags=("error",))
    elif not case.expected:
        case = expect(case)
    return replace(case, kills=killed(case))
