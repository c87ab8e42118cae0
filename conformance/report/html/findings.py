"""What differs: per backend and device where, by how much, what it looks like, and how to see it again."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.explain import rerun_command
from conformance.mutants import mutants
from conformance.report import summary

if TYPE_CHECKING:
    from conformance.model import Case, Verdict
    from conformance.results import Run, SubjectInfo

_CLAUSES = 4
_LOOKS_LIKE = 2


@dataclass(frozen=True)
class Finding:
    """All failures of one backend and device.

    Attributes
    ----------
    group : str
        Backend and device.
    modes : str
        The modes that fail, or nothing where there is one mode only.
    failing, asked : int
        Cases, in whatever mode.
    clauses : list of (str, int)
        Clauses with the most failing cases.
    more : int
        How many other clauses there are.
    statuses : list of (str, int)
        Kinds of failure with their number of verdicts.
    worst, ulp : float or None
        Largest error over budget and largest distance in ULP, of those that are numbers.
    boundless : int
        Verdicts whose error has no such number: another bit where none may differ, or NaN.
    sample : Verdict
        The failure to look at first.
    about : str
        What the sample's case is.
    looks_like : list of (str, str)
        Known mistakes that give the same wrong answers.
    subject : int
        Index of the sample's subject.
    command : str
        Runs the sample again.
    """

    group: str
    modes: str
    failing: int
    asked: int
    clauses: list[tuple[str, int]]
    more: int
    statuses: list[tuple[str, int]]
    worst: float | None
    ulp: float | None
    boundless: int
    sample: Verdict
    about: str
    looks_like: list[tuple[str, str]]
    subject: int
    command: str


def findings(run: Run, cases: list[Case]) -> list[Finding]:
    """Return one finding for each backend and device that fails, in the order of the run."""
    known = {c.id: c for c in cases}
    told = summary.told(run, cases, len(run.failures))
    members: dict[str, list[SubjectInfo]] = {}
    for subject in run.header.subjects:
        members.setdefault(subject.group, []).append(subject)
    found = [
        (group, subjects, [v for v in told if v.subject in {s.name for s in subjects}])
        for group, subjects in members.items()
    ]
    return [_finding(run, known, *each) for each in found if each[-1]]


def _finding(
    run: Run, known: dict[str, Case], group: str, subjects: list[SubjectInfo], failures: list[Verdict]
) -> Finding:
    names = {s.name for s in subjects}
    failing = {v.case for v in failures}
    clauses = Counter(c for name in failing for c in known[name].clauses).most_common()
    bad = [s.mode for s in subjects if any(v.subject == s.name for v in failures)]
    errors = [v.worst for v in failures if v.worst is not None]
    looks_like = _looks_like(run, subjects, [*known.values()])
    # An example of what is most of the trouble, where that is known.
    sample = next((v for v in failures if looks_like and looks_like[0][0] in v.suspects), failures[0])
    index, subject = next((i, s) for i, s in enumerate(run.header.subjects) if s.name == sample.subject)
    return Finding(
        group=group,
        modes=", ".join(bad) if len(subjects) > 1 else "",
        failing=len(failing),
        asked=len({v.case for v in run.verdicts if v.subject in names}),
        clauses=clauses[:_CLAUSES],
        more=len(clauses[_CLAUSES:]),
        statuses=[(str(s), n) for s, n in Counter(v.status for v in failures).most_common()],
        worst=max((w for w in errors if 1 < w < math.inf), default=None),
        ulp=max((v.ulp for v in failures if v.ulp is not None and v.ulp < math.inf), default=None),
        boundless=sum(not math.isfinite(w) for w in errors),
        sample=sample,
        about=known[sample.case].description,
        looks_like=looks_like,
        subject=index,
        command=rerun_command(sample.case, subject.rerun),
    )


def _looks_like(run: Run, subjects: list[SubjectInfo], cases: list[Case]) -> list[tuple[str, str]]:
    names = dict.fromkeys(
        name for subject in subjects for name, _, _ in summary.culprits(run, subject, cases)
    )
    return [(name, mutants()[name].description) for name in list(names)[:_LOOKS_LIKE]]
