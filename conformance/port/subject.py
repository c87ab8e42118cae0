"""A program in any language as a subject."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.exits import UsageError
from conformance.model import Answer, Errored, Request, Unsupported
from conformance.port.limits import Clock, Limits
from conformance.port.messages import unclaimed
from conformance.schema.protocol import Started  # noqa: TC001 - msgspec reads the annotations
from conformance.subjects.base import Subject
from conformance.variations import WRITTEN, enlarged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.port.dialogue import Dialogue


@dataclass(frozen=True)
class PortCommand:
    """How a port is started.

    Attributes
    ----------
    command : str
    one_shot : bool
        Whether it is started anew for every message.
    limits : Limits
    trace : str
        File that keeps the dialogue; empty for none.
    told : str
        What the user wrote to have it; empty for `--port`.
    silence : str
        What may be the reason if it never answers; empty for what programs forget.
    """

    command: str
    one_shot: bool = False
    limits: Limits = field(default_factory=Limits)
    trace: str = ""
    told: str = ""
    silence: str = ""

    def dialogue(self, started: Started | None = None, clock: Clock | None = None) -> Dialogue:
        """Make what talks to the port; `started` is what it said of itself before, and has to say again."""
        told = self.told or f"--port {self.command!r}"
        if os.name != "posix":
            message = f"{told} needs process groups, which only POSIX systems have: use WSL"
            raise UsageError(message)
        # What follows imports modules that exist on POSIX systems only.
        from conformance.port.dialogue import Dialogue  # noqa: PLC0415
        from conformance.port.trace import Trace  # noqa: PLC0415

        trace = Trace(Path(self.trace) if self.trace else None)
        return Dialogue(self, told, trace, started, clock or Clock())


@dataclass(frozen=True)
class PortChoice:
    """A port that has shaken hands once, on one of its devices.

    `started` is what it said of itself; all devices of a port share one clock.
    """

    port: PortCommand
    started: Started
    device: str
    mode: str = "eager"
    clock: Clock = field(default_factory=Clock, compare=False)

    @property
    def name(self) -> str:
        """Name of the subject."""
        return subject_name(self.started, self.device)

    @property
    def rerun(self) -> str:
        """Options of the command that runs this subject alone."""
        seconds = self.port.limits.case
        words = ["--port", quoted(self.port.command)]
        words += ["--one-shot"] if self.port.one_shot else []
        words += ["--timeout", f"{seconds:g}"] if seconds != Limits.case else []
        words += ["--device", quoted(self.device)] if self.device != "cpu" else []
        return " ".join(words)

    def start(self) -> PortSubject:
        """Make the subject; the program starts with the first request."""
        return PortSubject(self)


def subject_name(started: Started, device: str) -> str:
    """Name a port by what it says of itself."""
    port = started.port
    return f"{port.name} {port.version} ({port.language})/{device}"


def quoted(word: str) -> str:
    """Quote for a shell, with double quotes where those do: people read them better."""
    if word and all(c.isalnum() or c in "-_./:=@%+," for c in word):
        return word
    if not set(word) & set('"$`\\!'):
        return f'"{word}"'
    return "'" + word.replace("'", "'\"'\"'") + "'"


def meet(port: PortCommand, devices: Sequence[str] = ()) -> list[PortChoice]:
    """Start a port, ask what it supports, end it, and return one choice for each device.

    Parameters
    ----------
    port : PortCommand
    devices : sequence of str
        Those wanted; none means all that the port has.

    Raises
    ------
    StartError
        It does not run or does not shake hands.
    UsageError
        It has none of the devices.
    """
    talk = port.dialogue()
    try:
        started = talk.shake_hands()
    finally:
        talk.close()
    there = started.capabilities.devices
    found = [
        PortChoice(port, started, device)
        for device in there
        if not devices or device in devices or device.partition(":")[0] in devices
    ]
    if not found:
        message = f"--port {port.command!r} has no device {' or '.join(devices)}: {', '.join(there)}"
        raise UsageError(message)
    return found


class PortSubject(Subject):
    """A port as a subject.

    Parameters
    ----------
    choice : PortChoice
    """

    def __init__(self, choice: PortChoice) -> None:
        self.name, self.device, self.mode = choice.name, choice.device, choice.mode
        self._place, self._started = choice.device, choice.started
        self._dialogue = choice.port.dialogue(choice.started, choice.clock)

    @property
    def variations(self) -> tuple[str, ...]:
        """Those that are nothing but other arrays."""
        return WRITTEN

    def written(self, request: Request) -> Request:
        """Return what is sent: a port gets all arrays whole, and is not told of variations."""
        return replace(enlarged(request), variation="")

    def answer(self, request: Request) -> Answer:
        """Ask the port, unless it said that it cannot."""
        from conformance.port.process import BrokenError  # noqa: PLC0415 - POSIX only

        if missing := unclaimed(request, self._started):
            return Unsupported(missing)
        try:
            return self._dialogue.ask(self.written(request), self._place)
        except BrokenError as error:
            return Errored(error.status, str(error))

    def close(self) -> None:
        """End the port."""
        self._dialogue.close()
