"""The smaller tables: claims, distances between backends, and what moved from run to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.report import summary

if TYPE_CHECKING:
    from conformance.model import Case, Verdict
    from conformance.results import Run

_MOVING = 10


@dataclass(frozen=True)
class Claim:
    """One profile, who claims it, and who fails it."""

    profile: str
    by: list[str]
    missed: list[str]


def claims(run: Run, cases: list[Case]) -> list[Claim]:
    """Return the profiles that somebody was asked in full."""
    return [
        Claim(name, summary.grouped(run, by), summary.grouped(run, missed))
        for name, (by, missed) in summary.claims(run, cases).items()
    ]


@dataclass(frozen=True)
class Distance:
    """The farthest two results of two backends and devices, where they are, and what agrees."""

    ulp: float
    case: str
    subject: int
    same: int
    shared: int


@dataclass(frozen=True)
class Distances:
    """Backends and devices, and the distance of each two; on the diagonal that of their modes."""

    groups: list[str]
    apart: dict[tuple[str, str], Distance]


def distances(run: Run) -> Distances:
    """Take the largest over all modes, as the other reports do, and keep where it was found."""
    index = {s.name: i for i, s in enumerate(run.header.subjects)}
    group = {s.name: s.group for s in run.header.subjects}
    apart: dict[tuple[str, str], Distance] = {}
    for pair in run.pairs:
        one, other = group[pair.one], group[pair.other]
        before = apart.get((one, other), Distance(-1.0, "", 0, 0, 0))
        far = pair.ulp > before.ulp
        now = Distance(
            pair.ulp if far else before.ulp,
            pair.case if far else before.case,
            index[pair.one] if far else before.subject,
            before.same + pair.same,
            before.shared + pair.shared,
        )
        apart[one, other] = apart[other, one] = now
    return Distances(list(dict.fromkeys(group.values())), apart)


def moving(run: Run) -> list[Verdict]:
    """Return the results that differ most between two runs of the same case."""
    return sorted((v for v in run.verdicts if v.spread), key=lambda v: -(v.spread or 0.0))[:_MOVING]
