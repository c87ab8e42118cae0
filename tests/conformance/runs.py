"""Runs made by hand, of a good subject and a hostile one, for the tests of reports."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance import suite
from conformance.model import Case, Status, Verdict
from conformance.report import jsonl
from conformance.results import Absence, Header, Pair, Run, SubjectInfo

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "<script>alert(1)</script> [bold]|`*_#"
CASES = suite.select("value-kink-f32-001", "value-kink-f32-003", "value-exact-f64-001")
GOOD = SubjectInfo("numpy/cpu/eager", "cpu", "eager", "--backend numpy", 3)
BAD = SubjectInfo(f"{HOSTILE}/cpu/jit", "cpu", "jit", "--port ./hostile", 3)
HEADER = Header(
    suite=suite.suite_hash(),
    cases=len(suite.load_cases()),
    started="2026-01-02T03:04:05+00:00",
    command="python -m conformance",
    host="Linux x86_64",
    python="3.11",
    versions={"temporal-loss": "0.1.0"},
    seed=7,
    subjects=(GOOD, BAD),
    absences=(Absence("cupy", "no CUDA device"),),
)


def good(case: Case, **changes: object) -> Verdict:
    verdict = Verdict(
        case.id, GOOD.name, Status.PASS, worst=0.5, ulp=3.0, grade="tight", seconds=0.1, spread=0.0
    )
    return replace(verdict, **changes)  # type: ignore[arg-type]


def bad(case: Case, status: Status = Status.FAIL, **changes: object) -> Verdict:
    verdict = Verdict(
        case.id, BAD.name, status, f"loss is {HOSTILE}", worst=math.inf, ulp=math.inf, spread=2.0
    )
    return replace(verdict, **changes)  # type: ignore[arg-type]


def a_run(*verdicts: Verdict, planned: int | None = None) -> Run:
    pairs = [Pair(BAD.name, GOOD.name, 1e9, CASES[0].id, 1, 3)]
    return Run(HEADER, planned or len(verdicts), list(verdicts), pairs)


GREEN = a_run(*(good(c) for c in CASES))
MIXED = a_run(
    *(good(c) for c in CASES),
    bad(CASES[0], suspects=("epsilon-hard-threshold",)),
    bad(CASES[1], suspects=("epsilon-hard-threshold", "epsilon-ignored")),
    bad(CASES[2], Status.UNSUPPORTED),
)


def written(run: Run, path: Path) -> Path:
    with path.open("w", encoding="utf-8") as stream:
        writer = jsonl.Writer(stream)
        writer.header(run.header)
        for verdict in run.verdicts:
            writer.verdict(verdict)
        writer.footer(run)
    return path
