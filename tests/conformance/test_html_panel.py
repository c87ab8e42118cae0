"""The drill-down of the HTML report, by mouse, by keyboard and on a phone."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from reader import cell
from runs import BAD, CASES, GOOD, HEADER, HOSTILE, MIXED, a_run, bad, good
from support import browser

from conformance import suite

if TYPE_CHECKING:
    from reader import Reader

ALL = suite.load_cases()
STOPS = "return document.querySelectorAll('#matrix [tabindex=\"0\"]').length"
MANY = a_run(*(good(c, worst=1 / (i + 2)) for i, c in enumerate(ALL)), bad(CASES[0]))


def test_what_a_subject_calls_itself_is_text(reader: Reader) -> None:
    name = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    subject = replace(BAD, name=name)
    run = replace(MIXED, header=replace(HEADER, subjects=(GOOD, subject)), pairs=[])
    run = replace(
        run, verdicts=[replace(v, subject=name) if v.subject == BAD.name else v for v in run.verdicts]
    )
    reader.reads(run)
    assert name in reader.text("#matrix thead")
    reader.clicks(cell("TL-4", 2))
    assert name in reader.text("#panel-title")
    assert name in reader.text("#case .told")
    assert f"loss is {HOSTILE}" in reader.text("#case .said")
    assert reader.asks("return document.images.length + document.scripts.length") == 2


def test_a_click_opens_the_cases_of_a_cell_and_the_first_of_them(reader: Reader) -> None:
    reader.reads(MIXED)
    reader.clicks(cell("TL-4", 2))
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
    assert reader.is_at(cell("TL-4", 2))


def test_rows_columns_examples_and_distances_open_too(reader: Reader) -> None:
    reader.reads(MIXED)
    reader.clicks("#matrix tr[data-clause='TL-4'] th button")
    assert len(reader.listed) == 4
    reader.presses("ESCAPE")
    reader.clicks("#matrix thead th:nth-of-type(2) button")
    assert sorted(reader.listed) == sorted(c.id for c in CASES)
    reader.presses("ESCAPE")
    reader.clicks(".finding .link")
    assert reader.text("#case h3") == reader.text(".finding .link")
    reader.presses("ESCAPE")
    reader.clicks(".numbers .link")
    assert reader.text("#case h3") == CASES[0].id
    # The same case elsewhere, one click away.
    assert "0.50" in reader.text("#case .others")
    reader.clicks("#case .others tr:not([aria-current]) button")
    assert GOOD.name in reader.text("#case .told")


def test_the_keyboard_does_all_that_the_mouse_does(reader: Reader) -> None:
    reader.reads(MIXED)
    reader.asks("document.getElementById('list').focus()")
    reader.presses("TAB")
    # The first failure is where the Tab key stops, once for the whole matrix.
    assert reader.is_at("#matrix .fail")
    assert reader.asks(STOPS) == 1
    assert reader.is_at(cell("TL-4", 2))
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
    assert reader.asks(STOPS) == 1
    reader.asks("document.querySelector(arguments[0]).focus()", cell("TL-4", 2))
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
        assert reader.is_at(cell("TL-4", 2))


def test_cases_come_the_worst_first_and_some_at_a_time(reader: Reader) -> None:
    reader.reads(MANY)
    reader.clicks("#list")
    listed = reader.listed
    assert listed[:2] == [CASES[0].id, ALL[0].id]
    assert len(listed) == 200
    reader.clicks(".more")
    assert len(reader.listed) == 400
    assert reader.is_at("#cases .case:nth-of-type(201)")
    numbers = reader.texts(".case .status")
    errors = [float(n.split()[1]) for n in numbers[1:]]
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
    rows = reader.texts(".array:nth-of-type(1) tbody th")
    assert rows[-1] == f"{batch - 1},{frames - 1}"


def test_on_a_phone_a_case_takes_the_place_of_the_list(reader: Reader) -> None:
    reader.reads(MIXED, browser.PHONE)
    reader.clicks(cell("TL-4", 2))
    assert reader.sees("#cases")
    assert not reader.sees("#case")
    reader.presses("ARROW_DOWN", "ENTER")
    assert reader.sees("#case")
    assert not reader.sees("#cases")
    assert reader.text("#case h3") == CASES[1].id
    assert reader.asks("const p = document.getElementById('panel'); return p.scrollWidth <= p.clientWidth")
    assert reader.overflow <= 0
    reader.clicks("#back")
    assert reader.is_at("#cases .case:nth-of-type(2)")
    reader.presses("ESCAPE")
    assert not reader.panel_is_open


def test_a_command_is_copied_or_at_least_selected(reader: Reader) -> None:
    reader.reads(MIXED)
    reader.clicks(".finding .copy")
    script = """
    const [copy, done] = [document.querySelector(".finding .copy"), arguments[0]];
    const wait = () => copy.textContent === "Copy" ? setTimeout(wait, 10) : done(copy.textContent);
    wait();
    """
    said = reader.waits(script)
    assert said in {"Copied", "Selected"}
    if said == "Selected":
        assert "--port ./hostile" in reader.asks("return String(getSelection())")
