"""Ports on the command line: what is printed, and the exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from support.commands import python_m

from conformance import offline, suite
from conformance.exits import Exit
from ports.talk import command
from ports.test_offline import IDS, answers

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

ONLY = ["--case", ",".join(IDS)]


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return python_m("conformance", *arguments, cwd=folder)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("is_honest", Exit.CONFORMS),
        ("gives_list_for_scalar", Exit.DOES_NOT),
        ("rejects_everything", Exit.DOES_NOT),
        ("exits_in_case", Exit.DOES_NOT),
        ("exits_at_start", Exit.NOT_STARTED),
        ("says_banner", Exit.NOT_STARTED),
        ("supports_nothing", Exit.INCOMPLETE),
    ],
)
def test_exit_code(name: str, code: Exit, tmp_path: Path) -> None:
    done = run("--port", command(name), *ONLY, folder=tmp_path)
    assert done.returncode == code, done.stdout + done.stderr
    if code is Exit.NOT_STARTED:
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1


def test_a_port_that_supports_nothing_claims_nothing(tmp_path: Path) -> None:
    done = run("--port", command("supports_nothing"), *ONLY, folder=tmp_path)
    assert "3 unsupported" in done.stdout
    assert "0 passed" in done.stdout
    assert "conforms" not in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--one-shot"], "--one-shot belongs to --port"),
        (["--trace", "x"], "--trace belongs to --port and --subject"),
        (["--port", ""], "needs a command"),
        (["--port", "'"], "No closing quotation"),
        (["--port", "HONEST", "--device", "cuda:0"], "has no device cuda:0: cpu"),
        (["--port", "HONEST", "--port", "HONEST"], "two ports call themselves hostile 1 (Python)/cpu"),
        (["--port", "HONEST", "--max-line", "0"], "--max-line"),
        (["--port", "HONEST", "--max-processes", "inf"], "inf is no limit"),
        (["--port", "HONEST", "--timeout", "nan"], "nan is no limit"),
        (
            ["--port", "HONEST", "--", "--conformance-plan", "{}"],
            "--conformance-plan is the suite's own",
        ),
        (["--port", "HONEST", "--", "--conformance-plan={}"], "--conformance-plan is the suite's own"),
        (["emit", "--op", "sum"], "no operation 'sum'"),
        (["emit", "--dtype", "float8"], "no dtype 'float8'"),
        (["emit", "--case", "no-such-case"], "there is no case"),
        (["judge", "nowhere.jsonl"], "nowhere.jsonl"),
    ],
)
def test_usage(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = run(*[command("is_honest") if a == "HONEST" else a for a in arguments], folder=tmp_path)
    assert done.returncode == Exit.USAGE
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_failure_says_how_to_ask_again(tmp_path: Path) -> None:
    line = command("gives_list_for_scalar")
    done = run("--port", line, *ONLY, "--timeout", "7", folder=tmp_path)
    again = next(text for text in done.stdout.splitlines() if text.strip().startswith("rerun"))
    assert f'--port "{line}" --timeout 7 --case {IDS[0]}' in again


@pytest.mark.slow
def test_emitted_requests_are_answered_and_judged(tmp_path: Path) -> None:
    emitted = run("emit", *ONLY, folder=tmp_path)
    assert emitted.returncode == 0
    assert [json.loads(line)["cmd"] for line in emitted.stdout.splitlines()] == [
        "start",
        *["run"] * 6,
        "stop",
    ]
    path = answers("is_honest", tmp_path)
    report = tmp_path / "report.jsonl"
    done = run("judge", str(path), *ONLY, "--jsonl", str(report), folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert lines[0]["subjects"][0]["name"] == "hostile 1 (Python)/cpu"
    assert [line["status"] for line in lines if line["type"] == "verdict"] == ["pass"] * 3


def test_wrong_answers_do_not_conform(tmp_path: Path) -> None:
    done = run("judge", str(answers("gives_list_for_scalar", tmp_path)), *ONLY, folder=tmp_path)
    assert done.returncode == Exit.DOES_NOT
    assert f"judge {tmp_path}/answers.jsonl --case {IDS[0]}" in done.stdout


@pytest.mark.slow
def test_a_trace_is_begun_anew(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    trace.write_text("of yesterday")
    assert run("--port", command("is_honest"), *ONLY, "--trace", "trace", folder=tmp_path).returncode == 0
    assert "of yesterday" not in trace.read_text()
    # Twice each, and one of them with many frames.
    assert trace.read_text().count('"run"') == 7


@pytest.mark.slow
def test_a_port_runs_beside_a_backend(tmp_path: Path) -> None:
    done = run("--port", command("is_honest"), "--backend", "strict", *ONLY, folder=tmp_path)
    if "absent" in done.stderr:
        pytest.skip("array-api-strict is not here")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Largest distance between results" in done.stdout


@pytest.mark.slow
def test_answers_to_some_operations_and_dtypes_are_judged_as_such(tmp_path: Path) -> None:
    chosen = ["--op", "stages", "--dtype", "float64"]
    lines = run("emit", *chosen, "--device", "tpu:0", folder=tmp_path).stdout.splitlines()
    runs = [json.loads(line) for line in lines[1:-1]]
    assert {(m["op"], m["device"]) for m in runs} == {("stages", "tpu:0")}
    floats = {a["dtype"] for m in runs for a in m["inputs"].values()} - {"int64", "bool", "complex64"}
    assert floats == {"float64"}
    seqs = {m["seq"] for m in runs}
    cases = [case for case in suite.load_cases() if offline.seq_of(case.id, 1) in seqs]
    assert 2 * len(cases) == len(seqs)
    path = answers("supports_nothing", tmp_path, cases)
    done = run("judge", str(path), *chosen, folder=tmp_path)
    assert f"0 passed, {len(cases)} unsupported; {len(cases)} of {len(cases)} planned" in done.stdout
    wrong = run("judge", str(path), "--op", "sum", folder=tmp_path)
    assert wrong.returncode == Exit.USAGE
    assert "no operation 'sum'" in wrong.stderr
