"""Command line of the measurements."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.progress import Progress

from benchmarks import interleave, page, rows
from benchmarks.results import Results, machine

if TYPE_CHECKING:
    from rich.console import Console

    from benchmarks.interleave import Timing


@click.command()
@click.option("--quick", is_flag=True, help="Fewer rounds and smaller sizes: three minutes.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the results here as well.")
@click.option("--only", multiple=True, help=f"Groups to measure: {', '.join(rows.GROUPS['cpu'])}, growth.")
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
    known = [*rows.GROUPS[device], *(["growth"] if device == "cpu" else [])]
    unknown = set(only) - set(known)
    if unknown:
        message = f"no such group: {', '.join(sorted(unknown))}"
        raise click.BadParameter(message, param_hint="--only")
    wanted = [name for name in known if not only or name in only]
    console = page.console()
    where = machine(device)
    _settle(device, clock, threads)
    results = Results("CUDA" if device == "cuda" else "CPU", where, quick=quick, clock=clock)
    samples = _measure(results, rows.QUICK if quick else rows.Plan(), wanted, device, console)
    partial, name = quick or bool(only), results.title.lower()
    folder = page.publish(results, name, console, partial=partial, json_file=json_file)
    if samples:
        interleave.save(samples, folder / f"{name}-samples.json")


def _measure(
    results: Results, plan: rows.Plan, wanted: list[str], device: str, console: Console
) -> list[Timing]:
    samples: list[Timing] = []
    # A thread that redraws the line would take turns with the contenders.
    with Progress(console=console, transient=True, auto_refresh=False) as progress:
        task = progress.add_task("measuring", total=len(wanted))
        for name in wanted:
            progress.update(task, description=f"measuring: {name}", refresh=True)
            if not console.is_terminal:
                console.print(f"measuring: {name}")
            if name == "growth":
                for points in rows.growth(plan):
                    results.points += points
            else:
                for found, timings in rows.GROUPS[device][name](plan):
                    results.rows += found
                    samples += timings
            progress.advance(task)
    return samples


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
