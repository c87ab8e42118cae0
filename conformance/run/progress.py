"""A progress bar, shown on terminals only."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from conformance.results import GOOD

if TYPE_CHECKING:
    from types import TracebackType

    from conformance.model import Verdict


class Progress:
    """Counts verdicts, failures and names the subject that is running."""

    def __init__(self, console: Console) -> None:
        self._bar: Bar | None = None
        self._failed = 0
        if console.is_terminal and console.file is sys.stdout:
            # pytest takes stdout away while a test runs, so the bar needs one of its own.
            self._stream = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
            own = Console(file=self._stream, force_terminal=True, no_color=console.no_color)
            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[failed]}"),
                TimeElapsedColumn(),
                console=own,
                transient=True,
            )

    def __enter__(self) -> Self:
        """Show the bar."""
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("finding cases", total=None, failed="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._stream.close()

    def planned(self, total: int) -> None:
        """Set the length of the bar."""
        if self._bar is not None:
            self._bar.update(self._task, total=total)

    def verdict(self, verdict: Verdict) -> None:
        """Move the bar."""
        self._failed += verdict.status not in GOOD
        if self._bar is not None:
            failed = f"[red]{self._failed} failed" if self._failed else ""
            self._bar.update(self._task, advance=1, description=_plain(verdict.subject), failed=failed)


def _plain(name: str) -> str:
    # Descriptions are markup, and a subject may call itself anything.
    return name.replace("[", "\\[")
