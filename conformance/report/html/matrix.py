"""The matrix: a row per clause, a column per subject, the worst of its cases in each cell."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from conformance.clauses import CLAUSES
from conformance.model import Status
from conformance.report.html.order import failed, size
from conformance.report.numbers import ratio
from conformance.results import UNJUDGED

if TYPE_CHECKING:
    from collections.abc import Collection

    from conformance.model import Case, Verdict
    from conformance.results import Run, SubjectInfo


class State(StrEnum):
    """What a cell says, whatever its number."""

    FAIL = "fail"
    DECLARED = "declared"
    PASS = "pass"  # noqa: S105 - a verdict, no secret
    UNSUPPORTED = "unsupported"
    UNASKED = "unasked"
    ABSENT = "absent"


MARKS = {State.DECLARED: "xfail", State.UNSUPPORTED: "-", State.UNASKED: "·", State.ABSENT: "∅"}
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

    `level` is its depth of colour, `share` how many of its cases fail, and `part` tells that not all
    of them were judged.
    """

    state: State
    text: str
    words: str
    level: int = 0
    share: str = ""
    part: bool = False


@dataclass(frozen=True)
class Column:
    """One subject, by its index, or what is absent. `first` starts a backend and device.

    The name is shown in parts: `place` is a backend and device, `code` what runs there if it is not
    this library.
    """

    name: str
    place: str
    mode: str
    code: str
    first: bool = True
    subject: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Row:
    """One clause and its cells, one per column."""

    clause: str
    text: str
    cells: list[Cell]


@dataclass(frozen=True)
class Matrix:
    """The rows of all clauses that were asked, and the clauses that were not."""

    columns: list[Column]
    rows: list[Row]
    unasked: list[str]


def matrix(run: Run, cases: list[Case]) -> Matrix:
    """Make the matrix."""
    asked = {v.case for v in run.verdicts}
    known = {c for case in cases if case.id in asked for c in case.clauses}
    columns = _columns(run)
    verdicts = [run.of(c.name) if c.subject is not None else {} for c in columns]
    rows = []
    for clause, text in CLAUSES.items():
        ids = [c.id for c in cases if clause in c.clauses]
        if clause in known:
            cells = [_cell(ids, column, mine) for column, mine in zip(columns, verdicts, strict=True)]
            rows.append(Row(clause, text, cells))
    return Matrix(columns, rows, [c for c in CLAUSES if c not in known])


def _columns(run: Run) -> list[Column]:
    """Subjects with the modes of one backend and device side by side, then what is absent."""
    groups: dict[str, list[tuple[int, SubjectInfo]]] = {}
    for index, subject in enumerate(run.header.subjects):
        groups.setdefault(subject.group, []).append((index, subject))
    columns = [
        _column(subject, index, first=not place)
        for members in groups.values()
        for place, (index, subject) in enumerate(members)
    ]
    absent = [Column(a.name, a.name, "", "", reason=a.reason) for a in run.header.absences]
    return columns + absent


def _column(subject: SubjectInfo, index: int, *, first: bool) -> Column:
    code, _, place = subject.group.rpartition("@")
    mode = subject.mode if subject.group != subject.name else ""
    return Column(subject.name, place, mode, code, first, index)


def _cell(ids: list[str], column: Column, verdicts: dict[str, Verdict]) -> Cell:
    if column.subject is None:
        return Cell(State.ABSENT, MARKS[State.ABSENT], f"absent: {column.reason}")
    found = [verdicts[i] for i in ids if i in verdicts]
    state = _state(found)
    judged = [v for v in found if v.status not in UNJUDGED]
    words = _words(found, len(ids))
    if state is State.FAIL:
        return _failing([v for v in found if failed(v)], len(found), words)
    if state is not State.PASS:
        return Cell(state, MARKS[state], words)
    worst = max((v.worst for v in judged if v.worst is not None), default=None)
    level = sum(worst > step for step in _PASS_STEPS) if worst is not None else 0
    # Cases that demand a refusal have no number.
    text = "✓" if worst is None else "0" if worst == 0 else ratio(worst)
    return Cell(state, text, words, level, part=len(judged) < len(ids))


def _failing(found: list[Verdict], of: int, words: str) -> Cell:
    share = f"{len(found)}/{of}"
    over = [v for v in found if v.worst is not None and not v.worst <= 1]
    if not over:
        status = Counter(v.status for v in found).most_common(1)[0][0]
        return Cell(State.FAIL, _WORDS.get(status, str(status)), words, len(_FAIL_STEPS) + 1, share)
    worst = max(over, key=size).worst or 0.0
    # A NaN is above every step.
    level = 1 + sum(not worst <= step for step in _FAIL_STEPS)
    return Cell(State.FAIL, ratio(worst), words, level, share)


def _state(found: Collection[Verdict]) -> State:
    statuses = {v.status for v in found}
    if any(failed(v) for v in found):
        return State.FAIL
    if Status.XFAIL in statuses:
        return State.DECLARED
    if Status.PASS in statuses:
        return State.PASS
    return State.UNSUPPORTED if statuses else State.UNASKED


def _words(found: list[Verdict], total: int) -> str:
    counts = Counter(v.status for v in found)
    order = sorted(counts, key=lambda status: (status in UNJUDGED, status is Status.PASS))
    parts = [f"{counts[status]} {status}" for status in order]
    if len(found) < total:
        parts.append(f"{total - len(found)} not asked")
    numbers = [v for v in found if v.worst is not None]
    worst = f"; largest error {ratio(max(numbers, key=size).worst)} of its budget" if numbers else ""
    return f"of {total} cases {', '.join(parts)}{worst}"
