"""Command line of the measurements."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import click

from benchmarks import interleave, page, rows
from benchmarks.interleave import Timing
from benchmarks.results import Point, Results, Row, machine


@click.command()
@click.option("--quick", is_flag=True, help="Fewer rounds and smaller sizes: three minutes.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the results here as well.")
@click.option("--only", multiple=True, help=f"Groups to measure: {', '.join(rows.GROUPS['cpu'])}.")
@click.option(
    "--clock",
    type=click.Choice(["wall", "cpu"]),
    default="wall",
    show_default=True,
    help="cpu: processor time of one thread, for a machine that does other work too.",
)
@click.option("--threads", type=click.IntRange(min=1), help="Threads for torch (default: one per core).")
def main(  # noqa: PLR0913 - one per option
    *,
    quick: bool,
    device: str,
    json_file: Path | None,
    only: tuple[str, ...],
    clock: str,
    threads: int | None,
) -> None:
    """Measure speed and memory side by side, print one table, and write JSON, plot and page.

    A full run writes benchmarks/results/, docs/benchmarks.md and its plot; a partial one, with
    --quick or --only, writes the same under build/.
    """
    groups = rows.GROUPS[device]
    unknown = set(only) - set(groups)
    if unknown:
        message = f"no such group: {', '.join(sorted(unknown))}"
        raise click.BadParameter(message, param_hint="--only")
    console = page.console()
    results = Results("CUDA" if device == "cuda" else "CPU", machine(device), quick=quick, clock=clock)
    samples: list[Timing] = []
    _settle(device, clock, threads)
    for name in [name for name in groups if not only or name in only]:
        console.print(f"measuring: {name}")
        for found in groups[name](rows.QUICK if quick else rows.Plan()):
            kinds: dict[type, list[Any]] = {Row: results.rows, Point: results.points, Timing: samples}
            kinds[type(found)].append(found)
    name, partial = results.title.lower(), quick or bool(only)
    folder = page.publish(results, name, console, partial=partial, json_file=json_file)
    if samples:
        interleave.save(samples, folder / f"{name}-samples.json")


def _settle(device: str, clock: str, threads: int | None) -> None:
    if device == "cuda":
        # Else JAX takes most of the device memory for itself, and the others find none.
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    if clock == "cpu":
        # Processor time adds up over threads, so there must be one.
        threads = 1
        one = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {one}".strip()
        interleave.clock = time.process_time
    if threads:
        try:
            import torch  # noqa: PLC0415
        except ImportError:
            return
        torch.set_num_threads(threads)


if __name__ == "__main__":
    main()
