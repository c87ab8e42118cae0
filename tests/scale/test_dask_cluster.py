"""Dask on a cluster of two processes: the value, and what a killed worker costs."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.selection import under_test

from temporal_loss import temporal_loss

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow
under_test("dask")

import dask.array as da  # noqa: E402
import numpy as np  # noqa: E402
from distributed import Client, LocalCluster  # noqa: E402

KEYPOINTS, CHUNK, CHUNKS = 20, 1000, 12


@pytest.fixture
def client() -> Iterator[Client]:
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, memory_limit="2GiB", dashboard_address=":0"
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def lazy_loss(gate: Path | None = None) -> Any:
    """Loss of a walk made chunk by chunk; the last chunk waits until a file is there."""

    def make(block_info: Any) -> Any:
        (first, last), _ = block_info[None]["array-location"]
        if gate is not None and last == CHUNK * CHUNKS:
            while not gate.exists():
                time.sleep(0.01)
        along = np.arange(first, last, dtype=np.float32)[:, None] * np.asarray([3.0, 4.0], np.float32)
        return np.tile(along, (1, KEYPOINTS))

    keypoints = da.map_blocks(
        make,
        chunks=((CHUNK,) * CHUNKS, (2 * KEYPOINTS,)),
        dtype=np.float32,
        meta=np.empty((0, 0), np.float32),
    )
    confidences = da.ones((CHUNK * CHUNKS, KEYPOINTS), dtype=np.float32, chunks=(CHUNK, -1))
    return temporal_loss(keypoints, confidences, epsilon=[1.0] * KEYPOINTS, prob_threshold=0.5)


def test_value_on_a_cluster(client: Client) -> None:
    # Every step is 5 long, those from chunk to chunk too, and every sum of what is left is exact.
    assert client.compute(lazy_loss()).result() == 4.0


def test_a_killed_worker_costs_time_only(client: Client, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    before = client.run(os.getpid)
    future = client.compute(lazy_loss(gate))
    while not any(client.has_what().values()):
        time.sleep(0.01)
    # The one that does not wait at the gate: what it holds is lost and must be made anew.
    waiting = {address for address, tasks in client.processing().items() if any("make" in t for t in tasks)}
    victim = next((address for address in before if address not in waiting), next(iter(before)))
    os.kill(before[victim], signal.SIGKILL)
    client.wait_for_workers(2, timeout=30)
    while victim in client.scheduler_info()["workers"]:
        time.sleep(0.01)
    gate.touch()
    assert future.result() == 4.0
    client.wait_for_workers(2, timeout=30)
    assert set(client.run(os.getpid).values()) != set(before.values())
