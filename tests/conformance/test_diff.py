"""What changed between two reports."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from runs import CASES, GREEN, HEADER, HOSTILE, a_run, bad, good, named, written

from conformance.cli import main
from conformance.exits import Exit
from conformance.model import Status
from conformance.report import diff

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.results import Run

ONE, TWO, THREE = CASES


@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        (Status.PASS, Status.UNSUPPORTED, "worse"),
        (Status.PASS, None, "worse"),
        (Status.UNSUPPORTED, Status.FAIL, "worse"),
        (Status.XFAIL, Status.FAIL, "worse"),
        (None, Status.FAIL, "worse"),
        (Status.FAIL, Status.CRASH, "moved"),
        (Status.FAIL, Status.PASS, "better"),
        (Status.UNSUPPORTED, Status.PASS, "better"),
        (None, Status.PASS, "better"),
        (Status.PASS, Status.PASS, ""),
        (Status.FAIL, Status.FAIL, ""),
    ],
)
def test_diff_of_one_verdict(before: Status | None, after: Status | None, where: str) -> None:
    old, new = (a_run(*([good(ONE, status)] if status else [])) for status in (before, after))
    found = diff.compare(old, new)
    changes = {name: getattr(found, name) for name in ("worse", "moved", "better")}
    words = tuple(f"{status} (0.50 of the budget)" if status else "absent" for status in (before, after))
    assert {name: [c[1:] for c in of] for name, of in changes.items() if of} == (
        {where: [(ONE.id, *words)]} if where else {}
    )


@pytest.mark.parametrize(
    ("before", "after", "notable"),
    [(0.5, 0.9, True), (0.5, 0.7, False), (0.01, 0.09, False), (0.01, 0.11, True), (None, 0.5, False)],
)
def test_an_error_that_grew_is_told_where_both_pass(before: float, after: float, *, notable: bool) -> None:
    found = diff.compare(a_run(good(ONE, worst=before)), a_run(good(ONE, worst=after)))
    assert bool(found.moved) is notable
    assert not found.worse + found.better


def run_of(**statuses: Status) -> Run:
    """Make a run of ports, each of which has one verdict; "p1" is version 1 of p."""
    names = [f"{name[0]} {name[1:]} (Rust)/cpu" for name in statuses]
    verdicts = [good(ONE, s, subject=n) for n, s in zip(names, statuses.values(), strict=True)]
    return a_run(*verdicts, subjects=named(*names))


PASS, FAIL = Status.PASS, Status.FAIL


@pytest.mark.parametrize(
    ("old", "new", "worse", "better", "notes"),
    [
        # A port is followed to its next version.
        (run_of(p1=PASS), run_of(p2=FAIL), ["p 2"], [], ["p 1 (Rust)/cpu before, p 2 (Rust)/cpu now"]),
        (run_of(p1=PASS), run_of(q2=FAIL), ["p 1", "q 2"], [], []),
        # Two versions in one report are two subjects.
        (run_of(p1=FAIL, p2=PASS), run_of(p1=PASS, p2=FAIL), ["p 2"], ["p 1"], []),
        (run_of(p1=PASS, p2=PASS), run_of(p2=PASS), ["p 1"], [], []),
        (
            run_of(p1=PASS, p2=PASS),
            run_of(p2=PASS, p3=FAIL),
            ["p 3"],
            [],
            ["p 1 (Rust)/cpu before, p 3 (Rust)/cpu now"],
        ),
        # Nobody can tell which of two became the third.
        (run_of(p1=PASS, p2=FAIL), run_of(p3=PASS), ["p 1"], ["p 3"], []),
    ],
)
def test_subjects_keep_apart_or_together(
    old: Run, new: Run, worse: list[str], better: list[str], notes: list[str]
) -> None:
    found = diff.compare(old, new)
    assert [c.subject.removesuffix(" (Rust)/cpu") for c in found.worse] == worse
    assert [c.subject.removesuffix(" (Rust)/cpu") for c in found.better] == better
    assert found.notes == notes


def test_diff_says_what_makes_two_reports_hard_to_compare() -> None:
    other = replace(HEADER, suite="f" * 64, versions={"temporal-loss": "0.2.0", "jax": "9"})
    assert diff.compare(GREEN, replace(GREEN, header=other)).notes == [
        f"the cases differ: suite {HEADER.suite[:12]} and ffffffffffff",
        "jax: absent before, 9 now",
        "temporal-loss: 0.1.0 before, 0.2.0 now",
    ]


def test_the_command_prints_the_worst_first_and_fails_if_anything_got_worse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = written(a_run(good(ONE), good(TWO), bad(THREE)), tmp_path / "old")
    new = written(
        a_run(good(ONE, FAIL), good(TWO, worst=0.9), bad(THREE, PASS, reason="", worst=0.5, grade="tight")),
        tmp_path / "new",
    )
    assert main(["diff", str(old), str(new)]) == Exit.DOES_NOT
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines() if ": 1" in line] == [
        "worse:",
        "changed:",
        "better:",
    ]
    assert HOSTILE in said
    assert main(["diff", str(old), str(old)]) == Exit.CONFORMS
    assert capsys.readouterr().out == "no verdict changed\n"
