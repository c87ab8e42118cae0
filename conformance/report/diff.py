"""What changed between two reports."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from rich.table import Table
from rich.text import Text

from conformance.model import Status
from conformance.report.numbers import ratio
from conformance.results import GOOD

if TYPE_CHECKING:
    from collections.abc import Collection

    from rich.console import Console

    from conformance.model import Verdict
    from conformance.results import Run

_NOTABLE = 1.5
"""Growth of error over budget that is worth a line, though both pass."""


class Change(NamedTuple):
    """One case of one subject whose verdict is not what it was."""

    subject: str
    case: str
    before: str
    after: str


@dataclass
class Difference:
    """What changed. `worse` lists what passed and does not, or passed and is gone.

    `notes` say what makes the reports hard to compare: other cases, other versions. `moved` holds the
    passes whose error grew, and changes between kinds of failure.
    """

    notes: list[str] = field(default_factory=list)
    worse: list[Change] = field(default_factory=list)
    moved: list[Change] = field(default_factory=list)
    better: list[Change] = field(default_factory=list)


def compare(old: Run, new: Run) -> Difference:
    """Compare two runs, verdict by verdict."""
    renamed = _renamed(old, new)
    found = Difference(notes=_notes(old, new))
    found.notes += [f"{one} before, {other} now" for one, other in renamed.items()]
    before = {(renamed.get(v.subject, v.subject), v.case): v for v in old.verdicts}
    after = {(v.subject, v.case): v for v in new.verdicts}
    for key in sorted(before.keys() | after.keys()):
        one, other = before.get(key), after.get(key)
        changes = _changes(found, one, other)
        if changes is not None:
            changes.append(Change(*key, _word(one), _word(other)))
    return found


def _renamed(old: Run, new: Run) -> dict[str, str]:
    """Follow ports to their next versions: a name that is gone, and the one that has come for it.

    A port is called "name version (language)/device". Two versions of one port that are in one report
    are two subjects, and nobody can tell which of them became a third.
    """
    before, now = ({s.name for s in run.header.subjects} for run in (old, new))
    gone, come = _by_port(before - now), _by_port(now - before)
    return {
        gone[port][0]: come[port][0]
        for port in sorted(gone.keys() & come.keys())
        if len(gone[port]) == len(come[port]) == 1
    }


def _by_port(names: Collection[str]) -> dict[str, list[str]]:
    ports: dict[str, list[str]] = {}
    for name in names:
        versionless = re.sub(r" \S+ (\([^()]*\)/)", r" \1", name, count=1)
        ports.setdefault(versionless, []).append(name)
    return ports


def _notes(old: Run, new: Run) -> list[str]:
    notes = []
    if old.header.suite != new.header.suite:
        notes.append(f"the cases differ: suite {old.header.suite[:12]} and {new.header.suite[:12]}")
    notes += [
        f"the {when} report is of a run with a fault in the suite"
        for when, run in (("old", old), ("new", new))
        if run.faults
    ]
    versions = old.header.versions.keys() | new.header.versions.keys()
    for name in sorted(versions):
        one, other = old.header.versions.get(name, "absent"), new.header.versions.get(name, "absent")
        if one != other:
            notes.append(f"{name}: {one} before, {other} now")
    return notes


def _changes(found: Difference, one: Verdict | None, other: Verdict | None) -> list[Change] | None:
    """Return the list that a change belongs to; None if it is no change."""
    passed = one is not None and one.status is Status.PASS
    passes = other is not None and other.status is Status.PASS
    fails = other is not None and other.status not in GOOD
    if (passed and not passes) or (fails and (one is None or one.status in GOOD)):
        return found.worse
    if passes and not passed:
        return found.better
    if one is not None and other is not None and (one.status is not other.status or _grew(one, other)):
        return found.moved
    return None


def _word(verdict: Verdict | None) -> str:
    if verdict is None:
        return "absent"
    return (
        f"{verdict.status} ({ratio(verdict.worst)} of the budget)" if verdict.worst else f"{verdict.status}"
    )


def _grew(one: Verdict, other: Verdict) -> bool:
    return one.worst is not None and other.worst is not None and other.worst > max(_NOTABLE * one.worst, 0.1)


def show(found: Difference, out: Console) -> None:
    """Print the changes, the worst first."""
    for note in found.notes:
        out.print(Text(note, style="yellow"))
    tables = {
        "worse": (found.worse, "red"),
        "changed": (found.moved, "yellow"),
        "better": (found.better, "green"),
    }
    for title, (changes, style) in tables.items():
        if changes:
            table = Table(
                "subject",
                "case",
                "before",
                "now",
                title=f"{title}: {len(changes)}",
                title_justify="left",
                title_style=style,
                box=None,
                pad_edge=False,
            )
            for change in changes:
                table.add_row(*map(Text, change))
            out.print(table)
    if not any(changes for changes, _ in tables.values()):
        out.print("no verdict changed")
