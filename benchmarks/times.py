"""Rows of time: against the origin, the plain formula, reading the inputs, peers, and on small batches."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import backends, by_hand, inputs, peers
from benchmarks.backends import Absent
from benchmarks.interleave import Timing, interleave
from benchmarks.rows import Row, ratio_row
from temporal_loss import TemporalLoss, temporal_loss

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.plan import Plan

ORIGIN_SIZES = ((16, 17), (96, 17), (1_000, 17), (100_000, 20))
FORWARD_TARGETS = (0.6, 0.2, 0.05, 0.02)
BACKWARD_TARGETS = (0.5, 0.22, 0.06, 0.035)
PLAIN_SIZES = ((96, 17), (100_000, 20))
READ_TARGETS = {
    "NumPy": 6.0,
    "torch eager": 7.0,
    "torch eager, forward and backward": None,
    "torch.compile": 5.0,
    "JAX eager": None,
    "jax.jit": 2.0,
}
SMALL = (32, 17)
SMALL_TARGET = 15.0
READING = "reading the inputs"

Measured = tuple[list[Row], list[Timing]]


def size_text(frames: int, keypoints: int) -> str:
    """Size as the table shows it."""
    return f"T={frames:,} K={keypoints}"


def against_origin(plan: Plan) -> Iterator[Measured]:
    """Time torch eager and the origin's class, called alike."""
    group = "torch eager against the origin's class"
    try:
        from tests.origin.loader import load_origin  # noqa: PLC0415

        origin = load_origin()
        import torch  # noqa: PLC0415
    except ImportError as error:
        yield [Row(group, "all", "all", absent=str(error))], []
        return
    against = f"lightning-pose {origin.version}"
    targets = zip(ORIGIN_SIZES, FORWARD_TARGETS, BACKWARD_TARGETS, strict=True)
    for (frames, keypoints), forward, backward in targets:
        parameters: dict[str, Any] = {
            "epsilon": inputs.epsilons(keypoints),
            "prob_threshold": inputs.THRESHOLD,
        }
        losses = {"ours": TemporalLoss(**parameters), "origin": origin.TemporalLoss(**parameters)}
        positions, confidences = map(torch.from_numpy, inputs.recording(frames, keypoints))
        size = size_text(frames, keypoints)
        for what, given, differentiate, target in (
            ("forward", confidences, False, forward),
            ("forward, without confidences", None, False, 1.0),
            ("forward and backward", confidences, True, backward),
            ("forward and backward, without confidences", None, True, 0.8),
        ):
            calls = {
                name: _loss_call(_first_of(loss, given), positions, differentiate=differentiate)
                for name, loss in losses.items()
            }
            timings = interleave(calls, plan.seconds)
            row = ratio_row(
                group, what, size, timings["ours"], timings["origin"], against=against, target=target
            )
            yield [row], named(timings, f"{what}, {size}")


def against_plain(plan: Plan) -> Iterator[Measured]:
    """Time torch eager and the formula that people write by hand, on keypoints alone."""
    group = "torch eager against the plain formula, on keypoints alone"
    torch = backends.module("torch")
    if isinstance(torch, Absent):
        yield [Row(group, "all", "all", absent=torch.reason)], []
        return
    losses: dict[str, Callable[[Any], Any]] = {
        "ours": temporal_loss,
        "plain": partial(peers.torch_formula, torch),
    }
    for frames, keypoints in PLAIN_SIZES:
        positions = torch.from_numpy(inputs.recording(frames, keypoints)[0])
        size = size_text(frames, keypoints)
        for what, differentiate in (("forward", False), ("forward and backward", True)):
            calls = {
                name: _loss_call(loss, positions, differentiate=differentiate)
                for name, loss in losses.items()
            }
            timings = interleave(calls, plan.seconds)
            row = ratio_row(
                group, what, size, timings["ours"], timings["plain"],
                against="torch.linalg.vector_norm(torch.diff)", target=1.0,
            )  # fmt: skip
            yield [row], named(timings, f"{what}, plain, {size}")


def against_reading(plan: Plan) -> Iterator[Measured]:
    """Time every backend, every peer, and what it takes to read their inputs once."""
    for frames in plan.read_sizes:
        keypoints = 20
        positions, confidences = inputs.recording(frames, keypoints)
        keywords = {"epsilon": inputs.epsilons(keypoints), "prob_threshold": inputs.THRESHOLD}
        calls: dict[str, Callable[[], object]] = {READING: peers.reading(positions, confidences)}
        missing: list[Absent] = []
        for name in READ_TARGETS:
            found = backends.find(name)
            if isinstance(found, Absent):
                missing.append(found)
            else:
                calls[name] = found.prepare(positions, confidences, **keywords)
        for _, name, prepare in peers.PEERS:
            peer = prepare(positions)
            if isinstance(peer, Absent):
                missing.append(Absent(name, peer.reason))
            else:
                calls[name] = peer
        timings = interleave(calls, 2 * plan.seconds)
        yield (
            _reading_rows(timings, missing, size_text(frames, keypoints)),
            named(timings, f"{frames} frames"),
        )


def _reading_rows(timings: dict[str, Timing], missing: list[Absent], size: str) -> list[Row]:
    limit = "against reading the inputs once with NumPy"
    beside = "beside what people would otherwise use, which masks nothing"
    reasons = {absent.name: absent.reason for absent in missing}
    rows = []
    for name, target in READ_TARGETS.items():
        if name in reasons:
            rows.append(Row(limit, name, size, READING, target=target, absent=reasons[name]))
        else:
            rows.append(
                ratio_row(limit, name, size, timings[name], timings[READING], against=READING, target=target)
            )
    for ours, peer, _ in peers.PEERS:
        reason = reasons.get(ours) or reasons.get(peer)
        if reason:
            rows.append(Row(beside, ours, size, peer, absent=reason))
        else:
            rows.append(ratio_row(beside, ours, size, timings[ours], timings[peer], against=peer))
    return rows


def small_batches(plan: Plan) -> Iterator[Measured]:
    """Time what checks and dispatch add to the bare arithmetic."""
    group = "small batches: what checks and dispatch add"
    frames, keypoints = SMALL
    positions, confidences = inputs.recording(frames, keypoints)
    epsilons = inputs.epsilons(keypoints)
    ready = np.asarray(epsilons, np.float32)
    keywords = {"epsilon": epsilons, "prob_threshold": inputs.THRESHOLD}
    for name in READ_TARGETS:
        row = Row(
            group, name, size_text(*SMALL), "the arithmetic by hand", unit="microseconds", target=SMALL_TARGET
        )
        found, by_itself = backends.find(name), by_hand.bare(name, positions, confidences, ready)
        if isinstance(found, Absent) or isinstance(by_itself, Absent):
            reason = next(each.reason for each in (found, by_itself) if isinstance(each, Absent))
            yield [replace(row, absent=reason)], []
            continue
        calls = {"ours": found.prepare(positions, confidences, **keywords), "by hand": by_itself}
        _check_equal(calls["ours"](), calls["by hand"](), name)
        timings = interleave(calls, plan.seconds)
        ours, bare = timings["ours"].median, timings["by hand"].median
        measured = replace(row, value=1e6 * (ours - bare), seconds=ours, other_seconds=bare)
        yield [measured], named(timings, f"{name}, small batch")


def _first_of(loss: Any, confidences: Any) -> Callable[[Any], Any]:
    # The class returns what it logs beside the loss.
    return lambda positions: loss(positions, confidences, stage="train")[0]


def _loss_call(loss: Callable[[Any], Any], positions: Any, *, differentiate: bool) -> Callable[[], object]:
    if not differentiate:
        return partial(loss, positions)
    leaf = positions.clone().requires_grad_()

    def call() -> None:
        leaf.grad = None
        loss(leaf).backward()

    return call


def _check_equal(ours: Any, by_itself: Any, name: str) -> None:
    # By hand and by the library must be the same loss, or their difference in time says nothing.
    ours, by_itself = (
        float(loss.detach() if hasattr(loss, "detach") else loss) for loss in (ours, by_itself)
    )
    if not np.isclose(ours, by_itself, rtol=1e-5):
        msg = f"{name}: {ours} by the library, {by_itself} by hand"
        raise AssertionError(msg)


def named(timings: dict[str, Timing], what: str) -> list[Timing]:
    """Name timings as the file of samples has them."""
    return [Timing(f"{name}: {what}", each.loops, each.seconds) for name, each in timings.items()]
