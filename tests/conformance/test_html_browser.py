"""The HTML report in a browser: its matrix, its filter, its drill-down and its two themes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from reader import cell
from runs import ALL, BAD, CASES, GOOD, GREEN, HEADER, HOSTILE, MIXED, a_run, bad, good, named
from support import browser

from conformance.model import Status
from conformance.results import Run

if TYPE_CHECKING:
    from reader import Reader

pytestmark = pytest.mark.slow
GPUS = named(*(f"torch/cuda:{i}/aot_eager" for i in range(30)))
LONG = good(CASES[0], Status.FAIL, subject=GPUS[0].name, reason="x" * 900, worst=7.0)
MANY = a_run(*(good(c, worst=1 / (i + 2)) for i, c in enumerate(ALL)), bad(CASES[0]))
RUNS = {
    "good": GREEN,
    "mixed": MIXED,
    "wide": a_run(LONG, subjects=GPUS, command="x" * 500),
    "many": MANY,
    "empty": Run(HEADER, 3),
}
MARKED = cell("TL-4", 2)
"""Where the bad subject fails."""


@pytest.mark.parametrize("width", [browser.PHONE, 1280])
@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_a_page_opens_without_a_complaint_and_fits(reader: Reader, run: Run, width: int) -> None:
    reader.reads(run, width)
    assert reader.problems() == []
    assert reader.overflow <= 0
    assert reader.sees("#matrix")


# The filter -------------------------------------------------------------------------------------


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
    reader.reads(GREEN)
    assert not reader.find(".chip.only input").is_enabled()
    reader.reads(MIXED)
    reader.clicks(".chip.only input")
    assert reader.text("#found").startswith("2 of 6 verdicts")
    assert not reader.sees("#matrix thead th:nth-of-type(2)")
    reader.clicks(MARKED)
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


# The drill-down ---------------------------------------------------------------------------------


def test_a_click_opens_the_cases_of_a_cell_and_the_first_of_them(reader: Reader) -> None:
    reader.reads(MIXED)
    reader.clicks(MARKED)
    assert reader.panel_is_open
    assert reader.listed == [CASES[0].id, CASES[1].id]
    assert f"--port ./hostile --case {CASES[0].id}" in reader.text("#case .command code")
    shown = reader.text("#case")
    for words in (
        "fail",
        "Epsilon is a soft threshold",
        "epsilon-hard-threshold Zeroes lengths below epsilon",
        "epsilon = 5.0, reduction = 'none'",
        "keypoints float32 [3, 4]",
        "3.040400000",
        "no error allowed",
    ):
        assert words in shown
    reader.clicks("#cases .case:nth-of-type(2)")
    assert reader.text("#case h3") == CASES[1].id
    reader.clicks("#close")
    assert not reader.panel_is_open
    assert reader.is_at(MARKED)


def test_what_a_subject_calls_itself_is_text(reader: Reader) -> None:
    reader.reads(MIXED)
    reader.clicks(MARKED)
    for place in ("#panel-title", "#case .told"):
        assert BAD.name in reader.text(place)
    assert f"loss is {HOSTILE}" in reader.text("#case .said")
    assert reader.asks("return document.images.length + document.scripts.length") == 2


def test_rows_columns_examples_and_distances_open_too(reader: Reader) -> None:
    reader.reads(MIXED)
    reader.clicks("#matrix tr[data-clause='TL-4'] th button")
    assert len(reader.listed) == 4
    reader.presses("ESCAPE")
    reader.clicks("#matrix thead th:nth-of-type(2) button")
    assert sorted(reader.listed) == sorted(c.id for c in CASES)
    reader.presses("ESCAPE")
    reader.clicks(".numbers .link")
    assert reader.text("#case h3") == CASES[0].id
    # The same case elsewhere, one click away.
    assert "0.50" in reader.text("#case .others")
    reader.clicks("#case .others tr:not([aria-current]) button")
    assert GOOD.name in reader.text("#case .told")


def test_the_keyboard_does_all_that_the_mouse_does(reader: Reader) -> None:
    stops = "return document.querySelectorAll('#matrix [tabindex=\"0\"]').length"
    reader.reads(MIXED)
    reader.asks("document.getElementById('list').focus()")
    reader.presses("TAB")
    # The first failure is where the Tab key stops, once for the whole matrix.
    assert reader.is_at("#matrix .fail")
    assert reader.is_at(MARKED)
    assert reader.asks(stops) == 1
    for key, place in (
        ("ARROW_RIGHT", cell("TL-4", 3)),
        ("HOME", "tr[data-clause='TL-4'] th button"),
        ("ARROW_RIGHT", cell("TL-4", 1)),
        ("PAGE_UP", ".corner + th button"),
        ("END", "#matrix thead th:last-of-type button"),
        ("ARROW_DOWN", cell(reader.rows[0], 3)),
        ("PAGE_DOWN", cell(reader.rows[-1], 3)),
        ("ARROW_LEFT", cell(reader.rows[-1], 2)),
    ):
        reader.presses(key)
        assert reader.is_at(place), key
    assert reader.asks(stops) == 1
    reader.asks("document.querySelector(arguments[0]).focus()", MARKED)
    for key in ("ENTER", "SPACE"):
        reader.presses(key)
        assert reader.panel_is_open
        assert reader.is_at("#cases .case:first-child")
        before = reader.text("#case h3")
        reader.presses("ARROW_DOWN")
        assert reader.is_at("#cases .case:nth-of-type(2)[aria-selected='true']")
        assert reader.text("#case h3") != before
        reader.presses("ARROW_UP")
        assert reader.text("#case h3") == before
        reader.presses("ESCAPE")
        assert not reader.panel_is_open
        assert reader.is_at(MARKED)


def test_cases_come_the_worst_first_and_some_at_a_time(reader: Reader) -> None:
    reader.reads(MANY)
    reader.clicks("#list")
    assert reader.listed[:2] == [CASES[0].id, ALL[0].id]
    assert len(reader.listed) == 200
    reader.clicks(".more")
    assert len(reader.listed) == 400
    assert reader.is_at("#cases .case:nth-of-type(201)")
    errors = [float(n.split()[1]) for n in reader.texts(".case .status")[1:]]
    assert errors == sorted(errors, reverse=True)


def test_nan_is_the_worst_and_a_crash_has_no_number(reader: Reader) -> None:
    numbers = (2.0, math.nan, 3.0, None)
    reader.reads(a_run(*(bad(c, worst=w) for c, w in zip(ALL, numbers, strict=False))))
    reader.clicks("#list")
    assert reader.texts(".case .status") == ["✕ fail nan", "✕ fail 3.00", "✕ fail 2.00", "✕ fail"]


def test_an_array_is_laid_out_as_it_is_shaped(reader: Reader) -> None:
    case = next(c for c in ALL if len(c.inputs["keypoints"].shape) == 4 and not c.error)
    batch, frames, points, across = case.inputs["keypoints"].shape
    reader.reads(a_run(good(case)))
    reader.clicks("#list")
    heads = reader.texts(".array:nth-of-type(1) thead th")
    assert len(heads) == points * across
    assert heads[-1] == f"{points - 1},{across - 1}"
    assert reader.texts(".array:nth-of-type(1) tbody th")[-1] == f"{batch - 1},{frames - 1}"


def test_on_a_phone_a_case_takes_the_place_of_the_list(reader: Reader) -> None:
    reader.reads(MIXED, browser.PHONE)
    reader.clicks(MARKED)
    assert (reader.sees("#cases"), reader.sees("#case")) == (True, False)
    reader.presses("ARROW_DOWN", "ENTER")
    assert (reader.sees("#cases"), reader.sees("#case")) == (False, True)
    assert reader.text("#case h3") == CASES[1].id
    assert reader.asks("const p = document.getElementById('panel'); return p.scrollWidth <= p.clientWidth")
    assert reader.overflow <= 0
    reader.clicks("#back")
    assert reader.is_at("#cases .case:nth-of-type(2)")


def test_a_command_is_copied_or_at_least_selected(reader: Reader) -> None:
    reader.reads(MIXED)
    reader.clicks(".finding .copy")
    said = reader.asks("""
    const [copy, done] = [document.querySelector(".finding .copy"), arguments[0]];
    const wait = () => copy.textContent === "Copy" ? setTimeout(wait, 10) : done(copy.textContent);
    wait();
    """)
    assert said in {"Copied", "Selected"}
    if said == "Selected":
        assert "--port ./hostile" in reader.asks("return String(getSelection())")


# Light and dark ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("theme", "other"), [("light", "dark"), ("dark", "light")])
def test_the_page_is_light_or_dark_as_the_reader_prefers_and_can_be_switched(
    reader: Reader, theme: str, other: str
) -> None:
    reader.prefers(theme)
    reader.reads(MIXED)
    for now in (theme, other, theme):
        for place in ("body", ".finding", cell("TL-4", 1)):
            assert (reader.brightness(place) > 382) == (now == "light"), place
        assert reader.find("#theme").get_attribute("aria-pressed") == str(now == "dark").lower()
        reader.clicks("#theme")


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
    # Every level of colour, right and wrong.
    errors = {f"{w}/cpu/eager": w for w in (0.0, 0.1, 0.5, 1.0, 5.0, 50.0, 5e4)}
    verdicts = [
        good(CASES[0], Status.FAIL if w > 1 else Status.PASS, subject=name, worst=w)
        for name, w in errors.items()
    ]
    reader.prefers(theme)
    reader.reads(a_run(*verdicts, subjects=named(*errors)))
    reader.clicks("#matrix .fail")
    places = "h1, h2, h3, dt, dd, p, small, td, button, .note, .label, .chip, .legend li, .status"
    found = reader.asks(CONTRAST, places)
    assert len(found) > 100
    assert [(name, ratio) for name, ratio in found if ratio < 4.5] == []
