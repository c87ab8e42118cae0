"""The report people see first: a matrix of subjects and profiles, then what to do about failures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from conformance import explain
from conformance.diagnose import EXPLICABLE, too_large
from conformance.model import Status
from conformance.mutants import mutants
from conformance.report.numbers import FAR, ratio, size, ulps
from conformance.report.summary import standing

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.profiles import Tally
    from conformance.report.summary import Summary

    _Column = tuple[str, list[Text]]

_SHORT = {
    "value-f64": "f64",
    "value-f32": "f32",
    "gradient": "grad",
    "gradient-half": "ghalf",
    "segments": "segm",
    "valid-mean": "vmean",
    "nan-policy": "nan",
    "metric-half": "mhalf",
    "errors": "error",
    "transform": "transf",
}
# How a cell looks; not by colour alone, which a pipe has not. And what the legend says of it.
_MARKS = {
    "claimed": ("{0.passed}", "green", "5: all 5 cases passed"),
    "part": ("{0.passed}/{0.ran}", "yellow", "3/5: 3 of 5 passed, the others are unsupported"),
    "wrong": ("!{0.passed}/{0.ran}", "bold red", "!3/5: 3 of 5 passed, and some are wrong"),
    "unsupported": ("-", "dim", "-: nothing of it is supported there"),
    "unasked": ("·", "dim", "·: not asked"),
}
_FAILURES_SHOWN = 5
_CULPRITS_SHOWN = 3


def show(summary: Summary, console: Console) -> None:
    """Print the whole report."""
    for table in _matrix(summary, console.width):
        console.print(table)
    for line in _legend(summary):
        console.print(Text(line, style="dim"))
    for name, (words, _) in summary.sampled.items():
        why = f"{name} ran {words}; --html and --markdown list them"
        console.print(Text(why, style="dim"))
    for absence in summary.header.absences:
        console.print(Text(f"{absence.name}: absent: {absence.reason}", style="yellow"))
    for distances in _distances(summary, console.width):
        console.print(distances)
    console.print(_moving(summary))
    console.print(_claims(summary))
    _failures(summary, console)
    console.print(_closing(summary), soft_wrap=True)
    console.print(Text(f"In words: {summary.sentence}"), soft_wrap=True)


def _matrix(summary: Summary, width: int) -> list[Table]:
    """Subjects by profiles: cases passed, of those there are."""
    columns: list[_Column] = [
        (_SHORT.get(name, name), [_cell(row.tallies.get(name)) for row in summary.rows])
        for name in summary.profiles
    ]
    over = [Text(ratio(r.worst), style="red" if r.worst and r.worst > 1 else "") for r in summary.rows]
    columns += [("err/budget", over), ("max ULP", [Text(ulps(r.ulp)) for r in summary.rows])]
    return _tables("Cases passed, by subject and profile", "subject", [*summary.subjects], columns, width)


def _tables(title: str, first: str, names: list[str], columns: list[_Column], width: int) -> list[Table]:
    """One table, or on a narrow page several, with a row per name: no column is cut."""
    tables = []
    for part in _fitting(columns, width - max(map(len, [first, *names]))):
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        table.add_column(first, no_wrap=True)
        for head, _ in part:
            table.add_column(Text(head), justify="right", no_wrap=True)
        for place, name in enumerate(names):
            table.add_row(Text(name), *(cells[place] for _, cells in part))
        tables.append(table)
    return tables


def _fitting(columns: list[_Column], width: int) -> list[list[_Column]]:
    parts: list[list[_Column]] = [[]]
    left = width
    for title, cells in columns:
        wide = 2 + max(len(title), *(cell.cell_len for cell in cells), 0)
        if wide > left and parts[-1]:
            parts.append([])
            left = width
        parts[-1].append((title, cells))
        left -= wide
    return parts


def _cell(count: Tally | None) -> Text:
    look, style, _ = _MARKS[standing(count)]
    return Text(look.format(count), style)


def _legend(summary: Summary) -> list[str]:
    """Say what the marks in the matrix mean: those that are there."""
    there = {standing(count) for row in summary.rows for count in row.tallies.values()}
    marks = [meaning for kind, (_, _, meaning) in _MARKS.items() if kind in there]
    marks.append("subject: what is tested, backend/device/mode")
    marks.append("err/budget: largest error as a share of the error allowed, which decides")
    marks.append("ULP: distance in neighbouring floating-point numbers, which does not")
    if any(FAR < size(row.ulp) < math.inf for row in summary.rows):
        marks.append(f"{ulps(2 * FAR)}: no longer counted, as of two tiny numbers of different sign")
    lines = ["; ".join(marks)]
    if any(name.startswith("strict/") for name in summary.subjects):
        lines.append("strict is array-api-strict; its devices other than cpu are pretended ones")
    return lines


def _distances(summary: Summary, width: int) -> list[Table | Text]:
    """Return the largest distance of every two groups, over all their modes."""
    groups = [*summary.groups]
    if not summary.apart:
        return []
    if len(groups) == 1:
        farthest = summary.apart[groups[0], groups[0]].farthest
        return [Text(f"Modes of {groups[0]} against each other: at most {ulps(farthest.ulp)} ULP")]

    def cell(row: int, column: int) -> Text:
        apart = summary.apart.get((groups[row], groups[column]))
        return Text(ulps(apart.farthest.ulp if apart else None) if column < row else "")

    rows = range(1, len(groups))
    columns = [(groups[c], [cell(row, c) for row in rows]) for c in range(len(groups) - 1)]
    return [*_tables("Largest distance between results, in ULP", "", groups[1:], columns, width)]


def _moving(summary: Summary) -> Text:
    if not summary.moving:
        return Text("Run to run: every case run twice, no difference")
    worst = summary.moving[0]
    count = f"{len(summary.moving)} results differ between two runs"
    return Text(f"Run to run: {count}, at most {ulps(worst.spread)} ULP ({worst.subject}, {worst.case})")


def _claims(summary: Summary) -> Table | str:
    if not summary.claims:
        return "Profiles claimed: none, since a claim takes every case of its profile"
    table = Table(title="Profiles claimed", title_justify="left", box=None, pad_edge=False)
    table.add_column("profile", no_wrap=True)
    table.add_column("by")
    for claim in summary.claims:
        text = Text(", ".join(claim.by) or "nobody", style="green" if claim.by else "dim")
        if claim.missed:
            text.append(f"; not by {', '.join(claim.missed)}", style="red")
        table.add_row(claim.profile, text)
    return table


def _failures(summary: Summary, console: Console) -> None:
    for verdict in summary.told[:_FAILURES_SHOWN]:
        console.print()
        lines = explain.failure(summary.cases[verdict.case], verdict, summary.subjects[verdict.subject].rerun)
        width = max(len(label) for label, _ in lines)
        for label, text in lines:
            style = "bold red" if label == "verdict" else ""
            console.print(Text.assemble((f"{label:>{width}}  ", "dim"), (text, style)), soft_wrap=True)
    if (rest := len(summary.told) - _FAILURES_SHOWN) > 0:
        console.print(f"\n… and {rest} more failures: all with --html, --markdown, --jsonl or --junit")
    for subject, culprits in summary.culprits.items():
        for name, explained, looked in culprits[:_CULPRITS_SHOWN]:
            what = f"{subject}: {explained} of {looked} explained failures are those of {name}: "
            console.print(Text.assemble((what, "bold"), mutants()[name].description), soft_wrap=True)
    for count, what in _unexplained(summary):
        console.print(f"{count} of {len(summary.told)} failures {what}")
    for fault in summary.run.faults:
        console.print(Text(f"fault in the suite: {fault}", style="bold red"))


def _unexplained(summary: Summary) -> list[tuple[int, str]]:
    """Count the failures without a name: those unlike any known mistake, and those not held against one."""
    compared = [v for v in summary.told if v.status in EXPLICABLE and not v.suspects]
    large = sum(v.smaller is None and too_large(summary.cases[v.case]) for v in compared)
    counts = {
        "are like no known mistake": len(compared) - large,
        "are of cases too large to be compared with known mistakes": large,
        "have no answer to compare with known mistakes": sum(
            v.status not in EXPLICABLE for v in summary.told
        ),
    }
    return [(count, what) for what, count in counts.items() if count]


def _closing(summary: Summary) -> Text:
    run, outcome = summary.run, summary.outcome
    parts = [f"{run.counts[Status.PASS]} passed"]
    parts += [f"{n} {status}" for status, n in run.counts.items() if status is not Status.PASS]
    done = f"{len(run.verdicts)} of {run.planned} planned"
    if len(summary.asked) < summary.total:
        done += f", a selection of {len(summary.asked)} of {summary.total} cases"
    said = f"{', '.join(parts)}; {done}; {summary.drawn}; suite {run.header.suite[:12]}"
    return Text.assemble((f"{outcome.word}: ", f"bold {outcome.color}"), said)
