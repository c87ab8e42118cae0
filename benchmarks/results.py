"""What a run finds and keeps: rows with targets and verdicts, points of the plot, and the machine."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import json
import os
import platform
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = (
    "temporal-loss", "numpy", "torch", "jax", "dask", "distributed", "cupy-cuda13x", "cupy-cuda12x",
    "array-api-compat", "optax", "lightning-pose", "pyperf", "memray",
)  # fmt: skip
_BUSY = 0.5
"""Share of the cores that is in use by others before the measurement, from which it is worth a word."""


@dataclass(frozen=True)
class Row:
    """A measured number beside its target.

    `value` is in `unit`: "x" is a ratio to `against`. `seconds` and `other_seconds` are the medians
    behind it, `spread` the quartiles of the ratio round by round. `absent` tells why there is no value.
    """

    group: str
    what: str
    size: str
    against: str = ""
    value: float | None = None
    unit: str = "x"
    target: float | None = None
    at_least: bool = False
    seconds: float | None = None
    other_seconds: float | None = None
    spread: list[float] | None = None
    absent: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none, or no value."""
        if self.target is None or self.value is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target

    @property
    def verdict(self) -> str:
        """The same in plain words."""
        if self.absent:
            return f"not measured: {self.absent}"
        return {True: "met", False: "missed", None: "no target"}[self.met]


@dataclass(frozen=True)
class Point:
    """One backend at one number of frames; `mebibytes` is None where memory was not measured."""

    name: str
    frames: int
    seconds: float
    mebibytes: float | None = None


@dataclass
class Results:
    """All that a run has to tell. `title` is a heading of the page."""

    title: str
    machine: dict[str, Any]
    quick: bool = False
    clock: str = "wall"
    rows: list[Row] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """Write as JSON, with the verdict of each row."""
        data = asdict(self)
        for row, written in zip(self.rows, data["rows"], strict=True):
            written["verdict"] = row.verdict
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data, indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Results:
        """Read what `write` wrote."""
        data = json.loads(path.read_text())
        for row in data["rows"]:
            del row["verdict"]
        rows = [Row(**row) for row in data.pop("rows")]
        points = [Point(**point) for point in data.pop("points")]
        return cls(**data, rows=rows, points=points)


def machine(device: str) -> dict[str, Any]:
    """Machine, versions and date, as they go into a results file."""
    import pyperf  # noqa: PLC0415 - not needed to read results

    model = pyperf.Run([1.0]).get_metadata().get("cpu_model_name")
    cores = os.process_cpu_count() if hasattr(os, "process_cpu_count") else len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "processor": model or platform.processor() or platform.machine(),
        "cores": cores,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "device": _cuda_device() if device == "cuda" else "cpu",
        "python": platform.python_version(),
        "versions": _versions(),
        "load_before": round(load, 1),
        "busy": load > _BUSY * cores,
    }


def _versions() -> dict[str, str]:
    installed = {each.name.lower(): each.version for each in importlib.metadata.distributions()}
    return {name: installed[name] for name in PACKAGES if name in installed}


def _cuda_device() -> str:
    try:
        import torch  # noqa: PLC0415
    except ImportError:
        return "no CUDA device"
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "no CUDA device"
