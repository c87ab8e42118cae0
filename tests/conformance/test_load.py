"""JSON lines: written while a run goes on, read back, and refused where they are not as written."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from runs import CASES, GREEN, HEADER, HOSTILE, MIXED, a_run, bad, good, written

from conformance.cli import main
from conformance.drawing import SIMPLEST
from conformance.exits import Exit
from conformance.report.load import load

if TYPE_CHECKING:
    from collections.abc import Callable

    Lines = list[dict[str, Any]]


def test_json_lines_are_strict_and_read_back_to_the_same_run(tmp_path: Path) -> None:
    path = written(MIXED, tmp_path / "r.jsonl")

    def refuse(name: str) -> None:
        pytest.fail(f"{name} is no JSON")

    lines = path.read_text(encoding="utf-8").splitlines()
    found = [json.loads(line, parse_constant=refuse) for line in lines]
    assert [line["type"] for line in found] == ["header", *["verdict"] * 6, "pair", "footer"]
    assert found[-1] == {
        "type": "footer",
        "planned": 6,
        "run": 6,
        "counts": {"pass": 3, "fail": 2, "unsupported": 1},
        "faults": [],
        "exit": 1,
    }
    assert load(path) == MIXED
    faulty = replace(a_run(bad(CASES[0], worst=None), planned=2), faults=[HOSTILE], pairs=[])
    assert load(written(faulty, path)) == faulty


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[: text.rindex("\n", 0, -1)], "no footer"),
        (lambda text: text.partition("\n")[2], "not a report of this suite"),
        (lambda _: "", "not a report of this suite"),
        (lambda text: text[:-9], "cut short"),
        (lambda _: "no JSON", "make one with --jsonl"),
        (lambda text: text.replace('"format": 1', '"format": 2'), "another version"),
        (lambda text: text + "[]\n", "not a report of this suite"),
        (lambda text: text.replace("\n", "\n[]\n", 1), "not a report of this suite"),
        (lambda text: text.replace("\n", '\n{"type": "remark"}\n', 1), "10 lines, expected 9"),
        (lambda text: text.replace("\n", f"\n{'[' * 100_000}\n", 1), "r.jsonl: "),
        (lambda text: "[" + text.replace("\n", ",", 1), "r.jsonl: "),
        # A reader that takes the first of two would see another verdict.
        (lambda text: text.replace('"status": "pass"', '"status": "fail", "status": "pass"', 1), "line 2"),
        (lambda text: text.replace("loss is", "loss is \u2028", 1), "line 5"),
        (lambda text: "\ufeff" + text, "not a report of this suite"),
    ],
)
def test_what_is_no_whole_report_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Callable[[str], str], words: str
) -> None:
    path = written(MIXED, tmp_path / "r.jsonl")
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    refused(path, words, capsys)


def refused(path: Path, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command that reads a report says so in one line, and prints nothing else."""
    commands = (
        ["render", str(path), "--html", f"{path}.html"],
        ["badge", str(path)],
        ["diff", str(path), str(path)],
    )
    for command in commands:
        assert main(command) == Exit.USAGE
        said = capsys.readouterr()
        assert said.out == ""
        (line,) = said.err.splitlines()
        assert words in line
        assert line.isprintable()
    assert not path.with_name(f"{path.name}.html").exists()


def put(place: int, **fields: object) -> Callable[[Lines], None]:
    def change(lines: Lines) -> None:
        lines[place] |= fields

    return change


def counted(**fields: object) -> Callable[[Lines], None]:
    """Change the first verdict, and the counts in the last line with it."""

    def change(lines: Lines) -> None:
        lines[1] |= fields
        statuses = [line["status"] for line in lines if line["type"] == "verdict"]
        lines[-1]["counts"] = {s: statuses.count(s) for s in statuses}

    return change


def shrunk(**fields: object) -> Callable[[Lines], None]:
    """Let the first verdict be on a fresh case that was made small, with some of that changed."""
    recipe = {"op": "value", "features": [*SIMPLEST.values()], "seed": "s", "frames": 2, "keypoints": 1}
    told = {"reason": "off", "grade": "", "smaller": recipe | fields}

    def change(lines: Lines) -> None:
        counted(case="fresh-12-000", status="fail", **told)(lines)
        lines[-1]["exit"] = 1

    return change


def subject_changed(**fields: object) -> Callable[[Lines], None]:
    return lambda lines: lines[0]["subjects"][0].update(fields)


def repeated(lines: Lines) -> None:
    lines.insert(1, lines[1])
    lines[-1] |= {"planned": 4, "run": 4, "counts": {"pass": 4}}


def failure_hidden(lines: Lines) -> None:
    lines[1]["status"] = "fail"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (repeated, f"('numpy/cpu/eager', '{CASES[0].id}') is there twice"),
        (failure_hidden, "the last line does not count"),
        (lambda lines: lines.pop(1), "the last line does not count"),
        (put(-1, counts={"pass": 4}), "the last line does not count"),
        (put(-1, exit=4), "the last line does not count"),
        (put(-1, planned="3"), "the last line does not count"),
        (put(-1, faults="broken"), "Expected `array`, got `str`"),
        (counted(status="passed"), "'passed'"),
        (counted(worst="small"), "Expected `float | null`, got `str` - at `$[0].worst`"),
        (counted(seconds="1"), "line 2"),
        (counted(suspects=["no-such"]), "there is no mistake 'no-such'"),
        (counted(grade="best"), "there is no grade 'best'"),
        (counted(case="no-such"), "there is no case 'no-such'"),
        (counted(subject="\x1b[31mno-such\n"), r"there is no subject '\\x1b[31mno-such\\n'"),
        (counted(more=1), "line 2"),
        (counted(worst=2.0), f"no run has this verdict on '{CASES[0].id}'"),
        (counted(worst=None), "no run has this verdict"),
        (counted(worst=-1.0), "no run has this verdict"),
        (counted(spread="nan"), "no run has this verdict"),
        (counted(seconds="inf"), "no run has this verdict"),
        (counted(grade=""), "no run has this verdict"),
        (counted(grade="exact"), "no run has this verdict"),
        (counted(reason="all is well"), "no run has this verdict"),
        (counted(suspects=["epsilon-ignored"]), "no run has this verdict"),
        *(
            (shrunk(**wrong), "there is no shrunk case of 'fresh-12-000'")
            for wrong in ({"features": ["x"]}, {"frames": 10**9}, {"keypoints": -1})
        ),
        (shrunk(seed="\x1b"), "line 2"),
        (put(0, cases=3), f"3 cases, where the suite has {HEADER.cases}"),
        (subject_changed(mode="jit"), "no run has this subject 'numpy/cpu/eager' in 'cpu', 'jit'"),
        (subject_changed(device="cuda:0"), "no run has this subject"),
        (subject_changed(device=None), "no run has this subject"),
        (subject_changed(cases=2), "more verdicts than the subjects have cases"),
        (put(-1, planned=7, exit=5), "more verdicts than the subjects have cases"),
        (put(-2, same=4), "no run has this distance"),
        (put(-2, ulp=-1.0), "no run has this distance"),
        (put(-2, one="numpy/cpu/eager"), "no run has this distance"),
        (lambda lines: lines.insert(-1, lines[-2]), "no run has this distance"),
        (put(0, seed="7"), "line 1"),
        (put(0, subjects=[]), "there is no subject 'numpy/cpu/eager'"),
        (put(0, subjects=[{"name": "a"}]), "missing required field"),
        (
            lambda lines: lines[0]["subjects"].append(lines[0]["subjects"][0]),
            "'numpy/cpu/eager' is there twice",
        ),
        (put(-2, one="no-such"), "there is no subject 'no-such'"),
        (put(-2, ulp=None), "Expected `float`, got `null`"),
    ],
)
def test_a_report_edited_by_hand_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Lines], object], words: str
) -> None:
    path = written(GREEN, tmp_path / "r.jsonl")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    change(lines)
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    refused(path, words, capsys)


def test_a_shrunk_case_is_read_back(tmp_path: Path) -> None:
    path = written(GREEN, tmp_path / "r.jsonl")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    shrunk()(lines)
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    assert load(path).verdicts[0].smaller is not None


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["render", "r.jsonl", "--html", "r.jsonl"], "REPORT r.jsonl and --html r.jsonl"),
        (["render", "--html", "r.jsonl", "r.jsonl"], "REPORT r.jsonl and --html r.jsonl"),
        (["render", "r.jsonl", "--html", "../{}/r.jsonl"], "REPORT r.jsonl and --html ../{}/r.jsonl"),
        (["render", "symbolic", "--markdown", "r.jsonl"], "REPORT symbolic and --markdown r.jsonl"),
        (["render", "r.jsonl", "--html", "hard"], "REPORT r.jsonl and --html hard"),
        (["judge", "r.jsonl", "--jsonl", "r.jsonl"], "ANSWERS r.jsonl and --jsonl r.jsonl"),
        (["--data", "r.jsonl", "--html", "r.jsonl"], "--data r.jsonl and --html r.jsonl"),
        (["--deviations", "r.jsonl", "--junit", "hard"], "--deviations r.jsonl and --junit hard"),
        (["--deviations", "r.jsonl", "--trace", "hard"], "--deviations r.jsonl and --trace hard"),
        (["--core", "--jsonl", "new", "--html", "./new"], "--jsonl new and --html new"),
        (["--core", "--junit", "dangling", "--markdown", "new"], "--junit dangling and --markdown new"),
        (["--jsonl", "new", "--trace", "new"], "--jsonl new and --trace new"),
    ],
)
def test_no_file_is_written_that_is_read_or_written_to_besides(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    named: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    report = written(GREEN, tmp_path / "r.jsonl")
    before = report.read_bytes()
    (tmp_path / "symbolic").symlink_to("r.jsonl")
    (tmp_path / "dangling").symlink_to("new")
    (tmp_path / "hard").hardlink_to("r.jsonl")
    assert main([word.format(tmp_path.name) for word in arguments]) == Exit.USAGE
    said = capsys.readouterr()
    assert said.out == ""
    both = said.err.removeprefix("python -m conformance: ").partition(" are the same file: ")[0]
    # Which is named first depends on the order in which they were given.
    assert {*both.split(" and ")} == {*named.format(tmp_path.name).split(" and ")}
    assert report.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"r.jsonl", "symbolic", "dangling", "hard"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--subject", "mine:loss", "--trace", "mine.py"],
        ["--backend", "numpy,mine:BACKEND", "--html", "./mine.py"],
        ["--port", "'python' mine.py -x", "--jsonl", "link"],
        ["--port", "python 'not mine.py'", "--trace", "not mine.py"],
    ],
)
def test_what_is_tested_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    Path("mine.py").write_text("raise SystemExit(9)", encoding="utf-8")
    Path("link").symlink_to("mine.py")
    Path("not mine.py").symlink_to("mine.py")
    assert main([*arguments, "--core"]) == Exit.USAGE
    assert "is part of what is tested: name another file" in capsys.readouterr().err
    assert Path("mine.py").read_text(encoding="utf-8") == "raise SystemExit(9)"


def test_what_is_no_file_may_be_written_to_twice(tmp_path: Path) -> None:
    report = written(GREEN, tmp_path / "r.jsonl")
    assert main(["render", str(report), "--html", os.devnull, "--markdown", os.devnull]) == 0


def test_render_writes_the_pages_asked_for_of_the_cases_installed_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = written(MIXED, tmp_path / "r.jsonl")
    page, text = tmp_path / "r.html", tmp_path / "r.md"
    assert main(["render", str(report), "--html", str(page), "--markdown", str(text)]) == 0
    assert "<title>Does not conform" in page.read_text(encoding="utf-8")
    assert text.read_text(encoding="utf-8").startswith("# Temporal loss conformance: does not conform")
    assert main(["render", str(report)]) == Exit.USAGE
    assert "nothing to write" in capsys.readouterr().err
    other = written(replace(GREEN, header=replace(HEADER, suite="f" * 64)), tmp_path / "o.jsonl")
    assert main(["render", str(other), "--html", str(page)]) == Exit.USAGE
    assert "of other cases (suite ffffffffffff)" in capsys.readouterr().err
    # What is no longer among the cases may still be compared.
    gone = written(a_run(good(replace(CASES[0], id="gone")), suite="f" * 64), tmp_path / "g.jsonl")
    assert main(["diff", str(gone), str(gone)]) == Exit.CONFORMS
