"""One running port: lines to it and from it, its limits, and its end, after which no process is left."""

from __future__ import annotations

import os
import secrets
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from conformance.model import Status
from conformance.port import family
from conformance.port.limits import MIB
from conformance.text import clean_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO

    from conformance.port.limits import Limits
    from conformance.port.trace import Trace

_VARIABLE = "TEMPORAL_LOSS_PORT"
_CHUNK = 1 << 16
_TICK = 0.05
_GLANCE = 0.002
_WATCH = 0.5
_GRACE = 1.0
_WORDS = 2000
_SAID = 250
_WELL = "ended with exit code 0"


class BrokenError(Exception):
    """The port did not do what the protocol demands; `status` is CRASH, TIMEOUT or PROTOCOL.

    `usage` if it could not, since the user asked for what is not there.
    """

    def __init__(self, status: Status, message: str, *, usage: bool = False) -> None:
        super().__init__(message)
        self.status, self.usage = status, usage


_NEVER = (
    ", nor any before; does it flush each line, and read one without waiting for what follows it? "
    "(docs/porting-traps.md)"
)


class Process:
    """A started port.

    Parameters
    ----------
    command : sequence of str
    limits : Limits
    trace : Trace
    silence : str
        What may be the reason if it never answers; empty for what programs forget.

    Raises
    ------
    OSError
        The program cannot be run.
    """

    def __init__(self, command: Sequence[str], limits: Limits, trace: Trace, silence: str = "") -> None:
        self._limits, self._trace = limits, trace
        self._silence = silence or _NEVER
        family.adopt_orphans()
        self._ours = family.children()
        mark = secrets.token_hex(16)
        self._mark = f"{_VARIABLE}={mark}"
        self._popen = subprocess.Popen(  # noqa: S603 - the user's own command
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, _VARIABLE: mark},
            # A group of its own, which can be killed as a whole.
            start_new_session=True,
        )
        assert self._popen.stdin  # noqa: S101 - for the type checker
        assert self._popen.stdout  # noqa: S101
        assert self._popen.stderr  # noqa: S101
        self._in, self._out, self._err = self._popen.stdin, self._popen.stdout, self._popen.stderr
        self._selector = selectors.DefaultSelector()
        for stream in (self._in, self._out, self._err):
            os.set_blocking(stream.fileno(), False)
        for stream in (self._out, self._err):
            self._selector.register(stream, selectors.EVENT_READ)
        self._unsent = memoryview(b"")
        self._got = bytearray()
        self._searched = 0
        self._newline = -1
        self._words = b""
        self._silent = False
        self._answered = False
        self._watched = time.monotonic()
        self._alive = True

    @property
    def alive(self) -> bool:
        """Whether nobody has killed it yet; it may have ended by itself."""
        return self._alive

    def exchange(self, line: bytes, seconds: float, *, final: bool = False) -> bytes:
        """Send a line and return the one that comes back, without its end.

        Parameters
        ----------
        line : bytes
        seconds : float
            Limit for all of it.
        final : bool
            No more will be sent: input is closed, and the port has to end after its answer.
        """
        ended = self._ended()
        stale = self._stale()
        if stale:
            self._broken(Status.PROTOCOL, f"wrote a line that nobody asked for: {clean_bytes(stale, 120)}")
        if ended is not None:
            self._broken(Status.CRASH, f"{ended} after its last answer, untold{self._said()}")
        self._trace.sent(line)
        self._unsent = memoryview(line)
        self._selector.register(self._in, selectors.EVENT_WRITE)
        limit = time.monotonic() + seconds
        while True:
            # The order matters: what it wrote before it ended is read after the end was seen.
            ended = self._ended()
            moved = self._move(limit)
            if final and not self._unsent and not self._in.closed:
                self._stop_sending()
                self._in.close()
            if not final and not self._unsent and self._line_end() >= 0:
                return self._take()
            if ended is not None and not moved:
                return self._last(ended, final=final)
            if self._silent and not final:
                limit = min(limit, time.monotonic() + _GRACE)
            self._check(limit, seconds)

    def stop(self, line: bytes) -> None:
        """Ask the port to end, and end it if it does not."""
        if self._alive and not self._unsent and self._ended() is None:
            self._trace.sent(line)
            with suppress(OSError):
                self._in.write(line)
                self._in.close()
            limit = time.monotonic() + _GRACE
            while self._ended() is None and time.monotonic() < limit:
                self._move(limit)
                self._forget()
        self.kill()

    def kill(self) -> None:
        """End the port and all it started, at once. Safe to call twice."""
        if not self._alive:
            return
        self._alive = False
        # Before the leader is waited for: until then its id, the group's, cannot be given away.
        family.end(self._popen.pid, self._mark, self._ours)
        self._popen.wait()
        self._selector.close()
        for stream in (self._in, self._out, self._err):
            with suppress(OSError):
                stream.close()
        self._forget()

    def _move(self, limit: float) -> bool:
        """Read and write what can be without waiting long; whether anything was read from stdout."""
        moved = False
        # Once it has closed its output nothing wakes us up: its end is only seen by looking.
        wait = max(min(_GLANCE if self._silent else _TICK, limit - time.monotonic()), 0)
        for key, _ in self._selector.select(wait):
            if key.fileobj is self._in:
                self._write()
            elif key.fileobj is self._err:
                self._read_words()
            else:
                chunk = self._read(self._out)
                moved = bool(chunk)
                self._got += chunk
        return moved

    def _write(self) -> None:
        try:
            count = self._in.write(self._unsent)
        except OSError:
            # It closed its input; whether that is its end will show.
            count = len(self._unsent)
        self._unsent = self._unsent[count or 0 :]
        if not self._unsent:
            self._stop_sending()

    def _stop_sending(self) -> None:
        with suppress(KeyError, ValueError):
            self._selector.unregister(self._in)

    def _read(self, stream: IO[bytes]) -> bytes:
        try:
            chunk = stream.read(_CHUNK)
        except OSError:
            chunk = b""
        if chunk == b"":
            self._selector.unregister(stream)
            self._silent = self._silent or stream is self._out
        return chunk or b""

    def _read_words(self) -> None:
        chunk = self._read(self._err)
        self._trace.stderr(chunk)
        self._words = (self._words + chunk)[-_WORDS:]

    def _stale(self) -> bytes:
        """Return what lies unread."""
        if not self._got:
            self._move(0)
        return bytes(self._got[:200])

    def _line_end(self) -> int:
        if self._newline < 0:
            self._newline = self._got.find(b"\n", self._searched)
            self._searched = len(self._got)
        return self._newline

    def _forget(self) -> None:
        self._got.clear()
        self._searched, self._newline = 0, -1

    def _take(self) -> bytes:
        """Take the line off, which must be all there is."""
        place = self._line_end()
        line = bytes(self._got[:place])
        rest = bytes(self._got[place + 1 : place + 200])
        self._forget()
        self._answered = True
        self._trace.got(line)
        if rest:
            lines = f"{clean_bytes(line, 80) or 'an empty one'}, then {clean_bytes(rest, 80)}"
            self._broken(Status.PROTOCOL, f"wrote more than one line: {lines}")
        return line

    def _last(self, ended: str, *, final: bool) -> bytes:
        """Return the answer of a port that has ended, if it was to end and ended well."""
        if not (final and ended == _WELL and self._got):
            what = "in the middle of a line" if self._got else "without an answer"
            self._broken(Status.CRASH, f"{ended} {what}{self._said()}")
        if self._line_end() < 0:
            self._got += b"\n"
        return self._take()

    def _said(self) -> str:
        words = self._words.strip()
        # An error's last line says most.
        words = words[-_SAID:] if len(words) > _SAID else words
        return f"; last on stderr: {clean_bytes(words)}" if words else ""

    def _check(self, limit: float, seconds: float) -> None:
        if len(self._got) > self._limits.line_bytes:
            self._broken(Status.PROTOCOL, f"wrote more than {self._limits.line:g} MiB without an end of line")
        now = time.monotonic()
        if now >= limit:
            if self._silent:
                self._broken(Status.CRASH, "closed its standard output and went on running")
            part = " (a line without an end)" if self._got else "" if self._answered else self._silence
            self._broken(Status.TIMEOUT, f"no answer within {seconds:.3g} s{part}")
        if now >= self._watched + _WATCH:
            self._watched = now
            self._check_family()

    def _check_family(self) -> None:
        pids = family.members(self._mark, self._ours | {self._popen.pid})
        if len(pids) > self._limits.processes:
            self._broken(Status.CRASH, f"became {len(pids)} processes, more than {self._limits.processes}")
        if family.memory(pids) > self._limits.memory * MIB:
            self._broken(Status.CRASH, f"used more than {self._limits.memory:g} MiB of memory")

    def _broken(self, status: Status, message: str) -> NoReturn:
        self._trace.broken(self._got)
        self._trace.note(f"{status}: {message}")
        self.kill()
        raise BrokenError(status, message)

    def _ended(self) -> str | None:
        """How the leader ended; not waited for, as its id must stay taken until the group is dead."""
        code = self._exit_code()
        if code is None or code == 0:
            return None if code is None else _WELL
        if code > 0:
            return f"ended with exit code {code}"
        try:
            return f"ended by signal {-code} ({signal.Signals(-code).name})"
        except ValueError:
            return f"ended by signal {-code}"

    def _exit_code(self) -> int | None:
        if not hasattr(os, "waitid"):  # macOS before Python 3.13
            return self._popen.poll()
        info = os.waitid(os.P_PID, self._popen.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if info is None:
            return None
        return info.si_status if info.si_code == os.CLD_EXITED else -info.si_status
