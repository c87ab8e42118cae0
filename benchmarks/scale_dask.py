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
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import dask
import dask.array
import numpy as np
from distributed import Client, LocalCluster

from benchmarks import page
from benchmarks.inputs import THRESHOLD, epsilons, size_text
from benchmarks.results import Results, Row, machine
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
KILLED_AFTER = 0.4
"""Share of the chunks in memory, or done with, at which a worker is killed."""
_UNIT_ROUNDOFF = 2.0**-24
_KEYWORDS: dict[str, Any] = {"epsilon": epsilons(KEYPOINTS), "prob_threshold": THRESHOLD}
_WIDTHS = 2 * KEYPOINTS, KEYPOINTS
_ROW = partial(Row, f"Dask, {WORKERS} workers of {MEMORY}")


def numbers(chunk: int, frames: int, width: int) -> Any:
    """First frames of a chunk; the same whenever and wherever they are made."""
    rng = np.random.Generator(np.random.SFC64([chunk, width]))
    return rng.random((frames, width), dtype=np.float32)


def lazy(frames: int, function: Any = temporal_loss) -> Any:
    """Loss of a recording of that many frames, not computed yet."""
    return function(*(_source(frames, width) for width in _WIDTHS), **_KEYWORDS)


def _source(frames: int, width: int) -> Any:
    def make(block_info: Any) -> Any:
        place = block_info[None]
        return numbers(place["chunk-location"][0], place["chunk-shape"][0], width)

    chunks = dask.array.core.normalize_chunks((CHUNK, width), (frames, width))
    return dask.array.map_blocks(make, chunks=chunks, dtype=np.float32, meta=np.empty((0, 0), np.float32))


def expected_loss(frames: int) -> tuple[float, float]:
    """Compute the same with NumPy, chunk by chunk, each with the first frame of the next.

    The second number bounds the error of a float32 mean that is added up in a tree.
    """
    sums = []
    for start in range(0, frames, CHUNK):
        index, left = start // CHUNK, frames - start
        arrays = [numbers(index, min(CHUNK, left), width) for width in _WIDTHS]
        if left > CHUNK:
            following = (numbers(index + 1, 1, width) for width in _WIDTHS)
            arrays = [np.concatenate(pair) for pair in zip(arrays, following, strict=True)]
        if len(arrays[0]) > 1:
            sums.append(float(temporal_loss(*arrays, reduction="sum", **_KEYWORDS)))
    terms = (frames - 1) * KEYPOINTS
    mean = math.fsum(sums) / terms
    # No step is longer than what is left of it, and the epsilon taken from it.
    longest = mean + max(_KEYWORDS["epsilon"])
    return mean, _UNIT_ROUNDOFF * (8 * longest + (math.log2(terms) + 1) * mean)


def timed(client: Client, frames: int) -> tuple[float, float]:
    """Compute a loss; return it and the seconds it took, from the call to the value."""
    start = time.perf_counter()
    value = float(client.compute(lazy(frames)).result())
    return value, time.perf_counter() - start


def _growth_rows(client: Client, sizes: list[int], console: Console) -> Iterator[Row]:
    per_frame: dict[int, float] = {}
    timed(client, CHUNK)
    for frames in sizes:
        console.print(f"{frames:,} frames")
        row = partial(_ROW, size=size_text(frames, KEYPOINTS))
        repeats = 5 if frames <= 10**6 else 3 if frames <= 10**7 else 1
        values, seconds = zip(*(timed(client, frames) for _ in range(repeats)), strict=True)
        median = statistics.median(seconds)
        per_frame[frames] = median / frames
        yield row("time", value=median, unit="s")
        chunks = math.ceil(frames / CHUNK)
        for what, graphs in (
            ("tasks per chunk", [lazy(frames)]),
            ("tasks per chunk, value and gradient", lazy(frames, temporal_loss_and_grad)),
        ):
            count = len({key for graph in dask.optimize(*graphs) for key in graph.__dask_graph__()})
            yield row(what, against=f"{chunks} chunks", value=count / chunks, unit="", target=TASKS_TARGET)
        expected, budget = expected_loss(frames)
        error = max(abs(value - expected) for value in values) / budget
        yield row("error over its budget", against="NumPy chunk by chunk", value=error, unit="", target=1.0)
    fewest, most = sizes[0], sizes[-1]
    if fewest < most:
        yield _ROW(
            "time per frame", size_text(most, KEYPOINTS), f"T={fewest:,}",
            per_frame[most] / per_frame[fewest], target=GROWTH_TARGET,
            seconds=per_frame[most], other_seconds=per_frame[fewest],
        )  # fmt: skip


def _killed_row(client: Client, frames: int) -> Row:
    undisturbed, usual = timed(client, frames)
    pids = client.run(os.getpid)
    start = time.perf_counter()
    future = client.compute(lazy(frames))
    while not future.done() and client.run_on_scheduler(_done_with) < KILLED_AFTER * frames / CHUNK:
        time.sleep(0.05)
    if future.done():
        message = "the run was over before a worker could be killed; take more frames"
        raise RuntimeError(message)
    os.kill(next(iter(pids.values())), signal.SIGKILL)
    value = float(future.result())
    seconds = time.perf_counter() - start
    client.wait_for_workers(WORKERS, timeout=60)
    gone = set(pids.values()) - set(client.run(os.getpid).values())
    return _ROW(
        f"a worker killed in mid-run: the same bits, in {seconds:.3g} s rather than {usual:.3g} s",
        size_text(frames, KEYPOINTS), value=float(len(gone) == 1 and value == undisturbed),
        unit="passed", target=1.0, at_least=True,
    )  # fmt: skip


def _done_with(dask_scheduler: Any) -> int:
    # Partial sums are what stays of a chunk.
    return sum(
        prefix.state_counts["memory"] + prefix.state_counts["released"]
        for name, prefix in dask_scheduler.task_prefixes.items()
        if "sum" in name
    )


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
        future = client.compute(lazy(frames))
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
    help="Take a picture of the dashboard, with Bokeh, Selenium and Chrome.",
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the results here as well.")
def main(*, frames: tuple[float, ...], kill: bool, picture: Path | None, json_file: Path | None) -> None:
    """Measure growth, count tasks, compare with NumPy, kill a worker.

    A whole run writes benchmarks/results/scale-dask.json and docs/benchmarks.md; one with other --frames, or
    --no-kill, the same under build/.
    """
    console = page.console()
    results = Results("Dask", machine("cpu"))
    sizes = sorted(int(each) for each in frames)
    with (
        LocalCluster(n_workers=WORKERS, threads_per_worker=1, memory_limit=MEMORY) as cluster,
        Client(cluster) as client,
    ):
        results.rows += _growth_rows(client, sizes, console)
        if kill:
            results.rows.append(_killed_row(client, min(sizes[-1], 10**7)))
        if picture:
            _photograph(client, sizes[-1], picture)
    page.publish(results, "scale-dask", console, partial=frames != SIZES or not kill, json_file=json_file)


if __name__ == "__main__":
    main()
