"""The processes that a port has started: found, measured and ended.

A process group is ended in one step, but a child can leave it. Every process inherits the
environment, so a variable of ours finds those too, where the system shows it (/proc). One that has
emptied its environment is found once it is an orphan: on Linux this process then becomes its parent.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_ROUNDS = 200
_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of those below this process who lose theirs, where the system can do that."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children() -> set[int]:
    """Ids of the children of this process."""
    me, found = str(os.getpid()), set()
    for entry in _processes():
        with suppress(OSError, IndexError):
            # The name in parentheses may hold anything.
            if (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[1] == me:
                found.add(int(entry.name))
    return found


def members(mark: str, ours: set[int] | None = None) -> list[int]:
    """Ids of the processes whose environment holds the mark; none where the system does not tell.

    And of the children of this process that are not `ours`: the orphans of a port.
    """
    wanted = mark.encode()
    found = set() if ours is None else children() - ours
    for entry in _processes():
        with suppress(OSError):
            if wanted in (entry / "environ").read_bytes():
                found.add(int(entry.name))
    return sorted(found)


def _processes() -> list[Path]:
    return [entry for entry in PROC.iterdir() if entry.name.isdigit()] if PROC.is_dir() else []


def memory(pids: list[int]) -> int:
    """Bytes of memory in use by these processes together."""
    pages = 0
    for pid in pids:
        with suppress(OSError, IndexError, ValueError):
            pages += int((PROC / str(pid) / "statm").read_text().split()[1])
    return pages * _PAGE


def end(group: int, mark: str, ours: set[int]) -> None:
    """Kill a process group, and after it whoever left it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    if hasattr(os, "waitid"):
        # Its children are orphans from then on. Its id stays taken.
        os.waitid(os.P_PID, group, os.WEXITED | os.WNOWAIT)
    end_marked(mark, ours | {group})


def end_marked(mark: str, ours: set[int] | None = None) -> None:
    """Kill the processes with the mark, and the children of this one that are not `ours`."""
    for _ in range(_ROUNDS):
        left = members(mark, ours)
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
            if ours is not None:
                with suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
        if not left:
            return
        time.sleep(0.01)
