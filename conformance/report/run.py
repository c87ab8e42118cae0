"""Everything a report is made from: one run of the suite."""

from __future__ import annotations

import platform
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from conformance import profiles, suite
from conformance.exits import Exit
from conformance.model import Status
from conformance.subjects.find import Absence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.model import Case, Verdict
    from conformance.run.pairs import Pair
    from conformance.run.plan import Plan

FORMAT = 1
GOOD = {Status.PASS, Status.XFAIL, Status.UNSUPPORTED, Status.SKIPPED}
"""Statuses that do not fail a run; only the first one counts as passed."""
UNJUDGED = {Status.UNSUPPORTED, Status.SKIPPED}


@dataclass(frozen=True)
class SubjectInfo:
    """One subject of a run. `rerun` holds the options that run it alone, `cases` how many it was given."""

    name: str
    device: str | None
    mode: str
    rerun: str
    cases: int

    @property
    def place(self) -> profiles.Place:
        """What profiles depend on."""
        return profiles.Place(self.device, self.mode)

    @property
    def group(self) -> str:
        """The name without the mode: backend and device."""
        return self.name.removesuffix(f"/{self.mode}")


@dataclass(frozen=True)
class Header:
    """What was run, on what, and when: known before the first verdict."""

    suite: str
    cases: int
    started: str
    command: str
    host: str
    python: str
    versions: dict[str, str]
    seed: int | None
    subjects: tuple[SubjectInfo, ...]
    absences: tuple[Absence, ...]

    @classmethod
    def of(cls, plan: Plan, command: str, versions: Mapping[str, str]) -> Header:
        """Describe a plan on this machine."""
        trials = Counter(t.subject.name for t in plan.trials())
        return cls(
            suite=suite.suite_hash(),
            cases=len(suite.load_cases()),
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            command=command,
            host=f"{platform.system()} {platform.machine()}",
            python=platform.python_version(),
            versions=dict(versions),
            seed=plan.shuffle,
            subjects=tuple(
                SubjectInfo(s.name, s.device, s.mode, s.rerun, trials[s.name]) for s in plan.subjects
            ),
            absences=tuple(plan.absences),
        )

    def to_json(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Header:
        """Read the JSON form."""
        fields = dict(data)
        fields["subjects"] = tuple(SubjectInfo(**s) for s in fields["subjects"])
        fields["absences"] = tuple(Absence(**a) for a in fields["absences"])
        return cls(**fields)


@dataclass
class Run:
    """A run while it goes on, and after it.

    Attributes
    ----------
    header : Header
    planned : int
        How many verdicts there have to be.
    verdicts : list of Verdict
    pairs : list of Pair
        Distances between subjects.
    faults : list of str
        Errors of the suite itself.
    """

    header: Header
    planned: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def counts(self) -> Counter[Status]:
        """Number of verdicts per status."""
        return Counter(v.status for v in self.verdicts)

    @property
    def failures(self) -> list[Verdict]:
        """Verdicts that fail the run."""
        return [v for v in self.verdicts if v.status not in GOOD]

    @property
    def exit_code(self) -> Exit:
        """A failure counts even in an incomplete run; conforming takes a complete one."""
        if self.faults:
            return Exit.FAULT
        if self.failures:
            return Exit.DOES_NOT
        judged = [v for v in self.verdicts if v.status not in UNJUDGED]
        if not judged or len(self.verdicts) != self.planned:
            return Exit.INCOMPLETE
        return Exit.CONFORMS

    def of(self, subject: str) -> dict[str, Verdict]:
        """Return a subject's verdicts by case."""
        return {v.case: v for v in self.verdicts if v.subject == subject}

    def tallies(self, subject: SubjectInfo, cases: list[Case]) -> dict[str, profiles.Tally]:
        """Count a subject's verdicts into profiles."""
        return profiles.tally(cases, self.of(subject.name), subject.place)
