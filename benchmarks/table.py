"""The one table: a line per row, for the terminal and for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmarks.rows import Row

COLUMNS = ("what", "size", "compared with", "measured", "target", "")
_COLOURS = {True: "green", False: "red", None: "dim"}


def cells(row: Row) -> tuple[str, ...]:
    """Text of each column."""
    return (row.what, row.size, row.against, measured(row), row.target_text, row.verdict)


def measured(row: Row) -> str:
    """Value with its unit, and behind it the times of a ratio."""
    if row.value is None:
        return ""
    if row.unit == "passed":
        return "yes" if row.value else "no"
    if row.unit != "x":
        return f"{row.value:,.4g} {row.unit}"
    text = f"{row.value:.3g} x"
    if row.seconds is not None and row.other_seconds is not None:
        text += f" ({duration(row.seconds)} : {duration(row.other_seconds)})"
    return text


def duration(seconds: float) -> str:
    """Seconds in the unit that suits them."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def groups(rows: Iterable[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Rows by group, in the order in which groups first come."""
    by_group: dict[str, list[Row]] = {}
    for row in rows:
        by_group.setdefault(row.group, []).append(row)
    yield from by_group.items()


def terminal_table(rows: Iterable[Row]) -> Table:
    """Table for the terminal."""
    table = Table(*COLUMNS, title="temporal_loss: measured and wanted", title_justify="left")
    for group, members in groups(rows):
        table.add_section()
        table.add_row(f"[bold]{group}")
        for row in members:
            *texts, verdict = cells(row)
            table.add_row(*texts, f"[{_COLOURS[row.met]}]{verdict}")
    return table


def summary(rows: Iterable[Row]) -> str:
    """Count of targets met and missed, in a sentence."""
    verdicts = [row.met for row in rows if row.target is not None]
    missing = verdicts.count(None)
    return (
        f"{verdicts.count(True)} targets met, {verdicts.count(False)} missed"
        + (f", {missing} not measured here" if missing else "")
        + "."
    )
