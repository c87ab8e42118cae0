"""What a run has started ends with it, however it ends: a process beside it that sees to that.

It reads its standard input until the end, which comes when the run ends or is killed.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from conformance.port import family, python

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_VARIABLE = "TEMPORAL_LOSS_RUN"
_HEEDED = ("SIGTERM", "SIGHUP")


@contextmanager
def guarded() -> Iterator[None]:
    """Leave no process behind: in good order where there is time for it, else by the guard.

    Guarded are workers and ports, from now on. Without /proc there is no guard, only the good order.
    """
    for number in (getattr(signal, name) for name in _HEEDED if hasattr(signal, name)):
        # Their default is to end at once; who ignores one (nohup) is left to.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    if not family.PROC.is_dir():
        yield
        return
    mark = secrets.token_hex(16)
    command = python.command(__name__, f"{_VARIABLE}={mark}")
    ours = family.children()
    # In a session of its own, where Ctrl-C does not reach it. It has no mark, as that is set after it.
    guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603
    os.environ[_VARIABLE] = mark
    try:
        yield
    finally:
        # Whoever has no more patience than for this has had it: the next Ctrl-C waits until all is ended.
        heeded = signal.signal(signal.SIGINT, signal.SIG_IGN)
        # An interrupt may have cut short the end of a port, and orphans of it are without the mark.
        family.end_marked(f"{_VARIABLE}={mark}", ours | {guard.pid})
        guard.communicate()
        del os.environ[_VARIABLE]
        signal.signal(signal.SIGINT, heeded)


def main(arguments: Sequence[str]) -> None:
    """Wait for the end of the run, and end all processes that have the mark in their environment."""
    sys.stdin.buffer.read()
    family.end_marked(arguments[0])
