"""A Python callable as a subject: it is asked in a process of its own, as ports are."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conformance.model import Answer, ErrorKind, Rejected, Request
from conformance.port import python, serve
from conformance.port.limits import CALLABLE, Limits
from conformance.port.subject import PortChoice, PortCommand, PortSubject
from conformance.subjects import backends, find
from conformance.subjects.native import variations_of

if TYPE_CHECKING:
    from conformance.subjects.backends.protocol import Backend
    from conformance.subjects.base import Subject


@dataclass(frozen=True)
class CallableChoice(find.Choice):
    """A Python callable, `spec`, on a backend. `trace` keeps the dialogue, as that of a port."""

    spec: str
    limits: Limits = CALLABLE
    trace: str = ""

    @property
    def name(self) -> str:
        """Name of the subject."""
        return f"{self.spec}@{super().name}"

    @property
    def rerun(self) -> str:
        """Options of the command that runs this subject alone."""
        return f"--subject {self.spec} {super().rerun}"

    def start(self) -> Subject:
        """Make the subject; the process starts with the first request."""
        backend = backends.word(self.backend)
        words = python.command(serve.__name__, self.spec, backend, self.device, self.mode)
        command = PortCommand(
            shlex.join(words),
            limits=self.limits,
            trace=self.trace,
            told=f"--subject {self.spec}",
            silence=": it is still being imported",
        )
        choice = PortChoice(command, serve.started(self.device), self.device, self.mode)
        return _Child(self.name, choice, backends.load(backend))


class _Child(PortSubject):
    """The process in which a callable runs."""

    def __init__(self, name: str, choice: PortChoice, backend: Backend) -> None:
        super().__init__(choice)
        self.name, self.costly = name, backend.costly
        self._variations = variations_of(backend, choice.mode, differentiates=True)

    @property
    def variations(self) -> tuple[str, ...]:
        """Those that its backend can do."""
        return self._variations

    def written(self, request: Request) -> Request:
        """Return it as it is: large arrays are made in the process that is asked."""
        return request

    def check(self) -> None:
        """Import the callable."""
        self._dialogue.shake_hands()

    def answer(self, request: Request) -> Answer:
        """Ask the process."""
        answer = super().answer(request)
        if isinstance(answer, Rejected) and answer.kind is ErrorKind.VALUE:
            # Python's ValueError does not tell a wrong shape from a wrong value.
            return replace(answer, also=(ErrorKind.SHAPE,))
        return answer
