"""The HTML report without a browser: one file, nothing from elsewhere, no text of a subject as markup."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from runs import BAD, CASES, GOOD, GREEN, HEADER, HOSTILE, MIXED, a_run, bad, good, written

from conformance import suite
from conformance.clauses import CLAUSES
from conformance.cli import main
from conformance.model import Status, Verdict
from conformance.report import html
from conformance.report.html import findings, headline, island, tables
from conformance.report.html.matrix import MARKS, State, matrix
from conformance.results import Pair, Run, SubjectInfo
from conformance.run import chosen

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.report.html.matrix import Cell

ALL = suite.load_cases()
VOID = {"meta", "link", "input", "br"}
LOADS = {"src", "href", "srcset", "action", "data", "poster", "background", "formaction"}
RUNS = {
    "good": GREEN,
    "mixed": MIXED,
    "failing": a_run(*(bad(c) for c in ALL)),
    "without numbers": a_run(*(bad(c, Status.CRASH, worst=None, ulp=None, spread=None) for c in CASES)),
    "NaN": a_run(*(bad(c, worst=math.nan, ulp=math.nan, spread=math.nan) for c in CASES)),
    "empty": Run(HEADER, 3),
    "no subject": Run(replace(HEADER, subjects=(), absences=()), 0),
    "fault": replace(GREEN, faults=[HOSTILE]),
}


class Page(HTMLParser):
    """Elements of a page; what is not closed, or closed twice, is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute of {tag} is there twice"
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[self.open[-1]][-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def page_of(run: Run) -> Page:
    return Page(html.render(run, ALL).removeprefix("<!doctype html>"))


def data_of(run: Run) -> dict[str, Any]:
    page = html.render(run, ALL)
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)

    def refuse(name: str) -> None:
        pytest.fail(f"{name} is no JSON")

    data: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return data


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_a_page_is_whole_and_loads_nothing(run: Run) -> None:
    page = page_of(run)
    ids = Counter(attributes["id"] for _, attributes in page.found if "id" in attributes)
    assert set(ids.values()) == {1}
    for _, attributes in page.found:
        named = (attributes.get("aria-labelledby") or "").split()
        assert set(named) <= set(ids)
        for name in LOADS & attributes.keys():
            assert str(attributes[name]).startswith("data:")
        assert not any(name.startswith("on") or name == "style" for name in attributes)
    assert not re.search(
        r"url\(|@import|\bimport\b|fetch\(|XMLHttp|innerHTML|insertAdjacent|document\.write",
        "".join(page.texts["style"] + page.texts["script"][1:]),
    )


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_no_script_and_no_style_runs_but_the_pages_own(run: Run) -> None:
    page = page_of(run)
    policy = page.all("meta")[1]["content"] or ""
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    code, style = page.texts["script"][-1], page.texts["style"]
    for text in (code, *style):
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy
    assert [s.get("type") for s in page.all("script")] == ["application/json", "module"]


def test_no_text_of_a_subject_is_markup() -> None:
    end = "</script><img src=x onerror=alert(1)>\u2028<!--"
    run = replace(a_run(*(good(c) for c in CASES), bad(CASES[0], reason=end)), faults=[end])
    run = replace(run, header=replace(run.header, command=end, versions={end: end}, host=end))
    text = html.render(run, ALL)
    assert "<script>alert" not in text
    assert "<img" not in text
    assert "\u2028" not in text.partition('id="data">')[2].partition("</script>")[0]
    assert page_of(run).all("img") == []
    data = data_of(run)
    assert data["subjects"][1]["name"] == BAD.name
    assert end in data["reasons"]


def test_the_drill_down_has_every_verdict_and_every_case_once() -> None:
    data = data_of(MIXED)
    assert [c["id"] for c in data["cases"]] == [c.id for c in ALL if c in CASES]
    assert len(data["verdicts"]) == len(MIXED.verdicts)
    subject, case, status, worst, ulp, spread, _, grade, reason, *suspects = data["verdicts"][4]
    assert data["subjects"][subject] == {"name": BAD.name, "rerun": BAD.rerun}
    assert data["cases"][case]["id"] == CASES[1].id
    assert data["statuses"][status] == "fail"
    assert (worst, ulp, spread, data["grades"][grade]) == ("Infinity", "Infinity", 2, "")
    assert data["reasons"][reason] == f"loss is {HOSTILE}"
    assert [data["suspects"][s] for s in suspects] == ["epsilon-hard-threshold", "epsilon-ignored"]
    assert set(data["mistakes"]) == {"epsilon-hard-threshold", "epsilon-ignored"}
    assert {c for case in data["cases"] for c in case["clauses"]} <= set(data["clauses"])
    assert data_of(RUNS["NaN"])["verdicts"][0][3:6] == ["NaN", "NaN", "NaN"]


def test_a_case_is_told_in_numbers_and_in_bits() -> None:
    (case,) = [c for c in data_of(GREEN)["cases"] if c["id"] == CASES[0].id]
    (keypoints,) = case["inputs"]
    assert keypoints["text"].split()[:3] == ["1.0", "2.0", "3.0"]
    assert keypoints["bits"].split()[:3] == ["3f800000", "40000000", "40400000"]
    assert (keypoints["shape"], keypoints["total"]) == ([3, 4], 12)
    assert case["params"] == [["epsilon", "5.0"], ["reduction", "'none'"]]
    assert case["expected"][0]["budget"] == [0]


def test_a_page_stays_small_however_many_subjects_there_are() -> None:
    subjects = tuple(replace(GOOD, name=f"numpy/cpu/{i}", mode=str(i)) for i in range(25))
    verdicts = [good(c, subject=s.name, worst=1 / 3) for s in subjects for c in ALL]
    run = Run(replace(HEADER, subjects=subjects), len(verdicts), verdicts)
    assert len(html.render(run, ALL).encode()) < 4_000_000
    large = max(ALL, key=lambda c: len(c.inputs["keypoints"].values))
    (case,) = json.loads(island.data(a_run(good(large)), ALL))["cases"]
    assert case["inputs"][0]["total"] == len(large.inputs["keypoints"].values) > island.SHOWN
    assert len(case["inputs"][0]["bits"].split()) == island.SHOWN


def cell(run: Run, clause: str, column: int) -> Cell:
    (row,) = [r for r in matrix(run, ALL).rows if r.clause == clause]
    return row.cells[column]


def test_the_matrix_has_a_row_per_clause_asked_and_a_column_per_subject_and_absence() -> None:
    made = matrix(MIXED, ALL)
    assert [c.name for c in made.columns] == [GOOD.name, BAD.name, "cupy"]
    asked = {clause for case in CASES for clause in case.clauses}
    assert [r.clause for r in made.rows] == [c for c in CLAUSES if c in asked]
    assert made.unasked == [c for c in CLAUSES if c not in asked]
    assert {r.cells[2].state for r in made.rows} == {State.ABSENT}
    page = page_of(MIXED)
    buttons = [b for b in page.all("button") if "cell" in (b.get("class") or "").split()]
    assert len(buttons) == 3 * len(made.rows)


def bad_number(place: int, worst: float) -> Verdict:
    return good(CASES[place], status=Status.FAIL, worst=worst)


@pytest.mark.parametrize(
    ("verdicts", "state", "text"),
    [
        ([good(CASES[0], worst=0.0)], State.PASS, "0"),
        ([good(CASES[0], worst=None)], State.PASS, "✓"),
        ([good(CASES[0], worst=0.2), good(CASES[1], worst=0.31)], State.PASS, "0.31"),
        ([good(CASES[0]), good(CASES[1], status=Status.FAIL, worst=3.0)], State.FAIL, "3.00"),
        ([bad_number(0, math.nan)], State.FAIL, "nan"),
        ([bad_number(0, math.nan), bad_number(1, 3.0)], State.FAIL, "nan"),
        ([bad_number(0, 3.0), bad_number(1, math.nan)], State.FAIL, "nan"),
        ([good(CASES[0], status=Status.FAIL, worst=math.inf)], State.FAIL, "∞"),
        ([good(CASES[0], status=Status.FAIL, worst=0.5)], State.FAIL, "wrong"),
        ([good(CASES[0], status=Status.CRASH, worst=None)], State.FAIL, "crash"),
        ([good(CASES[0], status=Status.WRONGLY_ACCEPTED, worst=None)], State.FAIL, "accepted"),
        ([good(CASES[0], status=Status.XPASS)], State.FAIL, "xpass"),
        ([good(CASES[0], status=Status.XFAIL, worst=9.0), good(CASES[1])], State.DECLARED, "xfail"),
        ([good(CASES[0], status=Status.UNSUPPORTED, worst=None)], State.UNSUPPORTED, "-"),
        ([good(CASES[0], status=Status.SKIPPED, worst=None)], State.UNSUPPORTED, "-"),
    ],
)
def test_a_cell_shows_the_worst_of_its_cases(verdicts: list[Any], state: State, text: str) -> None:
    found = cell(a_run(*verdicts, bad(CASES[0])), "TL-4", 0)
    assert (found.state, found.text) == (state, text)


def test_a_subject_that_was_not_asked_is_no_one_that_passed() -> None:
    assert cell(GREEN, "TL-4", 1).state is State.UNASKED
    assert cell(GREEN, "TL-4", 1).text == MARKS[State.UNASKED]
    assert cell(GREEN, "TL-4", 0).part
    whole = a_run(*(good(c) for c in ALL))
    assert not cell(whole, "TL-4", 0).part
    assert cell(whole, "TL-4", 0).words.startswith(f"of {sum('TL-4' in c.clauses for c in ALL)} cases")
    some = a_run(*(good(c, status=Status.UNSUPPORTED if c.id == CASES[0].id else Status.PASS) for c in ALL))
    assert cell(some, "TL-4", 0).part


def test_colour_deepens_with_the_error() -> None:
    passing = [cell(a_run(good(CASES[0], worst=w)), "TL-4", 0).level for w in (0.0, 0.1, 0.5, 1.0)]
    failing = [
        cell(a_run(good(CASES[0], status=Status.FAIL, worst=w)), "TL-4", 0).level
        for w in (1.5, 10.5, 1e4, math.inf, math.nan)
    ]
    assert passing == [0, 1, 2, 3]
    assert failing == [1, 2, 3, 3, 3]


def test_modes_of_one_device_stand_side_by_side() -> None:
    names = ("torch/cpu/eager", "torch/cuda/eager", "torch/cpu/jit")
    subjects = tuple(SubjectInfo(n, "", n.rpartition("/")[2], "", 1) for n in names)
    made = matrix(Run(replace(HEADER, subjects=subjects, absences=())), ALL)
    assert [(c.name, c.subject, c.first) for c in made.columns] == [
        (names[0], 0, True),
        (names[2], 2, False),
        (names[1], 1, True),
    ]


def test_the_example_of_a_finding_is_of_the_likeliest_mistake_or_told_first() -> None:
    mistake = "epsilon-hard-threshold"
    large = max((c for c in ALL if not c.error), key=lambda c: len(c.inputs["keypoints"].values))
    for verdicts in ([bad(large), bad(CASES[0])], [bad(CASES[0]), bad(large)]):
        (found,) = findings.findings(a_run(*verdicts), ALL)
        assert found.sample.case == CASES[0].id
        assert found.looks_like == []
    refused = next(c for c in ALL if c.error)
    (found,) = findings.findings(a_run(bad(CASES[0]), bad(refused, suspects=(mistake,))), ALL)
    assert (found.sample.case, found.looks_like[0][0]) == (refused.id, mistake)


def test_a_column_tells_where_code_runs_before_what_it_is_called() -> None:
    own = SubjectInfo("mine.loss:f@torch/cpu/eager", "cpu", "eager", "", 1)
    (column,) = matrix(Run(replace(HEADER, subjects=(own,), absences=())), ALL).columns
    assert (column.place, column.mode, column.code) == ("torch/cpu", "eager", "mine.loss:f")


def test_a_finding_says_who_where_how_much_and_how_to_see_it_again() -> None:
    (found,) = findings.findings(MIXED, ALL)
    assert found.group == BAD.group
    assert (found.failing, found.asked) == (2, 3)
    assert found.clauses[0] == ("TL-4", 2)
    assert (found.worst, found.boundless) == (None, 2)
    assert found.looks_like[0][0] == "epsilon-hard-threshold"
    assert found.command == f"python -m conformance --port ./hostile --case {found.sample.case}"
    assert findings.findings(GREEN, ALL) == []
    one = a_run(good(CASES[0]), bad(CASES[0]), bad(CASES[1], worst=7.0, ulp=4.0))
    (found,) = findings.findings(one, ALL)
    assert (found.worst, found.ulp, found.boundless) == (7.0, 4.0, 1)


@pytest.mark.parametrize(
    ("run", "word", "sentence"),
    [
        (GREEN, "Conforms", "All 2 backends and devices gave"),
        (MIXED, "Does not conform", "of 2 backends and devices, differs from the text in 2 of 3 cases."),
        (RUNS["empty"], "Incomplete", "0 of 3 planned"),
        (RUNS["fault"], "Fault in the suite", "please report"),
        (a_run(good(CASES[0]), good(CASES[1], status=Status.XFAIL)), "Conforms", "but for 1 declared"),
    ],
)
def test_the_headline_says_what_came_out(run: Run, word: str, sentence: str) -> None:
    found = headline.verdict(run)
    assert found.word == word
    assert sentence in found.sentence
    assert word in "".join(page_of(run).texts["title"])


def test_the_largest_error_is_a_number_where_there_is_one_and_never_that_of_a_pass() -> None:
    numbers = {t.label: t for t in headline.tiles(MIXED)}
    assert (numbers["largest error"].number, numbers["largest error"].bad) == ("∞", True)
    assert (numbers["failing"].number, numbers["unsupported"].number) == ("2", "1")
    assert (numbers["farthest apart"].number, numbers["run to run"].number) == ("1.0e+09", "3")
    apart = replace(MIXED, pairs=[replace(MIXED.pairs[0], ulp=math.inf)])
    assert {t.label: t for t in headline.tiles(apart)}["farthest apart"].note.startswith("NaN for a number")
    both = a_run(bad(CASES[0]), bad(CASES[1], worst=7.0))
    assert {t.label: t.number for t in headline.tiles(both)}["largest error"] == "7.00"
    assert {t.label: t.number for t in headline.tiles(GREEN)}["largest error"] == "0.50"


def test_distances_keep_where_they_were_found() -> None:
    more = Pair(BAD.name, GOOD.name, 2e9, CASES[1].id, 2, 3)
    made = tables.distances(replace(GREEN, pairs=[*GREEN.pairs, more, replace(more, ulp=1.0)]))
    apart = made.apart[GOOD.group, BAD.group]
    assert (apart.ulp, apart.case, apart.subject) == (2e9, CASES[1].id, 1)
    assert (apart.same, apart.shared) == (5, 9)


def test_what_ran_in_part_what_is_absent_and_what_moved_is_told() -> None:
    ids = [c.id for c in chosen.cases_for("inductor", ALL)]
    slow = SubjectInfo("torch/cpu/inductor", "cpu", "inductor", "", len(ids))
    text = html.render(replace(MIXED, header=replace(HEADER, subjects=(GOOD, BAD, slow))), ALL)
    assert f"torch/cpu/inductor ran {len(ids)} chosen cases" in text
    assert ", ".join(ids) in text
    assert "cupy: no CUDA device" in text
    assert "2 ULP (" in text
    assert HEADER.suite in text


def test_a_json_lines_report_becomes_a_page_and_a_markdown_one(tmp_path: Path) -> None:
    report = written(MIXED, tmp_path / "r.jsonl")
    page, text = tmp_path / "r.html", tmp_path / "r.md"
    assert main(["render", str(report), "--html", str(page), "--markdown", str(text)]) == 0
    assert page.read_text(encoding="utf-8") == html.render(MIXED, ALL)
    assert text.read_text(encoding="utf-8").startswith("# Temporal loss conformance: does not conform")


def test_a_report_of_other_cases_or_for_nowhere_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = written(replace(GREEN, header=replace(HEADER, suite="f" * 64)), tmp_path / "o.jsonl")
    assert main(["render", str(other), "--html", str(tmp_path / "o.html")]) == 2
    assert "of other cases (suite ffffffffffff)" in capsys.readouterr().err
    assert main(["render", str(written(GREEN, tmp_path / "r.jsonl"))]) == 2
    assert "nothing to write" in capsys.readouterr().err
