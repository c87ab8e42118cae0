"""Callables that attack the run, each with what it is told: none that is wrong is told that it conforms."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import pytest
from command import conformance, lines
from support.selection import select

from conformance.exits import Exit

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    "numpy" not in select().names or os.name != "posix",
    reason="they are written in NumPy, for POSIX",
)
CASE = "value-exact-f64-001"
ZERO = """
import numpy as np
def loss(keypoints, confidences=None, **options):
    return keypoints.dtype.type(0)
"""
RIGHT = "from temporal_loss import temporal_loss as loss\n"


class Attack(NamedTuple):
    code: str
    exit: Exit
    words: str
    options: tuple[str, ...] = ()


def in_call(code: str) -> str:
    return f"import itertools, os, sys\ndef loss(keypoints, confidences=None, **options):\n    {code}\n"


NOT_STARTED, DOES_NOT, CONFORMS = Exit.NOT_STARTED, Exit.DOES_NOT, Exit.CONFORMS
LEFT = "ended with exit code 0 without an answer"
REPLACED = """
import conformance.judge, conformance.run.runner, conformance.suite, sys
from conformance.model import Status, Verdict
def green(case, answer, **more): return Verdict(case.id, more["subject"], Status.PASS)
conformance.judge.judge = conformance.run.runner.judge = green
conformance.suite.load_cases = lambda: []
sys.modules["conformance.judge"] = None
"""
ATTACKS = {
    # At import.
    "exits at import": Attack("import sys; sys.exit()", NOT_STARTED, "importing it failed: SystemExit"),
    "leaves at import": Attack("import os; os._exit(0)", NOT_STARTED, LEFT),
    "interrupts at import": Attack("raise KeyboardInterrupt", NOT_STARTED, "KeyboardInterrupt"),
    "hangs at import": Attack(
        "while True: pass",
        NOT_STARTED,
        "no answer within 3 s: it is still being imported",
        ("--start-timeout", "3"),
    ),
    # In a call.
    "exits in a call": Attack(in_call("sys.exit(0)"), DOES_NOT, "SystemExit: 0"),
    "leaves in a call": Attack(in_call("os._exit(0)"), DOES_NOT, LEFT),
    "is killed in a call": Attack(in_call("os.kill(os.getpid(), 9)"), DOES_NOT, "signal 9 (SIGKILL)"),
    "kills its group": Attack(in_call("os.killpg(0, 9)"), DOES_NOT, "signal 9 (SIGKILL)"),
    "interrupts": Attack(in_call("raise KeyboardInterrupt"), DOES_NOT, "KeyboardInterrupt"),
    "loops in C": Attack(
        in_call("sum(itertools.repeat(0))"), DOES_NOT, "no answer within 2 s", ("--timeout", "2")
    ),
    "floods its output": Attack(
        in_call("while print('x' * 100_000) is None: pass"),
        DOES_NOT,
        "no answer within 2 s",
        ("--timeout", "2"),
    ),
    "has a message that cannot be told": Attack(
        in_call(r"raise RuntimeError('\ud800\x1b[2J' + 'x' * 10_000_000)"), DOES_NOT, r"\ud800\x1b[2Jxxx"
    ),
    # Before, after and beside the calls.
    "leaves at exit": Attack(f"import atexit, os\natexit.register(os._exit, 0)\n{ZERO}", DOES_NOT, "is 0.0"),
    "replaces the judge": Attack(REPLACED + ZERO, DOES_NOT, "is 0.0"),
    "changes the environment": Attack(
        f"import os\nos.environ.clear()\nos.environ['PYTEST_ADDOPTS'] = '--co'\nos.chdir('/')\n{ZERO}",
        DOES_NOT,
        "is 0.0",
    ),
    "prints": Attack(f"print('{{}}')\n{RIGHT}", CONFORMS, "1 passed"),
    "writes where answers go": Attack(
        "import contextlib, os\nfor n in range(3, 20):\n"
        f"    with contextlib.suppress(OSError): os.write(n, b'{{}}\\n')\n{RIGHT}",
        NOT_STARTED,
        # Of the two lines, one or both may have come when it is read.
        "did not start: ",
    ),
}


def attacked(code: str, *options: str, folder: Path) -> tuple[int, str]:
    folder.joinpath("attacker.py").write_text(code)
    done = conformance("--subject", "attacker:loss", "--case", CASE, *options, cwd=folder)
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", ATTACKS)
def test_each_attack_is_told_what_it_did(name: str, tmp_path: Path) -> None:
    attack = ATTACKS[name]
    code, said = attacked(attack.code, *attack.options, folder=tmp_path)
    assert code == attack.exit, said
    assert attack.words in said
    if code == NOT_STARTED:
        assert len(said.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("options", [["-s"], ["-n0"], ["-p", "no:xdist"], ["-n", "1"]], ids=" ".join)
def test_a_callable_runs_in_a_process_of_its_own_whatever_pytest_is_told(
    options: list[str], tmp_path: Path
) -> None:
    code, said = attacked(ATTACKS["replaces the judge"].code, "--", *options, folder=tmp_path)
    assert code == DOES_NOT, said
    assert "is 0.0" in said


@pytest.mark.slow
def test_what_a_callable_prints_is_kept_where_it_is_asked_for(tmp_path: Path) -> None:
    code, _ = attacked(f"print('noise')\n{RIGHT}", "--trace", "dialogue", folder=tmp_path)
    assert code == CONFORMS
    assert "! noise" in tmp_path.joinpath("dialogue").read_text().splitlines()


@pytest.mark.slow
def test_no_process_is_started_for_a_case(tmp_path: Path) -> None:
    counting = "import os\n" + RIGHT + "with open('started', 'a') as f: f.write(f'{os.getpid()}\\n')\n"
    cases = f"{CASE},value-exact-f64-002,value-exact-f64-003"
    tmp_path.joinpath("attacker.py").write_text(counting)
    done = conformance("--subject", "attacker:loss", "--case", cases, "--jsonl", "r", cwd=tmp_path)
    assert done.returncode == CONFORMS, done.stdout + done.stderr
    # Once to see whether it starts, and once for all of the run.
    assert len(tmp_path.joinpath("started").read_text().split()) == 2
    assert [v["spread"] for v in lines(tmp_path / "r") if v["type"] == "verdict"] == [0.0] * 3
