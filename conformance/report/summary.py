"""Numbers that more than one report shows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance import profiles
from conformance.model import Status
from conformance.run import chosen
from conformance.subjects.backends.protocol import AUTODIFF

if TYPE_CHECKING:
    from conformance.model import Case, Verdict
    from conformance.results import Run, SubjectInfo


def worst(run: Run, subject: SubjectInfo) -> tuple[float | None, float | None]:
    """Return a subject's largest error over budget and largest distance in ULP."""
    verdicts = run.of(subject.name).values()
    return (
        max((v.worst for v in verdicts if v.worst is not None), default=None),
        max((v.ulp for v in verdicts if v.ulp is not None), default=None),
    )


def sampled(run: Run, cases: list[Case]) -> list[str]:
    """Return a sentence for each subject that ran chosen cases only: how many, why, and which."""
    sentences = []
    for subject in run.header.subjects:
        ids = [c.id for c in chosen.cases_for(subject.mode, cases)]
        slow = subject.mode.removesuffix(AUTODIFF) in chosen.SLOW_MODES
        if slow and subject.cases == len(ids) < len(cases):
            why = f"ran {len(ids)} chosen cases, since compiling takes seconds each"
            sentences.append(f"{subject.name} {why}: {', '.join(ids)}")
    return sentences


def distances(run: Run) -> tuple[list[str], dict[tuple[str, str], float]]:
    """Return backend/device groups and the largest distance between each two, over all their modes.

    On the diagonal stand the modes of one group against each other.
    """
    group = {s.name: s.group for s in run.header.subjects}
    apart: dict[tuple[str, str], float] = {}
    for pair in run.pairs:
        for key in ((group[pair.one], group[pair.other]), (group[pair.other], group[pair.one])):
            apart[key] = max(apart.get(key, 0.0), pair.ulp)
    return list(dict.fromkeys(group.values())), apart


def claims(run: Run, cases: list[Case]) -> dict[str, tuple[list[str], list[str]]]:
    """Return, for each profile, the subjects that claim it and those that fail it.

    A subject that was not asked everything, or that passed what it supports, is in neither list.
    Profiles that nobody was asked in full, and nobody failed, are left out.
    """
    result: dict[str, tuple[list[str], list[str]]] = {}
    for subject in run.header.subjects:
        for name, count in run.tallies(subject, cases).items():
            if count.ran < count.total and not count.failed:
                continue
            by, missed = result.setdefault(name, ([], []))
            if count.claimed:
                by.append(subject.name)
            elif count.failed:
                missed.append(subject.name)
    return {name: result[name] for name in profiles.NAMES if name in result}


def told(run: Run, cases: list[Case], most: int) -> list[Verdict]:
    """Return the failures to tell first: each of another kind than those before.

    Wrong numbers come before inputs not refused; then what the commonest mistake explains; then the small.
    Each names the likeliest mistakes first.
    """
    known = {c.id: c for c in cases}
    common = Counter(s for v in run.failures for s in v.suspects)

    def order(verdict: Verdict) -> tuple[bool, int, int]:
        case = known[verdict.case]
        explained = max((common[s] for s in verdict.suspects), default=0)
        return case.error is not None, -explained, len(case.inputs["keypoints"].values)

    by_size = sorted(run.failures, key=order)
    seen: set[object] = set()
    first: list[Verdict] = []
    rest: list[Verdict] = []
    for verdict in by_size:
        kind = (verdict.status, known[verdict.case].clauses)
        (rest if kind in seen or verdict.case in seen else first).append(verdict)
        seen |= {kind, verdict.case}
    ranks = {s.name: [name for name, _, _ in culprits(run, s, cases)] for s in run.header.subjects}
    return [_likely_first(verdict, ranks[verdict.subject]) for verdict in [*first, *rest][:most]]


def _likely_first(verdict: Verdict, names: list[str]) -> Verdict:
    """Put the mistakes that explain most of a subject's failures before those that fit this one only."""
    order = {name: place for place, name in enumerate(names)}
    return replace(verdict, suspects=tuple(sorted(verdict.suspects, key=lambda n: order.get(n, len(order)))))


def culprits(run: Run, subject: SubjectInfo, cases: list[Case]) -> list[tuple[str, int, int]]:
    """Return the few known mistakes that explain most of a subject's failures.

    Each comes with the number of failures it explains, and of those that any explains. Wrong
    numbers come first: who refuses nothing fails many cases by one small omission.
    """
    verdicts = run.of(subject.name)
    spared = [c for c in cases if c.id in verdicts and verdicts[c.id].status is Status.PASS]
    op = {c.id: c.op for c in cases}
    found = []
    for accepted in (False, True):
        left = [
            v
            for v in run.failures
            if v.subject == subject.name and v.suspects and (v.status is Status.WRONGLY_ACCEPTED) == accepted
        ]
        looked = len(left)
        # Who makes a mistake fails the other cases that it shows in, too, at least those of the operation.
        ops = {(name, op[v.case]) for v in left for name in v.suspects}
        against = Counter(name for c in spared for name in c.kills if (name, c.op) in ops)
        anywhere = Counter(name for c in spared for name in c.kills)
        group = []
        while left:
            explained = Counter(s for v in left for s in v.suspects)
            name = max(explained, key=lambda n: (explained[n] - against[n], -anywhere[n]))
            group.append((name, explained[name], looked))
            left = [v for v in left if name not in v.suspects]
        found += sorted(group, key=lambda culprit: -culprit[1])
    return found


def grouped(run: Run, names: list[str]) -> list[str]:
    """Return the names with the modes of one backend and device drawn together."""
    modes: dict[str, list[str]] = {}
    every: dict[str, list[str]] = {}
    for subject in run.header.subjects:
        every.setdefault(subject.group, []).append(subject.mode)
        if subject.name in names:
            modes.setdefault(subject.group, []).append(subject.mode)
    return [g if found == every[g] else f"{g} ({', '.join(found)})" for g, found in modes.items()]
