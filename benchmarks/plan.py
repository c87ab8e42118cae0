"""How much is measured: all of it, or what fits into three minutes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Sizes and seconds."""

    quick: bool
    seconds: float
    """For each group of contenders that take turns; a slow contender still gets its 3 rounds."""
    read_sizes: tuple[int, ...]
    """Frames at which the library is compared with reading its inputs."""
    memory_frames: int
    growth: tuple[int, ...]
    """Frames of the plot."""
    starts: int
    """Fresh interpreters that import the package."""

    @classmethod
    def full(cls) -> Plan:
        """Everything the targets name."""
        return cls(
            quick=False,
            seconds=10.0,
            read_sizes=(100_000, 1_000_000),
            memory_frames=10_000_000,
            growth=tuple(10**power for power in range(2, 8)),
            starts=25,
        )

    @classmethod
    def short(cls) -> Plan:
        """Run for three minutes on two cores."""
        return cls(
            quick=True,
            seconds=0.7,
            read_sizes=(100_000,),
            memory_frames=1_000_000,
            growth=(100, 10_000, 100_000),
            starts=7,
        )
