"""The run on a GPU, where there is none: its steps exist, and what did not run has not passed."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from conformance.cli import cli
from conformance.subjects import backends
from gpu import gather, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
DEVICES = ("cuda", "cpu")
STEPS = [step for device in DEVICES for step in run.plan(device, 2, gather.ROOT)]
NOTHING: dict[str, Any] = {"why": "no driver", "devices": [], "versions": {"numpy": "1"}}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.name}-{step.device}")
def test_what_a_step_names_exists(step: run.Step, pytestconfig: pytest.Config) -> None:
    flag, module, *options = step.command
    assert flag == "-m"
    assert importlib.util.find_spec(module) is not None
    assert step.backend in backends.NAMES
    if module == "conformance":
        cli.make_context("suite", options)
    elif module == "benchmarks":
        pytest.importorskip("pyperf", reason="pyperf, which only measuring needs, is not installed")
        from benchmarks.__main__ import main  # noqa: PLC0415 - it needs pyperf

        main.make_context("benchmarks", options)
    else:
        given = pytestconfig._parser.parse_known_args([*options, "-p", "xdist"])
        assert (given.backend, given.device) == ([step.backend], options[options.index("--device") + 1])
        paths = [run.ROOT / word for word in options if word.startswith("tests/")]
        assert paths
        assert all(path.exists() for path in paths)
        # A word that no test has would leave all out, and so would a page that is not there.
        *_, word = given.keyword.split()
        if word.endswith(".md"):
            assert (run.ROOT / "docs" / word).exists()
        else:
            (path,) = paths
            assert re.search(rf"def test_\w*{word}", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("device", DEVICES)
def test_all_steps_fit_into_nine_minutes(device: str) -> None:
    before = 30
    assert before + sum(step.limit for step in run.plan(device, 2, gather.ROOT)) <= run.SECONDS == 9 * 60


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder for the reports of a run that was asked for there."""
    monkeypatch.setattr(run, "install", lambda _: sys.executable)
    monkeypatch.setattr(sys, "argv", ["gpu.run", "--out", str(tmp_path)])
    return tmp_path


def statuses(reports: Path) -> list[str]:
    return [step["status"] for step in json.loads((reports / "gpu.json").read_text())["steps"]]


def test_without_a_device_every_step_is_absent(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "probe", lambda *_: NOTHING)
    assert run.main() == 5
    assert statuses(reports) == ["absent"] * len(run.plan("cuda", 2, reports))
    table = (reports / "gpu.md").read_text()
    assert table.startswith("CUDA: 11 absent of 11 steps. ")
    assert "| tests on jax | absent | 0 | 50 | no driver |" in table
    assert "passed" not in table


def test_what_ran_is_kept_when_the_run_is_cut_off(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(step: run.Step, *_: object) -> None:
        if step.backend == "torch":
            raise KeyboardInterrupt
        step.status = "passed"

    monkeypatch.setattr(run, "probe", lambda *_: NOTHING | {"devices": ["cuda:0"]})
    monkeypatch.setattr(run, "carry_out", cut_off)
    with pytest.raises(KeyboardInterrupt):
        run.main()
    assert statuses(reports) == ["passed"] + ["not run"] * 10


@pytest.mark.parametrize(
    ("came", "code"),
    [({"passed"}, 0), ({"passed", "absent"}, 5), ({"absent", "stopped"}, 1), ({"failed"}, 1)],
)
def test_exit_codes(came: set[str], code: int, reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = sorted(came) * len(STEPS)

    def carry_out(step: run.Step, *_: object) -> None:
        step.status = left.pop()

    monkeypatch.setattr(run, "probe", lambda *_: NOTHING | {"devices": ["cuda:0"]})
    monkeypatch.setattr(run, "carry_out", carry_out)
    assert run.main() == code
    assert set(statuses(reports)) == came


@pytest.mark.parametrize(
    ("devices", "why"),
    [
        (["cuda:1"], ""),
        (["cpu", "cuda:0"], ""),
        (["cpu", "cudax"], "no device cuda here, only cpu, cudax"),
        ([], "no driver"),
    ],
)
def test_why_a_backend_is_absent(devices: list[str], why: str) -> None:
    found = NOTHING | {"devices": devices, "why": None if devices else "no driver"}
    assert run.absence(found, "cuda") == why


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("print('3 passed in 1 s'); print('bye')", "passed", "3 passed in 1 s"),
        ("print('12 skipped')", "failed", "12 skipped"),
        ("print('0 passed')", "failed", "0 passed"),
        ("print('3 passed, 1 failed'); raise SystemExit(1)", "failed", "3 passed, 1 failed"),
        ("print('3 passed'); import os; os.abort()", "failed", "3 passed"),
        ("print('3 passed'); import time; time.sleep(60)", "stopped", "3 passed"),
    ],
)
def test_what_came_of_a_step(code: str, status: str, said: str, tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("of the step before: 9 passed\n")
    step = run.Step("s", "numpy", "cpu", 5.0, ["-c", code])
    run.carry_out(step, sys.executable, log)
    assert (step.status, step.said) == (status, said)


def test_measurements_pass_only_if_every_target_was_measured_and_met() -> None:
    for text, passes in (
        ("8 targets met, 0 missed. A note.", True),
        ("8 targets met, 1 missed.", False),
        ("8 targets met, 0 missed, 2 not measured here.", False),
        ("0 targets met, 0 missed.", False),
    ):
        assert (re.search(run.ALL_MET, text) is not None) == passes, text


def test_a_stopped_step_leaves_nothing_behind(tmp_path: Path) -> None:
    late = tmp_path / "late"
    child = f"import time; time.sleep(8); open({str(late)!r}, 'w')"
    code = (
        f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)"
    )
    step = run.Step("s", "numpy", "cpu", 5.0, ["-c", code])
    run.carry_out(step, sys.executable, tmp_path / "log.txt")
    assert step.status == "stopped"
    log = tmp_path / "log.txt"
    again = run.Step("s", "numpy", "cpu", 60.0, ["-c", "import time; time.sleep(8); print('1 passed')"])
    run.carry_out(again, sys.executable, log)
    assert (again.status, late.exists()) == ("passed", False)


ENDED = """
import sys
import threading
from gpu import run
run.install = lambda _: sys.executable
run.probe = lambda *_: {"why": None, "devices": ["cuda:0"], "versions": {}}
run.plan = lambda *_: [run.Step("s", "torch", "cuda", 60, ["-c", "import time; time.sleep(60)"])]
start = run.subprocess.Popen
def told(*arguments, **options):
    process = start(*arguments, **options)
    # Told when it is waited for.
    threading.Timer(0.5, print, [process.pid], {"flush": True}).start()
    return process
run.subprocess.Popen = told
run.main()
"""


def test_a_run_that_is_ended_ends_its_step(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ENDED, "--out", str(tmp_path)]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=run.ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        step = int(process.stdout.readline())
        process.terminate()
        assert process.wait(30) == 1
    with pytest.raises(ProcessLookupError):
        os.kill(step, 0)


def test_a_probe_tells_devices_and_versions_or_what_broke() -> None:
    pytest.importorskip("numpy", reason="numpy is not installed")
    found = run.probe(sys.executable, "numpy")
    assert (found["why"], found["devices"]) == (None, ["cpu"])
    assert {"Python", "numpy", "array-api-compat"} <= set(found["versions"])
    broken = run.probe(sys.executable, "nothing_of_the_kind")
    assert broken["devices"] == []
    assert "nothing_of_the_kind" in broken["why"]


def test_wheels_are_asked_for_by_what_the_project_needs_and_bring_no_array_library() -> None:
    names = {re.split(r"[<>=]", line)[0] for line in gather.requirements()}
    assert {"array-api-compat", "msgspec", "pytest-xdist", "hypothesis", "pyperf"} <= names
    # No registry has the library: it travels in the folder.
    assert names.isdisjoint({"torch", "jax", "cupy-cuda13x", "dask", "temporal-loss"})
    assert names & {"numpy"} == {gather.THERE}
