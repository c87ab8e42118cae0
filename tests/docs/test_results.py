"""The kept runs: condensed rightly, and shown in the README as they are."""

import importlib.util
import json
import re
import sys
import tomllib
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest

from conformance import suite
from conformance.model import Case, Status, Verdict
from conformance.profiles import Place, profiles_of
from conformance.report.jsonl import Writer
from conformance.results import Header, Run, SubjectInfo

from .blocks import ROOT


def load(name: str) -> ModuleType:
    """Import a module of the site's, which is in no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / "_ext" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


results = load("results")
versions = load("versions")
others = load("others")
CASES = suite.load_cases()
IDS = [case.id for case in CASES]
IN_BATCH = [case for case in CASES if "batch" in profiles_of(case, Place(None, "eager"))]


def report(folder: Path, statuses: dict[str, dict[str, Status]], **header: str) -> Path:
    """Write a report of subjects' verdicts by case."""
    fields = {"command": "x", "host": "h", "python": "3", "started": "2026-01-02T03:04:05+00:00"}
    subjects = tuple(
        SubjectInfo(name, name.split("/")[1], name.split("/")[2], "", len(verdicts))
        for name, verdicts in statuses.items()
    )
    run = Run(
        Header(
            **({"suite": suite.suite_hash()} | fields | header),
            cases=len(CASES),
            versions={"numpy": "2"},
            seed=None,
            subjects=subjects,
            absences=(),
        ),
        planned=sum(map(len, statuses.values())),
    )
    run.verdicts = [
        Verdict(c, name, s, "" if s is Status.PASS else "odd")
        for name, verdicts in statuses.items()
        for c, s in verdicts.items()
    ]
    path = folder / "report.jsonl"
    with path.open("w", encoding="utf-8") as stream:
        writer = Writer(stream)
        writer.header(run.header)
        for verdict in run.verdicts:
            writer.verdict(verdict)
        writer.footer(run)
    return path


def marked(cases: list[Case], *statuses: Status) -> dict[str, Status]:
    """Give the first cases these statuses, and the others a pass."""
    return {c.id: s for c, s in zip(cases, [*statuses, *[Status.PASS] * len(cases)], strict=False)}


@pytest.mark.parametrize(
    ("statuses", "shown"),
    [
        ((), "✓"),
        ((Status.UNSUPPORTED,), f"{len(IN_BATCH) - 1}/{len(IN_BATCH)}"),
        ((Status.UNSUPPORTED,) * len(IN_BATCH), "no"),
        ((Status.FAIL, Status.CRASH, Status.UNSUPPORTED), "2 fail"),
        # A declared deviation is no pass.
        ((Status.XFAIL,), "1 fail"),
    ],
)
def test_cell(tmp_path: Path, statuses: tuple[Status, ...], shown: str) -> None:
    found = results.Results.of(report(tmp_path, {"numpy/cpu/eager": marked(IN_BATCH, *statuses)}))
    (row,) = found.rows
    assert row.name == "numpy/cpu"
    assert str(row.cells["batch"]) == shown


def test_modes_share_a_row(tmp_path: Path) -> None:
    whole, one = marked(IN_BATCH), {IN_BATCH[0].id: Status.PASS}
    path = report(tmp_path, {"torch/cpu/eager": whole, "torch/cpu/compiled": one, "jax/cpu/jit": one})
    first, second = results.Results.of(path).rows
    assert (first.name, first.modes, str(first.cells["batch"])) == ("torch/cpu", ("eager", "compiled"), "✓")
    assert (second.name, str(second.cells["batch"])) == ("jax/cpu", f"1/{len(IN_BATCH)}")
    # What one mode fails is not hidden by another that passes.
    path = report(tmp_path, {"torch/cpu/eager": whole, "torch/cpu/compiled": {IN_BATCH[0].id: Status.FAIL}})
    assert str(results.Results.of(path).rows[0].cells["batch"]) == "1 fail"


def test_run_on_other_cases_is_refused(tmp_path: Path) -> None:
    path = report(tmp_path, {"numpy/cpu/eager": marked(IN_BATCH)}, suite="0" * 64)
    with pytest.raises(click.ClickException, match="other cases"):
        results.Results.of(path)


def test_kept_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    monkeypatch.setattr(results, "README", tmp_path / "README.md")
    (tmp_path / "README.md").write_text(
        "<!-- badges -->\nold\n<!-- end of badges -->\n"
        "a\n<!-- results -->\nold\n<!-- end of results -->\nz\n",
        encoding="utf-8",
    )
    path = report(tmp_path, {"numpy/cpu/eager": marked(IN_BATCH)})
    kept = results.keep(path, "cpu")
    assert json.loads(kept.read_text(encoding="utf-8")) == json.loads(
        json.dumps(asdict(results.Results.of(path)))
    )
    assert results.kept() == [results.Results.of(path)]
    readme = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert readme == (
        f"<!-- badges -->\n{results.badges()}<!-- end of badges -->\n"
        f"a\n<!-- results -->\n{results.markdown()}<!-- end of results -->\nz\n"
    )
    assert "![conformance on cpu: conforms, 1 profile](https://img.shields.io/badge/conformance" in readme
    assert f"2026-01-02, h, Python 3, numpy 2: **conforms**, {len(IN_BATCH)} verdicts" in readme


def test_readme_shows_the_kept_runs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme == results.with_results(readme)
    assert results.markdown() in readme
    assert results.badges() in readme


def test_versions_that_were_tried_are_kept_by_session(tmp_path: Path) -> None:
    reports, kept = tmp_path / "reports", tmp_path / "versions.jsonl"
    reports.mkdir()

    def found(session: str, statuses: dict[str, Status], **header: str) -> None:
        report(tmp_path, {"numpy/cpu/eager": statuses}, **header).rename(reports / f"{session}.jsonl")

    found("newest(numpy)", marked(IN_BATCH), python="3.13.0")
    found("lowest(numpy)", marked(IN_BATCH), started="2026-01-01T00:00:00+00:00")
    assert versions.keep(reports, kept) == ["lowest(numpy)", "newest(numpy)"]
    # What is run again takes its own place, and what is not stays.
    (reports / "lowest(numpy).jsonl").unlink()
    found("newest(numpy)", marked(IN_BATCH, Status.FAIL), python="3.14.0")
    assert versions.keep(reports, kept) == ["newest(numpy)"]
    count = f"{len(IN_BATCH)} verdicts"
    assert versions.markdown(kept).splitlines()[2:] == [
        f"| `lowest(numpy)` | 3 | numpy 2 | 2026-01-01 | conforms, {count} |",
        f"| `newest(numpy)` | 3.14.0 | numpy 2 | 2026-01-02 | does not conform, {count} |",
    ]


def bound_of(package: str) -> str | None:
    """Return the lowest version of a package that the metadata take."""
    metadata = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*metadata["dependencies"], *chain(*metadata["optional-dependencies"].values())]
    found = (re.fullmatch(rf"{package}(?:\[\w+])?>=(\S+)", line) for line in lines)
    return next((match[1] for match in found if match), None)


def tried_versions() -> list[dict[str, Any]]:
    """Rows of the table of versions."""
    return [json.loads(line) for line in versions.KEPT.read_text(encoding="utf-8").splitlines()]


def test_the_page_of_versions_has_both_ends_of_what_is_promised() -> None:
    rows = tried_versions()
    backends = ("numpy", "strict", "dask", "jax")
    due = {f"{end}({name})" for end in ("lowest", "newest") for name in backends}
    tried = {row["session"]: row["exit"] for row in rows}
    assert due <= set(tried)
    assert set(tried.values()) == {0}
    for row in (row for row in rows if row["session"].startswith("lowest")):
        for name, version in row["versions"].items():
            bound = bound_of("array-api-strict" if name == "strict" else name)
            # A bound of 2.0 is 2.0.0 where it is installed.
            assert bound is None or f"{version}.".startswith(f"{bound}."), name


def test_the_page_of_versions_has_those_of_a_machine_with_a_gpu() -> None:
    lines = (ROOT / "gpu" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    there = dict(line.split("==") for line in lines if not line.startswith("#"))
    rows = {row["session"]: row for row in tried_versions()}
    for name in ("numpy", "torch", "jax"):
        row = rows[f"gpu_versions({name})"]
        # CUDA's torch calls itself 2.11.0+cu130.
        assert row["versions"][name].partition("+")[0] == there[name]
        assert row["python"].startswith("3.12.")


GOOD_INPUTS = {case.id for case in CASES if case.error is None}
ODD = "value-exact-f32-001"


@pytest.mark.parametrize(
    ("wrong", "verdict", "fewer", "why"),
    [
        ({}, "conforms", 0, ""),
        ({ODD: Status.UNSUPPORTED}, "conforms", 1, "odd"),
        (dict.fromkeys(IDS, Status.UNSUPPORTED), "conforms in part", len(IDS), "odd"),
        ({ODD: Status.FAIL}, "does not conform", 1, "1 cases; 1 of them fail: odd"),
        (
            dict.fromkeys(GOOD_INPUTS, Status.WRONGLY_REJECTED),
            "refused",
            len(GOOD_INPUTS),
            f"{len(GOOD_INPUTS)} cases; {len(GOOD_INPUTS)} of them wrongly-rejected: odd",
        ),
    ],
)
def test_row_of_another_library(
    tmp_path: Path, wrong: dict[str, Status], verdict: str, fewer: int, why: str
) -> None:
    found = others.row(report(tmp_path, {"numpy/cpu/eager": dict.fromkeys(IDS, Status.PASS) | wrong}))
    passed = f"{len(IDS) - fewer} of {len(IDS)}"
    assert found == ["numpy 2", "2026-01-02", "3", verdict, passed, why]


def test_no_row_of_a_part(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match="not a run of one backend on all cases"):
        others.row(report(tmp_path, {"numpy/cpu/eager": {ODD: Status.PASS}}))
