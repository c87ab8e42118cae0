"""Rows of a CUDA device: time, share of the device's own copying speed, graph capture, no waiting."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.backends import ABSENT, library, prepare
from benchmarks.inputs import THRESHOLD, epsilons, recording, size_text
from benchmarks.interleave import Timing, interleave, named, prepared
from benchmarks.results import Row
from temporal_loss import temporal_loss, temporal_loss_and_grad

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.backends import Call
    from benchmarks.rows import Plan

KEYPOINTS = 20
SIZES = (32, 100_000, 10_000_000)
BACKENDS = {"CuPy": 0.15, "torch eager": None, "torch.compile": 0.7, "jax.jit": 0.7}
"""Least share of the speed of a copy, at the largest size, of the value alone and with its gradient."""
FUNCTIONS = {"": temporal_loss, ", value and gradient": temporal_loss_and_grad}
"""What is called, by what a row adds to the name of the backend."""
COPY = "a copy on the device"
_COPIED = 2**30
_GROUP = "CUDA"


def cuda(plan: Plan) -> Iterator[Row | Timing]:
    """Measure on the first CUDA device."""
    for what, function in FUNCTIONS.items():
        contenders = {name: library(name, function, device="cuda") for name in BACKENDS} | {COPY: _copy}
        for frames in SIZES[:2] if plan.quick else SIZES:
            arrays = recording(frames, KEYPOINTS)
            calls, absent = prepared(contenders, arrays)
            for name, reason in absent.items():
                size = "all" if frames == SIZES[0] else size_text(frames, KEYPOINTS)
                yield Row(_GROUP, name + what, size, target=BACKENDS.get(name), at_least=True, absent=reason)
                # What fails once fails on what is longer.
                del contenders[name]
            if not calls.keys() - {COPY}:
                break
            timings = interleave(calls, plan.seconds)
            # What each frame takes to be read, and the gradient to be written.
            size = sum(array.nbytes for array in arrays) + (arrays[0].nbytes if what else 0)
            yield from _rows(timings, what, frames, size)
            yield from named(timings, f"{frames} frames, CUDA{what}")
    yield _check("captured in a CUDA graph and replayed", _graph)
    yield _check('torch.cuda.set_sync_debug_mode("error")', _never_waits)


def _rows(timings: dict[str, Timing], what: str, frames: int, size: int) -> Iterator[Row]:
    copy = timings.get(COPY)
    for name, target in BACKENDS.items():
        if name not in timings:
            continue
        median = timings[name].median
        row = partial(Row, _GROUP, size=size_text(frames, KEYPOINTS), seconds=median)
        if copy is None or frames == SIZES[0]:
            yield row(name + what, unit="microseconds", value=1e6 * median)
            continue
        # A copy reads and writes.
        share = size / median / (2 * _COPIED / copy.median)
        yield row(
            f"{name}{what}, bytes per second", against=COPY, value=share, at_least=True,
            target=target if frames == SIZES[-1] else None, other_seconds=copy.median,
        )  # fmt: skip


def _copy(*_: Any) -> Call:
    arrays = np.ones(_COPIED // 4, np.float32), np.empty(_COPIED // 4, np.float32)
    try:
        return prepare("torch eager", _copied, arrays, "cuda")
    except ABSENT:
        return prepare("CuPy", _copied, arrays, "cuda")


def _copied(source: Any, target: Any) -> None:
    target[...] = source


def _check(what: str, check: Callable[[Any, Any, Callable[..., Any]], None]) -> Row:
    row = partial(Row, _GROUP, f"torch eager, {what}", size_text(SIZES[0], KEYPOINTS), unit="passed")
    try:
        torch = import_module("torch")
        arrays = [torch.from_numpy(array).cuda() for array in recording(SIZES[0], KEYPOINTS)]
    except (*ABSENT, AssertionError):
        return row(absent="torch finds no CUDA device")
    loss = partial(temporal_loss, epsilon=epsilons(KEYPOINTS), prob_threshold=THRESHOLD)
    try:
        check(torch, arrays, loss)
    except (RuntimeError, AssertionError) as error:
        return row(value=0.0, target=1.0, at_least=True, against=str(error).splitlines()[0])
    return row(value=1.0, target=1.0, at_least=True)


def _graph(torch: Any, arrays: Any, loss: Callable[..., Any]) -> None:
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            loss(*arrays)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = loss(*arrays)
    # Other values at the same places: a replay must compute, not repeat what it had.
    arrays[0].mul_(2.0)
    graph.replay()
    torch.cuda.synchronize()
    if not torch.allclose(result, loss(*arrays)):
        message = "the replayed graph gives another loss"
        raise AssertionError(message)


def _never_waits(torch: Any, arrays: Any, loss: Callable[..., Any]) -> None:
    leaf = arrays[0].clone().requires_grad_()
    loss(*arrays)
    torch.cuda.synchronize()
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        loss(*arrays)
        loss(leaf, arrays[1]).backward()
    finally:
        torch.cuda.set_sync_debug_mode(before)
