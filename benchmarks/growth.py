"""Time and peak memory against the number of frames, each backend: the numbers behind the plot."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import backends, inputs, peers
from benchmarks.backends import Absent
from benchmarks.interleave import interleave
from benchmarks.memory import KEYPOINTS, MIB, peak
from benchmarks.rows import Point
from benchmarks.times import READING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.plan import Plan


def growth(plan: Plan) -> Iterator[list[Point]]:
    """Measure, from few frames to many."""
    found = [backends.find(name) for name in backends.CPU]
    present = [backend for backend in found if not isinstance(backend, Absent)]
    for frames in plan.growth:
        with tempfile.TemporaryDirectory(prefix="temporal-loss-") as folder:
            files = inputs.files(Path(folder), frames, KEYPOINTS)
            seconds = _seconds(present, frames, plan.seconds)
            yield [
                Point(name, frames, median, _mebibytes(name, files, frames))
                for name, median in seconds.items()
            ]


def _seconds(present: list[Any], frames: int, seconds: float) -> dict[str, float]:
    positions, confidences = inputs.recording(frames, KEYPOINTS)
    keywords = {"epsilon": inputs.epsilons(KEYPOINTS), "prob_threshold": inputs.THRESHOLD}
    calls = {backend.name: backend.prepare(positions, confidences, **keywords) for backend in present}
    calls[READING] = peers.reading(positions, confidences)
    return {name: timing.median for name, timing in interleave(calls, seconds).items()}


def _mebibytes(name: str, files: tuple[Path, Path], frames: int) -> float | None:
    if name == READING:
        return None
    found = peak(name, files, frames)
    return None if isinstance(found, Absent) else found / MIB
