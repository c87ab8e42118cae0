"""The matrix: a row per clause, a column per subject, the worst of its cases in each cell."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.clauses import CLAUSES
from conformance.explain import broken
from conformance.model import Status
from conformance.report.numbers import ratio, size
from conformance.results import GOOD, UNJUDGED

if TYPE_CHECKING:
    from conformance.model import Verdict
    from conformance.report.summary import Summary
    from conformance.results import SubjectInfo

_MARKS = {"declared": "xfail", "unsupported": "-", "unasked": "·"}
_WORDS = {
    Status.FAIL: "wrong",
    Status.WRONGLY_ACCEPTED: "accepted",
    Status.WRONGLY_REJECTED: "rejected",
}
_PASS_STEPS = (0.0, 0.1, 0.5)
_FAIL_STEPS = (10.0, 1000.0)


@dataclass(frozen=True)
class Cell:
    """One cell: a mark or number, and the same in words.

    `state` is fail, declared, pass, unsupported or unasked; `level` is the depth of colour, `share` how
    many of the cases fail, and `part` tells that not all of them were judged.
    """

    state: str
    text: str
    words: str
    level: int = 0
    share: str = ""
    part: bool = False


def columns(summary: Summary) -> list[SubjectInfo]:
    """Subjects with the modes of one backend and device side by side."""
    return [subject for subjects in summary.groups.values() for subject in subjects]


def matrix(summary: Summary) -> dict[str, list[Cell]]:
    """Return the cells of every clause that was asked."""
    ids: dict[str, list[str]] = {clause: [] for clause in CLAUSES}
    for case in summary.cases.values():
        for clause in case.clauses:
            ids[clause].append(case.id)
    verdicts = [summary.run.of(subject.name) for subject in columns(summary)]
    return {
        clause: [cell(mine, _about(clause, found, summary)) for found in verdicts]
        for clause, mine in ids.items()
        if not summary.asked.isdisjoint(mine)
    }


def _about(clause: str, verdicts: dict[str, Verdict], summary: Summary) -> dict[str, Verdict]:
    """Give the verdicts that say something of a clause: a wrong number is no changed input."""
    return {
        name: verdict
        for name, verdict in verdicts.items()
        if verdict.status in GOOD or clause in broken(summary.cases[name], verdict)
    }


def cell(ids: list[str], verdicts: dict[str, Verdict]) -> Cell:
    """Show one subject's verdicts on the cases of a clause."""
    found = [verdicts[i] for i in ids if i in verdicts]
    bad = [v for v in found if v.status not in GOOD]
    words = _words(found, len(ids))
    if bad:
        return _failing(bad, len(found), words)
    statuses = {v.status for v in found}
    if statuses <= UNJUDGED or Status.XFAIL in statuses:
        state = "unasked" if not found else "declared" if Status.XFAIL in statuses else "unsupported"
        return Cell(state, _MARKS[state], words)
    judged = [v for v in found if v.status not in UNJUDGED]
    worst = max((v.worst for v in judged if v.worst is not None), default=None)
    # Cases that demand a refusal have no number.
    text = "✓" if worst is None else "0" if worst == 0 else ratio(worst)
    return Cell("pass", text, words, bisect_left(_PASS_STEPS, worst or 0.0), part=len(judged) < len(ids))


def _failing(bad: list[Verdict], of: int, words: str) -> Cell:
    share = f"{len(bad)}/{of}"
    worst = max(bad, key=lambda v: size(v.worst))
    if size(worst.worst) <= 1:
        status = Counter(v.status for v in bad).most_common(1)[0][0]
        return Cell("fail", _WORDS.get(status, str(status)), words, len(_FAIL_STEPS) + 1, share)
    return Cell("fail", ratio(worst.worst), words, 1 + bisect_left(_FAIL_STEPS, size(worst.worst)), share)


def _words(found: list[Verdict], total: int) -> str:
    counts = Counter(v.status for v in found)
    order = sorted(counts, key=lambda status: (status in UNJUDGED, status is Status.PASS))
    parts = [f"{counts[status]} {status}" for status in order]
    if len(found) < total:
        parts.append(f"{total - len(found)} not asked")
    numbers = [v.worst for v in found if v.worst is not None]
    worst = f"; largest error {ratio(max(numbers, key=size))} of its budget" if numbers else ""
    return f"of {total} cases {', '.join(parts)}{worst}"
