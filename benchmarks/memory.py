"""Peak memory of a call above its inputs, which lie in files mapped into memory."""

from __future__ import annotations

import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import temporal_loss
from benchmarks import backends, inputs

KEYPOINTS = 20
MIB = 2**20


def peak(
    name: str,
    files: tuple[Path, Path],
    dtype: str = "float32",
    function: str = "temporal_loss",
    **options: Any,
) -> int:
    """Most bytes allocated at once in a call, measured by memray in a fresh process."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_peak, name, files, dtype, function, options).result()


def _peak(name: str, files: tuple[Path, Path], dtype: str, function: str, options: dict[str, Any]) -> int:
    import memray  # noqa: PLC0415 - not on every system

    arrays = inputs.opened(files[0], 2 * KEYPOINTS, dtype), inputs.opened(files[1], KEYPOINTS)
    call = backends.library(name, getattr(temporal_loss, function), **options)(*arrays)
    # Once before, for what is only ever made once.
    call()
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "allocations"
        with memray.Tracker(record):
            call()
        # What is mapped or allocated before the tracker starts, the inputs, is not in it.
        found: int = memray.FileReader(record).metadata.peak_memory
    return found
