"""The same case once more in each variation that the subject can be asked in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance import variations
from conformance.judge import judge
from conformance.model import Status

if TYPE_CHECKING:
    from conformance.model import Case, Verdict
    from conformance.subjects.base import Subject


def varied(subject: Subject, case: Case) -> Verdict | None:
    """Give the verdict on the first variation that fails; None where all pass or can be asked of nobody."""
    for name in subject.variations:
        if not variations.has_turn(case, name, costly=subject.costly):
            continue
        due = variations.due(case, name)
        if due is None:
            continue
        answer = subject.answer(replace(due.request, variation=name))
        verdict = judge(due, answer, subject=subject.name, device=subject.device)
        # A callable that takes no array of epsilons need not have a derivative by it.
        if verdict.status not in {Status.PASS, Status.UNSUPPORTED}:
            return replace(verdict, reason=f"{variations.WORDS[name]}: {verdict.reason}")
    return None
