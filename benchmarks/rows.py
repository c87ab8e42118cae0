"""What is measured: every row of the table, with its target, by group."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import cuda, formulas, inputs, interleave, tricks
from benchmarks.backends import ABSENT, TRAINED, library
from benchmarks.interleave import Comparison, Timing, prepared, reason, versus
from benchmarks.memory import KEYPOINTS, MIB, peak
from benchmarks.results import Point, Row
from temporal_loss import TemporalLoss, temporal_loss, temporal_loss_and_grad

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.backends import Make

    Group = Callable[["Plan"], Iterator[Row | Point | Timing]]
    """Measures, and yields what it finds: rows of the table, points of the plot, samples."""


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    quick: bool = False
    seconds: float = 10.0
    """For contenders that take turns; a slow one still gets its 3 rounds."""
    read_sizes: tuple[int, ...] = (100_000, 1_000_000)
    """Frames at which the library is compared with reading its inputs."""
    memory_frames: int = 10_000_000
    growth: tuple[int, ...] = tuple(10**power for power in range(2, 8))
    """Frames of the plot."""
    starts: int = 25
    """Fresh interpreters that import the package."""


QUICK = Plan(True, 0.7, (100_000,), 1_000_000, (100, 10_000, 100_000), 7)  # noqa: FBT003
"""What fits into three minutes on two cores."""

READING = "reading the inputs"
LARGE = (100_000, 20)
ORIGIN = (
    ((16, 17), 0.6, 0.5),
    ((96, 17), 0.2, 0.22),
    ((1_000, 17), 0.05, 0.06),
    (LARGE, 0.02, 0.035),
)
"""Sizes, with the targets of the loss alone and of the loss with its backward, both with confidences."""
READ_TARGETS = {
    "NumPy": 6.0,
    "torch eager": 7.0,
    TRAINED: None,
    "torch.compile": 5.0,
    "JAX eager": None,
    "jax.jit": 2.0,
}
"""Every backend that is held against reading the inputs and, on small batches, against arithmetic by hand."""
GRADIENT: dict[str, dict[str, tuple[Make, float | None]]] = {
    "NumPy": {"the value alone": (library("NumPy"), 3.0), READING: (formulas.reading, 15.0)},
    "torch eager": {"the loss and its backward": (library("torch eager", formulas.by_backward), None)},
    "jax.jit": {"jax.value_and_grad of the loss": (library("jax.jit", formulas.by_jax), None)},
}
"""What value and gradient together are compared with, and the target."""
GRADIENT_ONLY = "value and gradient, less the array of the gradient"
DTYPES = ("float32", "float16")
MEMORY = (
    *(
        (f'{name}, {dtype}, "{reduction}"', name, dtype, {"reduction": reduction})
        for name in ("NumPy", "torch eager")
        for reduction, dtype in (
            ("mean", "float32"),
            ("sum", "float32"),
            ("valid_mean", "float32"),
            ("mean", "float16"),
        )
    ),
    *(
        (f"NumPy, {dtype}, {GRADIENT_ONLY}", "NumPy", dtype, {"function": "temporal_loss_and_grad"})
        for dtype in DTYPES
    ),
)
"""What is called with which dtype of keypoints and which options."""
GROWING = (*READ_TARGETS, "Dask")


def _origin(_: Plan) -> Iterator[Comparison]:
    group, against = "torch eager against lightning-pose's class", formulas.origin_name()
    for size, forward, both in ORIGIN:
        for what, name, confident, target in (
            ("forward", "torch eager", True, forward),
            ("forward, without confidences", "torch eager", False, 1.0),
            ("forward and backward", TRAINED, True, both),
            ("forward and backward, without confidences", TRAINED, False, 0.8),
        ):
            ours = formulas.in_class(name, TemporalLoss, confident=confident)
            theirs = formulas.in_class(name, confident=confident)
            yield versus(group, what, size, ours, {against: (theirs, target)})


def _plain(_: Plan) -> Iterator[Comparison]:
    group = "torch eager against the plain formula, on keypoints alone"
    for size in ((96, 17), LARGE):
        for what, name in (("forward", "torch eager"), ("forward and backward", TRAINED)):
            ours = formulas.on_keypoints(name, temporal_loss)
            plain = formulas.on_keypoints(name, formulas.torch_norm, "torch")
            yield versus(group, what, size, ours, {"torch.linalg.vector_norm(torch.diff)": (plain, 1.0)})


def _reading(plan: Plan) -> Iterator[Comparison]:
    limit = "against reading the inputs once with NumPy"
    beside = "beside what people would otherwise use, which masks nothing"
    contenders = {READING: formulas.reading} | {name: library(name) for name in READ_TARGETS}
    contenders |= {peer: make for _, peer, make in formulas.PEERS}
    for frames in plan.read_sizes:
        size = inputs.size_text(frames, 20)
        rows = [
            *(Row(limit, name, size, READING, target=target) for name, target in READ_TARGETS.items()),
            *(Row(beside, ours, size, peer) for ours, peer, _ in formulas.PEERS),
        ]
        pairs = tuple((row, row.what, row.against) for row in rows)
        yield Comparison(f"{frames} frames", (frames, 20), contenders, pairs, turns=2)


def _gradient(_: Plan) -> Iterator[Comparison]:
    for name, others in GRADIENT.items():
        both = library(name, temporal_loss_and_grad)
        yield versus("value and gradient together", name, LARGE, both, others)


def _small(_: Plan) -> Iterator[Comparison]:
    group = "small batches: what checks and dispatch add"
    for name in READ_TARGETS:
        by_hand = {"the arithmetic by hand": (formulas.by_hand(name), 15.0)}
        yield versus(group, name, (32, 17), library(name), by_hand, unit="microseconds")


def _tricks(_: Plan) -> Iterator[Comparison]:
    yield from map(tricks.comparison, tricks.TRICKS)


def _compared(comparisons: Callable[[Plan], Iterator[Comparison]]) -> Group:
    return lambda plan: chain.from_iterable(each.measured(plan.seconds) for each in comparisons(plan))


def _memory(plan: Plan) -> Iterator[Row | Timing]:
    frames = plan.memory_frames
    size = inputs.size_text(frames, KEYPOINTS)
    with tempfile.TemporaryDirectory(prefix="temporal-loss-") as folder:
        files = {dtype: inputs.files(Path(folder), frames, KEYPOINTS, dtype) for dtype in DTYPES}
        for what, name, dtype, options in MEMORY:
            row = Row("peak memory above the inputs", what, size, unit="MiB", target=64.0)
            asked_for = frames * 2 * KEYPOINTS * np.dtype(dtype).itemsize if "function" in options else 0
            try:
                row = replace(row, value=(peak(name, files[dtype], dtype, **options) - asked_for) / MIB)
            except ABSENT as error:
                row = replace(row, absent=reason(error))
            yield row
        yield from _linear(files["float32"], frames, plan.seconds)


def _linear(files: tuple[Path, Path], frames: int, seconds: float) -> Iterator[Row | Timing]:
    tenth = frames // 10
    keypoints, confidences = inputs.opened(files[0], 2 * KEYPOINTS), inputs.opened(files[1], KEYPOINTS)
    many, few = interleave.interleave(
        {
            f"NumPy, {count:,} frames from a file": library("NumPy")(keypoints[:count], confidences[:count])
            for count in (frames, tenth)
        },
        seconds,
    ).values()
    row = Row(
        "linear time", "NumPy, float32, seconds per frame", inputs.size_text(frames, KEYPOINTS),
        # A fifth for what is not ours.
        f"the same at T={tenth:,}", many.median / frames / (few.median / tenth), target=1.2,
        seconds=many.median, other_seconds=few.median,
    )  # fmt: skip
    yield from (row, many, few)


def _import(plan: Plan) -> Iterator[Row | Timing]:
    # The clock is looked at before and after: the start of Python itself is not in it.
    clock = interleave.clock.__name__
    code = f"from time import {clock}; start = {clock}(); import temporal_loss; print({clock}() - start)"
    started = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
        for _ in range(plan.starts)
    ]
    # The first may have had to compile the files.
    timing = Timing("import temporal_loss", 1, tuple(float(each.stdout) for each in started[1:]))
    yield Row("import", timing.name, "", value=1e3 * timing.median, unit="ms", target=60.0)
    yield timing


def _growth(plan: Plan) -> Iterator[Point]:
    # The points of the plot.
    contenders = {name: library(name) for name in GROWING} | {READING: formulas.reading}
    for frames in plan.growth:
        calls, _ = prepared(contenders, inputs.recording(frames, KEYPOINTS))
        timings = interleave.interleave(calls, plan.seconds)
        with tempfile.TemporaryDirectory(prefix="temporal-loss-") as folder:
            files = inputs.files(Path(folder), frames, KEYPOINTS)
            for name, timing in timings.items():
                yield Point(name, frames, timing.median, _mebibytes(name, files))


def _mebibytes(name: str, files: tuple[Path, Path]) -> float | None:
    try:
        return None if name == READING else peak(name, files) / MIB
    except ABSENT:
        return None


GROUPS: dict[str, dict[str, Group]] = {
    "cpu": {
        "origin": _compared(_origin),
        "plain": _compared(_plain),
        "reading": _compared(_reading),
        "gradient": _compared(_gradient),
        "small": _compared(_small),
        "memory": _memory,
        "tricks": _compared(_tricks),
        "import": _import,
        "growth": _growth,
    },
    "cuda": {"cuda": cuda.cuda},
}
