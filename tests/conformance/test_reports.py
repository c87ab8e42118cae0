"""Reports on runs made by hand: what each says, and that nothing a subject says can harm them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt
from runs import (
    ALL,
    BAD,
    CASES,
    GOOD,
    GREEN,
    HOSTILE,
    MIXED,
    a_run,
    bad,
    good,
    named,
    page_text,
    shown,
    summed,
    texts,
)

from conformance import explain
from conformance.diagnose import too_large
from conformance.model import Op, Status
from conformance.report import badge, markdown
from conformance.results import Pair
from conformance.run import chosen
from conformance.text import clean

if TYPE_CHECKING:
    from conformance.results import Run

INDUCTOR = [c.id for c in chosen.cases_for("inductor", [c for c in ALL if c.op is not Op.ECHO])]
RIGHT = "gave the right answer, within rounding, to every case that was asked"
FIVE = [f"{letter}/cpu/eager" for letter in "abcde"]
SAMPLED = a_run(good(CASES[0]), subjects=(GOOD, *named("torch/cpu/inductor", cases=len(INDUCTOR))))


@pytest.mark.parametrize(
    ("run", "facts"),
    [
        (
            GREEN,
            ["Conforms", "no CUDA device", "3 of 3 planned", GREEN.header.suite[:12], "claim takes every"],
        ),
        (MIXED, ["Does not conform", "6 of 6 planned", "value-f32", "nobody", "1.0e+09", BAD.group]),
        (
            MIXED,
            [CASES[0].id, f"loss is {HOSTILE}", "epsilon-hard-threshold", "Zeroes lengths below epsilon"],
        ),
        (MIXED, [f"python -m conformance --port ./hostile --case {CASES[0].id}"]),
        (replace(GREEN, faults=[HOSTILE]), [f"ault in the suite: {HOSTILE}"]),
        (a_run(good(CASES[0]), planned=2), ["Incomplete", "1 of 2 planned"]),
        (SAMPLED, [f"torch/cpu/inductor ran {len(INDUCTOR)} cases", "the core"]),
    ],
)
def test_every_report_tells(run: Run, facts: list[str]) -> None:
    for kind, text in texts(run).items():
        for fact in facts:
            assert fact.lower() in text.lower(), kind


@pytest.mark.slow
def test_files_list_the_cases_of_a_mode_that_was_sampled() -> None:
    found = {kind: ", ".join(INDUCTOR) in text for kind, text in texts(SAMPLED).items()}
    assert found == {"terminal": False, "markdown": True, "html": True}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "cases"), [("inductor", 1), ("eager-autodiff", len(chosen.cases_for("eager-autodiff", ALL)))]
)
def test_only_a_mode_that_was_sampled_is_said_to_be(mode: str, cases: int) -> None:
    run = a_run(good(CASES[0]), subjects=(GOOD, *named(f"torch/cpu/{mode}", cases=cases)))
    assert [kind for kind, text in texts(run).items() if "the core" in text] == []


# The terminal -----------------------------------------------------------------------------------


def table(text: str) -> dict[str, dict[str, str]]:
    """Read the matrix of a terminal: by subject and column."""
    lines = text.replace("max ULP", "ulp").splitlines()
    head = next(line.split()[1:] for line in lines if line.startswith("subject"))
    rows = {s: next(line for line in lines if line.startswith(s)) for s in (GOOD.name, BAD.name)}
    return {s: dict(zip(head, row.removeprefix(s).split(), strict=True)) for s, row in rows.items()}


def test_the_matrix_counts_what_passed_of_what_ran() -> None:
    mine, theirs = table(shown(MIXED)).values()
    assert (mine["f32"], mine["f64"], mine["grad"]) == ("2/2", "1/1", "·")
    assert (mine["err/budget"], mine["ulp"]) == ("0.50", "3")
    assert (theirs["f32"], theirs["f64"], theirs["transf"], theirs["err/budget"]) == (
        "!0/2",
        "-",
        "!0/3",
        "∞",
    )
    claimed = table(shown(a_run(*(good(c) for c in ALL))))[GOOD.name]
    assert int(claimed["f64"]) > 100


def test_a_narrow_terminal_gets_more_than_one_table_and_every_column() -> None:
    heads = [line.split() for line in shown(MIXED, 79).splitlines() if line.startswith("subject")]
    (wide,) = [line.split() for line in shown(MIXED).splitlines() if line.startswith("subject")]
    assert len(heads) > 1
    assert [word for head in heads for word in head if word != "subject"] == wide[1:]
    assert max(map(len, shown(GREEN, 79).splitlines()[:8])) <= 79


def test_the_legend_explains_the_marks_that_are_there() -> None:
    whole, mixed = shown(a_run(*(good(c) for c in ALL), subjects=(GOOD,))), shown(MIXED)
    for mark, only_in in {"5: all 5": whole, "3/5: 3 of": mixed, "!3/5": mixed, "-: nothing": mixed}.items():
        assert [mark in text for text in (whole, mixed)] == [only_in is whole, only_in is mixed], mark
    assert "array-api-strict" not in mixed
    assert "array-api-strict" in shown(a_run(subjects=named("strict/cpu/eager")))


@pytest.mark.parametrize(
    ("ulp", "told", "explained"),
    [(1e9, "1.0e+09", False), (4.3e18, ">1e9", True), (math.inf, "∞", False), (3.0, "3", False)],
)
def test_a_distance_that_says_nothing_is_not_counted_out(ulp: float, told: str, *, explained: bool) -> None:
    run = a_run(good(CASES[0], ulp=ulp), subjects=(GOOD,))
    row, legend = (shown(run).partition("\n3/5")[part] for part in (0, 2))
    assert row.split()[-1] == told
    assert (">1e9: no longer counted" in legend) is explained
    assert f" {told} |" in markdown.render(summed(run))
    assert "e+18" not in shown(run) + markdown.render(summed(run)) + page_text(run)


def test_modes_of_one_group_are_told_apart_from_nothing_but_each_other() -> None:
    jit = replace(BAD, name=f"{BAD.group}/vmap", mode="vmap")
    run = a_run(bad(CASES[0]), subjects=(BAD, jit))
    run.pairs.append(Pair(BAD.name, jit.name, 3.0, CASES[0].id, 1, 3))
    assert f"Modes of {BAD.group} against each other: at most 3 ULP\n" in shown(run)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("run", "counts", "words"),
    [
        (
            a_run(*map(good, ALL)),
            f"conforms: {len(ALL)} passed; {len(ALL)} of {len(ALL)} planned; 0 of 100 fresh cases, seed 12;",
            f"numpy/cpu {RIGHT} ({len(ALL)} of {len(ALL)}).",
        ),
        (
            # Who passed nothing is not named.
            a_run(good(CASES[0]), bad(CASES[0], Status.UNSUPPORTED), good(CASES[1], Status.XFAIL)),
            "conforms: 1 passed, 1 unsupported, 1 xfail; 3 of 3 planned, a selection of 2 of",
            (
                f"numpy/cpu {RIGHT} and is supported there (2 of {len(ALL)} asked), "
                "but for 1 declared beforehand."
            ),
        ),
        (
            a_run(*(good(CASES[0], subject=n) for n in FIVE[:4]), subjects=named(*FIVE[:4])),
            "conforms: 4 passed;",
            f"a/cpu, b/cpu, c/cpu and d/cpu {RIGHT} (1 of {len(ALL)}).",
        ),
        (
            a_run(*(good(CASES[0], subject=n) for n in FIVE), subjects=named(*FIVE)),
            "conforms: 5 passed;",
            f"All 5 backends and devices {RIGHT} (1 of {len(ALL)}).",
        ),
        (
            # As a second device of a kind is asked fewer.
            a_run(*(good(c, subject=n) for n in FIVE for c in CASES[n == FIVE[0] :]), subjects=named(*FIVE)),
            "conforms: 14 passed;",
            f"All 5 backends and devices {RIGHT} (3 of {len(ALL)}, fewer of a/cpu).",
        ),
        (
            a_run(
                *map(good, CASES), *(good(CASES[0], subject=n) for n in FIVE), subjects=(GOOD, *named(*FIVE))
            ),
            "conforms: 8 passed;",
            f"All 6 backends and devices {RIGHT} (3 of {len(ALL)}, fewer of 5 of these).",
        ),
        (
            a_run(*map(good, CASES), bad(CASES[0])),
            "does not conform: 3 passed, 1 fail;",
            f"{BAD.group}, of 2 backends and devices, failed 1 of 1 cases.",
        ),
        (
            MIXED,
            "does not conform: 3 passed, 2 fail, 1 unsupported; 6 of 6 planned, a selection of 3 of",
            f"{BAD.group}, of 2 backends and devices, failed 2 of 3 cases.",
        ),
        (
            a_run(bad(CASES[0]), subjects=(BAD,)),
            "does not conform: 0 passed, 1 fail;",
            f"{BAD.group} failed 1 of 1 cases.",
        ),
        (
            a_run(good(CASES[0], Status.FAIL), bad(CASES[0])),
            "does not conform: 0 passed, 2 fail;",
            f"2 of 2 backends and devices failed: numpy/cpu and {BAD.group}.",
        ),
        (
            replace(GREEN, faults=["broken"]),
            "fault in the suite: 3 passed; 3 of 3",
            "The suite itself failed, so this says nothing about what was tested; please report it.",
        ),
        (
            a_run(good(CASES[0]), planned=3),
            "incomplete: 1 passed; 1 of 3 planned",
            "Only 1 of 3 planned verdicts came; a claim takes all of them.",
        ),
        (
            a_run(good(CASES[0], Status.UNSUPPORTED)),
            "nothing judged: 0 passed, 1 unsupported;",
            "Nothing was judged: all that was asked is unsupported, which is neither right nor wrong.",
        ),
    ],
)
def test_the_last_lines_sum_up_in_counts_and_in_words(run: Run, counts: str, words: str) -> None:
    *_, counted, last = shown(run).splitlines()
    assert counted.startswith(counts)
    assert last == f"In words: {words}"
    assert words in page_text(run)


def test_a_failure_is_told_so_that_one_can_act_on_it() -> None:
    text = shown(MIXED)
    for line in (
        f"case  {CASES[0].id}: {CASES[0].description}",
        "clause  TL-4 Epsilon is a soft threshold",
        "input  keypoints float32 [3, 4]: 1.0, 2.0, 3.0, 1.0, 4.0, 6.0, 9.0, 9.0, … 12 in all",
        "input  epsilon=5.0, reduction='none'",
        "expected  loss float32 [2, 2]: 0.0, 5.0, 3.0, 0.0\n",
        "perhaps  epsilon-hard-threshold: Zeroes lengths below epsilon",
        f"{BAD.name}: 2 of 2 explained failures are those of epsilon-hard-threshold",
        f"3 results differ between two runs, at most 2 ULP ({BAD.name}, {CASES[0].id})",
    ):
        assert line in text
    assert "like no known" not in text
    unknown = shown(a_run(*(bad(c) for c in ALL[:7])))
    assert "… and 2 more failures: all with --html" in unknown
    assert "7 of 7 failures are like no known mistake" in unknown
    assert "too large" not in unknown
    large = next(c for c in ALL if too_large(c))
    apart = shown(a_run(*(bad(c) for c in (*ALL[:2], large)), bad(ALL[2], Status.CRASH)))
    for line in (
        "2 of 4 failures are like no known mistake\n",
        "1 of 4 failures are of cases too large to be compared with known mistakes\n",
        "1 of 4 failures have no answer to compare with known mistakes\n",
    ):
        assert line in apart
    assert explain.shortened(CASES[0].expected["loss"].array) == "float32 [2, 2]: 0.0, 5.0, 3.0, 0.0"


# Markdown ---------------------------------------------------------------------------------------


def test_markdown_has_no_text_of_a_subject_as_markup() -> None:
    hostile = f"{HOSTILE}\n# Heading\n\n<img src=x> &amp; | a"
    run = replace(
        MIXED,
        verdicts=[*MIXED.verdicts[:3], *(replace(v, reason=hostile) for v in MIXED.verdicts[3:])],
        faults=[hostile],
    )
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown.render(summed(run)))
    inline = [token for token in tokens if token.type == "inline"]
    kinds = {child.type for token in inline for child in token.children or ()}
    # The hash of the suite is code, a count that is not whole is strong.
    assert kinds == {"text", "code_inline", "strong_open", "strong_close"}
    assert not [token for token in tokens if token.type == "html_block"]
    assert [token.content for token in inline].count("Failures") == 1
    said = ["".join(child.content for child in token.children or ()) for token in inline]
    assert said.count(BAD.name) == 1
    assert f"Fault in the suite: {' '.join(hostile.split())}" in said
    code = [token.content for token in tokens if token.type == "code_block"]
    assert [clean(hostile) in block for block in code] == [True, True]
    # A row too many, or too short, is no table.
    assert sum(token.type == "tr_open" for token in tokens) == 9


# A badge ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("run", "message", "color"),
    [
        (a_run(*map(good, ALL), subjects=(GOOD,)), f"13 profiles, {len(ALL)} cases passed", "brightgreen"),
        # What the header says of the number of cases makes no selection whole.
        (a_run(*map(good, CASES), cases=3), "a selection: 3 cases passed", "yellow"),
        # One subject was not asked what the other passed.
        (a_run(*map(good, ALL)), f"a selection: {len(ALL)} cases passed", "yellow"),
        (
            a_run(*(good(c, Status.UNSUPPORTED) for c in ALL[1:]), good(ALL[0]), subjects=(GOOD,)),
            "0 profiles, 1 cases passed",
            "yellow",
        ),
        (GREEN, "a selection: 3 cases passed", "yellow"),
        (MIXED, "2 of 6 fail", "red"),
        (a_run(good(CASES[0]), planned=2), "incomplete", "yellow"),
        (replace(GREEN, faults=["broken"]), "fault in the suite", "lightgrey"),
        (
            a_run(*map(good, ALL[1:]), good(ALL[0], Status.XFAIL), subjects=(GOOD,)),
            f"12 profiles, {len(ALL) - 1} cases passed, 1 declared deviations",
            "brightgreen",
        ),
    ],
)
def test_badges(run: Run, message: str, color: str) -> None:
    due = {"schemaVersion": 1, "label": "temporal loss", "message": message, "color": color}
    assert badge.badge(summed(run)) == due
