"""How many processes a run takes, if the user does not say."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.run.plan import Plan

_MANY = 2000
"""Trials that are worth starting processes for."""
_MOST = 4


def options(plan: Plan, extra: Sequence[str]) -> list[str]:
    """Return options for pytest-xdist: one process or more, or none where there is no need."""
    if find_spec("xdist") is None or any(e.startswith(("-n", "--pdb", "-p", "-s", "--co")) for e in extra):
        return []
    count = min(_cores(), len(plan.subjects), _MOST)
    if count < 2 or len(plan.trials()) < _MANY:
        return []
    # The scope of a test is what comes before the last `::` of its id, which is the subject: what one
    # process has compiled for a subject is of use to the next case.
    return ["-n", str(count), "--dist", "loadscope"]


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
