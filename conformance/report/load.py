"""Reports read back and held to what they say themselves: one that was edited by hand is refused."""

from __future__ import annotations

import io
import json
import math
from collections import Counter
from typing import TYPE_CHECKING

from conformance import suite
from conformance.drawing import UndrawableError, draw
from conformance.exits import UsageError
from conformance.features import FEATURES
from conformance.model import Status
from conformance.mutants import mutants
from conformance.report import jsonl
from conformance.report.numbers import size

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.model import Verdict
    from conformance.results import Run, SubjectInfo

_OVER = 1.001
"""An error over its budget, a rounded quotient, is above 1 where the judge's exact one is not, by less."""
_SMALL = 6
_GRADES = {"", "exact", "tight", "budget"}


def load_own(path: Path) -> Run:
    """Read a report on the cases that are installed here: what is made of one counts those.

    Raises
    ------
    UsageError
        As of `load`, or the report is on other cases.
    """
    run = load(path)
    if run.header.suite != suite.suite_hash():
        message = f"{path}: of other cases (suite {run.header.suite[:12]}) than those installed here"
        raise UsageError(message)
    return run


def load(path: Path) -> Run:
    """Read a JSON lines report.

    Raises
    ------
    UsageError
        The file cannot be read, or it is not as the suite wrote it.
    """
    run = jsonl.read(path)
    problem = _unknown(run) or _impossible(run) or _miscounted(run, path)
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
        if run.header.cases < (stored := len(suite.load_cases())):
            return f"{run.header.cases} cases, where the suite has {stored}"
        asked = [*(v.case for v in run.verdicts), *(p.case for p in run.pairs)]
        strangers += [f"case {name!r}" for name in asked if name not in cases]
        suspects = {name for v in run.verdicts for name in v.suspects}
        strangers += [f"shrunk case of {v.case!r}" for v in run.verdicts if not _drawable(v)]
        strangers += [f"mistake {name!r}" for name in sorted(suspects) if name not in mutants()]
    return f"there is no {strangers[0]}" if strangers else ""


def _drawable(verdict: Verdict) -> bool:
    """Whether the case that a fresh one was shrunk to, if it was, is one that can be shown."""
    recipe = verdict.smaller
    if recipe is None:
        return True
    # Larger ones take long to draw, and nothing is shrunk to them.
    small = 0 <= recipe.frames <= _SMALL and 0 <= recipe.keypoints <= _SMALL
    pairs = zip(recipe.features, FEATURES.values(), strict=False)
    known = len(recipe.features) == len(FEATURES) and all(value in of.values for value, of in pairs)
    try:
        return small and known and draw(verdict.case, recipe).id.startswith("fresh-")
    except UndrawableError:
        return False


def _impossible(run: Run) -> str:
    """Find what no run gives, whatever it runs."""
    asked = Counter(v.subject for v in run.verdicts)
    more = [s.name for s in run.header.subjects if asked[s.name] > s.cases]
    if more or run.planned > sum(subject.cases for subject in run.header.subjects):
        return "more verdicts than the subjects have cases"
    pairs = Counter((pair.one, pair.other) for pair in run.pairs)
    odd = [f"subject {s.name!r} in {s.device!r}, {s.mode!r}" for s in run.header.subjects if not _named(s)]
    odd += [f"verdict on {v.case!r}" for v in run.verdicts if not _possible(v)]
    odd += [
        f"distance of {p.one!r} and {p.other!r}"
        for p in run.pairs
        if not (p.one < p.other and p.ulp >= 0 and 0 <= p.same <= p.shared > 0 and pairs[p.one, p.other] == 1)
    ]
    return f"no run has this {odd[0]}" if odd else ""


def _named(subject: SubjectInfo) -> bool:
    """Whether a subject is called after its device and mode, which profiles depend on."""
    ends = [f"/{subject.device}/{subject.mode}"]
    # A program has no modes.
    ends += [f"/{subject.device}"] if subject.mode == "eager" else []
    return subject.name.endswith(tuple(ends))


def _possible(verdict: Verdict) -> bool:
    """Whether the parts of a verdict go together."""
    sizes = (verdict.worst, verdict.ulp, verdict.spread, verdict.seconds)
    if any(number is not None and not number >= 0 for number in sizes) or math.isinf(verdict.seconds):
        return False
    if verdict.status is not Status.PASS:
        return True
    # A refusal that was due has neither error nor grade.
    graded = bool(verdict.grade) is (verdict.worst is not None)
    over = size(verdict.worst) > _OVER or (verdict.grade == "exact" and bool(verdict.ulp))
    return graded and not (over or verdict.reason or verdict.suspects)


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
    odd = [number for number, (one, other) in pairs if one != other]
    return f"line {odd[0]}" if odd else ""
