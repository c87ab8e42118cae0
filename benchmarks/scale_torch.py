"""torch: what two processes of DistributedDataParallel make of the mean, and how to get the exact one.

Run `python -m benchmarks.scale_torch`. A recording is split between two processes, gloo between them. Their
model is one factor on known positions, at 1; the gradient of a mean by it is that mean itself, so what DDP
leaves in the gradient is what it trains on.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import tempfile
import weakref
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import click
import torch
import torch.distributed

# DDP would import it later, and its functions have the process group of that moment as a default argument:
# the group would never end.
import torch.distributed.nn.functional
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from temporal_loss import count_valid, temporal_loss

PROCESSES = 2
LIMIT = timedelta(minutes=2)
"""How long one process waits for the other."""
STEPS = (5.0, 10.0, 20.0, 1.0, 1.0, 1.0, 1.0)
"""Lengths of the one keypoint's steps, frame to frame."""
SPLIT = 3
"""Frames of the first process; the step of 20 leads from its last frame to the other's first."""


class Factor(nn.Module):  # type: ignore[misc] # untyped without torch
    """One factor on given positions."""

    def __init__(self) -> None:
        """Start at 1."""
        super().__init__()
        self.factor = nn.Parameter(torch.ones((), dtype=torch.float64))

    def forward(self, positions: Any) -> Any:
        """Multiply."""
        return self.factor * positions


def recording() -> Any:
    """Positions (T, 2) of a keypoint that moves by those steps, in the direction (3, 4) / 5."""
    along = torch.tensor([0.0, *STEPS], dtype=torch.float64).cumsum(0)
    return along[:, None] * torch.tensor([0.6, 0.8], dtype=torch.float64)


def part_of(positions: Any, rank: int, *, overlap: bool) -> Any:
    """Frames of one process; with `overlap` the second one starts with the first one's last frame."""
    if rank == 0:
        return positions[:SPLIT]
    return positions[SPLIT - 1 :] if overlap else positions[SPLIT:]


def exact_mean(predicted: Any, confidences: Any = None, **parameters: Any) -> Any:
    """Loss whose gradient, averaged by DDP, is that of "valid_mean" over the entries of all processes.

    Each process divides its own sum by the count of all of them; DDP then divides by the number of
    processes, which is taken back here.
    """
    total = temporal_loss(predicted, confidences, reduction="sum", **parameters)
    count = count_valid(predicted, confidences, **parameters)
    torch.distributed.all_reduce(count)
    return total * torch.distributed.get_world_size() / count.clamp(min=1)


def _trained_on(rank: int, loss: Any, *, overlap: bool) -> float:
    model = DistributedDataParallel(Factor())
    loss(model(part_of(recording(), rank, overlap=overlap))).backward()
    return float(model.module.factor.grad)


def masked(loss: Any, **options: Any) -> Any:
    """Loss of positions whose very first frame is unsure, in whichever process it is."""

    def of_positions(positions: Any) -> Any:
        at_start = (positions.detach() == 0).all(dim=1, keepdim=True)
        return loss(positions, 1 - at_start.to(positions.dtype), prob_threshold=0.5, **options)

    return of_positions


def _end_group() -> None:
    """End the process group together with its threads.

    Threads of gloo let go of Python objects. One that still does so when the interpreter shuts down aborts
    the process. They end with the last reference to the group, so there must be none left.
    """
    group = weakref.ref(torch.distributed.group.WORLD)
    gc.collect()  # a DDP model holds the group, and may be part of a cycle
    torch.distributed.destroy_process_group()
    if group() is not None:
        message = "something holds on to the process group, so that its threads are still there"
        raise RuntimeError(message)


def _process(folder: Path, rank: int) -> dict[str, float]:
    torch.set_num_threads(1)
    # A file, since a port that is free now may be taken when it is used.
    store = torch.distributed.FileStore(str(folder / "store"), PROCESSES)
    store.set_timeout(LIMIT)
    torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=PROCESSES, timeout=LIMIT)
    found = {
        "mean, frames split": _trained_on(rank, temporal_loss, overlap=False),
        "mean, one frame shared": _trained_on(rank, temporal_loss, overlap=True),
        "recipe, one frame shared": _trained_on(rank, exact_mean, overlap=True),
        "valid_mean, first step masked": _trained_on(
            rank, masked(temporal_loss, reduction="valid_mean"), overlap=True
        ),
        "recipe, first step masked": _trained_on(rank, masked(exact_mean), overlap=True),
    }
    # Who ends the group closes its connections, which the other process may still read from.
    store.set(f"done {rank}", "")
    store.wait([f"done {each}" for each in range(PROCESSES)])
    _end_group()
    return found


def measure() -> list[dict[str, float]]:
    """Find what each process trains on, by name of how the loss was formed."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool,
    ):
        return list(pool.map(partial(_process, Path(folder)), range(PROCESSES)))


@click.command()
def main() -> None:
    """Print what the processes train on, beside the exact mean."""
    click.echo(json.dumps({"by process": measure(), "exact mean": sum(STEPS) / len(STEPS)}, indent=1))


if __name__ == "__main__":
    main()
