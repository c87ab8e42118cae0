"""Which failures to tell first, and which known mistakes explain them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from conformance.model import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        while left:
            explained = Counter(s for v in left for s in v.suspects)
            name = max(explained, key=lambda n: (explained[n] - against[n], -anywhere[n]))
            group.append(Culprit(name, explained[name], looked))
            left = [v for v in left if name not in v.suspects]
        found += sorted(group, key=lambda culprit: -culprit.explained)
    return found


def told(
    failures: list[Verdict], known: Mapping[str, Case], blamed: Mapping[str, list[Culprit]]
) -> list[Verdict]:
    """Return the failures, those to tell first in front: each of another kind than those before.

    Wrong numbers come before inputs not refused; then what the commonest mistake explains; then the
    small. Each names first the mistakes that explain most of its subject's failures.
    """
    common = Counter(s for v in failures for s in v.suspects)

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
    return [_likely_first(verdict, [c.name for c in blamed[verdict.subject]]) for verdict in [*first, *rest]]


def _likely_first(verdict: Verdict, names: list[str]) -> Verdict:
    order = {name: place for place, name in enumerate(names)}
    return replace(verdict, suspects=tuple(sorted(verdict.suspects, key=lambda n: order.get(n, len(order)))))
