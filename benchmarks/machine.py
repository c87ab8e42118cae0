"""Where and with what it was measured."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

PACKAGES = (
    "temporal-loss", "numpy", "torch", "jax", "dask", "distributed", "cupy-cuda13x", "cupy-cuda12x",
    "array-api-compat", "optax", "lightning-pose", "pyperf", "memray",
)  # fmt: skip
_BUSY = 0.5
"""Share of the cores that is in use by others before the measurement, from which it is worth a word."""


def describe(device: str) -> dict[str, Any]:
    """Machine, versions and date, as they go into a results file."""
    cores = os.process_cpu_count() if hasattr(os, "process_cpu_count") else len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "processor": _processor(),
        "cores": cores,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "device": _device() if device == "cuda" else "cpu",
        "python": platform.python_version(),
        "versions": _versions(),
        "load_before": round(load, 1),
        "busy": load > _BUSY * cores,
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    for line in lines:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _device() -> str:
    import torch  # noqa: PLC0415

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "no CUDA device"
