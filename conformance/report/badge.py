"""A badge: one line on a run, in the form that shields.io reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance import suite
from conformance.exits import Exit
from conformance.model import Status

if TYPE_CHECKING:
    from conformance.report.summary import Summary


def badge(summary: Summary) -> dict[str, object]:
    """Return the badge. A selection is none that conforms."""
    message, color = _message(summary), summary.outcome.badge
    if message.startswith("a selection"):
        color = "yellow"
    return {"schemaVersion": 1, "label": "temporal loss", "message": message, "color": color}


def _message(summary: Summary) -> str:
    run, passed = summary.run, summary.run.counts[Status.PASS]
    if run.exit_code is Exit.DOES_NOT:
        return f"{len(run.failures)} of {len(run.verdicts)} fail"
    if run.exit_code is not Exit.CONFORMS:
        return summary.outcome.word
    if len(summary.asked) < run.header.cases:
        return f"a selection: {passed} of {run.header.cases} cases passed"
    parts = [f"{passed} cases passed"]
    # Profiles are made of the cases that are installed here.
    if run.header.suite == suite.suite_hash():
        parts.insert(0, f"{sum(bool(claim.by) for claim in summary.claims)} profiles")
    if declared := run.counts[Status.XFAIL]:
        parts.append(f"{declared} declared deviations")
    return ", ".join(parts)
