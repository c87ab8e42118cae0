"""The plan of a run: which subjects and cases, as text that can be passed to other processes."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from conformance import fresh, suite
from conformance.exits import UsageError
from conformance.offline import AnswersChoice
from conformance.port.child import CallableChoice
from conformance.port.limits import CALLABLE, Limits
from conformance.port.subject import PortChoice
from conformance.run import chosen
from conformance.run.chosen import Share
from conformance.subjects import find
from conformance.subjects.backends.protocol import AUTODIFF

if TYPE_CHECKING:
    from conformance.model import Case
    from conformance.results import Absence
    from conformance.subjects.base import Startable


@dataclass(frozen=True)
class Trial:
    """One subject and one case."""

    subject: Startable
    case: Case

    @property
    def id(self) -> str:
        """What pytest calls it."""
        return f"{self.subject.name}::{self.case.id}"


@dataclass(frozen=True)
class Plan:
    """Everything that a process needs to know of a run.

    Attributes
    ----------
    backends, devices, modes, require : tuple of str
        As for `find`.
    subject : str
        A callable, "package.module:function"; empty for this library.
    limits : Limits
    trace : str
        Limits of the callable, and a file that keeps the dialogue with it.
    ports : tuple of PortChoice
    answers : tuple of AnswersChoice
        Programs, and files of answers, that are tested instead.
    cases : tuple of str
        Ids; none means all.
    fresh, seed : int
        How many cases are drawn beside the stored ones, and from what.
    core : bool
        Whether only those of the stored cases run that together kill every mutant.
    deviations : str
        Path of the declared deviations; empty for none.
    shuffle : int or None
        Seed of the order of cases.
    seconds : float
        Time limit for one request.
    scratch : str
        Directory for results that are compared in the end.
    """

    backends: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    subject: str = ""
    limits: Limits = CALLABLE
    trace: str = ""
    ports: tuple[PortChoice, ...] = ()
    answers: tuple[AnswersChoice, ...] = ()
    cases: tuple[str, ...] = ()
    fresh: int = 0
    seed: int = 0
    core: bool = False
    deviations: str = ""
    shuffle: int | None = None
    seconds: float = 120.0
    scratch: str = ""

    def to_text(self) -> str:
        """JSON text."""
        return json.dumps(msgspec.to_builtins(self))

    @classmethod
    def from_text(cls, text: str) -> Plan:
        """Read what `to_text` wrote."""
        return msgspec.convert(json.loads(text), cls)

    @cached_property
    def _found(self) -> tuple[list[Startable], list[Absence]]:
        clocks = {choice.port: choice.clock for choice in self.ports}
        ports = [replace(choice, clock=clocks[choice.port]) for choice in self.ports]
        outside: list[Startable] = [*ports, *self.answers]
        if outside and not (self.backends or self.require or self.subject):
            return outside, []
        names = self.backends or (("numpy",) if self.subject else ())
        choices, absences = find.find(names, self.devices, self.modes, self.require)
        if not self.subject:
            return [*outside, *choices], absences
        # The gradient of a callable is always the backend's.
        alone = [c for c in choices if not c.mode.endswith(AUTODIFF)]
        own = [
            CallableChoice(c.backend, c.device, c.mode, self.subject, self.limits, self.trace) for c in alone
        ]
        return [*outside, *own], absences

    @property
    def subjects(self) -> list[Startable]:
        """The subjects that will run."""
        return self._found[0]

    @property
    def absences(self) -> list[Absence]:
        """What cannot run here, and why."""
        return self._found[1]

    @cached_property
    def selected(self) -> list[Case]:
        """The cases asked for, in the suite's order, and the fresh ones."""
        everything = suite.load_cases()
        if not self.cases:
            stored = chosen.core(everything) if self.core else everything
            return [*stored, *fresh.cases(self.fresh, self.seed)]
        everything += [case for name in self.cases if (case := fresh.by_id(name))]
        known = {c.id: c for c in everything}
        for name in self.cases:
            if name not in known:
                close = get_close_matches(name, known, 3, 0.4)
                hint = f"; close to it: {', '.join(close)}" if close else "; `cases list` shows all"
                message = f"there is no case {name!r}{hint}"
                raise UsageError(message)
        return [c for c in everything if c.id in set(self.cases)]

    def trials(self) -> list[Trial]:
        """Every subject with every case, or with the chosen ones where those are enough."""
        # Who names devices or modes has the time.
        shares = {} if self.devices or "all" in self.modes else chosen.shares(self.subjects)
        trials = []
        for subject in self.subjects:
            share = shares.get(subject.name, Share.USUAL)
            if self.cases:
                share = Share.EVERY
            elif self.modes and share is Share.QUICK:
                share = Share.USUAL
            cases = asked_of(subject, self.selected)
            trials += [Trial(subject, case) for case in chosen.cases_for(subject.mode, cases, share)]
        return trials


def asked_of(subject: Startable, cases: list[Case]) -> list[Case]:
    """Give the cases that concern a subject."""
    return cases if isinstance(subject, PortChoice | AnswersChoice) else chosen.without_transport(cases)
