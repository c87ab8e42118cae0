"""Reports read back and held to what they say themselves: one that was edited by hand is refused."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import TYPE_CHECKING

from conformance import suite
from conformance.exits import UsageError
from conformance.mutants import mutants
from conformance.report import jsonl

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.results import Run

_GRADES = {"", "exact", "tight", "budget"}


def load(path: Path) -> Run:
    """Read a JSON lines report.

    Raises
    ------
    UsageError
        The file cannot be read, or it is not as the suite wrote it.
    """
    run = jsonl.read(path)
    problem = _unknown(run) or _miscounted(run, path)
    if problem:
        message = f"{path}: not as the suite wrote it: {problem}"
        raise UsageError(message)
    return run


def _unknown(run: Run) -> str:
    """Find what is named twice, or named and not there."""
    subjects = Counter(s.name for s in run.header.subjects)
    verdicts = Counter((v.subject, v.case) for v in run.verdicts)
    twice = [*(name for name, n in subjects.items() if n > 1), *(key for key, n in verdicts.items() if n > 1)]
    if twice:
        return f"{twice[0]!r} is there twice"
    named = [*(v.subject for v in run.verdicts), *(name for p in run.pairs for name in (p.one, p.other))]
    strangers = [f"grade {v.grade!r}" for v in run.verdicts if v.grade not in _GRADES]
    strangers += [f"subject {name!r}" for name in named if name not in subjects]
    if run.header.suite == suite.suite_hash():
        cases = {case.id for case in run.cases}
        asked = [*(v.case for v in run.verdicts), *(p.case for p in run.pairs)]
        strangers += [f"case {name!r}" for name in asked if name not in cases]
        suspects = {name for v in run.verdicts for name in v.suspects}
        strangers += [f"mistake {name!r}" for name in sorted(suspects) if name not in mutants()]
    return f"there is no {strangers[0]}" if strangers else ""


def _miscounted(run: Run, path: Path) -> str:
    """Write the same run again: each line has to come out as it is, counts and exit code too."""
    again = io.StringIO()
    writer = jsonl.Writer(again)
    writer.header(run.header)
    for verdict in run.verdicts:
        writer.verdict(verdict)
    writer.footer(run)
    # Other ends of lines may be part of what a subject said.
    due, found = (text.removesuffix("\n").split("\n") for text in (again.getvalue(), path.read_text("utf-8")))
    if len(due) != len(found):
        return f"{len(found)} lines, expected {len(due)}"
    if json.loads(found[-1]) != json.loads(due[-1]):
        return "the last line does not count what is above it"
    pairs = enumerate(zip(found, due, strict=True), 1)
    odd = [number for number, (one, other) in pairs if json.loads(one) != json.loads(other)]
    return f"line {odd[0]}" if odd else ""
