"""Time several calls side by side.

pyperf runs one benchmark after the other, each in processes of its own, so a machine that slows down
for a minute slows down whoever is measured in that minute. What is wanted here is a ratio, so the
contenders take turns instead, a sample each per round, in an order shuffled anew. Clock, statistics and
the file format stay pyperf's: `python -m pyperf stats FILE` reads what is written.
"""

from __future__ import annotations

import gc
import math
import random
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyperf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

clock: Callable[[], float] = pyperf.perf_counter
"""Seconds; another clock may take its place."""
_SAMPLE = 0.0003
"""Least seconds of a sample: a thousand times the cost of reading the clock, and short enough that
on a busy machine most samples are over before another process gets its turn."""
_SLOW = 0.05
"""Seconds from which a call outlasts what it finds in the cache."""
_LEAST_ROUNDS, _MOST_ROUNDS = 3, 2000


@dataclass(frozen=True)
class Timing:
    """Seconds per call, one number per round."""

    name: str
    loops: int
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median seconds per call."""
        return statistics.median(self.seconds)

    def compared(self, other: Timing) -> tuple[float, float, float]:
        """Ratio of the medians, and the quartiles of the ratios round by round."""
        ratios = [ours / theirs for ours, theirs in zip(self.seconds, other.seconds, strict=True)]
        low, _, high = statistics.quantiles(ratios, n=4, method="inclusive")
        return self.median / other.median, low, high

    def to_pyperf(self) -> pyperf.Benchmark:
        """Form in which pyperf keeps a benchmark."""
        metadata = {"name": self.name, "loops": self.loops, "unit": "second"}
        return pyperf.Benchmark([pyperf.Run(list(self.seconds), metadata=metadata, collect_metadata=False)])


def interleave(contenders: Mapping[str, Callable[[], object]], seconds: float) -> dict[str, Timing]:
    """Time each contender once per round, for about `seconds`, and for at least 3 rounds."""
    loops = {name: _loops(call) for name, call in contenders.items()}
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    order = list(contenders)
    shuffle = random.Random(0).shuffle  # noqa: S311 - an order, no secret
    end = clock() + seconds
    collecting = gc.isenabled()
    gc.disable()
    try:
        for turn in range(_MOST_ROUNDS):
            if turn >= _LEAST_ROUNDS and clock() > end:
                break
            shuffle(order)
            for name in order:
                samples[name].append(_sample(contenders[name], loops[name]))
    finally:
        if collecting:
            gc.enable()
        gc.collect()
    return {name: Timing(name, loops[name], tuple(samples[name])) for name in contenders}


def save(timings: list[Timing], path: Path) -> None:
    """Write all samples as a pyperf file."""
    pyperf.BenchmarkSuite([timing.to_pyperf() for timing in timings]).dump(str(path), replace=True)


def _loops(call: Callable[[], object]) -> int:
    # The first call compiles and fills caches. Of the others the quickest decides.
    call()
    quickest = _time(call, 1)
    for _ in range(10 if quickest < _SLOW else 1):
        quickest = min(quickest, _time(call, 1))
    return max(1, math.ceil(_SAMPLE / quickest))


def _sample(call: Callable[[], object], loops: int) -> float:
    # One call goes before, not to pay for what the contender before has thrown out of the cache.
    # A slow one sees to its cache itself: its first call is the sample.
    first = _time(call, 1)
    return first if first > _SLOW else _time(call, loops) / loops


def _time(call: Callable[[], object], loops: int) -> float:
    turns = range(loops)
    start = clock()
    for _ in turns:
        call()
    return clock() - start
