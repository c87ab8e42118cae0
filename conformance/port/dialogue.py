"""The protocol as a dialogue: shake hands, ask, start afresh after anything that went wrong."""

from __future__ import annotations

import secrets
import shlex
import time
from typing import TYPE_CHECKING

from conformance.exits import StartError, UsageError
from conformance.model import Status
from conformance.port import messages, strict
from conformance.port.process import BrokenError, Process
from conformance.port.strict import BadLineError
from conformance.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from conformance.model import Answer, Request
    from conformance.port.limits import Clock
    from conformance.port.subject import PortCommand
    from conformance.port.trace import Trace
    from conformance.schema.protocol import Started

_TRIES = 3


class Dialogue:
    """One port, started again after every failure.

    Parameters
    ----------
    port : PortCommand
        Its command is as for a shell, though no shell runs it. One shot: the program is started for
        every message, its input is closed, and it has to end.
    told : str
        What the user calls it.
    trace : Trace
    started : Started, optional
        What it said of itself when it was met; at every start it has to say the same.
    clock : Clock
        Of the port, on whatever device.
    """

    def __init__(
        self, port: PortCommand, told: str, trace: Trace, started: Started | None, clock: Clock
    ) -> None:
        try:
            self._words = shlex.split(port.command)
        except ValueError as error:
            message = f"{told}: {error}"
            raise UsageError(message) from error
        if not self._words:
            message = "--port needs a command"
            raise UsageError(message)
        self._command, self._one_shot, self._limits = port.command, port.one_shot, port.limits
        self._silence = port.silence
        self._told, self._trace, self._started, self._clock = told, trace, started, clock
        self._process: Process | None = None
        self._failed_starts = 0

    def shake_hands(self) -> Started:
        """Start the port and return what it says of itself.

        Raises
        ------
        StartError
            It does not run or does not shake hands.
        UsageError
            It says that the user asked for what is not there.
        """
        try:
            return self._start()
        except BrokenError as error:
            if error.usage:
                message = f"{self._told}: {error}"
                raise UsageError(message) from error
            message = f"{self._told} did not start: {error}"
            raise StartError(message) from error

    def ask(self, request: Request, device: str) -> Answer:
        """Ask for one answer.

        Raises
        ------
        BrokenError
            There is none that can be credited.
        """
        seconds = min(self._limits.case, self._left)
        if seconds <= 0:
            message = f"not asked: the {self._limits.total:g} s for the whole run are used up"
            raise BrokenError(Status.TIMEOUT, message)
        process = self._ready()
        # Nobody can answer what was not asked yet, nor look up what it is that is asked.
        seq = secrets.token_hex(8)
        line = messages.run_line(request, seq, device)
        self._trace.note(f"case: {request.case}")
        try:
            got = self._exchange(process, line, seconds)
            answered, answer = self._understood(got, messages.size(request))
        finally:
            if self._one_shot:
                self.drop()
        if answered != seq:
            self.drop()
            message = f"answers seq {clean(answered, 60)!r}, and {seq!r} was asked"
            raise BrokenError(Status.PROTOCOL, message)
        return answer

    def drop(self) -> None:
        """End the process at once; the next question starts another."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def close(self) -> None:
        """End the process, asking it first. Safe to call twice."""
        if self._process is not None:
            self._process.stop(messages.STOP)
            self._process = None

    def _understood(self, line: bytes, elements: int) -> tuple[str, Answer]:
        try:
            message = strict.read(line, elements)
            answer = messages.answer_of(message)
        except BadLineError as error:
            self._trace.note(f"protocol: {error}")
            self.drop()
            raise BrokenError(Status.PROTOCOL, str(error)) from error
        return message["seq"], answer

    def _ready(self) -> Process:
        if self._one_shot:
            return self._launch()
        if self._process is None or not self._process.alive:
            self._restart()
        assert self._process is not None  # noqa: S101 - for the type checker
        return self._process

    def _restart(self) -> None:
        if self._failed_starts >= _TRIES:
            message = f"did not start again, {_TRIES} times in a row"
            raise BrokenError(Status.CRASH, message)
        try:
            self._start()
        except BrokenError as error:
            self._failed_starts += 1
            message = f"did not start again: {error}"
            raise BrokenError(error.status, message) from error
        self._failed_starts = 0

    def _start(self) -> Started:
        process = self._launch()
        seconds = min(self._limits.start, max(self._left, 0))
        try:
            message = strict.read(self._exchange(process, messages.START, seconds), 0)
            return self._known(message)
        except BadLineError as error:
            self._trace.note(f"protocol: {error}")
            self.drop()
            why = f"its first line is no answer to start: {error}"
            raise BrokenError(Status.PROTOCOL, why) from error
        except BrokenError:
            self.drop()
            raise
        finally:
            if self._one_shot:
                self.drop()

    def _known(self, message: Mapping[str, Any]) -> Started:
        """Hold a port to what it said of itself before: its verdicts are published under that name."""
        if trouble := messages.trouble_of(message):
            raise BrokenError(Status.CRASH, clean(trouble.message), usage=trouble.usage)
        started = messages.started_of(message)
        if self._started is not None and started != self._started:
            said = f"{started.port}, {started.capabilities}"
            raise BrokenError(Status.PROTOCOL, clean(f"says something else of itself than before: {said}"))
        return started

    @property
    def _left(self) -> float:
        return self._limits.total - self._clock.spent

    def _exchange(self, process: Process, line: bytes, seconds: float) -> bytes:
        begin = time.monotonic()
        try:
            return process.exchange(line, seconds, final=self._one_shot)
        finally:
            self._clock.spent += time.monotonic() - begin

    def _launch(self) -> Process:
        self.drop()
        self._trace.started(self._command)
        try:
            self._process = Process(self._words, self._limits, self._trace, self._silence)
        except OSError as error:
            message = f"cannot run {self._words[0]}: {error.strerror or error}"
            raise BrokenError(Status.CRASH, message) from error
        return self._process
