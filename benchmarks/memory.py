"""Rows of memory: what a call needs above its inputs, which lie in files mapped into memory."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import backends, inputs
from benchmarks.backends import Absent
from benchmarks.interleave import interleave
from benchmarks.rows import Row
from temporal_loss import temporal_loss

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.plan import Plan
    from benchmarks.times import Measured

KEYPOINTS = 20
MIB = 2**20
TARGET = 64.0
LINEAR_TARGET = 1.2
"""Time per frame at ten times the frames over that at one: linear, with a fifth for what is not ours."""
_GROUP = "peak memory above the inputs"
_CASES = (
    ("NumPy", "mean", "float32"),
    ("NumPy", "sum", "float32"),
    ("NumPy", "valid_mean", "float32"),
    ("NumPy", "mean", "float16"),
    ("torch eager", "mean", "float32"),
    ("torch eager", "sum", "float32"),
    ("torch eager", "valid_mean", "float32"),
    ("torch eager", "mean", "float16"),
)


_DTYPES = ("float32", "float16")


def peak(name: str, files: tuple[Path, Path], frames: int, **options: str) -> int | Absent:
    """Most bytes allocated at once in a call, measured by memray in a fresh process."""
    found = backends.find(name)
    if isinstance(found, Absent):
        return found
    if importlib.util.find_spec("memray") is None:
        return Absent(name, "memray is not installed")
    request = {"name": name, "files": [str(path) for path in files], "frames": frames} | options
    command = [sys.executable, "-m", "benchmarks.memory_child", json.dumps(request)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return Absent(name, lines[-1] if lines else f"ended with {done.returncode}")
    return int(done.stdout.split()[-1])


def memory(plan: Plan) -> Iterator[Measured]:
    """Measure peaks and linearity on a recording in files."""
    frames = plan.memory_frames
    size = f"T={frames:,} K={KEYPOINTS}"
    with tempfile.TemporaryDirectory(prefix="temporal-loss-") as folder:
        files = {dtype: inputs.files(Path(folder), frames, KEYPOINTS, dtype) for dtype in _DTYPES}
        for name, reduction, dtype in _CASES:
            found = peak(name, files[dtype], frames, reduction=reduction, dtype=dtype)
            row = Row(_GROUP, f'{name}, {dtype}, "{reduction}"', size, unit="MiB", target=TARGET)
            yield [_with_value(row, found)], []
        for dtype in _DTYPES:
            found = peak("NumPy", files[dtype], frames, dtype=dtype, function="temporal_loss_and_grad")
            if not isinstance(found, Absent):
                found -= frames * 2 * KEYPOINTS * np.dtype(dtype).itemsize
            what = f"NumPy, {dtype}, value and gradient, less the array of the gradient"
            yield [_with_value(Row(_GROUP, what, size, unit="MiB", target=TARGET), found)], []
        yield _linearity(files["float32"], frames, plan.seconds)


def _linearity(files: tuple[Path, Path], frames: int, seconds: float) -> Measured:
    widths = 2 * KEYPOINTS, KEYPOINTS
    whole = [inputs.opened(path, width) for path, width in zip(files, widths, strict=True)]
    keywords: dict[str, Any] = {"epsilon": inputs.epsilons(KEYPOINTS), "prob_threshold": inputs.THRESHOLD}
    calls = {
        f"NumPy, {count:,} frames from a file": partial(
            temporal_loss, *(array[:count] for array in whole), **keywords
        )
        for count in (frames, frames // 10)
    }
    timings = list(interleave(calls, seconds).values())
    many, few = (timing.median / count for timing, count in zip(timings, (frames, frames // 10), strict=True))
    row = Row(
        "linear time", "NumPy, float32, seconds per frame", f"T={frames:,} K={KEYPOINTS}",
        f"the same at T={frames // 10:,}", many / few, target=LINEAR_TARGET,
        seconds=timings[0].median, other_seconds=timings[1].median,
    )  # fmt: skip
    return [row], timings


def _with_value(row: Row, found: int | Absent) -> Row:
    if isinstance(found, Absent):
        return Row(row.group, row.what, row.size, unit=row.unit, target=row.target, absent=found.reason)
    return Row(row.group, row.what, row.size, value=found / MIB, unit=row.unit, target=row.target)
