"""Rows of a CUDA device: time, share of the device's own copying speed, graph capture, no waiting."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks import backends, inputs
from benchmarks.backends import Absent
from benchmarks.interleave import Timing, interleave
from benchmarks.rows import Row
from benchmarks.times import size_text
from temporal_loss import temporal_loss

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.plan import Plan
    from benchmarks.times import Measured

KEYPOINTS = 20
SIZES = (32, 100_000, 10_000_000)
SHARE_TARGETS = {"torch.compile": 0.7, "jax.jit": 0.7, "CuPy": 0.15}
COPY = "a copy on the device"
_COPIED = 2**30
_GROUP = "CUDA"


def cuda(plan: Plan) -> Iterator[Measured]:
    """Measure on the first CUDA device."""
    found = [backends.find(name, "cuda") for name in backends.CUDA]
    present = [backend for backend in found if not isinstance(backend, Absent)]
    absent = [
        Row(_GROUP, each.name, "all", target=SHARE_TARGETS.get(each.name), at_least=True, absent=each.reason)
        for each in found
        if isinstance(each, Absent)
    ]
    yield absent, []
    copy = _copy()
    if isinstance(copy, Absent):
        yield [Row(_GROUP, COPY, "1 GiB", absent=copy.reason)], []
    if not present:
        return
    for frames in SIZES if not plan.quick else SIZES[:2]:
        positions, confidences = inputs.recording(frames, KEYPOINTS)
        keywords = {"epsilon": inputs.epsilons(KEYPOINTS), "prob_threshold": inputs.THRESHOLD}
        calls = {backend.name: backend.prepare(positions, confidences, **keywords) for backend in present}
        if not isinstance(copy, Absent):
            calls[COPY] = copy
        timings = interleave(calls, 2 * plan.seconds)
        rows = list(_rows(timings, frames, positions.nbytes + confidences.nbytes))
        yield rows, [Timing(f"{t.name}: {frames} frames, CUDA", t.loops, t.seconds) for t in timings.values()]
    yield [_check("captured in a CUDA graph and replayed", _graph)], []
    yield [_check('torch.cuda.set_sync_debug_mode("error")', _never_waits)], []


def _rows(timings: dict[str, Timing], frames: int, size: int) -> Iterator[Row]:
    speed = 2 * _COPIED / timings[COPY].median if COPY in timings else None
    for name, timing in timings.items():
        if name == COPY:
            continue
        row = Row(
            _GROUP, name, size_text(frames, KEYPOINTS), unit="microseconds",
            value=1e6 * timing.median, seconds=timing.median,
        )  # fmt: skip
        if speed is None or frames == SIZES[0]:
            yield row
            continue
        share = size / timing.median / speed
        yield Row(
            _GROUP, f"{name}, bytes of input per second", row.size, COPY, share, at_least=True,
            target=SHARE_TARGETS.get(name) if frames == SIZES[-1] else None,
            seconds=timing.median, other_seconds=timings[COPY].median,
        )  # fmt: skip


def _copy() -> Callable[[], object] | Absent:
    for name in ("torch", "cupy"):
        library = backends.module(name)
        if isinstance(library, Absent) or not library.cuda.is_available():
            continue
        if name == "torch":
            source = library.ones(_COPIED // 4, device="cuda")
            target = library.empty_like(source)
            return partial(_then, partial(target.copy_, source), library.cuda.synchronize)
        source = library.ones(_COPIED // 4, dtype=library.float32)
        target = library.empty_like(source)
        return partial(_then, partial(library.copyto, target, source), library.cuda.Device().synchronize)
    return Absent(COPY, "neither torch nor CuPy finds a CUDA device")


def _then(call: Callable[[], object], finish: Callable[[], object]) -> None:
    call()
    finish()


def _check(what: str, check: Callable[[Any], None]) -> Row:
    torch = backends.module("torch")
    row = partial(Row, _GROUP, f"torch eager, {what}", size_text(SIZES[0], KEYPOINTS), unit="passed")
    if isinstance(torch, Absent) or not torch.cuda.is_available():
        return row(absent="torch finds no CUDA device")
    try:
        check(torch)
    except (RuntimeError, AssertionError) as error:
        return row(value=0.0, target=1.0, at_least=True, against=str(error).splitlines()[0])
    return row(value=1.0, target=1.0, at_least=True)


def _small(torch: Any) -> tuple[list[Any], Callable[..., Any]]:
    arrays = [torch.from_numpy(array).cuda() for array in inputs.recording(SIZES[0], KEYPOINTS)]
    return arrays, partial(temporal_loss, epsilon=inputs.epsilons(KEYPOINTS), prob_threshold=inputs.THRESHOLD)


def _graph(torch: Any) -> None:
    arrays, loss = _small(torch)
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
        msg = "the replayed graph gives another loss"
        raise AssertionError(msg)


def _never_waits(torch: Any) -> None:
    arrays, loss = _small(torch)
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
