"""The HTML report in a browser: its matrix, its filter and its two themes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from reader import cell
from runs import CASES, GOOD, GREEN, HEADER, MIXED, a_run, bad, good
from support import browser

from conformance import suite
from conformance.model import Status
from conformance.results import Run, SubjectInfo

if TYPE_CHECKING:
    from reader import Reader

ALL = suite.load_cases()
SUBJECTS = tuple(
    SubjectInfo(f"torch/cuda:{i}/aot_eager", "", "aot_eager", f"--device cuda:{i}", 3) for i in range(30)
)
WIDE = Run(
    replace(HEADER, subjects=SUBJECTS, command="x" * 500),
    3,
    [good(CASES[0], subject=SUBJECTS[0].name, status=Status.FAIL, reason="x" * 900, worst=7.0)],
)
MANY = a_run(*(good(c, worst=1 / (i + 2)) for i, c in enumerate(ALL)), bad(CASES[0]))
RUNS = {"good": GREEN, "mixed": MIXED, "wide": WIDE, "many": MANY, "empty": Run(HEADER, 3)}


@pytest.mark.parametrize("width", [browser.PHONE, 1280])
@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_a_page_opens_without_a_complaint_and_fits(reader: Reader, run: Run, width: int) -> None:
    reader.reads(run, width)
    assert reader.problems() == []
    assert reader.overflow <= 0
    assert reader.sees("#matrix")


def test_every_cell_of_the_matrix_is_there(reader: Reader) -> None:
    reader.reads(MIXED)
    clauses = {clause for case in CASES for clause in case.clauses}
    assert set(reader.rows) == clauses
    assert len(reader.asks("return [...document.querySelectorAll('#matrix .cell')]")) == 3 * len(clauses)
    assert reader.text(cell("TL-4", 2)).split() == ["∞", "2/2"]
    assert reader.text(cell("TL-4", 1)) == "0.50"
    assert "absent: no CUDA device" in reader.find(cell("TL-4", 3)).get_attribute("title")


def test_the_filter_keeps_what_has_all_its_words(reader: Reader) -> None:
    reader.reads(MIXED)
    every = reader.rows
    reader.types(f"{CASES[2].id.upper()} numpy")
    assert reader.rows == [c for c in every if c in CASES[2].clauses]
    assert reader.text("#found").startswith("1 of 6 verdicts")
    assert not reader.sees("#matrix thead th:nth-of-type(3)")
    reader.clicks("#list")
    assert reader.listed == [CASES[2].id]
    reader.presses("ESCAPE")
    reader.types("no such words")
    assert reader.rows == []
    reader.clicks("#list")
    assert "No case here" in reader.text("#cases")
    reader.presses("ESCAPE")
    reader.types("")
    assert reader.rows == every
    assert reader.text("#found") == ""


def test_the_filter_shows_failures_only_or_the_verdicts_asked_for(reader: Reader) -> None:
    reader.reads(MIXED)
    reader.clicks(".chip.only input")
    assert reader.text("#found").startswith("2 of 6 verdicts")
    assert not reader.sees("#matrix thead th:nth-of-type(2)")
    reader.clicks(cell("TL-4", 2))
    assert reader.listed == [CASES[0].id, CASES[1].id]
    reader.presses("ESCAPE")
    reader.clicks(".chip.only input")
    assert reader.texts(".chip") == ["failures only", "pass 3", "fail 2", "unsupported 1"]
    for place in (3, 2):
        reader.clicks(f".chip:nth-of-type({place}) input")
    assert reader.text("#found").startswith("1 of 6 verdicts")
    # What is asked for by name is shown all the same.
    reader.clicks(".finding .link")
    assert reader.text("#case h3") == reader.text(".finding .link")


def test_failures_only_is_off_where_there_are_none(reader: Reader) -> None:
    reader.reads(GREEN)
    assert not reader.find(".chip.only input").is_enabled()


@pytest.mark.parametrize(("theme", "other"), [("light", "dark"), ("dark", "light")])
def test_the_page_is_light_or_dark_as_the_reader_prefers_and_can_be_switched(
    reader: Reader, theme: str, other: str
) -> None:
    reader.prefers(theme)
    reader.reads(MIXED)
    before = {s: reader.brightness(s) for s in ("body", ".finding", cell("TL-4", 1))}
    assert all((value > 382) == (theme == "light") for value in before.values())
    assert reader.find("#theme").get_attribute("aria-pressed") == str(theme == "dark").lower()
    reader.clicks("#theme")
    assert all((reader.brightness(s) > 382) == (other == "light") for s in before)
    assert reader.find("#theme").get_attribute("aria-pressed") == str(other == "dark").lower()
    reader.clicks("#theme")
    assert {s: reader.brightness(s) for s in before} == before


CONTRAST = """
const channel = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
const light = (rgb) => 0.2126 * channel(rgb[0]) + 0.7152 * channel(rgb[1]) + 0.0722 * channel(rgb[2]);
const pen = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
const rgb = (color) => { pen.clearRect(0, 0, 1, 1); pen.fillStyle = color; pen.fillRect(0, 0, 1, 1);
                         return [...pen.getImageData(0, 0, 1, 1).data]; };
const behind = (e) => { for (; e; e = e.parentElement) {
  const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; } return [255, 255, 255]; };
return [...document.querySelectorAll(arguments[0])].map((e) => {
  const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
  return [e.className || e.tagName, (a + 0.05) / (b + 0.05)]; });
"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(reader: Reader, theme: str) -> None:
    levels = (0.0, 0.1, 0.5, 1.0, 5.0, 50.0, 5e4)
    subjects = tuple(replace(GOOD, name=f"{i}/cpu/eager") for i in range(len(levels)))
    verdicts = [
        good(CASES[0], subject=s.name, worst=worst, status=Status.FAIL if worst > 1 else Status.PASS)
        for s, worst in zip(subjects, levels, strict=True)
    ]
    reader.prefers(theme)
    reader.reads(Run(replace(HEADER, subjects=subjects), len(verdicts), verdicts))
    reader.clicks("#matrix .fail")
    found = reader.asks(
        CONTRAST, "h1, h2, h3, dt, dd, p, small, td, button, .note, .label, .chip, .legend li, .status"
    )
    assert len(found) > 100
    assert [(name, ratio) for name, ratio in found if ratio < 4.5] == []
