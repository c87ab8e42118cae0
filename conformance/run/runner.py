"""One trial: ask twice, judge both answers, keep the result for the comparison of subjects."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from conformance import deviations, suite
from conformance.diagnose import suspects
from conformance.distance import ulps_apart
from conformance.judge import judge
from conformance.model import Errored, Outputs, Status
from conformance.run.pairs import Store

if TYPE_CHECKING:
    from conformance.model import Answer, Verdict
    from conformance.run.plan import Plan, Startable, Trial
    from conformance.subjects.base import Subject


_EXPLICABLE = {Status.FAIL, Status.WRONGLY_ACCEPTED, Status.WRONGLY_REJECTED}


class Runner:
    """Runs trials, holding one started subject at a time."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._store = Store(Path(plan.scratch)) if plan.scratch else None
        self._held: tuple[str, Subject] | None = None
        known = {c.id for c in suite.load_cases()}
        self._declared = deviations.read(Path(plan.deviations), known) if plan.deviations else []

    def run(self, trial: Trial) -> Verdict:
        """Give the verdict on a trial: the worse of two runs, and how far they are apart."""
        subject = self._subject(trial.subject)
        request = trial.case.request
        start = time.perf_counter()
        first = subject.answer(request)
        # Who broke or hung will do so again, and take as long.
        second = first if isinstance(first, Errored) else subject.answer(request)
        seconds = time.perf_counter() - start
        verdict, again = (
            judge(trial.case, a, subject=subject.name, device=subject.device) for a in (first, second)
        )
        if verdict.status is Status.PASS and again.status is not Status.PASS:
            verdict = replace(again, reason=f"on the second run only: {again.reason}")
        elif verdict.status in _EXPLICABLE:
            verdict = replace(verdict, suspects=suspects(trial.case, first))
        verdict = replace(verdict, seconds=seconds, spread=_spread(first, second))
        if isinstance(first, Outputs) and self._store:
            self._store.keep(trial.subject.name, trial.case, first)
        return deviations.declare(verdict, self._declared)

    def close(self) -> None:
        """Close the subject that is held."""
        if self._held is not None:
            self._held[1].close()
            self._held = None
        if self._store is not None:
            self._store.close()

    def _subject(self, choice: Startable) -> Subject:
        if self._held is None or self._held[0] != choice.name:
            self.close()
            subject = choice.start()
            if hasattr(subject, "seconds"):
                subject.seconds = self._plan.seconds
            self._held = (choice.name, subject)
        return self._held[1]


def _spread(first: Answer, second: Answer) -> float | None:
    if not (isinstance(first, Outputs) and isinstance(second, Outputs)):
        return None
    if first.arrays.keys() != second.arrays.keys():
        return None
    return max((ulps_apart(a, second.arrays[name]) for name, a in first.arrays.items()), default=None)
