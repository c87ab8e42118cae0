"""What changed between two reports."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from conformance.model import Status
from conformance.report.numbers import ratio
from conformance.results import GOOD

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.model import Verdict
    from conformance.results import Run

_NOTABLE = 1.5
"""Growth of error over budget that is worth a line, though both pass."""


@dataclass(frozen=True)
class Change:
    """One case of one subject whose verdict is not what it was."""

    subject: str
    case: str
    before: str
    after: str


@dataclass
class Difference:
    """What changed. `worse` lists what passed and does not, or passed and is gone.

    Attributes
    ----------
    notes : list of str
        What makes the reports hard to compare: other cases, other versions.
    worse, better, moved : list of Change
        `moved` holds the passes whose error grew, and changes between kinds of failure.
    """

    notes: list[str] = field(default_factory=list)
    worse: list[Change] = field(default_factory=list)
    better: list[Change] = field(default_factory=list)
    moved: list[Change] = field(default_factory=list)


def compare(old: Run, new: Run) -> Difference:
    """Compare two runs, verdict by verdict."""
    found = Difference(notes=_notes(old, new))
    before = {(_nameless(v.subject), v.case): v for v in old.verdicts}
    after = {(_nameless(v.subject), v.case): v for v in new.verdicts}
    for key in sorted(before.keys() | after.keys()):
        _sort(found, key, before.get(key), after.get(key))
    return found


def _nameless(subject: str) -> str:
    """Drop the version from the name of a port, "name version (language)/device": it is what changes."""
    return re.sub(r" \S+ (\([^()]*\)/)", r" \1", subject, count=1)


def _notes(old: Run, new: Run) -> list[str]:
    notes = []
    if old.header.suite != new.header.suite:
        notes.append(f"the cases differ: suite {old.header.suite[:12]} and {new.header.suite[:12]}")
    versions = old.header.versions.keys() | new.header.versions.keys()
    for name in sorted(versions):
        one, other = old.header.versions.get(name, "absent"), new.header.versions.get(name, "absent")
        if one != other:
            notes.append(f"{name}: {one} before, {other} now")
    names = [{s.name for s in run.header.subjects} for run in (old, new)]
    for one in sorted(names[0] - names[1]):
        notes += [f"{one} before, {o} now" for o in names[1] - names[0] if _nameless(o) == _nameless(one)]
    return notes


def _sort(found: Difference, key: tuple[str, str], one: Verdict | None, other: Verdict | None) -> None:
    change = Change(*key, _word(one), _word(other))
    passed = one is not None and one.status is Status.PASS
    passes = other is not None and other.status is Status.PASS
    fails = other is not None and other.status not in GOOD
    if (passed and not passes) or (fails and (one is None or one.status in GOOD)):
        found.worse.append(change)
    elif passes and not passed:
        found.better.append(change)
    elif one is not None and other is not None and (one.status is not other.status or _grew(one, other)):
        found.moved.append(change)


def _word(verdict: Verdict | None) -> str:
    if verdict is None:
        return "absent"
    return (
        f"{verdict.status} ({ratio(verdict.worst)} of the budget)" if verdict.worst else str(verdict.status)
    )


def _grew(one: Verdict, other: Verdict) -> bool:
    return one.worst is not None and other.worst is not None and other.worst > max(_NOTABLE * one.worst, 0.1)


def show(found: Difference, out: Console) -> None:
    """Print the changes, the worst first."""
    for note in found.notes:
        out.print(Text(note, style="yellow"))
    for title, style, changes in (
        ("worse", "red", found.worse),
        ("changed", "yellow", found.moved),
        ("better", "green", found.better),
    ):
        if changes:
            table = Table(
                title=f"{title}: {len(changes)}",
                title_justify="left",
                title_style=style,
                box=None,
                pad_edge=False,
            )
            for column in ("subject", "case", "before", "now"):
                table.add_column(column)
            for c in changes:
                table.add_row(*(Text(t) for t in (c.subject, c.case, c.before, c.after)))
            out.print(table)
    if not (found.worse or found.better or found.moved):
        out.print("no verdict changed")
