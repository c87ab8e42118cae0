"""What a run of the suite found: everything that a report is made from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from conformance import fresh, profiles, suite
from conformance.exits import Exit
from conformance.fresh import MOST
from conformance.model import Status
from conformance.text import Clean

if TYPE_CHECKING:
    from conformance.model import Case, Verdict

GOOD = {Status.PASS, Status.XFAIL, Status.UNSUPPORTED, Status.SKIPPED}
"""Statuses that do not fail a run; only the first one counts as passed."""
UNJUDGED = {Status.UNSUPPORTED, Status.SKIPPED}


@dataclass(frozen=True)
class SubjectInfo(Clean):
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
class Absence(Clean):
    """A backend, or a device of it, that cannot run here."""

    name: str
    reason: str


@dataclass(frozen=True)
class Header(Clean):
    """What was run, on what, and when: known before the first verdict.

    `seed` is that of the order of cases. `fresh` cases were drawn from `fresh_seed`. `cases` counts all
    that a claim takes.
    """

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
    fresh: Annotated[int, Meta(ge=0, le=MOST)] = 0
    fresh_seed: int = 0

    @property
    def drawn(self) -> str:
        """The fresh cases, in words."""
        few = f", where a claim takes {fresh.COUNT}" if self.fresh < fresh.COUNT else ""
        if not self.fresh:
            return f"no fresh cases{few}"
        return f"{self.fresh} fresh case{'s' * (self.fresh > 1)}, seed {self.fresh_seed}{few}"


@dataclass(frozen=True)
class Pair(Clean):
    """Two subjects: the largest distance in ULP, the case it was found in, and how many agree.

    `ulp` is infinite where one has NaN and the other has not. `same` of the `shared` outputs
    that both computed have the same bits.
    """

    one: str
    other: str
    ulp: float
    case: str
    same: int
    shared: int


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
        if not judged or len(self.verdicts) != self.planned or self._claims_nothing:
            return Exit.INCOMPLETE
        return Exit.CONFORMS

    @property
    def cases(self) -> list[Case]:
        """All cases that a claim takes, the fresh ones too, and those that were asked besides."""
        known = [*suite.load_cases(), *fresh.cases(self.header.fresh, self.header.fresh_seed)]
        ids = {case.id for case in known}
        asked = dict.fromkeys(v.case for v in self.verdicts if v.case not in ids)
        return known + [case for name in asked if (case := fresh.by_id(name))]

    @property
    def _claims_nothing(self) -> bool:
        """Whether profiles were asked in full and nobody may claim one; unknown of another suite."""
        if self.header.suite != suite.suite_hash():
            return False
        cases = self.cases
        counts = [c for s in self.header.subjects for c in self.tallies(s, cases).values() if c.ran]
        return all(c.ran == c.total and not c.claimed for c in counts)

    def of(self, subject: str) -> dict[str, Verdict]:
        """Return a subject's verdicts by case."""
        return {v.case: v for v in self.verdicts if v.subject == subject}

    def tallies(self, subject: SubjectInfo, cases: list[Case]) -> dict[str, profiles.Tally]:
        """Count a subject's verdicts into profiles."""
        return profiles.tally(cases, self.of(subject.name), subject.place)
