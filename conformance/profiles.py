"""Profiles: groups of cases that a subject claims as a whole, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.model import Case, Op, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from conformance.model import Verdict

_LOSS = {Op.VALUE, Op.STAGES}
_METRIC = {Op.NORM, Op.EPSILON}
_HALF = {"float16", "bfloat16"}


def _dtypes(case: Case) -> set[str]:
    # A float32 case with confidences of another dtype is for those who have that dtype too.
    return {case.dtype, *(a.dtype for a in case.inputs.values())}


def _half(case: Case) -> bool:
    return not _HALF.isdisjoint(_dtypes(case))


def _computes(case: Case) -> bool:
    return case.op in _LOSS and case.error is None and not _half(case)


def _batch(case: Case) -> bool:
    return len(case.inputs["keypoints"].shape) > 3


def _segments(case: Case) -> bool:
    return "segment_ids" in case.inputs


def _valid_mean(case: Case) -> bool:
    return case.params.get("reduction") == "valid_mean"


def _omit(case: Case) -> bool:
    return case.params.get("nan_policy") == "omit"


def _plain(case: Case) -> bool:
    return _computes(case) and not (_batch(case) or _segments(case) or _valid_mean(case) or _omit(case))


_RULES: Mapping[str, Callable[[Case], bool]] = {
    "transport": lambda c: c.op is Op.ECHO,
    "value-f64": lambda c: _plain(c) and "float64" in _dtypes(c),
    "value-f32": lambda c: _plain(c) and "float64" not in _dtypes(c),
    "half": lambda c: c.op in _LOSS and _half(c),
    "gradient": lambda c: c.op is Op.GRADIENT and not _half(c),
    "gradient-half": lambda c: c.op is Op.GRADIENT and _half(c),
    "batch": lambda c: _computes(c) and _batch(c),
    "segments": lambda c: _computes(c) and _segments(c),
    "valid-mean": lambda c: _computes(c) and _valid_mean(c),
    "nan-policy": lambda c: _computes(c) and _omit(c),
    "metric": lambda c: c.op in _METRIC and not _half(c),
    "metric-half": lambda c: c.op in _METRIC and _half(c),
    "errors": lambda c: c.op in _LOSS and c.error is not None and not _half(c),
}
NAMES = (*_RULES, "device", "transform")
"""Every profile, in the order of reports."""


@dataclass(frozen=True)
class Place:
    """Where and how a subject runs, as far as profiles depend on it."""

    device: str | None
    mode: str

    @property
    def transforms(self) -> bool:
        """Whether the code runs traced, mapped or lazy."""
        return self.mode != "eager"

    @property
    def elsewhere(self) -> bool:
        """Whether the device is another one than the array library's default."""
        return self.device not in {None, "cpu", "cpu:0"}


def profiles_of(case: Case, place: Place) -> list[str]:
    """Names of the profiles that a case is part of, for a subject at that place.

    Every computed case checks the device of its result; that says something where the device is
    not the default one. Likewise every case checks a transformation where there is one.
    """
    names = [name for name, rule in _RULES.items() if rule(case)]
    if case.error is None and case.op in _LOSS | _METRIC and not _half(case):
        names += ["device"] * place.elsewhere + ["transform"] * place.transforms
    return names


@dataclass
class Tally:
    """How one subject did in one profile. `total` counts all cases there are, run or not."""

    total: int = 0
    ran: int = 0
    passed: int = 0
    unsupported: int = 0

    @property
    def failed(self) -> int:
        """Cases that ran and neither passed nor were unsupported; declared deviations among them."""
        return self.ran - self.passed - self.unsupported

    @property
    def claimed(self) -> bool:
        """Every case there is passed: nothing failed, was skipped, unsupported or declared."""
        return self.passed == self.total > 0


def tally(cases: Iterable[Case], verdicts: Mapping[str, Verdict], place: Place) -> dict[str, Tally]:
    """Count one subject's verdicts, by case id, into its profiles."""
    tallies: dict[str, Tally] = {}
    for case in cases:
        for name in profiles_of(case, place):
            count = tallies.setdefault(name, Tally())
            count.total += 1
            if case.id in verdicts:
                status = verdicts[case.id].status
                count.ran += 1
                count.passed += status is Status.PASS
                count.unsupported += status in {Status.UNSUPPORTED, Status.SKIPPED}
    # What is reached without text has no transport to test, and is not asked.
    if "transport" in tallies and not tallies["transport"].ran:
        del tallies["transport"]
    return {name: tallies[name] for name in NAMES if name in tallies}
