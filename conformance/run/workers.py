"""How many processes a run takes, if the user does not say."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

from conformance.port.child import CallableChoice
from conformance.subjects import backends
from conformance.subjects.find import Choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.run.plan import Plan
    from conformance.subjects.base import Startable

_MANY, _MANY_COSTLY = 2000, 64
"""Trials that are worth starting processes for; and of those whose subject compiles, or plans, each anew."""
_MOST = 4


def options(plan: Plan, extra: Sequence[str]) -> list[str]:
    """Return options for pytest-xdist: one process or more, or none where there is no need."""
    if find_spec("xdist") is None or any(e.startswith(("-n", "--pdb", "-p", "-s", "--co")) for e in extra):
        return []
    cores, trials = min(_cores(), _MOST), plan.trials()
    costly = _costly(plan.subjects)
    if cores > 1 and sum(trial.subject.name in costly for trial in trials) >= _MANY_COSTLY:
        # Of what was compiled for a case hardly anything is of use to another.
        return ["-n", str(cores), "--dist", "load"]
    count = min(cores, len(plan.subjects))
    if count < 2 or len(trials) < _MANY:
        return []
    # The scope of a test is what comes before the last `::` of its id, which is the subject.
    return ["-n", str(count), "--dist", "loadscope"]


def _costly(subjects: Sequence[Startable]) -> set[str]:
    """Name those whose backend is; none beside what users wrote, which has one clock for all of its cases."""
    ours = [s for s in subjects if isinstance(s, Choice) and not isinstance(s, CallableChoice)]
    if len(ours) < len(subjects):
        return set()
    return {subject.name for subject in ours if backends.load(subject.backend).costly}


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
