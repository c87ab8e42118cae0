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
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyperf

from benchmarks.backends import ABSENT
from benchmarks.inputs import recording, size_text
from benchmarks.results import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from benchmarks.backends import Call, Make

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


Timings = dict[str, Timing]


@dataclass(frozen=True)
class Comparison:
    """Contenders that take turns on one recording, and what is told of them.

    Each row is still without its value, and stands with the names of the contender it is about and of the
    one it is compared with. Its unit says how: "x" is their ratio, "microseconds" their difference.
    """

    label: str
    """What the samples are called, behind the contender's name."""
    size: tuple[int, int]
    contenders: Mapping[str, Make]
    rows: tuple[tuple[Row, str, str], ...]
    turns: int = 1
    """How many times as long as others, where there are many contenders."""

    def measured(self, seconds: float) -> list[Row | Timing]:
        """Let the contenders take turns; return the rows filled in, and the samples."""
        calls, absent = prepared(self.contenders, recording(*self.size))
        wanted = {name for _, *pair in self.rows if absent.keys().isdisjoint(pair) for name in pair}
        timed = {name: call for name, call in calls.items() if name in wanted}
        timings = interleave(timed, self.turns * seconds)
        found: list[Row | Timing] = []
        for row, ours, theirs in self.rows:
            why = absent.get(ours) or absent.get(theirs)
            found.append(replace(row, absent=why) if why else filled(row, timings[ours], timings[theirs]))
        return found + named(timings, self.label)


def versus(  # noqa: PLR0913 - what a row says
    group: str,
    what: str,
    size: tuple[int, int],
    ours: Make,
    others: Mapping[str, tuple[Make, float | None]],
    *,
    unit: str = "x",
) -> Comparison:
    """Compare one contender with others, each with the target that is set against it."""
    text = size_text(*size)
    rows = tuple(
        (Row(group, what, text, against, unit=unit, target=target), "ours", against)
        for against, (_, target) in others.items()
    )
    contenders = {"ours": ours} | {against: make for against, (make, _) in others.items()}
    return Comparison(f"{group}: {what}, {text}", size, contenders, rows)


def prepared(
    contenders: Mapping[str, Make], arrays: tuple[Any, Any]
) -> tuple[dict[str, Call], dict[str, str]]:
    """Make the calls, and say of those that cannot be made why."""
    calls, absent = {}, {}
    for name, make in contenders.items():
        try:
            calls[name] = make(*arrays)
        except ABSENT as error:
            absent[name] = reason(error)
    return calls, absent


def reason(error: BaseException) -> str:
    """First line of an error."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def filled(row: Row, ours: Timing, theirs: Timing) -> Row:
    """Fill in what two timings say."""
    row = replace(row, seconds=ours.median, other_seconds=theirs.median)
    if row.unit == "microseconds":
        return replace(row, value=1e6 * (ours.median - theirs.median))
    value, *spread = ours.compared(theirs)
    return replace(row, value=value, spread=spread)


def named(timings: Timings, label: str) -> list[Row | Timing]:
    """Name timings as the file of samples has them."""
    return [replace(timing, name=f"{name}: {label}") for name, timing in timings.items()]


def interleave(contenders: Mapping[str, Call], seconds: float) -> Timings:
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


def save(timings: Iterable[Timing], path: Path) -> None:
    """Write all samples as a pyperf file."""
    benchmarks = []
    for timing in timings:
        metadata = {"name": timing.name, "loops": timing.loops, "unit": "second"}
        run = pyperf.Run(list(timing.seconds), metadata=metadata, collect_metadata=False)
        benchmarks.append(pyperf.Benchmark([run]))
    pyperf.BenchmarkSuite(benchmarks).dump(str(path), replace=True)


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
