"""Limits of a port: time, length of a line, memory, processes."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Limits of one port.

    Attributes
    ----------
    case, start, total : float
        Seconds for one answer, for starting and shaking hands, and for the whole run.
    line : float
        MiB that one line may have.
    memory : float
        MiB of memory in use by the port and all processes it started. Where the system has no
        /proc, neither this nor the number of processes is watched.
    processes : int
        How many processes the port may be.
    """

    case: float = 10.0
    start: float = 60.0
    total: float = 900.0
    line: float = 64.0
    memory: float = 4096.0
    processes: int = 256

    @property
    def line_bytes(self) -> int:
        """Longest line in bytes."""
        return int(self.line * MIB)


CALLABLE = Limits(case=120.0, total=3600.0, memory=65536.0, processes=4096)
"""Limits of a Python callable. Array libraries compile for long, and take memory and processes for it."""


@dataclass
class Clock:
    """Seconds that a port has taken so far, on all its devices together."""

    spent: float = 0.0
