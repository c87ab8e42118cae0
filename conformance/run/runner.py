"""One trial: ask twice, judge both answers, keep the result for the comparison of subjects."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from conformance import deviations, fresh, suite
from conformance.diagnose import EXPLICABLE, suspects
from conformance.distance import ulps_apart
from conformance.drawing import draw
from conformance.judge import judge
from conformance.model import Errored, Outputs, Status
from conformance.run.pairs import Store
from conformance.run.shrink import shrink
from conformance.run.varied import varied

if TYPE_CHECKING:
    from conformance.model import Answer, Case, Verdict
    from conformance.run.plan import Plan, Trial
    from conformance.subjects.base import Startable, Subject

_SHRINKABLE = {*EXPLICABLE, Status.CRASH}
SHRUNK = 3
"""How many failures of a subject are made small; who fails everywhere is not asked for ever."""


class Runner:
    """Runs trials, holding one started subject at a time."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._store = Store(Path(plan.scratch)) if plan.scratch else None
        self._shrinks: Counter[str] = Counter()
        self._held: tuple[str, Subject] | None = None
        known = {c.id for c in suite.load_cases()}
        self._declared = deviations.read(Path(plan.deviations), known) if plan.deviations else []

    def run(self, trial: Trial) -> Verdict:
        """Give the verdict on a trial: the worse of two runs, and how far they are apart."""
        subject, case = self._subject(trial.subject), trial.case
        start = time.perf_counter()
        verdict, first = _asked(subject, case)
        seconds = time.perf_counter() - start
        if isinstance(first, Outputs) and self._store:
            self._store.keep(trial.subject.name, case, first)
        if fresh.is_fresh(case) and verdict.status in _SHRINKABLE:
            verdict = self._shrunk(subject, case, verdict)
        return deviations.declare(replace(verdict, seconds=seconds), self._declared)

    def _shrunk(self, subject: Subject, case: Case, verdict: Verdict) -> Verdict:
        """Give the verdict on the smallest case that fails in the same way, for the first failures."""
        self._shrinks[subject.name] += 1
        if self._shrinks[subject.name] > SHRUNK:
            return verdict

        def fails(smaller: Case) -> bool:
            found = judge(smaller, subject.answer(smaller.request), device=subject.device)
            if found.status is Status.PASS:
                found = varied(subject, smaller) or found
            return found.status is verdict.status

        recipe = shrink(case, fails)
        if recipe is None:
            return verdict
        smaller, _ = _asked(subject, draw(case.id, recipe))
        return replace(smaller, smaller=recipe) if smaller.status is verdict.status else verdict

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


def _asked(subject: Subject, case: Case) -> tuple[Verdict, Answer]:
    """Ask twice, and once in each variation; give the worst verdict, and the first answer."""
    first = subject.answer(case.request)
    # Who broke or hung will do so again, and take as long.
    second = first if isinstance(first, Errored) else subject.answer(case.request)
    verdict, again = (judge(case, a, subject=subject.name, device=subject.device) for a in (first, second))
    if verdict.status is Status.PASS and again.status is not Status.PASS:
        verdict = replace(again, reason=f"on the second run only: {again.reason}")
    elif verdict.status in EXPLICABLE:
        verdict = replace(verdict, suspects=suspects(case, first))
    if verdict.status is Status.PASS:
        verdict = varied(subject, case) or verdict
    return replace(verdict, spread=_spread(first, second)), first


def _spread(first: Answer, second: Answer) -> float | None:
    if not (isinstance(first, Outputs) and isinstance(second, Outputs)):
        return None
    if first.arrays.keys() != second.arrays.keys():
        return None
    return max((ulps_apart(a, second.arrays[name]) for name, a in first.arrays.items()), default=None)
