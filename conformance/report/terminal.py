"""The report people see first: a matrix of subjects and profiles, then what to do about failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from conformance import explain, profiles
from conformance.exits import Exit
from conformance.model import Status
from conformance.mutants import mutants
from conformance.report import summary
from conformance.report.numbers import ratio, ulps

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.model import Case
    from conformance.results import Run

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
_MATRIX = "Cases passed, by subject and profile"
_FAILURES_SHOWN = 5
_CULPRITS_SHOWN = 3
_CLOSING = {
    Exit.CONFORMS: ("green", "conforms"),
    Exit.DOES_NOT: ("red", "does not conform"),
    Exit.FAULT: ("red", "the suite itself failed; please report this"),
    Exit.INCOMPLETE: ("yellow", "incomplete: not every planned case got a verdict"),
}


def show(run: Run, cases: list[Case], console: Console) -> None:
    """Print the whole report."""
    for table in matrix(run, cases, console.width):
        console.print(table)
    for sentence in [*legend(run, cases), *summary.sampled(run, cases)]:
        console.print(Text(sentence, style="dim"))
    for absence in run.header.absences:
        console.print(Text(f"{absence.name}: absent: {absence.reason}", style="yellow"))
    if run.pairs:
        console.print(distances(run))
    _spread(run, console)
    claimed = summary.claims(run, cases)
    nothing = "Profiles claimed: none, since a claim takes every case of its profile"
    console.print(claims(run, claimed) if claimed else nothing)
    _failures(run, cases, console)
    _closing(run, console)


def matrix(run: Run, cases: list[Case], width: int) -> list[Table]:
    """Subjects by profiles: cases passed, of those there are; on a narrow page in several tables."""
    tallies = {s.name: run.tallies(s, cases) for s in run.header.subjects}
    columns = [
        (_SHORT.get(p, p), [_cell(tallies[s.name].get(p)) for s in run.header.subjects])
        for p in profiles.NAMES
        if any(p in t for t in tallies.values())
    ]
    worst = [summary.worst(run, s) for s in run.header.subjects]
    over = [Text(ratio(w), style="red" if w is not None and w > 1 else "") for w, _ in worst]
    columns += [("err/budget", over), ("max ULP", [Text(ulps(u)) for _, u in worst])]
    names = [s.name for s in run.header.subjects]
    return [_table(names, part) for part in _fitting(columns, width - max(map(len, names), default=0))]


def legend(run: Run, cases: list[Case]) -> list[str]:
    """Say what the marks in the matrix mean: those that are there."""
    counts = [c for s in run.header.subjects for c in run.tallies(s, cases).values()]
    marks = {
        "5": ("all 5 cases passed", any(c.claimed for c in counts)),
        "3/5": ("3 of 5 passed, the others are unsupported", any(map(_is_part, counts))),
        "!3/5": ("3 of 5 passed, and some are wrong", any(map(_is_wrong, counts))),
        "-": ("nothing of it is supported there", any(0 < c.ran == c.unsupported for c in counts)),
        "·": ("not asked", any(not c.ran for c in counts)),
        "err/budget": ("largest error as a share of the error allowed", True),
        "ULP": ("distance in neighbouring floating-point numbers", True),
    }
    told = ["; ".join(f"{mark}: {meaning}" for mark, (meaning, there) in marks.items() if there)]
    if any(s.name.startswith("strict/") for s in run.header.subjects):
        told.append("strict is array-api-strict; its devices other than cpu are pretended ones")
    return told


def _is_part(count: profiles.Tally) -> bool:
    return count.unsupported < count.ran and not count.claimed and not _is_wrong(count)


def _is_wrong(count: profiles.Tally) -> bool:
    return count.passed + count.unsupported < count.ran


def _fitting(columns: list[_Column], width: int) -> list[list[_Column]]:
    parts: list[list[_Column]] = [[]]
    left = width
    for title, cells in columns:
        wide = 2 + max(len(title), *(cell.cell_len for cell in cells))
        if wide > left and parts[-1]:
            parts.append([])
            left = width
        parts[-1].append((title, cells))
        left -= wide
    return parts


def _table(names: list[str], columns: list[_Column]) -> Table:
    table = Table(title=_MATRIX, title_justify="left", box=None, pad_edge=False)
    table.add_column("subject", no_wrap=True)
    for title, _ in columns:
        table.add_column(title, justify="right", no_wrap=True)
    for row, name in enumerate(names):
        table.add_row(Text(name), *(cells[row] for _, cells in columns))
    return table


def _cell(count: profiles.Tally | None) -> Text:
    if count is None or count.ran == 0:
        return Text("·", style="dim")
    if count.unsupported == count.ran:
        return Text("-", style="dim")
    if count.claimed:
        return Text(str(count.passed), style="green")
    if _is_wrong(count):
        # Not by colour alone: a pipe has none.
        return Text(f"!{count.passed}/{count.ran}", style="bold red")
    return Text(f"{count.passed}/{count.ran}", style="yellow")


def distances(run: Run) -> Table | str:
    """Backends and devices against each other: the largest ULP apart, over all modes."""
    groups, apart = summary.distances(run)
    if len(groups) == 1:
        return f"Modes of {groups[0]} against each other: at most {ulps(max(apart.values()))} ULP"
    table = Table(
        title="Largest distance between results, in ULP", title_justify="left", box=None, pad_edge=False
    )
    table.add_column("", no_wrap=True)
    for group in groups[:-1]:
        table.add_column(group, justify="right")
    for row, one in enumerate(groups[1:], 1):
        cells = [ulps(apart.get((one, other))) for other in groups[:row]]
        table.add_row(Text(one), *cells, *[""] * (len(groups) - 1 - row))
    return table


def claims(run: Run, claimed: dict[str, tuple[list[str], list[str]]]) -> Table:
    """Profiles with the subjects that claim them, and those that cannot."""
    table = Table(title="Profiles claimed", title_justify="left", box=None, pad_edge=False)
    table.add_column("profile", no_wrap=True)
    table.add_column("by")
    for name, (by, missed) in claimed.items():
        text = Text(", ".join(summary.grouped(run, by)) or "nobody", style="green" if by else "dim")
        if missed:
            text.append(f"; not by {', '.join(summary.grouped(run, missed))}", style="red")
        table.add_row(name, text)
    return table


def _spread(run: Run, console: Console) -> None:
    moving = [v for v in run.verdicts if v.spread]
    if moving:
        worst = max(moving, key=lambda v: v.spread or 0.0)
        console.print(
            f"Run to run: {len(moving)} results differ between two runs, "
            f"at most {ulps(worst.spread)} ULP ({worst.subject}, {worst.case})"
        )
    else:
        console.print("Run to run: every case run twice, no difference")


def _failures(run: Run, cases: list[Case], console: Console) -> None:
    known = {c.id: c for c in cases}
    options = {s.name: s.rerun for s in run.header.subjects}
    failures = run.failures
    for verdict in summary.told(run, cases, _FAILURES_SHOWN):
        console.print()
        lines = explain.failure(known[verdict.case], verdict, options[verdict.subject])
        width = max(len(label) for label, _ in lines)
        for label, text in lines:
            style = "bold red" if label == "verdict" else ""
            console.print(Text(f"{label:>{width}}  ", style="dim") + Text(text, style=style), soft_wrap=True)
    if len(failures) > _FAILURES_SHOWN:
        rest = len(failures) - _FAILURES_SHOWN
        console.print(f"\n… and {rest} more failures: all with --html, --markdown, --jsonl or --junit")
    for subject in run.header.subjects:
        for name, count, looked in summary.culprits(run, subject, cases)[:_CULPRITS_SHOWN]:
            what = f"{subject.name}: {count} of {looked} explained failures are those of {name}: "
            console.print(Text(what, style="bold") + Text(mutants()[name].description), soft_wrap=True)
    unlike = sum(not v.suspects for v in failures)
    if unlike:
        console.print(f"{unlike} of {len(failures)} failures are like no known mistake")
    for fault in run.faults:
        console.print(Text(f"fault in the suite: {fault}", style="bold red"))


def _closing(run: Run, console: Console) -> None:
    counts = run.counts
    parts = [f"{counts[Status.PASS]} passed"]
    parts += [f"{n} {status}" for status, n in counts.items() if status is not Status.PASS]
    style, word = _CLOSING[run.exit_code]
    done = f"{len(run.verdicts)} of {run.planned} planned"
    asked = len({v.case for v in run.verdicts})
    if asked < run.header.cases:
        done += f", a selection of {asked} of {run.header.cases} cases"
    line = Text(f"{word}: ", style=f"bold {style}")
    console.print(line + Text(f"{', '.join(parts)}; {done}; suite {run.header.suite[:12]}"))
