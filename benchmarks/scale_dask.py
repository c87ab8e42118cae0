"""Dask: 10^6 to 10^8 frames on two workers of 2 GiB, one of which is killed in mid-run.

Run `python -m benchmarks.scale_dask --help`. Frames are generated chunk by chunk where they are needed, so
neither a disk nor this process ever holds them.
"""

from __future__ import annotations

import math
import os
import shutil
import signal
import statistics
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import dask
import dask.array
import numpy as np
from distributed import Client, LocalCluster

from benchmarks import machine, output
from benchmarks.inputs import THRESHOLD, epsilons
from benchmarks.results import Results
from benchmarks.rows import Row
from temporal_loss import temporal_loss, temporal_loss_and_grad

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

KEYPOINTS = 20
SIZES = (1e6, 1e7, 1e8)
WORKERS, MEMORY = 2, "2GiB"
CHUNK = 200_000
GROWTH_TARGET = 1.2
TASKS_TARGET = 10.0
"""Most tasks per chunk, the two that make its inputs included."""
GROUP = f"Dask, {WORKERS} workers of {MEMORY}"
_UNIT_ROUNDOFF = 2.0**-24
_KEYWORDS: dict[str, Any] = {"epsilon": epsilons(KEYPOINTS), "prob_threshold": THRESHOLD}
_WIDTHS = 2 * KEYPOINTS, KEYPOINTS


def numbers(chunk: int, frames: int, width: int) -> Any:
    """First frames of a chunk; the same whenever and wherever they are made."""
    rng = np.random.Generator(np.random.SFC64([chunk, width]))
    return rng.random((frames, width), dtype=np.float32)


def lazy_loss(frames: int, chunk: int = CHUNK) -> Any:
    """Loss of a recording of that many frames, not computed yet."""
    return temporal_loss(*_sources(frames, chunk), **_KEYWORDS)


def lazy_loss_and_gradient(frames: int, chunk: int = CHUNK) -> tuple[Any, Any]:
    """Loss of such a recording and its gradient, not computed yet."""
    loss, gradient = temporal_loss_and_grad(*_sources(frames, chunk), **_KEYWORDS)
    return loss, gradient


def blocked_loss(frames: int, chunk: int = CHUNK) -> float:
    """Compute the same with NumPy, chunk by chunk, each with the first frame of the next."""
    sums = []
    for index in range(math.ceil(frames / chunk)):
        left = frames - index * chunk
        arrays = [numbers(index, min(chunk, left), width) for width in _WIDTHS]
        if left > chunk:
            following = (numbers(index + 1, 1, width) for width in _WIDTHS)
            arrays = [np.concatenate(pair) for pair in zip(arrays, following, strict=True)]
        if len(arrays[0]) > 1:
            sums.append(float(temporal_loss(*arrays, reduction="sum", **_KEYWORDS)))
    mean: float = math.fsum(sums) / ((frames - 1) * KEYPOINTS)
    return mean


def budget(value: float, frames: int) -> float:
    """Bound on the error of a float32 mean that is added up in a tree."""
    terms = (frames - 1) * KEYPOINTS
    # No step is longer than what is left of it, and the epsilon taken from it.
    longest = value + max(_KEYWORDS["epsilon"])
    bound: float = _UNIT_ROUNDOFF * (8 * longest + (math.log2(terms) + 1) * value)
    return bound


def tasks(*lazy: Any) -> int:
    """Count the tasks that are sent to the workers for all of these together."""
    return len({key for each in dask.optimize(*lazy) for key in each.__dask_graph__()})


@contextmanager
def cluster() -> Iterator[Client]:
    """Two workers of 2 GiB, a process each."""
    with (
        LocalCluster(n_workers=WORKERS, threads_per_worker=1, memory_limit=MEMORY) as local,
        Client(local) as client,
    ):
        yield client


def timed(client: Client, frames: int, chunk: int = CHUNK) -> tuple[float, float]:
    """Compute a loss; return it and the seconds it took, from the call to the value."""
    start = time.perf_counter()
    value = float(client.compute(lazy_loss(frames, chunk)).result())
    return value, time.perf_counter() - start


def killed(client: Client, frames: int, chunk: int = CHUNK, after: float = 0.4) -> tuple[float, float, int]:
    """Compute a loss, and kill a worker once that share of the chunks is in memory or done with.

    Returns the value, the seconds, and how many workers had gone by then.
    """
    pids = client.run(os.getpid)
    start = time.perf_counter()
    future = client.compute(lazy_loss(frames, chunk))
    enough = after * frames / chunk
    while not future.done() and client.run_on_scheduler(_finished) < enough:
        time.sleep(0.05)
    if future.done():
        msg = "the run was over before a worker could be killed; take more frames"
        raise RuntimeError(msg)
    os.kill(next(iter(pids.values())), signal.SIGKILL)
    value = float(future.result())
    seconds = time.perf_counter() - start
    client.wait_for_workers(WORKERS, timeout=60)
    gone = len(set(pids.values()) - set(client.run(os.getpid).values()))
    return value, seconds, gone


def _finished(dask_scheduler: Any) -> int:
    # Partial sums are what stays of a chunk.
    return sum("sum" in prefix and count for prefix, count in _done(dask_scheduler).items())


def _done(scheduler: Any) -> dict[str, int]:
    return {
        name: prefix.state_counts["memory"] + prefix.state_counts["released"]
        for name, prefix in scheduler.task_prefixes.items()
    }


def _sources(frames: int, chunk: int) -> list[Any]:
    return [_source(frames, width, chunk) for width in _WIDTHS]


def _source(frames: int, width: int, chunk: int) -> Any:
    def make(block_info: Any) -> Any:
        place = block_info[None]
        return numbers(place["chunk-location"][0], place["chunk-shape"][0], width)

    chunks = dask.array.core.normalize_chunks((chunk, width), (frames, width))
    return dask.array.map_blocks(make, chunks=chunks, dtype=np.float32, meta=np.empty((0, 0), np.float32))


def _growth_rows(client: Client, sizes: list[int], console: Console) -> Iterator[Row]:
    per_frame: dict[int, float] = {}
    timed(client, CHUNK)
    for frames in sizes:
        size = f"T={frames:,} K={KEYPOINTS}"
        console.print(f"{frames:,} frames")
        repeats = 5 if frames <= 10**6 else 3 if frames <= 10**7 else 1
        runs = [timed(client, frames) for _ in range(repeats)]
        median = statistics.median(seconds for _, seconds in runs)
        per_frame[frames] = median / frames
        yield Row(GROUP, "time", size, value=median, unit="s")
        chunks = math.ceil(frames / CHUNK)
        for what, count in (
            ("tasks per chunk", tasks(lazy_loss(frames))),
            ("tasks per chunk, value and gradient", tasks(*lazy_loss_and_gradient(frames))),
        ):
            yield Row(GROUP, what, size, f"{chunks} chunks", count / chunks, unit="", target=TASKS_TARGET)
        expected = blocked_loss(frames)
        yield Row(
            GROUP, "error over its budget", size, "NumPy chunk by chunk",
            max(abs(value - expected) for value, _ in runs) / budget(expected, frames), unit="", target=1.0,
        )  # fmt: skip
    fewest, most = min(sizes), max(sizes)
    if fewest < most:
        yield Row(
            GROUP, "time per frame", f"T={most:,} K={KEYPOINTS}", f"T={fewest:,}",
            per_frame[most] / per_frame[fewest], target=GROWTH_TARGET,
            seconds=per_frame[most], other_seconds=per_frame[fewest],
        )  # fmt: skip


def _killed_row(client: Client, frames: int) -> Row:
    undisturbed, usual = timed(client, frames)
    value, seconds, gone = killed(client, frames)
    same = 1.0 if gone == 1 and value == undisturbed else 0.0
    return Row(
        GROUP, f"a worker killed in mid-run: the same bits, in {seconds:.3g} s rather than {usual:.3g} s",
        f"T={frames:,} K={KEYPOINTS}", value=same, unit="passed", target=1.0, at_least=True,
    )  # fmt: skip


def _photograph(client: Client, frames: int, picture: Path) -> None:
    """Take a picture of the dashboard's status page while a run is under way."""
    from selenium import webdriver  # noqa: PLC0415 - only for this, and not installed with the rest

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    for argument in ("--headless=new", "--no-sandbox", "--hide-scrollbars", "--window-size=1280,800"):
        options.add_argument(argument)
    # The driver is named, or Selenium would download one.
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    with webdriver.Chrome(options=options, service=service) as browser:
        future = client.compute(lazy_loss(frames))
        browser.get(client.dashboard_link)
        # Until the page has drawn itself, and some tasks.
        time.sleep(8)
        browser.save_screenshot(str(picture))
    future.result()


@click.command()
@click.option("--frames", multiple=True, type=float, default=SIZES, show_default=True)
@click.option("--kill/--no-kill", default=True, show_default=True, help="Kill a worker in a further run.")
@click.option(
    "--picture",
    type=click.Path(path_type=Path),
    help="Take a picture of the dashboard, with Selenium and Chrome.",
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Where to write the results.")
def main(*, frames: tuple[float, ...], kill: bool, picture: Path | None, json_file: Path | None) -> None:
    """Measure growth, count tasks, compare with NumPy, kill a worker.

    A whole run writes benchmarks/results/scale-dask.json; one with other --frames, or --no-kill, the same
    under build/.
    """
    console = output.console()
    results = Results("Dask", machine.describe("cpu"))
    sizes = sorted(int(each) for each in frames)
    with cluster() as client:
        results.rows += list(_growth_rows(client, sizes, console))
        if kill:
            results.rows.append(_killed_row(client, min(max(sizes), 10**7)))
        if picture:
            _photograph(client, max(sizes), picture)
    output.show(results, console)
    folder = output.root(partial=frames != SIZES or not kill) / "benchmarks" / "results"
    output.keep(results, json_file or folder / "scale-dask.json", console)


if __name__ == "__main__":
    main()
