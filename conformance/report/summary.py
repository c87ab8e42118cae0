"""What a run comes to: counted here once, for every report."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from conformance import fresh, profiles
from conformance.exits import Exit
from conformance.explain import broken
from conformance.model import Status
from conformance.report.blame import Culprit, culprits, told
from conformance.report.numbers import size
from conformance.results import GOOD, UNJUDGED
from conformance.run import chosen

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from conformance.model import Case, Verdict
    from conformance.results import Pair, Run, SubjectInfo
    from conformance.run.chosen import Share


@dataclass(frozen=True)
class Outcome:
    """What an exit code says: in a word, and in each report's colours."""

    word: str
    color: str
    badge: str
    kind: str
    mark: str


_OUTCOMES = {
    Exit.CONFORMS: Outcome("conforms", "green", "brightgreen", "good", "✓"),
    Exit.DOES_NOT: Outcome("does not conform", "red", "red", "bad", "✕"),
    Exit.FAULT: Outcome("fault in the suite", "red", "lightgrey", "open", "!"),
    Exit.INCOMPLETE: Outcome("incomplete", "yellow", "yellow", "open", "…"),
}
_NOTHING = Outcome("nothing judged", "yellow", "yellow", "open", "…")
_NAMED = 4
"""So many implementations are named in a sentence; more are counted."""


def _outcome(run: Run) -> Outcome:
    code = run.exit_code
    unjudged = len(run.verdicts) == run.planned > 0 and all(v.status in UNJUDGED for v in run.verdicts)
    return _NOTHING if code is Exit.INCOMPLETE and unjudged else _OUTCOMES[code]


def _listed(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def standing(count: profiles.Tally | None) -> str:
    """Say in a word how a subject did in a profile: claimed, part, wrong, unsupported or unasked."""
    if count is None or count.ran == 0:
        return "unasked"
    if count.unsupported == count.ran:
        return "unsupported"
    if count.claimed:
        return "claimed"
    return "wrong" if count.failed else "part"


@dataclass(frozen=True)
class Row:
    """One subject: its profiles, its largest error over budget, its largest distance in ULP."""

    subject: SubjectInfo
    tallies: dict[str, profiles.Tally]
    worst: float | None
    ulp: float | None


@dataclass(frozen=True)
class Claim:
    """One profile, who claims it, and who fails it."""

    profile: str
    by: list[str]
    missed: list[str]


@dataclass(frozen=True)
class Distance:
    """The farthest two results of two groups, and how many of all they share have the same bits."""

    farthest: Pair
    same: int
    shared: int


@dataclass(frozen=True)
class Finding:
    """All failures of one group, the one to tell first in front.

    `asked` is how many cases it was asked, `clauses` counts the failing cases by clause, and `culprits`
    are the known mistakes that explain most failures.
    """

    group: str
    subjects: list[SubjectInfo]
    failures: list[Verdict]
    asked: int
    clauses: Counter[str]
    culprits: list[str]

    @property
    def modes(self) -> list[str]:
        """The modes that fail."""
        failing = {v.subject for v in self.failures}
        return [s.mode for s in self.subjects if s.name in failing]

    @property
    def cases(self) -> set[str]:
        """The cases that fail, in whatever mode."""
        return {v.case for v in self.failures}

    @property
    def statuses(self) -> Counter[str]:
        """Number of verdicts by kind of failure."""
        return Counter(str(v.status) for v in self.failures)

    @property
    def worst(self) -> float | None:
        """Largest error over budget that is a number."""
        return max((v.worst for v in self.failures if 1 < size(v.worst) < math.inf), key=size, default=None)

    @property
    def ulp(self) -> float | None:
        """Largest distance in ULP that is a number."""
        return max((v.ulp for v in self.failures if size(v.ulp) < math.inf), key=size, default=None)

    @property
    def boundless(self) -> int:
        """Verdicts whose error is no such number: another bit where none may differ, or NaN."""
        return sum(size(v.worst) == math.inf for v in self.failures)

    @property
    def sample(self) -> Verdict:
        """An example of what is most of the trouble, where that is known."""
        likely = (v for v in self.failures if self.culprits and self.culprits[0] in v.suspects)
        return next(likely, self.failures[0])


class Summary:
    """A run, counted. What nobody asks for is not computed.

    A group is a backend and device, whatever the mode.
    """

    def __init__(self, run: Run, cases: list[Case]) -> None:
        self.run = run
        self.header = run.header
        self.subjects = {s.name: s for s in run.header.subjects}
        self.cases = {c.id: c for c in cases}
        self.asked = {v.case for v in run.verdicts}
        self.groups: dict[str, list[SubjectInfo]] = {}
        for subject in run.header.subjects:
            self.groups.setdefault(subject.group, []).append(subject)
        self.outcome = _outcome(run)
        if run.exit_code is Exit.CONFORMS and not any(claim.by for claim in self.claims):
            self.outcome = replace(self.outcome, color="yellow", badge="yellow", kind="open", mark="…")

    @cached_property
    def sentence(self) -> str:
        """Say in words what the run means."""
        run, word = self.run, self.outcome.word
        if word == _OUTCOMES[Exit.FAULT].word:
            return "The suite itself failed, so this says nothing about what was tested; please report it."
        if word == _NOTHING.word:
            return "Nothing was judged: all that was asked is unsupported, which is neither right nor wrong."
        if word == _OUTCOMES[Exit.INCOMPLETE].word:
            if len(run.verdicts) == run.planned:
                return "Nothing failed, and nothing may be claimed: no profile is passed in full."
            return (
                f"Only {len(run.verdicts)} of {run.planned} planned verdicts came; a claim takes all of them."
            )
        if self.findings:
            return self._what_fails()
        right = {self.subjects[v.subject].group for v in run.verdicts if v.status is Status.PASS}
        shown = [group for group in self.groups if group in right] or [*self.groups]
        who = f"All {len(shown)} backends and devices" if len(shown) > _NAMED else _listed(shown)
        unjudged = any(v.status in UNJUDGED for v in run.verdicts)
        held, asked = "that was asked", ""
        if unjudged:
            held, asked = "that was asked and is supported there", " asked"
        declared = run.counts[Status.XFAIL]
        but = f", but for {declared} declared beforehand" if declared else ""
        of = f"{len(self.asked)} of {self.total}{asked}{self._fewer(shown)}"
        return f"{who} gave the right answer, within rounding, to every case {held} ({of}){but}."

    @cached_property
    def _asked_of(self) -> dict[str, set[str]]:
        """Ids of the cases that each group was asked."""
        asked: dict[str, set[str]] = {group: set() for group in self.groups}
        for verdict in self.run.verdicts:
            asked[self.subjects[verdict.subject].group].add(verdict.case)
        return asked

    def _fewer(self, groups: Sequence[str]) -> str:
        """Say which groups were not asked all that was asked, as a further device of a kind."""
        fewer = [group for group in groups if len(self._asked_of[group]) < len(self.asked)]
        if not fewer:
            return ""
        return f", fewer of {f'{len(fewer)} of these' if len(fewer) > _NAMED else _listed(fewer)}"

    def _what_fails(self) -> str:
        failing, count = [finding.group for finding in self.findings], len(self.groups)
        if len(failing) > 1:
            return f"{len(failing)} of {count} backends and devices failed: {_listed(failing)}."
        among = f", of {count} backends and devices," if count > 1 else ""
        return f"{failing[0]}{among} failed {len(self.findings[0].cases)} of {self.findings[0].asked} cases."

    @cached_property
    def rows(self) -> list[Row]:
        """One row per subject."""
        return [self._row(subject) for subject in self.header.subjects]

    def _row(self, subject: SubjectInfo) -> Row:
        verdicts = self.run.of(subject.name)
        return Row(
            subject,
            profiles.tally(self.cases.values(), verdicts, subject.place),
            max((v.worst for v in verdicts.values() if v.worst is not None), default=None),
            max((v.ulp for v in verdicts.values() if v.ulp is not None), default=None),
        )

    @property
    def profiles(self) -> list[str]:
        """Profiles that any subject has."""
        return [name for name in profiles.NAMES if any(name in row.tallies for row in self.rows)]

    @cached_property
    def claims(self) -> list[Claim]:
        """Profiles that somebody was asked in full, or failed.

        A subject that was not asked everything, or that passed what it supports, is on neither side; nobody
        claims anything without fresh cases.
        """
        claims = []
        for name in self.profiles:
            counts = {r.subject.name: r.tallies[name] for r in self.rows if name in r.tallies}
            enough = self.header.fresh >= fresh.COUNT
            by = {subject for subject, count in counts.items() if enough and count.claimed}
            missed = {subject for subject, count in counts.items() if count.failed}
            if missed or any(count.ran == count.total for count in counts.values()):
                claims.append(Claim(name, self._drawn_together(by), self._drawn_together(missed)))
        return claims

    def _drawn_together(self, names: Collection[str]) -> list[str]:
        """Name each group once; its modes only where it is not all of them."""
        drawn = []
        for group, subjects in self.groups.items():
            modes = [s.mode for s in subjects if s.name in names]
            if modes:
                drawn.append(group if len(modes) == len(subjects) else f"{group} ({', '.join(modes)})")
        return drawn

    @cached_property
    def apart(self) -> dict[tuple[str, str], Distance]:
        """Distance of every two groups, over all their modes; of one with itself, of its modes."""
        pairs: dict[tuple[str, str], list[Pair]] = {}
        for pair in self.run.pairs:
            one, other = self.subjects[pair.one].group, self.subjects[pair.other].group
            for key in {(one, other), (other, one)}:
                pairs.setdefault(key, []).append(pair)
        return {
            key: Distance(max(of, key=lambda p: p.ulp), sum(p.same for p in of), sum(p.shared for p in of))
            for key, of in pairs.items()
        }

    @property
    def farthest(self) -> Pair | None:
        """The two groups whose results are farthest apart."""
        others = [distance.farthest for (one, other), distance in self.apart.items() if one != other]
        return max(others, key=lambda p: p.ulp, default=None)

    @property
    def largest(self) -> Verdict | None:
        """The verdict with the largest error that is a number, of those that fail if there are any."""
        measured = [v for v in self.run.verdicts if v.worst is not None]
        over = [v for v in measured if v.status not in GOOD and 1 < size(v.worst) < math.inf]
        return max(over or measured, key=lambda v: size(v.worst), default=None)

    @cached_property
    def moving(self) -> list[Verdict]:
        """Results that differ between two runs of the same case, the farthest first."""
        return sorted((v for v in self.run.verdicts if v.spread), key=lambda v: -size(v.spread))

    @cached_property
    def _fresh_asked(self) -> int:
        return sum(c.id in self.asked for c in self.cases.values() if fresh.is_fresh(c))

    @cached_property
    def total(self) -> int:
        """How many cases there were to ask: stored ones, and fresh ones that were drawn or named."""
        # The header counts what a claim takes, drawn or not.
        stored = self.header.cases - max(self.header.fresh, fresh.COUNT)
        return stored + max(self.header.fresh, self._fresh_asked)

    @property
    def drawn(self) -> str:
        """The fresh cases that were asked, in words."""
        asked = self._fresh_asked
        if asked == self.header.fresh:
            return self.header.drawn
        if not self.header.fresh:
            return f"{asked} fresh case{'s' * (asked > 1)} by id"
        return f"{asked} of {self.header.drawn}"

    @property
    def selected(self) -> bool:
        """Whether some subject was not asked all that its mode is asked."""
        cases = chosen.without_transport(self.cases.values())
        return len(self.asked) < self.total or any(
            not {c.id for c in chosen.cases_for(s.mode, cases, self._shares[s.name])}
            <= self.run.of(s.name).keys()
            for s in self.header.subjects
        )

    @cached_property
    def _shares(self) -> dict[str, Share]:
        return chosen.shares(self.header.subjects)

    @cached_property
    def sampled(self) -> dict[str, tuple[str, list[str]]]:
        """Subjects that ran some cases only, where that is what they are asked: which, in words and by id."""
        found = {}
        cases = chosen.without_transport(self.cases.values())
        for subject in self.header.subjects:
            share = self._shares[subject.name]
            ids = [c.id for c in chosen.cases_for(subject.mode, cases, share)]
            words = chosen.told(subject.mode, share)
            if words and subject.cases == len(ids) < len(cases):
                count = "1 case" if len(ids) == 1 else f"{len(ids)} cases"
                found[subject.name] = (f"{count}: {words}", ids)
        return found

    @cached_property
    def culprits(self) -> dict[str, list[Culprit]]:
        """The few known mistakes that explain most of each subject's failures."""
        cases = [*self.cases.values()]
        return {s.name: culprits(self.run, s, cases) for s in self.header.subjects}

    @cached_property
    def told(self) -> list[Verdict]:
        """All failures, those to tell first in front."""
        return told(self.run.failures, self.cases, self.culprits)

    @cached_property
    def findings(self) -> list[Finding]:
        """What fails, by group."""
        return [
            self._finding(group, failures)
            for group in self.groups
            if (failures := [v for v in self.told if self.subjects[v.subject].group == group])
        ]

    def _finding(self, group: str, failures: list[Verdict]) -> Finding:
        subjects = self.groups[group]
        return Finding(
            group,
            subjects,
            failures,
            asked=len(self._asked_of[group]),
            clauses=Counter(
                clause for _, clause in {(v.case, c) for v in failures for c in broken(self.cases[v.case], v)}
            ),
            culprits=[*dict.fromkeys(c.name for s in subjects for c in self.culprits[s.name])],
        )
