"""What a first-time reader sees first: the verdict in one sentence, and a few numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.exits import Exit
from conformance.model import Status
from conformance.report.html.order import failed, size
from conformance.report.numbers import ratio, ulps

if TYPE_CHECKING:
    from conformance.results import Run

_WORDS = {
    Exit.CONFORMS: ("good", "✓", "Conforms"),
    Exit.DOES_NOT: ("bad", "✕", "Does not conform"),
    Exit.INCOMPLETE: ("open", "…", "Incomplete"),
    Exit.FAULT: ("open", "!", "Fault in the suite"),
}


@dataclass(frozen=True)
class Verdict:
    """The verdict on the run: a kind for its look, a mark, a word, a sentence."""

    kind: str
    mark: str
    word: str
    sentence: str


@dataclass(frozen=True)
class Tile:
    """One number with what it is and where it comes from."""

    label: str
    number: str
    note: str
    bad: bool = False


def verdict(run: Run) -> Verdict:
    """Say what came out."""
    return Verdict(*_WORDS[run.exit_code], _sentence(run))


def _sentence(run: Run) -> str:
    code = run.exit_code
    groups = list(dict.fromkeys(s.group for s in run.header.subjects))
    if code is Exit.FAULT:
        return "The suite itself failed, so this says nothing about the subjects; please report it."
    if code is Exit.INCOMPLETE:
        return f"{len(run.verdicts)} of {run.planned} planned verdicts came; a claim takes all of them."
    if code is Exit.DOES_NOT:
        return _differing(run, groups)
    who = groups[0] if len(groups) == 1 else f"All {len(groups)} backends and devices"
    told = f"{who} gave an answer within its error budget for every case that is supported there"
    declared = run.counts[Status.XFAIL]
    return f"{told}, but for {declared} declared beforehand." if declared else f"{told}."


def _differing(run: Run, groups: list[str]) -> str:
    failing = {v.subject for v in run.failures}
    bad = list(dict.fromkeys(s.group for s in run.header.subjects if s.name in failing))
    if len(bad) > 1:
        return f"{len(bad)} of {len(groups)} backends and devices differ from the text: {', '.join(bad)}."
    of = "" if len(groups) == 1 else f", of {len(groups)} backends and devices,"
    cases = f"{len({v.case for v in run.failures})} of {len({v.case for v in run.verdicts})} cases"
    return f"{bad[0]}{of} differs from the text in {cases}."


def tiles(run: Run) -> list[Tile]:
    """Return the numbers that sum the run up."""
    return [_failing(run), _error(run), _apart(run), _moving(run), _unsupported(run)]


def _failing(run: Run) -> Tile:
    count = len(run.failures)
    return Tile("failing", f"{count:,}", f"of {len(run.verdicts):,} verdicts", bad=count > 0)


def _error(run: Run) -> Tile:
    measured = [v for v in run.verdicts if v.worst is not None]
    if not measured:
        return Tile("largest error", "-", "no number was compared")
    boundless = [v for v in measured if not math.isfinite(size(v))]
    # A number says more than infinity, but not a number of those that pass.
    over = [v for v in measured if 1 < size(v) < math.inf]
    worst = max(over or measured, key=size)
    note = f"of its budget: {worst.subject}, {worst.case}"
    if over and boundless:
        note += f"; {len(boundless):,} where no error is allowed, or NaN came"
    return Tile("largest error", ratio(worst.worst), note, bad=failed(worst))


def _apart(run: Run) -> Tile:
    group = {s.name: s.group for s in run.header.subjects}
    pairs = [p for p in run.pairs if group[p.one] != group[p.other]]
    if not pairs:
        return Tile("farthest apart", "-", "no two backends or devices to compare")
    far = max(pairs, key=lambda p: p.ulp)
    unit = "ULP" if math.isfinite(far.ulp) else "NaN for a number,"
    note = f"{unit} between {group[far.one]} and {group[far.other]}, {far.case}"
    return Tile("farthest apart", ulps(far.ulp), note)


def _moving(run: Run) -> Tile:
    moving = [v for v in run.verdicts if v.spread]
    twice = sum(v.spread is not None for v in run.verdicts)
    if not twice:
        return Tile("run to run", "-", "no result to compare with itself")
    note = f"results differ, of {twice:,} computed twice"
    return Tile("run to run", f"{len(moving):,}", note, bad=bool(moving))


def _unsupported(run: Run) -> Tile:
    count = run.counts[Status.UNSUPPORTED] + run.counts[Status.SKIPPED]
    return Tile("unsupported", f"{count:,}", "never counted as passed")
