"""Markdown: the same report for a pull request or a release page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance import explain, profiles
from conformance.report import summary
from conformance.report.numbers import ratio, ulps

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.model import Case
    from conformance.results import Run

_WORDS = {0: "conforms", 1: "does not conform", 4: "fault in the suite", 5: "incomplete"}


def render(run: Run, cases: list[Case]) -> str:
    """Return the report as Markdown; every text of a subject is escaped."""
    header = run.header
    versions = ", ".join(f"{name} {version}" for name, version in header.versions.items())
    facts = [
        f"{len(run.verdicts)} of {run.planned} planned verdicts",
        f"suite `{header.suite[:12]}`",
        header.started,
        _text(header.host),
        f"Python {header.python}",
        _text(versions),
    ]
    parts = [
        f"# Temporal loss conformance: {_WORDS[run.exit_code]}",
        f"{'; '.join(facts)}.",
        "## Cases passed, by subject and profile",
        _matrix(run, cases),
    ]
    notes = [f"{_text(sentence)}." for sentence in summary.sampled(run, cases)]
    notes += [f"{_text(a.name)} is absent: {_text(a.reason)}." for a in header.absences]
    parts += ["\n".join(f"- {n}" for n in notes)] if notes else []
    if len(header.subjects) > 1 and run.pairs:
        parts += ["## Largest distance between results, in ULP", _distances(run)]
    parts += ["## Profiles claimed", _claims(run, cases)]
    if run.failures or run.faults:
        parts += [
            "## Failures",
            *_failures(run, cases),
            *(f"Fault in the suite: {_text(f)}" for f in run.faults),
        ]
    return "\n\n".join(parts) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _text(words: str) -> str:
    escaped = re.sub(r"([\\`*_{}\[\]()#+!|~])", r"\\\1", " ".join(words.split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _matrix(run: Run, cases: list[Case]) -> str:
    tallies = {s.name: run.tallies(s, cases) for s in run.header.subjects}
    shown = [p for p in profiles.NAMES if any(p in t for t in tallies.values())]
    rows = []
    for subject in run.header.subjects:
        cells = [_cell(tallies[subject.name].get(p)) for p in shown]
        worst, ulp = summary.worst(run, subject)
        rows.append([_text(subject.name), *cells, ratio(worst), ulps(ulp)])
    return _table(["subject", *shown, "error / budget", "largest ULP"], rows)


def _cell(count: profiles.Tally | None) -> str:
    if count is None or count.ran == 0:
        return ""
    if count.unsupported == count.ran:
        return "-"
    return str(count.passed) if count.claimed else f"**{count.passed}/{count.ran}**"


def _distances(run: Run) -> str:
    groups, apart = summary.distances(run)
    rows = [
        [
            _text(one),
            *(ulps(apart.get((one, other))) for other in groups[: place + 1]),
            *[""] * (len(groups) - place - 1),
        ]
        for place, one in enumerate(groups)
    ]
    return _table(["", *(_text(g) for g in groups)], rows)


def _claims(run: Run, cases: list[Case]) -> str:
    rows = [
        [
            name,
            _text(", ".join(summary.grouped(run, by)) or "nobody"),
            _text(", ".join(summary.grouped(run, missed))),
        ]
        for name, (by, missed) in summary.claims(run, cases).items()
    ]
    return _table(["profile", "claimed by", "not by"], rows)


def _failures(run: Run, cases: list[Case]) -> list[str]:
    known = {c.id: c for c in cases}
    options = {s.name: s.rerun for s in run.header.subjects}
    parts = []
    for verdict in run.failures:
        told = explain.failure(known[verdict.case], verdict, options[verdict.subject])
        # Indented code shows a subject's text as it is, whatever is in it.
        block = "\n".join(f"    {line}" for line in explain.plain(told).splitlines())
        parts += [f"### {_text(verdict.subject)}: {_text(verdict.case)}", block]
    return parts
