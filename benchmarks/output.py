"""Where a run prints and writes: whole runs are kept with the project, partial ones are not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from benchmarks import page
from benchmarks.table import summary, terminal_table

if TYPE_CHECKING:
    from benchmarks.results import Results

PROJECT = Path(__file__).resolve().parent.parent


def console() -> Console:
    """Console as wide as the table, where it is no terminal that decides."""
    return Console(width=None if sys.stdout.isatty() else 160)


def root(*, partial: bool) -> Path:
    """Folder under which results and page are written."""
    return PROJECT / "build" if partial else PROJECT


def show(results: Results, to: Console) -> None:
    """Print the table, what it comes to, and what is to be known of the run."""
    to.print(terminal_table(results.rows))
    to.print(" ".join([summary(results.rows), *page.notes(results)]))


def keep(results: Results, path: Path, to: Console) -> None:
    """Write a results file, and say so."""
    results.write(path)
    to.print(f"Wrote {path}.", soft_wrap=True)
