"""What a report says at its top: what runs, in which versions, on what machine and when."""

from __future__ import annotations

import platform
from collections import Counter
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING

import temporal_loss
from conformance import fresh, suite
from conformance.results import Header, SubjectInfo
from conformance.run.plan import asked_of
from conformance.subjects import backends

if TYPE_CHECKING:
    from conformance.run.plan import Plan


def header_of(plan: Plan, command: str) -> Header:
    """Describe a plan on this machine; `command` is what the user typed."""
    trials = Counter(t.subject.name for t in plan.trials())
    stored = max((len(asked_of(s, suite.load_cases())) for s in plan.subjects), default=0)
    return Header(
        suite=suite.suite_hash(),
        cases=stored + max(plan.fresh, fresh.COUNT),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command,
        host=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        versions=_versions(plan),
        seed=plan.shuffle,
        subjects=tuple(SubjectInfo(s.name, s.device, s.mode, s.rerun, trials[s.name]) for s in plan.subjects),
        absences=tuple(plan.absences),
        fresh=plan.fresh,
        fresh_seed=plan.seed,
    )


def _versions(plan: Plan) -> dict[str, str]:
    found = {
        "temporal-loss": temporal_loss.__version__,
        "array-api-compat": metadata.version("array-api-compat"),
    }
    for subject in plan.subjects:
        name = getattr(subject, "backend", None)
        if name and name not in found:
            found[name] = backends.load(name).version()
    return found
