"""A badge: one line on a run, in the form that shields.io reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.exits import Exit
from conformance.model import Status

if TYPE_CHECKING:
    from conformance.report.summary import Summary


def badge(summary: Summary) -> dict[str, object]:
    """Return the badge. Green takes a whole run and a profile that somebody claims."""
    message, color = _message(summary), summary.outcome.badge
    if summary.run.exit_code is Exit.CONFORMS and (summary.selected or not _profiles(summary)):
        color = "yellow"
    return {"schemaVersion": 1, "label": "temporal loss", "message": message, "color": color}


def _message(summary: Summary) -> str:
    run, passed = summary.run, summary.run.counts[Status.PASS]
    if run.exit_code is Exit.DOES_NOT:
        return f"{len(run.failures)} of {len(run.verdicts)} fail"
    if run.exit_code is not Exit.CONFORMS:
        return summary.outcome.word
    if summary.selected:
        return f"a selection: {passed} cases passed"
    parts = [f"{_profiles(summary)} profiles", f"{passed} cases passed"]
    if declared := run.counts[Status.XFAIL]:
        parts.append(f"{declared} declared deviations")
    return ", ".join(parts)


def _profiles(summary: Summary) -> int:
    return sum(bool(claim.by) for claim in summary.claims)
