"""Runs made by hand, of a good subject and a hostile one, and what the reports say of them."""

from __future__ import annotations

import html as entities
import io
import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console

from conformance import suite
from conformance.model import Case, Status, Verdict
from conformance.report import html, jsonl, markdown, terminal
from conformance.report.summary import Summary
from conformance.results import Header, Pair, Run, SubjectInfo
from conformance.subjects.find import Absence

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "<img src=x onerror=alert(1)> [bold]|`*_#"
ALL = suite.load_cases()
# Two of epsilon and one exact; the first has one entry at epsilon.
CASES = suite.select("value-kink-f32-001", "value-kink-f32-003", "value-exact-f64-001")
GOOD = SubjectInfo("numpy/cpu/eager", "cpu", "eager", "--backend numpy", 3)
BAD = SubjectInfo(f"{HOSTILE}/cpu/jit", "cpu", "jit", "--port ./hostile", 3)
HEADER = Header(
    suite=suite.suite_hash(),
    cases=len(ALL),
    started="2026-01-02T03:04:05+00:00",
    command="python -m conformance",
    host="Linux x86_64",
    python="3.11",
    versions={"temporal-loss": "0.1.0"},
    seed=7,
    subjects=(GOOD, BAD),
    absences=(Absence("cupy", "no CUDA device"),),
    fresh=100,
    fresh_seed=12,
)


def good(case: Case, status: Status = Status.PASS, **changes: object) -> Verdict:
    verdict = Verdict(case.id, GOOD.name, status, worst=0.5, ulp=3.0, grade="tight", seconds=0.1, spread=0.0)
    return replace(verdict, **changes)  # type: ignore[arg-type]


def bad(case: Case, status: Status = Status.FAIL, **changes: object) -> Verdict:
    said = f"loss is {HOSTILE}"
    verdict = Verdict(case.id, BAD.name, status, said, worst=math.inf, ulp=math.inf, spread=2.0)
    return replace(verdict, **changes)  # type: ignore[arg-type]


def a_run(*verdicts: Verdict, planned: int | None = None, **header: object) -> Run:
    """Make a run of these verdicts, by GOOD and BAD unless the header says otherwise."""
    pairs = [] if "subjects" in header else [Pair(BAD.name, GOOD.name, 1e9, CASES[0].id, 1, 3)]
    return Run(replace(HEADER, **header), planned or len(verdicts), list(verdicts), pairs)  # type: ignore[arg-type]


def named(*names: str, **fields: object) -> tuple[SubjectInfo, ...]:
    """Make subjects with these names, "backend/device/mode"."""
    return tuple(
        replace(GOOD, name=n, mode=n.rpartition("/")[2], **fields)  # type: ignore[arg-type]
        for n in names
    )


GREEN = a_run(*(good(c) for c in CASES))
MIXED = a_run(
    *(good(c) for c in CASES),
    bad(CASES[0], suspects=("epsilon-hard-threshold",)),
    bad(CASES[1], suspects=("epsilon-hard-threshold", "epsilon-ignored")),
    bad(CASES[2], Status.UNSUPPORTED),
)


def summed(run: Run) -> Summary:
    return Summary(run, ALL)


def shown(run: Run, width: int = 200) -> str:
    """Print the report of the terminal."""
    stream = io.StringIO()
    terminal.show(summed(run), Console(file=stream, width=width))
    return stream.getvalue()


def page_text(run: Run) -> str:
    """Read the HTML report."""
    body = html.render(summed(run)).partition("<body")[2].partition("<script")[0]
    return entities.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", body)))


def texts(run: Run) -> dict[str, str]:
    """All reports on a run, as plain text: what a reader reads, without the marks of the format."""
    return {
        "terminal": shown(run, 10_000),
        "markdown": entities.unescape(re.sub(r"\\(.)", r"\1", markdown.render(summed(run)))),
        "html": page_text(run),
    }


def written(run: Run, path: Path) -> Path:
    with path.open("w", encoding="utf-8") as stream:
        writer = jsonl.Writer(stream)
        writer.header(run.header)
        for verdict in run.verdicts:
            writer.verdict(verdict)
        writer.footer(run)
    return path
