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
from runs import ALL, BAD, CASES, GOOD, GREEN, MIXED, a_run, bad, good, named, page_text, summed

from conformance.clauses import CLAUSES
from conformance.model import Status
from conformance.report import html
from conformance.report.html import island, matrix

if TYPE_CHECKING:
    from conformance.model import Verdict
    from conformance.results import Run

VOID = {"meta", "link", "input", "br"}
LOADS = {"src", "href", "srcset", "action", "data", "poster", "background", "formaction"}
END = "</script><img src=x onerror=alert(1)>\u2028<!--"
RUNS = {
    "good": GREEN,
    "mixed": MIXED,
    "failing": a_run(*map(bad, ALL)),
    "without numbers": a_run(*(bad(c, Status.CRASH, worst=None, ulp=None, spread=None) for c in CASES)),
    "NaN": a_run(*(bad(c, worst=math.nan, ulp=math.nan, spread=math.nan) for c in CASES)),
    "empty": a_run(planned=3),
    "no subject": a_run(subjects=(), absences=()),
    "hostile": replace(
        a_run(good(CASES[0]), bad(CASES[0], reason=END), command=END, versions={END: END}, host=END),
        faults=[END],
    ),
}


class Page(HTMLParser):
    """Elements of a page; what is not closed, or closed twice, is an error."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(html.render(summed(run)).removeprefix("<!doctype html>"))
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


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_a_page_is_whole_loads_nothing_and_runs_only_its_own_code(run: Run) -> None:
    page = Page(run)
    ids = Counter(attributes["id"] for _, attributes in page.found if "id" in attributes)
    assert set(ids.values()) == {1}
    for _, attributes in page.found:
        assert {*(attributes.get("aria-labelledby") or "").split()} <= set(ids)
        assert all(str(attributes[name]).startswith("data:") for name in LOADS & attributes.keys())
        assert not any(name.startswith("on") or name == "style" for name in attributes)
    assert page.all("img") == []
    assert [s.get("type") for s in page.all("script")] == ["application/json", "module"]
    _, code = page.texts["script"]
    (style,) = page.texts["style"]
    loads = r"url\(|@import|\bimport\b|fetch\(|XMLHttp|innerHTML|insertAdjacent|document\.write"
    assert not re.search(loads, style + code)
    policy = page.all("meta")[1]["content"] or ""
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for text in (code, style):
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy


def data_of(run: Run) -> dict[str, Any]:
    text, _ = Page(run).texts["script"]
    # JSON as a page may hold it: some engines take these for ends of lines, and NaN is none.
    assert "\u2028" not in text

    def refuse(name: str) -> None:
        pytest.fail(f"{name} is no JSON")

    data: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return data


def test_the_drill_down_has_every_verdict_and_every_case_once() -> None:
    data = data_of(MIXED)
    assert [c["id"] for c in data["cases"]] == [c.id for c in ALL if c in CASES]
    assert len(data["verdicts"]) == len(MIXED.verdicts)
    _, _, _, *numbers, _, grade, reason = data["verdicts"][0]
    assert (numbers, data["grades"][grade], data["reasons"][reason]) == ([0.5, 3, 0], "tight", "")
    assert [data["suspects"][s] for s in data["verdicts"][4][9:]] == [*MIXED.verdicts[4].suspects]
    assert data_of(RUNS["NaN"])["verdicts"][0][3:6] == ["NaN", "NaN", "NaN"]
    assert END.replace("\u2028", "\\u2028") in data_of(RUNS["hostile"])["reasons"]
    (keypoints,) = next(c["inputs"] for c in data["cases"] if c["id"] == CASES[0].id)
    assert keypoints["text"].split()[:3] == ["1.0", "2.0", "3.0"]
    assert keypoints["bits"].split()[:3] == ["3f800000", "40000000", "40400000"]


@pytest.mark.slow
def test_a_page_stays_small_however_many_subjects_there_are() -> None:
    subjects = named(*(f"numpy/cpu/{i}" for i in range(25)))
    run = a_run(*(good(c, subject=s.name, worst=1 / 3) for s in subjects for c in ALL), subjects=subjects)
    assert len(html.render(summed(run)).encode()) < 4_000_000
    large = max(ALL, key=lambda c: len(c.inputs["keypoints"].values))
    keypoints = data_of(a_run(good(large)))["cases"][0]["inputs"][0]
    assert keypoints["total"] == len(large.inputs["keypoints"].values) > island.SHOWN
    assert len(keypoints["bits"].split()) == island.SHOWN


def test_the_matrix_has_a_row_per_clause_asked_and_a_column_per_subject_and_absence() -> None:
    asked = {clause for case in CASES for clause in case.clauses}
    assert [*matrix.matrix(summed(MIXED))] == [c for c in CLAUSES if c in asked]
    page = Page(MIXED)
    cells = [b for b in page.all("button") if "cell" in (b.get("class") or "").split()]
    columns = [(c["title"] or "").partition(": ")[0].partition(", ")[2] for c in cells]
    assert columns == [GOOD.name, BAD.name, "cupy"] * len(asked)
    assert (
        f"Clauses without a case in this run: {', '.join(c for c in CLAUSES if c not in asked)}."
        in page_text(MIXED)
    )


def test_modes_of_one_device_stand_side_by_side_and_places_before_names() -> None:
    names = ("torch/cpu/eager", "torch/cuda/eager", "torch/cpu/jit", "mine.loss:f@torch/cpu/eager")
    run = a_run(good(CASES[0], subject=names[0]), subjects=named(*names), absences=())
    page = Page(run)
    assert [b["data-subject"] for b in page.all("button") if b.get("title") in names] == ["0", "2", "1", "3"]
    assert [h.get("class") for h in page.all("th")[1:5]] == ["first", None, "first", "first"]
    heads = "clause torch/cpu eager torch/cpu jit torch/cuda eager torch/cpu eager mine.loss:f"
    assert heads in page_text(run)


def cell(*verdicts: Verdict) -> matrix.Cell:
    """Show what the cell of epsilon's clause says of a subject with these verdicts."""
    ids = [c.id for c in ALL if "TL-4" in c.clauses]
    return matrix.cell(ids, {v.case: v for v in verdicts})


ONE, TWO, _ = CASES


@pytest.mark.parametrize(
    ("verdicts", "state", "text"),
    [
        ([good(ONE, worst=0.0)], "pass", "0"),
        ([good(ONE, worst=None)], "pass", "✓"),
        ([good(ONE, worst=0.2), good(TWO, worst=0.31)], "pass", "0.31"),
        ([good(ONE), good(TWO, Status.UNSUPPORTED, worst=None)], "pass", "0.50"),
        ([good(ONE), good(TWO, Status.FAIL, worst=3.0)], "fail", "3.00"),
        ([good(ONE, Status.FAIL, worst=math.nan)], "fail", "nan"),
        ([good(ONE, Status.FAIL, worst=math.nan), good(TWO, Status.FAIL, worst=3.0)], "fail", "nan"),
        ([good(ONE, Status.FAIL, worst=3.0), good(TWO, Status.FAIL, worst=math.nan)], "fail", "nan"),
        ([good(ONE, Status.FAIL, worst=math.inf)], "fail", "∞"),
        ([good(ONE, Status.FAIL, worst=0.5)], "fail", "wrong"),
        ([good(ONE, Status.CRASH, worst=None)], "fail", "crash"),
        ([good(ONE, Status.WRONGLY_ACCEPTED, worst=None)], "fail", "accepted"),
        ([good(ONE, Status.XPASS)], "fail", "xpass"),
        ([good(ONE, Status.XFAIL, worst=9.0), good(TWO)], "declared", "xfail"),
        ([good(ONE, Status.UNSUPPORTED, worst=None)], "unsupported", "-"),
        ([good(ONE, Status.SKIPPED, worst=None)], "unsupported", "-"),
        ([], "unasked", "·"),
    ],
)
def test_a_cell_shows_the_worst_of_its_cases(verdicts: list[Verdict], state: str, text: str) -> None:
    found = cell(*verdicts)
    assert (found.state, found.text) == (state, text)


def test_a_cell_says_in_words_what_it_shows_and_marks_what_is_not_all() -> None:
    mine = [c for c in ALL if "TL-4" in c.clauses]
    whole = cell(*map(good, mine))
    assert (whole.part, whole.share) == (False, "")
    assert whole.words == f"of {len(mine)} cases {len(mine)} pass; largest error 0.50 of its budget"
    assert cell(good(ONE)).part
    assert cell(good(ONE, Status.UNSUPPORTED), *map(good, mine[1:])).part
    some = cell(good(ONE, Status.FAIL, worst=math.nan), good(TWO))
    assert (some.share, some.words.partition("cases ")[2]) == (
        "1/2",
        f"1 fail, 1 pass, {len(mine) - 2} not asked; largest error nan of its budget",
    )


@pytest.mark.parametrize(
    ("status", "errors", "levels"),
    [
        (Status.PASS, (0.0, 0.1, 0.5, 1.0), [0, 1, 2, 3]),
        (Status.FAIL, (1.5, 10.5, 1e4, math.inf, math.nan), [1, 2, 3, 3, 3]),
    ],
)
def test_colour_deepens_with_the_error(status: Status, errors: tuple[float, ...], levels: list[int]) -> None:
    assert [cell(good(ONE, status, worst=w)).level for w in errors] == levels


SAYS = [
    (GREEN, f"that was asked (3 of {len(ALL)}). failing 0 of 3 verdicts largest error 0.50 of its budget"),
    (GREEN, "every case asked twice, no result differs"),
    (MIXED, f"{BAD.group}, of 2 backends and devices, failed 2 of 3 cases. failing 2"),
    (MIXED, f"{ONE.id} farthest apart 1.0e+09 ULP between {BAD.group} and numpy/cpu, {ONE.id} run to run 3"),
    (
        MIXED,
        "2 of 3 cases, in TL-4 (2), TL-4.1 (1) by how much 2 where no error is allowed, or NaN came; 2 fail",
    ),
    (MIXED, f"2 ULP ({BAD.name}, {ONE.id}), 2 ULP"),
    (replace(MIXED, pairs=[replace(MIXED.pairs[0], ulp=math.inf)]), "∞ NaN for a number, between"),
    (a_run(bad(ONE), bad(TWO, worst=7.0)), f"7.00 of its budget: {BAD.name}, {TWO.id}; 1 where no error is"),
    (a_run(bad(ONE), bad(TWO, worst=7.0, ulp=4.0)), "up to 7.00 times the error budget and 4 ULP; 1 where"),
    (RUNS["without numbers"], "largest error - no number was compared"),
    (RUNS["without numbers"], "run to run - no result to compare"),
    (RUNS["no subject"], "farthest apart - no two backends"),
]


@pytest.mark.parametrize(("run", "sentence"), SAYS)
def test_the_page_says(run: Run, sentence: str) -> None:
    assert sentence in page_text(run)
