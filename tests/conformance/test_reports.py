"""Reports on a run made by hand: what they say, and that nothing a subject says can harm them."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from runs import BAD, CASES, GOOD, GREEN, HEADER, HOSTILE, MIXED, a_run, bad, good, written

from conformance import explain, suite
from conformance.exits import Exit, UsageError
from conformance.model import Status, Verdict
from conformance.report import badge, diff, jsonl, markdown, summary, terminal
from conformance.results import Run, SubjectInfo
from conformance.run import chosen

if TYPE_CHECKING:
    from pathlib import Path


def shown(run: Run, width: int = 200) -> str:
    stream = io.StringIO()
    terminal.show(run, suite.load_cases(), Console(file=stream, width=width))
    return stream.getvalue()


def replace_subjects(run: Run, *names: str) -> Run:
    subjects = (GOOD, *(replace(GOOD, name=name) for name in names))
    return replace(run, header=replace(HEADER, subjects=subjects))


def row(text: str, subject: str) -> list[str]:
    return next(line for line in text.splitlines() if line.startswith(subject)).removeprefix(subject).split()


def test_the_matrix_counts_what_passed_of_what_ran() -> None:
    text = shown(MIXED)
    line = next(line for line in text.splitlines() if line.startswith("subject"))
    header = line.replace("max ULP", "max").split()[1:]
    mine = dict(zip(header, row(text, GOOD.name), strict=True))
    assert (mine["f32"], mine["f64"], mine["grad"]) == ("2/2", "1/1", "·")
    assert (mine["err/budget"], mine["max"]) == ("0.50", "3")
    assert dict(zip(header, row(text, BAD.name), strict=True))["f32"] == "!0/2"
    assert dict(zip(header, row(text, BAD.name), strict=True))["f64"] == "-"


def test_a_narrow_terminal_gets_more_than_one_table_and_every_column() -> None:
    heads = [line.split() for line in shown(MIXED, width=79).splitlines() if line.startswith("subject")]
    assert len(heads) > 1
    (wide,) = [line.split() for line in shown(MIXED).splitlines() if line.startswith("subject")]
    assert [word for head in heads for word in head if word != "subject"] == wide[1:]
    assert max(map(len, shown(GREEN, width=79).splitlines()[:8])) <= 79


def test_absences_distances_spread_and_closing_are_told() -> None:
    text = shown(MIXED)
    assert "cupy: absent: no CUDA device" in text
    assert "1.0e+09" in text
    assert "3 results differ between two runs, at most 2 ULP" in text
    assert text.splitlines()[-1].startswith(
        "does not conform: 3 passed, 2 fail, 1 unsupported; 6 of 6 planned"
    )
    assert shown(GREEN).splitlines()[-1].startswith("conforms: 3 passed; 3 of 3 planned, a selection of 3 of")


def test_a_failure_is_told_so_that_one_can_act_on_it() -> None:
    text = shown(MIXED)
    case = CASES[0]
    assert f"case  {case.id}: {case.description}" in text
    assert "clause  TL-4 Epsilon is a soft threshold" in text
    assert "input  keypoints float32 [3, 4]: 1.0, 2.0, 3.0, 1.0, 4.0, 6.0, 9.0, 9.0, … 12 in all" in text
    assert "input  epsilon=5.0, reduction='none'" in text
    assert "expected  loss float32 [2, 2]: 0.0, 5.0, 3.0, 0.0" in text
    assert "perhaps  epsilon-hard-threshold: Zeroes lengths below epsilon" in text
    assert f"rerun  python -m conformance --port ./hostile --case {case.id}" in text


def test_the_mistake_behind_most_failures_is_named_once() -> None:
    assert summary.culprits(MIXED, BAD, CASES) == [("epsilon-hard-threshold", 2, 2)]
    assert f"{BAD.name}: 2 of 2 explained failures are those of epsilon-hard-threshold" in shown(MIXED)


def test_failures_like_no_known_mistake_are_counted() -> None:
    run = a_run(bad(CASES[0], suspects=("epsilon-hard-threshold",)), bad(CASES[1]), bad(CASES[2]))
    assert "2 of 3 failures are like no known mistake" in shown(run)
    assert "like no known" not in shown(MIXED)


def test_failures_of_other_kinds_and_few_numbers_come_first() -> None:
    cases = suite.load_cases()
    large = max(cases, key=lambda c: len(c.inputs["keypoints"].values))
    run = a_run(bad(large), *(bad(c) for c in CASES))
    told = summary.told(run, cases, 3)
    assert large.id not in [v.case for v in told]
    assert len({v.case for v in told}) == 3
    assert len(summary.told(run, cases, 9)) == 4


def test_wrong_numbers_are_told_before_inputs_not_refused() -> None:
    cases = suite.load_cases()
    odd = [c for c in cases if c.error is not None][:5]
    accepted = [bad(c, Status.WRONGLY_ACCEPTED, suspects=("refuses-nothing",)) for c in odd]
    wrong = bad(CASES[0], suspects=("epsilon-hard-threshold",))
    run = a_run(*accepted, wrong)
    assert summary.told(run, cases, 1) == [wrong]
    assert summary.told(a_run(*accepted, replace(wrong, suspects=())), cases, 1)[0].case == wrong.case
    assert summary.culprits(run, BAD, cases) == [("epsilon-hard-threshold", 1, 1), ("refuses-nothing", 5, 5)]


def test_the_likeliest_mistake_is_named_first() -> None:
    cases = suite.load_cases()
    one, *others = [c for c in cases if {"epsilon-ignored", "epsilon-hard-threshold"} <= {*c.kills}]
    both = bad(one, suspects=("epsilon-hard-threshold", "epsilon-ignored"))
    run = a_run(both, *(bad(c, suspects=("epsilon-ignored",)) for c in others))
    (first,) = [v for v in summary.told(run, cases, len(cases)) if v.case == one.id]
    assert first.suspects == ("epsilon-ignored", "epsilon-hard-threshold")


def test_a_mistake_that_passed_cases_speak_against_is_no_culprit() -> None:
    cases = suite.load_cases()
    lost = [c for c in cases if "segments-in-float64" in c.kills]
    passed = [c for c in cases if "segments-ignored" in c.kills and c not in lost]
    failures = [bad(c, suspects=("segments-ignored", "segments-in-float64")) for c in lost]
    run = a_run(*failures, *(Verdict(c.id, BAD.name, Status.PASS) for c in passed))
    assert summary.culprits(a_run(*failures), BAD, cases)[0][0] == "segments-ignored"
    assert summary.culprits(run, BAD, cases)[0][0] == "segments-in-float64"


def test_the_legend_explains_the_marks_that_are_there() -> None:
    lines = terminal.legend(GREEN, CASES)
    assert len(lines) == 1
    assert "5: all 5 cases passed; ·: not asked" in terminal.legend(replace_subjects(GREEN, "a"), CASES)[0]
    assert "3/5" not in lines[0]
    assert "-: nothing" not in lines[0]
    mixed = terminal.legend(MIXED, suite.load_cases())
    assert "!3/5: 3 of 5 passed, and some are wrong" in mixed[0]
    assert "pretended" not in mixed[0]
    assert "array-api-strict" in terminal.legend(replace_subjects(GREEN, "strict/cpu/eager"), CASES)[1]


def test_a_fault_is_told() -> None:
    text = shown(Run(HEADER, 1, [good(CASES[0])], faults=["broken"]))
    assert "fault in the suite: broken" in text
    assert "the suite itself failed" in text.splitlines()[-1]


def test_the_chosen_cases_of_a_slow_mode_are_told() -> None:
    ids = [c.id for c in chosen.cases_for("inductor", suite.load_cases())]
    slow = SubjectInfo("torch/cpu/inductor", "cpu", "inductor", "", len(ids))
    run = Run(replace(HEADER, subjects=(GOOD, slow)), 3, [good(c) for c in CASES])
    assert f"torch/cpu/inductor ran {len(ids)} chosen cases" in shown(run)
    for text in (shown(run, width=5000), markdown.render(run, suite.load_cases()).replace("\\", "")):
        assert ", ".join(ids) in text
    one = replace(run, header=replace(HEADER, subjects=(GOOD, replace(slow, cases=1))))
    assert "chosen" not in shown(one)


def test_text_of_a_subject_is_no_markup_on_the_terminal() -> None:
    assert HOSTILE in shown(MIXED)


def test_markdown_has_no_text_of_a_subject_as_markup() -> None:
    text = markdown.render(MIXED, suite.load_cases())
    assert text.startswith("# Temporal loss conformance: does not conform\n")
    for line in text.splitlines():
        # Indented lines are code, where text shows as it is.
        if not line.startswith("    "):
            assert "<script>" not in line
            assert "|`" not in line
    assert "&lt;script&gt;" in text
    widths = {line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("| numpy")}
    assert len(widths) <= 2
    assert "- cupy is absent: no CUDA device." in text
    assert f"python -m conformance --port ./hostile --case {CASES[0].id}" in text


def test_json_lines_are_strict_and_read_back_to_the_same_run(tmp_path: Path) -> None:
    path = written(MIXED, tmp_path / "r.jsonl")

    def refuse(name: str) -> None:
        pytest.fail(f"{name} is no JSON")

    found = [
        json.loads(line, parse_constant=refuse) for line in path.read_text(encoding="utf-8").splitlines()
    ]
    assert [line["type"] for line in found] == ["header", *["verdict"] * 6, "pair", "footer"]
    assert found[-1] == {
        "type": "footer",
        "planned": 6,
        "run": 6,
        "counts": {"pass": 3, "fail": 2, "unsupported": 1},
        "faults": [],
        "exit": 1,
    }
    assert jsonl.read(path) == MIXED


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines: lines[:-1], "no footer"),
        (lambda lines: lines[1:], "not a report of this suite"),
        (lambda _: [], "not a report of this suite"),
        (lambda lines: [*lines[:-1], lines[-1][:-9]], "cut short"),
        (lambda _: ["no JSON"], "make one with --jsonl"),
        (lambda lines: [lines[0].replace('"format": 1', '"format": 2'), *lines[1:]], "another version"),
    ],
)
def test_a_report_that_is_not_whole_is_refused(tmp_path: Path, change: object, words: str) -> None:
    path = written(MIXED, tmp_path / "r.jsonl")
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(change(lines)), encoding="utf-8")  # type: ignore[operator]
    with pytest.raises(UsageError, match=words):
        jsonl.read(path)


def test_diff_sorts_changes(tmp_path: Path) -> None:
    one, two, three = CASES
    old = a_run(good(one), good(two), bad(three), good(three))
    new = a_run(good(one, worst=0.9), good(two, status=Status.FAIL), bad(three, Status.PASS))
    found = diff.compare(jsonl.read(written(old, tmp_path / "o")), jsonl.read(written(new, tmp_path / "n")))
    assert [(c.case, c.after) for c in found.worse] == [
        (three.id, "absent"),
        (two.id, "fail (0.50 of the budget)"),
    ]
    assert [(c.subject, c.case) for c in found.better] == [(BAD.name, three.id)]
    assert [c.case for c in found.moved] == [one.id]
    assert found.notes == []


@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        (Status.PASS, Status.UNSUPPORTED, "worse"),
        (Status.UNSUPPORTED, Status.FAIL, "worse"),
        (Status.XFAIL, Status.FAIL, "worse"),
        (Status.FAIL, Status.CRASH, "moved"),
        (Status.FAIL, Status.PASS, "better"),
        (Status.UNSUPPORTED, Status.PASS, "better"),
        (Status.PASS, Status.PASS, ""),
    ],
)
def test_diff_of_one_verdict(before: Status, after: Status, where: str) -> None:
    case = CASES[0]
    found = diff.compare(a_run(good(case, status=before)), a_run(good(case, status=after)))
    assert [n for n in ("worse", "better", "moved") if getattr(found, n)] == ([where] if where else [])


def test_diff_follows_a_port_to_its_next_version() -> None:
    def run(version: str, *verdicts: Verdict) -> Run:
        subject = replace(GOOD, name=f"my-port {version} (Rust)/cpu")
        header = replace(HEADER, subjects=(subject,))
        return Run(header, len(verdicts), [replace(v, subject=subject.name) for v in verdicts])

    passed = [good(c) for c in CASES]
    found = diff.compare(run("0.1", *passed), run("0.2-beta", *passed[1:], bad(CASES[0])))
    assert [c.case for c in found.worse] == [CASES[0].id]
    assert not found.better
    assert "my-port 0.1 (Rust)/cpu before, my-port 0.2-beta (Rust)/cpu now" in found.notes


def test_diff_says_what_makes_two_reports_hard_to_compare() -> None:
    other = replace(HEADER, suite="f" * 64, versions={"temporal-loss": "0.2.0", "jax": "9"})
    notes = diff.compare(GREEN, replace(GREEN, header=other)).notes
    assert len(notes) == 3
    stream = io.StringIO()
    diff.show(diff.compare(GREEN, MIXED), Console(file=stream, width=200))
    assert "worse: 2" in stream.getvalue()
    assert HOSTILE in stream.getvalue()


@pytest.mark.parametrize(
    ("run", "message", "color"),
    [
        (replace(GREEN, header=replace(HEADER, cases=3)), "3 cases passed", "brightgreen"),
        (GREEN, f"a selection: 3 of {len(suite.load_cases())} cases passed", "yellow"),
        (MIXED, "2 of 6 fail", "red"),
        (a_run(good(CASES[0]), planned=2), "incomplete", "yellow"),
        (
            replace(
                a_run(good(CASES[0]), bad(CASES[0], Status.XFAIL)),
                header=replace(HEADER, cases=1),
            ),
            "1 declared deviations",
            "brightgreen",
        ),
    ],
)
def test_badges(run: Run, message: str, color: str) -> None:
    found = badge.badge(run)
    assert set(found) == {"schemaVersion", "label", "message", "color"}
    assert message in str(found["message"])
    assert found["color"] == color


def test_a_badge_counts_profiles_only_for_the_cases_that_are_installed() -> None:
    whole = replace(GREEN, header=replace(HEADER, cases=3))
    assert "profiles" in str(badge.badge(whole)["message"])
    other = replace(GREEN, header=replace(HEADER, cases=3, suite="f" * 64))
    assert "profiles" not in str(badge.badge(other)["message"])


def test_long_arrays_are_shortened_and_short_ones_are_not() -> None:
    assert explain.shortened(CASES[0].expected["loss"].array) == "float32 [2, 2]: 0.0, 5.0, 3.0, 0.0"
    assert explain.shortened(CASES[0].inputs["keypoints"]).endswith(", … 12 in all")


def test_groups_draw_the_modes_of_a_device_together() -> None:
    names = ("torch/cpu/eager", "torch/cpu/vmap", "numpy/cpu/eager")
    subjects = tuple(SubjectInfo(n, "cpu", n.rpartition("/")[2], "", 1) for n in names)
    run = Run(replace(HEADER, subjects=subjects))
    assert summary.grouped(run, list(names)) == ["torch/cpu", "numpy/cpu"]
    assert summary.grouped(run, [names[1]]) == ["torch/cpu (vmap)"]


def test_claims_take_every_case_of_a_profile() -> None:
    cases = [c for c in suite.load_cases() if c.id.startswith("value-exact-f32")]
    full = a_run(*(good(c) for c in cases))
    by, missed = summary.claims(full, cases)["value-f32"]
    assert (by, missed) == ([GOOD.name], [])
    part = a_run(*(good(c) for c in cases[1:]))
    assert "value-f32" not in summary.claims(part, cases)
    assert "Profiles claimed: none" in shown(part)
    unsupported = a_run(*(good(c, status=Status.UNSUPPORTED) for c in cases))
    assert summary.claims(unsupported, cases)["value-f32"] == ([], [])
    spoilt = a_run(*(good(c) for c in cases[1:]), good(cases[0], status=Status.XFAIL))
    assert summary.claims(spoilt, cases)["value-f32"] == ([], [GOOD.name])
    assert spoilt.exit_code is Exit.CONFORMS
