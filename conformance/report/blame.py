"""Which failures to tell first, and which known mistakes explain them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from conformance.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.model import Case, Verdict
    from conformance.results import Run, SubjectInfo


class Culprit(NamedTuple):
    """A known mistake, the failures it explains, and how many failures any mistake explains."""

    name: str
    explained: int
    looked: int


def culprits(run: Run, subject: SubjectInfo, cases: list[Case]) -> list[Culprit]:
    """Return the few known mistakes that explain most of a subject's failures.

    Wrong numbers come first: who refuses nothing fails many cases by one small omission.
    """
    verdicts = run.of(subject.name)
    spared = [c for c in cases if c.id in verdicts and verdicts[c.id].status is Status.PASS]
    op = {c.id: c.op for c in cases}
    known = {c.id: c for c in cases}
    kin = kinship(cases)
    blamable = [v for v in run.failures if v.subject == subject.name and v.suspects]
    found = []
    for accepted in (False, True):
        left = [v for v in blamable if (v.status is Status.WRONGLY_ACCEPTED) == accepted]
        looked = len(left)
        # Who makes a mistake fails the other cases that it shows in, too, at least those of the operation.
        ops = {(name, op[v.case]) for v in left for name in v.suspects}
        against = Counter(name for c in spared for name in c.kills if (name, c.op) in ops)
        anywhere = Counter(name for c in spared for name in c.kills)
        group = []
        if not accepted:
            # No name is better than one that a passed case rules out. What is merely not refused is broader.
            left = [replace(v, suspects=tuple(s for s in v.suspects if not against[s])) for v in left]
            left = [v for v in left if v.suspects]
        while left:
            explained = Counter(s for v in left for s in v.suspects)
            close = Counter[str]()
            for verdict in left:
                close.update({s: kin(s, known[verdict.case]) for s in verdict.suspects})
            name = max(explained, key=lambda n: (explained[n] - against[n], -anywhere[n], close[n]))
            group.append(Culprit(name, explained[name], looked))
            left = [v for v in left if name not in v.suspects]
        found += sorted(group, key=lambda culprit: -culprit.explained)
    return found


def kinship(cases: list[Case]) -> Callable[[str, Case], float]:
    """Return what tells how much of a mistake shows in cases of the same clauses, from 0 to 1.

    A case is there for mistakes that show in few others: where nothing else is known they are the likeliest.
    """
    everywhere = Counter(name for c in cases for name in c.kills)
    by_clause = Counter((name, clause) for c in cases for name in c.kills for clause in c.clauses)

    def kin(name: str, case: Case) -> float:
        return max(by_clause[name, clause] for clause in case.clauses) / max(everywhere[name], 1)

    return kin


def told(
    failures: list[Verdict], known: Mapping[str, Case], blamed: Mapping[str, list[Culprit]]
) -> list[Verdict]:
    """Return the failures, those to tell first in front: each of another kind than those before.

    Wrong numbers come before inputs not refused; then what the commonest mistake explains; then the
    small. Each names first the mistakes that explain most of its subject's failures.
    """
    common = Counter(s for v in failures for s in v.suspects)
    kin = kinship([*known.values()])

    def order(verdict: Verdict) -> tuple[bool, int, int]:
        case = known[verdict.case]
        explained = max((common[s] for s in verdict.suspects), default=0)
        return case.error is not None, -explained, len(case.inputs["keypoints"].values)

    seen: set[object] = set()
    first: list[Verdict] = []
    rest: list[Verdict] = []
    for verdict in sorted(failures, key=order):
        kind = (verdict.status, known[verdict.case].clauses)
        (rest if kind in seen or verdict.case in seen else first).append(verdict)
        seen |= {kind, verdict.case}

    def likely_first(verdict: Verdict) -> Verdict:
        order = {culprit.name: place for place, culprit in enumerate(blamed[verdict.subject])}

        def place(name: str) -> tuple[int, float]:
            return order.get(name, len(order)), -kin(name, known[verdict.case])

        return replace(verdict, suspects=tuple(sorted(verdict.suspects, key=place)))

    return [likely_first(verdict) for verdict in [*first, *rest]]
