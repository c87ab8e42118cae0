"""Verdicts as outcomes of pytest's tests, and read back from its reports."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from conformance import explain
from conformance.model import Status, Verdict

if TYPE_CHECKING:
    from conformance.run.plan import Trial

_PROPERTY = "verdict"


def record(node: pytest.Item, verdict: Verdict) -> None:
    """Attach the verdict to the test, so that it survives xdist and lands in JUnit XML."""
    node.user_properties.append((_PROPERTY, json.dumps(msgspec.to_builtins(verdict))))


def conclude(trial: Trial, verdict: Verdict) -> None:
    """End the test as the verdict demands."""
    if verdict.status is Status.PASS:
        return
    if verdict.status in {Status.UNSUPPORTED, Status.SKIPPED}:
        pytest.skip(f"{verdict.status}: {verdict.reason}")
    if verdict.status is Status.XFAIL:
        pytest.xfail(verdict.reason)
    pytest.fail(explain.plain(explain.failure(trial.case, verdict, trial.subject.rerun)), pytrace=False)


def recorded(report: pytest.TestReport) -> Verdict | None:
    """Return the verdict attached to a test, or None where the test has none."""
    for name, value in report.user_properties:
        if name == _PROPERTY:
            return msgspec.convert(json.loads(str(value)), Verdict)
    return None
