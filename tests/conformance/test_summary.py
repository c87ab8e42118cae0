"""What a run comes to, counted once for all reports."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from runs import ALL, BAD, CASES, GOOD, GREEN, MIXED, a_run, bad, good, named, summed

from conformance import explain, fresh, suite
from conformance.exits import Exit
from conformance.model import Case, Status, Verdict
from conformance.report.html import matrix
from conformance.report.html.matrix import columns
from conformance.report.summary import Summary
from conformance.results import Pair

if TYPE_CHECKING:
    from conformance.results import Run

EXACT = [c for c in ALL if c.id.startswith("value-exact-f32")]
LARGE = max(ALL, key=lambda c: len(c.inputs["keypoints"].values))
REFUSED = [c for c in ALL if c.error is not None]
HARD, IGNORED = "epsilon-hard-threshold", "epsilon-ignored"


@pytest.mark.parametrize(
    ("first", "claim"),
    [
        (Status.PASS, ([GOOD.group], [])),
        (Status.UNSUPPORTED, ([], [])),
        (Status.SKIPPED, ([], [])),
        (Status.XFAIL, ([], [GOOD.group])),
        (Status.FAIL, ([], [GOOD.group])),
        (None, None),
    ],
)
def test_a_claim_takes_a_pass_in_every_case(first: Status | None, claim: object) -> None:
    verdicts = [*map(good, EXACT[1:])] + ([good(EXACT[0], first)] if first else [])
    run = a_run(*verdicts)
    claims = {c.profile: (c.by, c.missed) for c in Summary(run, EXACT).claims}
    assert claims.get("value-f32") == claim
    assert run.exit_code == (Exit.DOES_NOT if first is Status.FAIL else Exit.CONFORMS)


def test_claims_draw_the_modes_of_a_group_together() -> None:
    names = ("torch/cpu/eager", "torch/cpu/vmap", "numpy/cpu/eager")
    subjects = named(*names)
    verdicts = [good(c, subject=n) for c in EXACT for n in names]
    claims = {c.profile: c.by for c in Summary(a_run(*verdicts, subjects=subjects), EXACT).claims}
    assert claims["value-f32"] == ["torch/cpu", "numpy/cpu"]
    assert claims["transform"] == ["torch/cpu (vmap)"]


def told(*verdicts: Verdict) -> list[str]:
    return [v.case for v in summed(a_run(*verdicts)).told]


def test_failures_of_other_kinds_and_few_numbers_are_told_first() -> None:
    assert sorted(told(bad(LARGE), *map(bad, CASES))[:3]) == sorted(c.id for c in CASES)
    # A kind is a status and clauses: two like the first come after one unlike it.
    first, second, other = EXACT[:3]
    alike = [replace(c, id=i, clauses=first.clauses) for i, c in (("b", second), ("c", other))]
    run = a_run(*(bad(c) for c in (first, *alike)), bad(LARGE, Status.CRASH))
    assert [v.case for v in Summary(run, [*ALL, *alike]).told][:2] == [first.id, LARGE.id]


@pytest.mark.parametrize("suspects", [(HARD,), ()])
def test_wrong_numbers_are_told_before_inputs_not_refused(suspects: tuple[str, ...]) -> None:
    accepted = [bad(c, Status.WRONGLY_ACCEPTED, suspects=("refuses-nothing",)) for c in REFUSED[:5]]
    assert told(*accepted, bad(CASES[0], suspects=suspects))[0] == CASES[0].id


def culprits(*verdicts: Verdict) -> list[tuple[str, int, int]]:
    return [tuple(c) for c in summed(a_run(*verdicts)).culprits[BAD.name]]


def test_culprits_explain_most_of_the_failures() -> None:
    accepted = [bad(c, Status.WRONGLY_ACCEPTED, suspects=("refuses-nothing",)) for c in REFUSED[:5]]
    wrong = [bad(CASES[0], suspects=(HARD,)), bad(CASES[1], suspects=(IGNORED, HARD)), bad(CASES[2])]
    assert culprits(*accepted, *wrong) == [(HARD, 2, 2), ("refuses-nothing", 5, 5)]
    assert summed(MIXED).culprits[GOOD.name] == []


def test_a_mistake_that_passed_cases_speak_against_is_no_culprit() -> None:
    lost = [c for c in ALL if "segments-in-float64" in c.kills]
    passed = [c for c in ALL if "segments-ignored" in c.kills and c not in lost]
    failures = [bad(c, suspects=("segments-ignored", "segments-in-float64")) for c in lost]
    assert culprits(*failures)[0][0] == "segments-ignored"
    assert culprits(*failures, *(bad(c, Status.PASS) for c in passed))[0][0] == "segments-in-float64"


def test_no_name_is_told_where_passed_cases_speak_against_the_only_one() -> None:
    shown = [c for c in ALL if HARD in c.kills]
    failed = shown[:5]
    (passed,) = [c for c in shown[5:] if c.op is failed[0].op][:1]
    failures = [bad(c, suspects=(HARD,)) for c in failed]
    assert [name for name, *_ in culprits(*failures)] == [HARD]
    assert culprits(*failures, bad(passed, Status.PASS)) == []


def test_a_failure_names_first_what_explains_most_of_its_subjects() -> None:
    one, *others = [c for c in ALL if {HARD, IGNORED} <= {*c.kills}]
    run = a_run(bad(one, suspects=(HARD, IGNORED)), *(bad(c, suspects=(IGNORED,)) for c in others))
    (first,) = [v for v in summed(run).told if v.case == one.id]
    assert first.suspects == (IGNORED, HARD)


def test_a_finding_says_where_how_much_and_what_it_looks_like() -> None:
    assert summed(GREEN).findings == []
    (found,) = summed(MIXED).findings
    assert (found.group, found.modes, found.asked) == (BAD.group, ["jit"], 3)
    assert found.cases == {CASES[0].id, CASES[1].id}
    assert (found.clauses["TL-4"], found.statuses) == (2, {"fail": 2})
    assert (found.worst, found.ulp, found.boundless) == (None, None, 2)
    assert found.culprits == [HARD]
    numbers = (math.nan, math.inf, 7.0, 3.0, 0.5)
    run = a_run(*(bad(c, worst=w, ulp=w) for c, w in zip(ALL, numbers, strict=False)))
    (found,) = summed(run).findings
    assert (found.worst, found.ulp, found.boundless) == (7.0, 7.0, 2)


@pytest.mark.parametrize(
    ("verdicts", "sample"),
    [
        ([bad(LARGE), bad(CASES[0])], CASES[0]),
        ([bad(CASES[0]), bad(LARGE)], CASES[0]),
        ([bad(CASES[0]), bad(REFUSED[0], suspects=(HARD,))], REFUSED[0]),
    ],
)
def test_the_example_is_of_the_likeliest_mistake_or_told_first(verdicts: list[Verdict], sample: Case) -> None:
    (found,) = summed(a_run(*verdicts)).findings
    assert found.sample.case == sample.id


@pytest.mark.parametrize(
    ("run", "worst"),
    [
        (GREEN, 0.5),
        (MIXED, math.inf),
        (a_run(bad(CASES[0]), bad(CASES[1], worst=7.0)), 7.0),
        (a_run(bad(CASES[0]), bad(CASES[1], Status.XFAIL, worst=7.0)), math.inf),
        (a_run(bad(CASES[0], worst=2.0), bad(CASES[1], worst=math.nan)), 2.0),
        (a_run(bad(CASES[0], worst=None)), None),
    ],
)
def test_the_largest_error_is_a_number_of_a_failure_where_there_is_one(run: Run, worst: float | None) -> None:
    largest = summed(run).largest
    assert (largest.worst if largest else None) == worst


def test_distances_keep_where_they_were_found() -> None:
    subjects = named("a/cpu/eager", "a/cpu/jit", "b/cpu/eager")
    one, jit, other = (s.name for s in subjects)
    pairs = [
        Pair(one, jit, 5.0, "x", 1, 2),
        Pair(jit, other, 3.0, "y", 1, 2),
        Pair(one, other, 4.0, "z", 2, 2),
    ]
    summary = summed(replace(a_run(subjects=subjects), pairs=pairs))
    assert summary.apart.keys() == {("a/cpu", "a/cpu"), ("a/cpu", "b/cpu"), ("b/cpu", "a/cpu")}
    apart = summary.apart["b/cpu", "a/cpu"]
    assert (apart.farthest, apart.same, apart.shared) == (pairs[2], 3, 4)
    # Modes of one group are not two groups.
    assert summary.farthest == pairs[2]


def test_what_moved_most_comes_first() -> None:
    spreads = (0.0, 2.0, None, math.nan, 5.0)
    run = a_run(*(good(c, spread=s) for c, s in zip(ALL, spreads, strict=False)))
    assert [ALL.index(*suite.select(v.case)) for v in summed(run).moving] == [3, 4, 1]


@pytest.mark.slow
def test_of_like_mistakes_the_one_that_shows_in_few_other_cases_comes_first() -> None:
    case = next(c for c in ALL if c.id == "value-masked-f64-001")
    run = a_run(
        bad(case, suspects=("confidences-transposed", "mask-ignored", "mask-multiplies", "planar-columns"))
    )
    (only,) = summed(run).told
    assert only.suspects[0] == "mask-multiplies"
    assert summed(run).culprits[BAD.name][0].name == "mask-multiplies"


@pytest.mark.parametrize(("reason", "shown"), [("loss is 9.5", False), ("changed its input keypoints", True)])
def test_a_wrong_number_breaks_no_clause_about_memory(reason: str, *, shown: bool) -> None:
    case = next(c for c in ALL if "TL-1.4" in c.clauses)
    summary = summed(a_run(bad(case, reason=reason)))
    lines = explain.failure(case, summary.told[0], "")
    assert ("TL-1.4" in {text.split()[0] for label, text in lines if label == "clause"}) is shown
    assert ("TL-1.4" in summary.findings[0].clauses) is shown
    assert (matrix.matrix(summary)["TL-1.4"][columns(summary).index(BAD)].state == "fail") is shown


@pytest.mark.parametrize("drawn", [0, 7, 100, 101])
def test_the_total_counts_fresh_cases_that_were_drawn_and_no_others(drawn: int) -> None:
    # The header counts what a claim takes.
    run = a_run(good(CASES[0]), cases=len(ALL) + max(drawn, 100), fresh=drawn)
    assert summed(run).total == len(ALL) + drawn


def test_the_total_counts_fresh_cases_that_were_named() -> None:
    run = a_run(good(CASES[0]), good(*fresh.cases(1, 5)), cases=len(ALL) + 100, fresh=0)
    assert Summary(run, run.cases).total == len(ALL) + 1


def test_a_run_in_which_all_is_unsupported_says_so() -> None:
    run = a_run(*(good(c, Status.UNSUPPORTED) for c in CASES))
    assert summed(run).outcome.word == "nothing judged"
    run.planned += 1
    assert summed(run).outcome.word == "incomplete"
