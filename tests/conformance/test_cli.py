"""The command line: what it prints and what it returns."""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import click
import pytest
from command import conformance, lines, python
from support.selection import select

import temporal_loss
from conformance import suite
from conformance.cli import cli, main
from conformance.exits import Exit

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

QUICKEST = next((n for n in ("numpy", "strict", "torch", "dask", "jax") if n in select().names), "")
FEW = ["--", "-k", "exact-f32 and not gradient and not epsilon"]
ABSENT = f"asked for but absent: {QUICKEST} (no device cuda:99"

ROOT = Path(__file__).parents[2]
SUITE = tomllib.loads((ROOT / "conformance" / "pyproject.toml").read_text(encoding="utf-8"))
OPTIONAL = {"array_api_strict", "ml_dtypes", "numpy", "xdist"}
"""What the suite brings, and goes without."""
IMPORTED = {
    re.split("[<>=]", line)[0].replace("-", "_").replace("pytest_xdist", "xdist")
    for line in SUITE["project"]["dependencies"]
}

needs_backend = pytest.mark.skipif(not QUICKEST, reason="no backend is under test")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # In this process, too, the command line sets variables and writes to the current directory.
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.chdir(tmp_path)


def _commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, group
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))
        else:
            yield (*path, name), command


@pytest.mark.parametrize(
    ("path", "command"), [pytest.param(*each, id=" ".join(each[0])) for each in _commands(cli)]
)
def test_help_fits_a_screen_and_its_examples_run(
    path: tuple[str, ...], command: click.Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*path, "--help"]) == 0
    text = capsys.readouterr().out
    assert len(text.splitlines()) <= (24 if path else 50)
    assert max(map(len, text.splitlines())) <= 100
    # What is hidden to save lines is named all the same.
    for parameter in command.params:
        assert parameter.opts[0] in text or isinstance(parameter, click.Argument)
    examples = re.findall(r"(?m)^    python -m conformance ?(.*)", text.split("Example")[1])
    assert examples
    # Those of the whole suite take minutes.
    for example in examples if path else ():
        words = shlex.split(example.partition(" > ")[0])
        assert tuple(words[: len(path)]) == path
        if main(words) != Exit.CONFORMS:
            # All that is missing are the user's own files.
            assert re.search(r"'\w+\.jsonl' does not exist", capsys.readouterr().err)


def test_a_group_alone_and_h_show_help(capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: str, code: int = 0) -> str:
        assert main(arguments) == code
        printed = capsys.readouterr()
        assert not (printed.out and printed.err)
        return printed.out + printed.err

    for path, _ in _commands(cli):
        assert said(*path, "-h") == said(*path, "--help")
    assert said("cases", code=Exit.USAGE) == said("cases", "--help")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--case", ""], "--case '': a name is empty, expected IDS"),
        (["--backend", "numpy,"], "--backend 'numpy,': a name is empty, expected NAMES"),
        (["--subject", ""], "--subject '': the name is empty, expected MODULE:NAME"),
        (["emit", "--device", ""], "--device '': the name is empty, expected NAME"),
        (["--jsonl", ""], "--jsonl '': the name is empty, expected FILE"),
        (["--trace", ""], "--trace '': the name is empty, expected FILE"),
        (["--data", __file__, "--", "-k", "foo"], "`-- -k foo` does not go with --data"),
        (["--list", "--", "-k", "foo"], "`-- -k foo` does not go with --list"),
        (["cases", "check", "--", "-k", "foo"], "`-- -k foo` does not go with cases"),
        (["--core", "cases", "check"], "--core before cases has no effect"),
        (["--seed", "3", "--core"], "--seed 3 has no effect without fresh cases"),
        (["--seed", "0", "--fresh", "0"], "--seed 0 has no effect without fresh cases"),
        (["--seed", "0", "--case", "x"], "--seed does not go with --case"),
        (["--fresh", "x"], "'--fresh': expected an integer of at least 0 and at most 10000, got 'x'"),
        (["--fresh", "-1"], "expected an integer of at least 0 and at most 10000, got '-1'"),
        (["emit", "--seed", "x"], "'--seed': expected an integer of at least 0, got 'x'"),
        (["--timeout", "x"], "'--timeout': expected a number above 0, got 'x'"),
    ],
)
def test_what_is_empty_or_has_no_effect_is_refused(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == Exit.USAGE
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert words in printed.err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert temporal_loss.__version__ in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--backend", "numby"], "no backend 'numby': choose from numpy, torch"),
        (["--mode", "fast"], "no mode 'fast': choose from eager, compiled, all"),
        (["--backend", QUICKEST, "--device", "cuda:99"], ABSENT),
        (["--require", QUICKEST, "--device", "cuda:99"], ABSENT),
        (["--case", "value-exakt"], "no case 'value-exakt'; close to it: value-exact-"),
        (["--nonsense"], "No such option"),
        (["-k", "exact"], "Options of pytest come after `--`."),
        (["--data", __file__, "--html", "r.html"], "--html does not go with --data"),
        (["--data", __file__, "--case", "value-exact-f64-001"], "--case does not go with --data"),
        (["--epsilon", "2"], "--epsilon belongs to --data"),
        (["--prob-threshold", ""], "--prob-threshold belongs to --data"),
        (["--html", "nowhere/r.html"], "--html nowhere/r.html: there is no folder"),
        (["--junit", "nowhere/r"], "--junit nowhere/r: there is no folder"),
        (["--deviations", "absent.toml"], "does not exist"),
        (["--timeout", "0"], "timeout"),
        (["--subject", "nothing"], "write it as package.module:function"),
        (["--subject", "no_such_module:f"], "no module 'no_such_module'"),
        (["--subject", "json:no_such_name"], "module 'json' has no 'no_such_name'"),
        (["--subject", "json:__name__"], "is a str, not a callable"),
        (["diff", "absent", "absent"], "does not exist"),
        (["cases", "list", "--clause", "TL-99"], "no clause 'TL-99'"),
        (["cases", "list", "--profile", "speed"], "no profile 'speed'"),
        (["cases", "show", "value-exakt"], "no case 'value-exakt'"),
        (["emit", "--op", "loss"], "no operation 'loss'"),
        (["emit", "--dtype", "int8"], "no dtype 'int8'"),
    ],
)
@needs_backend
def test_errors_of_use_are_one_line_that_says_what_to_do(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if {"--subject", "--case"} & {*arguments[:1]}:
        arguments = [*arguments, "--backend", QUICKEST]
    assert main(arguments) == Exit.USAGE
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert words in printed.err


@needs_backend
def test_a_module_that_breaks_on_import_did_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.joinpath("breaks_on_import.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["--subject", "breaks_on_import:f", "--backend", QUICKEST]) == Exit.NOT_STARTED
    assert "ZeroDivisionError" in capsys.readouterr().err


@needs_backend
def test_nothing_to_run_is_incomplete_and_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--device", "cuda:99"]) == Exit.INCOMPLETE
    assert f"{QUICKEST}: absent: no device cuda:99 here" in capsys.readouterr().out


@pytest.mark.slow
@needs_backend
def test_list_says_what_would_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", "--mode", "all"]) == 0
    out = capsys.readouterr().out
    for name in select().names:
        assert re.search(rf"(?m)^{name}/.*: \d+ cases$", out)
    for name, reason in select().absent.items():
        assert f"{name}: absent: {reason}" in out
    assert out.endswith("cases by id: python -m conformance cases list\n")


def test_cases_are_listed_shown_and_checked(capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: str) -> str:
        assert main(["cases", *arguments]) == 0
        return capsys.readouterr().out

    case = suite.load_cases()[0]
    assert case.description in said("show", case.id)
    assert said("show", "--all", "echo-epsilon-f64-004").splitlines()[-2:] == [
        "            [0] 1.0  3ff0000000000000",
        "            [1] 2.0  4000000000000000",
    ]
    assert f"{len(suite.load_cases())} cases (41 for ports alone), 0 problems" in said("check")
    listed = said("list", "--clause", "TL-8.2", "--profile", "gradient-half").splitlines()
    halves = {"float16", "bfloat16"}
    of_clause = [c for c in suite.load_cases() if "TL-8.2" in c.clauses]
    ids = [c.id for c in of_clause if halves & {a.dtype for a in c.inputs.values()}]
    assert [line.split()[0] for line in listed] == [i for i in ids if i.startswith("gradient")]


@pytest.mark.slow
@needs_backend
def test_a_conforming_backend_with_every_report(tmp_path: Path) -> None:
    reports = ["--jsonl", "r.jsonl", "--markdown", "r.md", "--junit", "r.xml", "--html", "r.html"]
    done = conformance("--backend", QUICKEST, *reports, *FEW, cwd=tmp_path)
    assert done.returncode == Exit.CONFORMS, done.stdout + done.stderr
    assert done.stderr == ""
    assert done.stdout.splitlines()[-2].startswith("conforms: ")
    # Where nobody looks, the matrix is as wide as it is.
    assert done.stdout.count("Cases passed") == 1
    found = lines(tmp_path / "r.jsonl")
    verdicts = [line for line in found if line["type"] == "verdict"]
    assert found[0]["suite"] == suite.suite_hash()
    assert found[-1]["planned"] == found[-1]["run"] == len(verdicts) > 10
    assert {v["status"] for v in verdicts} <= {"pass", "unsupported"}
    assert tmp_path.joinpath("r.md").read_text("utf-8").startswith("# Temporal loss conformance: conforms")
    assert "<title>Conforms" in tmp_path.joinpath("r.html").read_text("utf-8")
    tests = list(ET.parse(tmp_path / "r.xml").iter("testcase"))  # noqa: S314 - our own file
    assert len(tests) == len(verdicts)
    # What the run wrote is read as what it found.
    assert main(["diff", "r.jsonl", "r.jsonl"]) == Exit.CONFORMS


@pytest.mark.slow
@needs_backend
def test_selection_xdist_and_the_last_failed_are_pytests(tmp_path: Path) -> None:
    chosen = [c.id for c in suite.load_cases() if "value-exact-f32" in c.id]
    options = ["--backend", QUICKEST, "--jsonl", "r.jsonl", "--", "-k", "value-exact-f32"]
    assert conformance(*options, "-n", "2", cwd=tmp_path).returncode == Exit.CONFORMS
    verdicts = [line for line in lines(tmp_path / "r.jsonl") if line["type"] == "verdict"]
    assert sorted(v["case"] for v in verdicts) == sorted(chosen)
    assert conformance(*options, "--collect-only", cwd=tmp_path).returncode == Exit.INCOMPLETE
    for more in ([], ["-n", "2"]):
        nothing = conformance("--backend", QUICKEST, "--", "-k", "step-nosuch or none", *more, cwd=tmp_path)
        assert nothing.returncode == Exit.INCOMPLETE
        said = "nothing ran: no case is selected by -k 'step-nosuch or none'"
        assert nothing.stderr == f"python -m conformance: {said}\n"
        assert nothing.stdout == ""
    unknown = conformance("--backend", QUICKEST, "--", "--nonsense", cwd=tmp_path)
    assert unknown.returncode == Exit.USAGE
    assert unknown.stderr.splitlines()[-1].endswith("unrecognized arguments: --nonsense")
    assert "Traceback" not in unknown.stderr


@pytest.mark.slow
@needs_backend
def test_settings_of_the_directory_do_not_apply(tmp_path: Path) -> None:
    tmp_path.joinpath("pytest.ini").write_text("[pytest]\naddopts = --nonsense\n")
    tmp_path.joinpath("conftest.py").write_text("raise RuntimeError\n")
    assert conformance("--backend", QUICKEST, *FEW, cwd=tmp_path).returncode == Exit.CONFORMS


@pytest.mark.slow
@needs_backend
def test_a_shuffled_run_gives_the_same_verdicts_in_another_order(tmp_path: Path) -> None:
    orders = []
    for options in ([], ["--shuffle", "7"], ["--shuffle", "7"]):
        done = conformance("--backend", QUICKEST, "--jsonl", "r.jsonl", *options, *FEW, cwd=tmp_path)
        assert done.returncode == Exit.CONFORMS
        found = lines(tmp_path / "r.jsonl")
        orders.append([(v["case"], v["status"], v["worst"]) for v in found if v["type"] == "verdict"])
        assert found[0]["seed"] == (7 if options else None)
    assert orders[0] != orders[1]
    assert orders[1] == orders[2]
    assert sorted(orders[0], key=repr) == sorted(orders[1], key=repr)


@pytest.mark.slow
@needs_backend
@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colour_is_for_terminals_that_want_it(
    tmp_path: Path, variables: dict[str, str], *, coloured: bool
) -> None:
    one = ["--backend", QUICKEST, "--case", "value-exact-f32-001"]
    done = conformance(*one, cwd=tmp_path, TERM="xterm-256color", **variables)
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-9]m", done.stdout)) is coloured


@pytest.mark.skipif("numpy" not in select().names, reason="recordings are read with NumPy")
def test_a_recording_is_compared_with_its_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from comparing import walk  # noqa: PLC0415 - NumPy may be absent

    file = str(walk(tmp_path))
    options = ["--epsilon", "2,3", "--prob-threshold", "0.5", "--nan-policy", "omit", "--device", "cpu"]
    assert main(["--data", file, "--backend", "numpy", *options, "--mode", "eager"]) == Exit.CONFORMS
    said = capsys.readouterr().out
    assert "(epsilon [2.0, 3.0], confidence threshold 0.5, missing positions left out)" in said
    # 3 + 8 over 6
    assert "float64: exact value 1.8333333333333333333\n" in said
    assert main(["--data", file, "--backend", "numpy", "--device", "cuda:99"]) == Exit.USAGE
    assert main(["--data", file, "--backend", "numpy", "--mode", "fast"]) == Exit.USAGE


@pytest.mark.slow
@pytest.mark.skipif("torch" not in select().names, reason="inductor is torch's")
def test_inductor_without_a_compiler_is_unsupported(tmp_path: Path) -> None:
    one = ["--backend", "torch", "--mode", "inductor", "--case", "value-exact-f64-001", "--jsonl", "r.jsonl"]
    done = conformance(*one, cwd=tmp_path, CXX=str(tmp_path / "no-compiler"))
    assert done.returncode == Exit.INCOMPLETE, done.stdout + done.stderr
    (verdict,) = (line for line in lines(tmp_path / "r.jsonl") if line["type"] == "verdict")
    said = (verdict["status"], verdict["reason"])
    assert said == ("unsupported", "inductor takes a C++ compiler, and there is none here")


def test_the_command_is_the_module() -> None:
    assert SUITE["project"]["scripts"] == {"temporal-loss-conformance": "conformance.__main__:main"}


def without(module: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line where a module cannot be imported, by the processes that it starts neither."""
    (cwd / "sitecustomize.py").write_text(f"import sys\nsys.modules[{module!r}] = None\n")
    paths = os.pathsep.join([str(cwd), str(ROOT)])
    return python("-m", "conformance", *arguments, cwd=cwd, PYTHONPATH=paths)


@pytest.mark.parametrize("module", sorted(IMPORTED - OPTIONAL))
def test_what_is_not_installed_is_one_line(module: str, tmp_path: Path) -> None:
    done = without(module, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (Exit.USAGE, "")
    assert done.stderr == (
        f"python -m conformance: needs {module}, which temporal-loss-conformance brings: "
        "pip install temporal-loss-conformance (in a clone: pip install . ./conformance)\n"
    )


@pytest.mark.slow
@needs_backend
@pytest.mark.parametrize("module", sorted(OPTIONAL & IMPORTED))
def test_it_goes_without_some(module: str, tmp_path: Path) -> None:
    done = without(module, "--backend", QUICKEST, "--case", "value-exact-f32-001", cwd=tmp_path)
    if module == "numpy" and QUICKEST in {"numpy", "strict", "dask"}:
        assert done.returncode == Exit.USAGE
        assert re.fullmatch(rf"python -m conformance: asked for but absent: {QUICKEST} \(.+\)\n", done.stderr)
    elif module == "array_api_strict" and QUICKEST == "strict":
        assert done.returncode == Exit.USAGE
    else:
        assert (done.returncode, done.stderr) == (Exit.CONFORMS, "")


def test_a_fault_in_the_suite_is_no_missing_package(tmp_path: Path) -> None:
    assert "ModuleNotFoundError" in without("conformance.commands", cwd=tmp_path).stderr
