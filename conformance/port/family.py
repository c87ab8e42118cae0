"""The processes that a port has started: found, measured and ended.

A process group is ended in one step, but a child can leave it. Every process inherits the
environment, so a variable of ours finds those too, where the system shows it (/proc).
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_ROUNDS = 200


def members(mark: str) -> list[int]:
    """Ids of the processes whose environment holds the mark; none where the system does not tell."""
    wanted = mark.encode()
    found = []
    for entry in _PROC.iterdir() if _PROC.is_dir() else ():
        if entry.name.isdigit():
            with suppress(OSError):
                if wanted in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
    return found


def memory(pids: list[int]) -> int:
    """Bytes of memory in use by these processes together."""
    pages = 0
    for pid in pids:
        with suppress(OSError, IndexError, ValueError):
            pages += int((_PROC / str(pid) / "statm").read_text().split()[1])
    return pages * _PAGE


def end(group: int, mark: str) -> None:
    """Kill a process group, and after it whoever left it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    for _ in range(_ROUNDS):
        left = members(mark)
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not left:
            return
        time.sleep(0.01)
