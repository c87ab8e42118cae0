"""A badge: one line on a run, in the form that shields.io reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance import suite
from conformance.exits import Exit
from conformance.model import Status
from conformance.report import summary

if TYPE_CHECKING:
    from conformance.results import Run

_COLORS = {
    Exit.CONFORMS: "brightgreen",
    Exit.DOES_NOT: "red",
    Exit.FAULT: "lightgrey",
    Exit.INCOMPLETE: "yellow",
}


def badge(run: Run) -> dict[str, object]:
    """Return the badge. A run on other cases than the installed ones is not counted into profiles."""
    code = run.exit_code
    counts = run.counts
    asked = len({v.case for v in run.verdicts})
    if code is Exit.CONFORMS and asked < run.header.cases:
        message = f"a selection: {counts[Status.PASS]} of {run.header.cases} cases passed"
        return {"schemaVersion": 1, "label": "temporal loss", "message": message, "color": "yellow"}
    if code is Exit.CONFORMS:
        message = f"{counts[Status.PASS]} cases passed"
        if run.header.suite == suite.suite_hash():
            claimed = [n for n, (by, _) in summary.claims(run, suite.load_cases()).items() if by]
            message = f"{len(claimed)} profiles, {message}"
        if counts[Status.XFAIL]:
            message += f", {counts[Status.XFAIL]} declared deviations"
    elif code is Exit.DOES_NOT:
        message = f"{len(run.failures)} of {len(run.verdicts)} fail"
    else:
        message = "incomplete" if code is Exit.INCOMPLETE else "fault in the suite"
    return {"schemaVersion": 1, "label": "temporal loss", "message": message, "color": _COLORS[code]}
