"""The guide for authors of ports: every command in it runs, and prints what the page says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from conformance import suite
from conformance.clauses import CLAUSES
from conformance.exits import Exit
from conformance.model import Op
from conformance.port.limits import Limits
from conformance.profiles import NAMES
from conformance.steps import STEPS, step_of

PAGE = Path(__file__).parents[2] / "docs" / "porting.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
FILES = {"js": "port.mjs", "toml": "deviations.toml"}
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not here")


class Command(NamedTuple):
    line: str
    shown: str


def commands(block: str) -> list[Command]:
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [Command(*part.split("\n", 1)) for part in parts]


def pattern(shown: str) -> str:
    """Regular expression of what is shown: … stands for the rest of a line, or alone for any lines."""
    lines = [
        "(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + " *\n"
        for line in shown.splitlines()
    ]
    return "".join(lines)


def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    shim = folder / "bin" / "python"
    shim.parent.mkdir(exist_ok=True)
    shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    path = f"{shim.parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(  # noqa: S603
        ["/bin/sh", "-c", line],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.slow
@needs_node
def test_the_walk_works_as_shown(tmp_path: Path) -> None:
    ran = 0
    for language, body in BLOCKS:
        path = tmp_path / FILES.get(language, "")
        if language == "js" and path.exists():
            # The second one shows the line that was wrong.
            old = next(line for line in path.read_text(encoding="utf-8").splitlines() if "return sum" in line)
            path.write_text(path.read_text(encoding="utf-8").replace(old + "\n", body), encoding="utf-8")
        elif language in FILES:
            path.write_text(body, encoding="utf-8")
        for command in commands(body) if language == "console" else ():
            done = run(command.line, tmp_path)
            ran += 1
            assert re.fullmatch(pattern(command.shown), done.stdout), (
                f"{command.line}\n{done.stdout}{done.stderr}"
            )
            failed = "does not conform" in done.stdout
            assert done.returncode == (Exit.DOES_NOT if failed or "verdict" in done.stdout else 0), (
                done.stderr
            )
    assert ran == 12


def test_what_is_shown_is_held_to_what_is_printed() -> None:
    shown = "…\nconforms: 1 passed; …\n"
    assert re.fullmatch(pattern(shown), "a\nb\nconforms: 1 passed; 1 of 1\n")
    assert not re.fullmatch(pattern(shown), "a\nb\nconforms: 2 passed; 1 of 1\n")
    assert not re.fullmatch(pattern(""), "something\n")


@pytest.mark.slow
def test_other_commands_in_the_text_exist() -> None:
    inline = set(re.findall(r"`(python -m conformance [^`]*)`", TEXT))
    assert inline == {
        "python -m conformance cases show --all ID",
        "python -m conformance emit --case ID",
        "python -m conformance cases list --clause TL-3.1",
        "python -m conformance diff old.jsonl new.jsonl",
    }
    for words in ("emit --help", "cases list --help", "cases show --help", "diff --help"):
        line = [sys.executable, "-m", "conformance", *words.split()]
        done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603
        assert "Usage" in done.stdout


def selectors() -> list[str]:
    return re.findall(r"^\|.*\| `-k step-([a-z]+)` \|$", TEXT, re.MULTILINE)


def test_the_steps_are_those_there_are_and_each_has_cases() -> None:
    assert selectors() == list(STEPS)
    assert {step_of(case) for case in suite.load_cases()} == {*STEPS}


def test_a_step_needs_nothing_that_comes_later() -> None:
    above = {name: STEPS[: STEPS.index(name) + 1] for name in STEPS}
    for case in suite.load_cases():
        step = step_of(case)
        if step == "echo":
            continue
        given = {*case.inputs, *case.params}
        kinds = {a.dtype for a in case.inputs.values()}
        assert "mask" in above[step] or given <= {"keypoints", "reduction", "segment_ids"}, case.id
        assert "policy" in above[step] or case.params.get("reduction") != "valid_mean", case.id
        assert "half" in above[step] or kinds.isdisjoint({"float16", "bfloat16"}), case.id
        assert "refusals" in above[step] or case.error is None, case.id
        assert "metrics" in above[step] or case.op in {Op.VALUE, Op.STAGES, Op.GRADIENT}, case.id


@pytest.mark.slow
def test_dash_k_selects_a_step() -> None:
    line = [sys.executable, "-m", "conformance", "--backend", "numpy", "--", "-k", "step-plain"]
    done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=120)  # noqa: S603
    count = sum(step_of(case) == "plain" for case in suite.load_cases())
    assert f"conforms: {count} passed; {count} of {count} planned" in done.stdout


def test_every_clause_in_the_table_exists() -> None:
    rows = [line for line in TEXT.splitlines() if "`-k" in line and line.startswith("|")]
    assert len(rows) == len(selectors()) > 9
    named = {clause for row in rows for clause in re.findall(r"TL-[\d.]*\d", row)}
    heads = {clause.split(".")[0] for clause in CLAUSES}
    assert named <= CLAUSES.keys() | heads


def test_the_profiles_are_those_there_are() -> None:
    assert re.findall(r"^\| `([a-z0-9-]+)` \| ", TEXT, re.MULTILINE) == list(NAMES)


def test_the_limits_are_as_written() -> None:
    limits = Limits()
    for said in (
        f"{limits.case:g} seconds for an answer (`--timeout`)",
        f"{limits.start:g} to start (`--start-timeout`)",
        f"{limits.total / 60:g} minutes for the whole run (`--total-timeout`)",
        f"{limits.line:g} MiB for a line (`--max-line`)",
        f"{limits.memory:g} MiB of memory (`--max-memory`)",
        f"{limits.processes} processes (`--max-processes`)",
    ):
        assert said in " ".join(TEXT.split())
