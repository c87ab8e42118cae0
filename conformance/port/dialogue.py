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
from conformance.port.text import clean

if TYPE_CHECKING:
    from conformance.model import Answer, Request
    from conformance.port.limits import Limits
    from conformance.port.trace import Trace
    from conformance.schema.protocol import Started

_TRIES = 3


class Dialogue:
    """One port, started again after every failure.

    Parameters
    ----------
    command : str
        As for a shell, though no shell runs it.
    one_shot : bool
        Start the program for every message, close its input, and let it end.
    limits : Limits
    trace : Trace
    """

    def __init__(self, command: str, *, one_shot: bool, limits: Limits, trace: Trace) -> None:
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            message = f"--port {command!r}: {error}"
            raise UsageError(message) from error
        if not self._words:
            message = "--port needs a command"
            raise UsageError(message)
        self._command, self._one_shot = command, one_shot
        self._limits, self._trace = limits, trace
        self._process: Process | None = None
        self._end = time.monotonic() + limits.total
        self._asked = 0
        self._failed_starts = 0

    def shake_hands(self) -> Started:
        """Start the port and return what it says of itself.

        Raises
        ------
        StartError
            It does not run or does not shake hands.
        """
        try:
            return self._start()
        except BrokenError as error:
            message = f"--port {self._command!r} did not start: {error}"
            raise StartError(message) from error

    def ask(self, request: Request, device: str) -> Answer:
        """Ask for one answer.

        Raises
        ------
        BrokenError
            There is none that can be credited.
        """
        seconds = min(self._limits.case, self._end - time.monotonic())
        if seconds <= 0:
            message = f"not asked: the {self._limits.total:g} s for the whole run are used up"
            raise BrokenError(Status.TIMEOUT, message)
        process = self._ready()
        self._asked += 1
        # Nobody can answer a number that was not given out yet.
        seq = f"{self._asked}-{secrets.token_hex(4)}"
        line = messages.run_line(request, seq, device)
        try:
            got = process.exchange(line, seconds, final=self._one_shot)
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
        seconds = min(self._limits.start, max(self._end - time.monotonic(), 0))
        try:
            line = process.exchange(messages.START, seconds, final=self._one_shot)
            return messages.started_of(strict.read(line, 0))
        except BadLineError as error:
            self._trace.note(f"protocol: {error}")
            self.drop()
            message = f"its first line is no answer to start: {error}"
            raise BrokenError(Status.PROTOCOL, message) from error
        except BrokenError:
            self.drop()
            raise
        finally:
            if self._one_shot:
                self.drop()

    def _launch(self) -> Process:
        self.drop()
        self._trace.started(self._command)
        try:
            self._process = Process(self._words, self._limits, self._trace)
        except OSError as error:
            message = f"cannot run {self._words[0]}: {error.strerror or error}"
            raise BrokenError(Status.CRASH, message) from error
        return self._process
