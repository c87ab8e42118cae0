"""Which mutant gives the answer that a subject gave."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance import bits
from conformance.fresh import is_fresh
from conformance.judge import compare
from conformance.model import Array, Case, ErrorKind, Op, Outputs, Rejected, Status
from conformance.mutants import killed, mutants, wrong_answer

if TYPE_CHECKING:
    from conformance.model import Answer

EXPLICABLE = {Status.FAIL, Status.WRONGLY_ACCEPTED, Status.WRONGLY_REJECTED}
"""Failures with an answer, which may be a mutant's."""
LARGEST = 500
"""Elements of keypoints above which the exact arithmetic of a mutant takes too long."""
_SLACK = 8


def too_large(case: Case) -> bool:
    """Whether a case is not held against the mutants."""
    return len(case.inputs["keypoints"].values) > LARGEST


def suspects(case: Case, answer: Answer) -> tuple[str, ...]:
    """Return the names of the mutants that explain a wrong answer, by the outputs they give.

    Only mutants that the case kills are looked at.
    """
    if not isinstance(answer, Outputs | Rejected) or too_large(case):
        return ()
    if is_fresh(case):
        case = replace(case, kills=killed(case))
    if case.error is not None and isinstance(answer, Outputs):
        return tuple(n for n in case.kills if wrong_answer(mutants()[n], case) is None)
    truth = {name: due.array for name, due in case.expected.items()}
    # Off by a rounding or two: so is the answer of every mutant that hardly shows here. Only the bits tell.
    hardly = case.op is Op.ECHO or (truth and _explains(truth, case, answer, _SLACK))
    slack = 0 if hardly else _SLACK
    return tuple(n for n in case.kills if _explains(wrong_answer(mutants()[n], case), case, answer, slack))


def _explains(wrong: dict[str, Array] | ErrorKind | None, case: Case, answer: Answer, slack: int) -> bool:
    if isinstance(answer, Rejected):
        return isinstance(wrong, ErrorKind) and wrong in {answer.kind, *answer.also}
    if not isinstance(wrong, dict) or not isinstance(answer, Outputs):
        return False
    asked = [name for name in case.expected if name == "gradient" or case.op is not Op.GRADIENT or not slack]
    if case.op is Op.ECHO:
        # Who reads and writes by the same mistake gives back what came, and only `first` may show it.
        asked = [name for name in asked if not _same(case.expected[name].array, case, name, answer, slack)]
    return bool(asked) and all(_same(wrong.get(name), case, name, answer, slack) for name in asked)


def _same(wrong: Array | None, case: Case, name: str, answer: Outputs, slack: int) -> bool:
    if wrong is None or name not in answer.arrays:
        return False
    due = case.expected[name]
    budget: tuple[float, ...] = (0.0,)
    if slack:
        # A mutant rounds like anything else does, and its budget is not derived: be generous.
        largest = max((abs(v) for v in wrong.values if math.isfinite(v)), default=0.0)
        more = slack * bits.ulp(largest, wrong.dtype) if wrong.dtype in bits.FORMATS else 0.0
        budget = tuple(2 * b + more for b in due.budget)
    return not compare(name, replace(due, array=wrong, budget=budget), answer.arrays[name]).problem
