"""Where results go: the terminal's table, results files, docs/benchmarks.md and the README's headline.

Whole runs are kept with the project, partial ones under build/.
"""

from __future__ import annotations

import re
import sys
import textwrap
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from rich.console import Console
from rich.table import Table

from benchmarks import plot
from benchmarks.results import Results

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.results import Row

PROJECT = Path(__file__).resolve().parent.parent
COLUMNS = ("what", "size", "compared with", "measured", "target", "")
NO_DEVICE = "No CUDA device was at hand: nothing on this page was measured on a GPU."
_COLOURS = {True: "green", False: "red", None: "dim"}
_HEADLINE = re.compile(r"(?<=<!-- benchmarks -->\n).*?(?=<!-- end of benchmarks -->)", re.DOTALL)
_TIME = re.compile(r"(?<=<!-- time -->).*?(?=<!-- end of time -->)")


def console() -> Console:
    """Console as wide as the table, where it is no terminal that decides."""
    return Console(width=None if sys.stdout.isatty() else 160)


def root(*, partial: bool) -> Path:
    """Folder under which results and page are written."""
    return PROJECT / "build" if partial else PROJECT


def publish(
    results: Results, name: str, to: Console, *, partial: bool, json_file: Path | None = None
) -> Path:
    """Print the table, and write results, plot and page; return the folder of the results."""
    show(results, to)
    folder, docs = root(partial=partial) / "benchmarks" / "results", root(partial=partial) / "docs"
    written = [folder / f"{name}.json", docs / "benchmarks.md"]
    results.write(written[0])
    if json_file:
        results.write(json_file)
        written.append(json_file)
    if results.points:
        plot.draw(results.points, docs / "benchmarks.svg")
        written.append(docs / "benchmarks.svg")
    write(folder, "benchmarks.svg", docs / "benchmarks.md")
    if name == "cpu" and not partial:
        readme = PROJECT / "README.md"
        readme.write_text(with_headline(readme.read_text(encoding="utf-8"), results), encoding="utf-8")
    for path in written:
        to.print(f"Wrote {path}.", soft_wrap=True)
    return folder


def show(results: Results, to: Console) -> None:
    """Print the table, what it comes to, and what is to be known of the run."""
    table = Table(*COLUMNS, title="temporal_loss: measured and wanted", title_justify="left")
    for group, members in groups(results.rows).items():
        table.add_section()
        table.add_row(f"[bold]{group}")
        for row in members:
            *texts, verdict = cells(row)
            table.add_row(*texts, f"[{_COLOURS[row.met]}]{verdict}")
    to.print(table)
    to.print(" ".join([summary(results.rows), *notes(results)]))


def groups(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows by group, in the order in which groups first come."""
    by_group: dict[str, list[Row]] = {}
    for row in rows:
        by_group.setdefault(row.group, []).append(row)
    return by_group


def cells(row: Row) -> tuple[str, ...]:
    """Text of each column."""
    target = (
        "" if row.target is None else f"at {'least' if row.at_least else 'most'} {row.target:g} {row.unit}"
    )
    return (row.what, row.size, row.against, _measured(row), target, row.verdict)


def _measured(row: Row) -> str:
    if row.value is None:
        return ""
    if row.unit == "passed":
        return "yes" if row.value else "no"
    if row.unit != "x":
        return f"{row.value:,.4g} {row.unit}"
    text = f"{row.value:.3g} x"
    if row.seconds is not None and row.other_seconds is not None:
        text += f" ({_duration(row.seconds)} : {_duration(row.other_seconds)})"
    return text


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def summary(rows: Iterable[Row]) -> str:
    """Count of targets met and missed, in a sentence."""
    verdicts = [row.met for row in rows if row.target is not None]
    missing = f", {verdicts.count(None)} not measured here" if None in verdicts else ""
    return f"{verdicts.count(True)} targets met, {verdicts.count(False)} missed{missing}."


def notes(results: Results) -> list[str]:
    """Say what is to be known of a run before its numbers are believed."""
    found = []
    if results.quick:
        found.append("A quick run, with few repetitions and smaller sizes: a first impression, no verdict.")
    if results.clock == "cpu":
        found.append("Processor time of one thread, for which the targets were not made.")
    if results.machine["busy"]:
        found.append("The machine was busy at the start: these numbers may mean little, ratios included.")
    if results.machine["device"] == "no CUDA device":
        found.append(NO_DEVICE)
    return found


def write(folder: Path, plot_file: str, path: Path) -> None:
    """Write the page from all results files of a folder."""
    files = sorted(folder.glob("*.json"), key=lambda file: (file.stem != "cpu", file.stem))
    everything = [Results.read(file) for file in files if not file.stem.endswith("-samples")]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(everything, plot_file))


def render(all_results: Sequence[Results], plot_file: str) -> str:
    """Text of the page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown
    )
    return environment.get_template("page.md.jinja").render(
        all_results=all_results, plot=plot_file, columns=COLUMNS, cells=cells, groups=groups,
        summary=summary, notes=notes, no_device=NO_DEVICE,
    )  # fmt: skip


def _found(results: Results, what: str, size: str, against: str = "") -> str:
    row = next(r for r in results.rows if (r.what, r.size) == (what, size) and r.against.startswith(against))
    return f"{row.value:.2g}"


def time_line(results: Results) -> str:
    """Say in a line how the time compares with that of the plain formula, for the README."""
    found, many, plain = partial(_found, results), "T=100,000 K=20", "torch.linalg"
    return (
        f"At 100,000 frames of 20 keypoints NumPy takes {found('NumPy', many, 'numpy.linalg')} of the "
        f"plain formula's time, torch {found('torch eager', many, plain)}, mask and epsilon included; on "
        f"small batches torch takes longer, {found('forward', 'T=96 K=17', plain)} times at 96 of 17 without "
        "a mask."
    )


def headline(results: Results) -> str:
    """Say what matters most of a run, for the README."""
    found = partial(_found, results)
    origin, reading = "lightning-pose", "reading"
    few, many, long = "T=96 K=17", "T=100,000 K=20", "T=1,000,000 K=20"
    memory = found('NumPy, float32, "mean"', "T=10,000,000 K=20")
    both = "forward and backward"
    text = (
        f"With confidences, torch takes {found('forward', few, origin)} of the time of lightning-pose's "
        f"class at 96 frames of 17 keypoints and {found('forward', many, origin)} at 100,000 of 20 "
        f"({found(both, few, origin)} and {found(both, many, origin)} with gradients). "
        f"At 1,000,000 frames NumPy takes {found('NumPy', long, reading)} times as long as reading the "
        f"inputs once, and `jax.jit` {found('jax.jit', long, reading)} times; "
        f"at 10,000,000 NumPy needs {memory} MiB beside them. "
        f"Measured on {results.machine['date']} with {results.machine['cores']} cores."
    )
    return textwrap.fill(text, 120) + "\n"


def with_headline(readme: str, results: Results) -> str:
    """Return the README with the headline of a run, and with its line on time."""
    readme = _TIME.sub(lambda _: time_line(results), readme)
    return _HEADLINE.sub(lambda _: headline(results), readme)


if __name__ == "__main__":
    # After a results file from another machine was added.
    write(PROJECT / "benchmarks" / "results", "benchmarks.svg", PROJECT / "docs" / "benchmarks.md")
