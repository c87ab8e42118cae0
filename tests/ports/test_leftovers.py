"""What a port leaves behind, and what it may use: processes and memory, its own and the runner's."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conformance.model import Status
from conformance.port import family, messages
from conformance.port.limits import Limits
from conformance.port.process import BrokenError, Process
from conformance.port.trace import Trace
from ports.talk import FIVE, ask, command, port

ROOT = Path(__file__).parents[2]
PROC = Path("/proc")
needs_proc = pytest.mark.skipif(not PROC.is_dir(), reason="this system has no /proc to look for processes in")


def running(word: str) -> list[int]:
    """Ids of the living processes with this word in their command line."""
    found = []
    for entry in PROC.glob("[0-9]*"):
        try:
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if word.encode() in arguments and state not in "ZX":
            found.append(int(entry.name))
    return found


@needs_proc
@pytest.mark.parametrize(
    "name",
    [
        "is_honest",
        "ignores_sigterm",
        "leaves_grandchild",
        "leaves_daemon",
        "leaves_bare_daemon",
        "floods_stdout",
    ],
)
def test_no_process_is_left_behind(name: str, tmp_path: Path) -> None:
    word = str(tmp_path)
    ask(port(command(name, word), Limits(case=0.5, line=1.0)), FIVE)
    assert running(word) == []


@needs_proc
def test_this_test_sees_a_process_that_is_left_behind(tmp_path: Path) -> None:
    word = str(tmp_path)
    waits = [sys.executable, "-c", "input()", word]
    with subprocess.Popen(waits, stdin=subprocess.PIPE) as left:  # noqa: S603
        assert running(word) == [left.pid]


@needs_proc
def test_a_port_that_multiplies_is_ended(tmp_path: Path) -> None:
    word = str(tmp_path)
    verdict = ask(port(command("leaks_processes", word), Limits(processes=10)), FIVE)[0]
    assert (verdict.status, verdict.reason) == (Status.CRASH, "became 21 processes, more than 10")
    assert running(word) == []


@needs_proc
def test_children_are_no_fault_as_long_as_they_are_few(tmp_path: Path) -> None:
    word = str(tmp_path)
    assert ask(port(command("leaks_processes", word)), FIVE)[0].status is Status.PASS
    assert running(word) == []


@needs_proc
def test_a_port_that_fills_the_memory_is_ended() -> None:
    verdict = ask(port(command("leaks_memory"), Limits(memory=150)), FIVE)[0]
    assert (verdict.status, verdict.reason) == (Status.CRASH, "used more than 150 MiB of memory")


@pytest.mark.slow
@needs_proc
@pytest.mark.parametrize("name", ["floods_stdout", "floods_stderr_for_ever", "floods_lines", "floods_items"])
def test_the_memory_of_the_runner_is_bounded(name: str) -> None:
    # A process of its own: the high-water mark of this one tells of other tests.
    code = (
        "from ports.talk import *\n"
        f"verdict = ask(port(command({name!r}), Limits(case=1)), FIVE)[0]\n"
        "status = open('/proc/self/status').read()\n"
        "print(verdict.status, status.partition('VmHWM:')[2].split()[0])"
    )
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    status, peak = done.stdout.split()
    assert status == ("timeout" if name == "floods_stderr_for_ever" else "protocol")
    assert int(peak) < 400_000


@pytest.mark.slow
@needs_proc
@pytest.mark.parametrize("more", [[], ["--", "-n", "1"]], ids=["here", "worker"])
@pytest.mark.parametrize(
    ("names", "port"),
    [
        ("SIGINT", "hangs_in_case"),
        # Once to end the run, and then to cut short each step of its end.
        ("SIGINT" + 8 * " SIGINT", "hangs_beside_bare_daemon"),
        ("SIGTERM", "hangs_beside_bare_daemon"),
        ("SIGHUP", "hangs_in_case"),
        # With it goes whoever could be told of orphans that have emptied their environment.
        ("SIGKILL", "hangs_in_case"),
    ],
    ids=lambda names: names.partition(" ")[0] + "s" * (" " in names),
)
def test_a_runner_that_is_ended_leaves_nothing_behind(
    names: str, port: str, more: list[str], tmp_path: Path
) -> None:
    numbers = [signal.Signals[name] for name in names.split()]
    word = str(tmp_path)
    line = command(port, word)
    # In the background of a shell SIGINT is ignored, and so it would be here.
    heeding = (
        "import os, signal, sys\n"
        "for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP): signal.signal(n, signal.SIG_DFL)\n"
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    report = tmp_path / "report.jsonl"
    options = ["--port", line, "--timeout", "60", "--jsonl", str(report)]
    suite = [sys.executable, "-m", "conformance", *options]
    runner = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", heeding, *suite, *more],
        cwd=tmp_path,
        env={**os.environ, "THIS_TEST": word},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with runner:
        try:
            limit = time.monotonic() + 60
            # A port is started twice: once before the report is begun, only to shake hands, and for the run.
            started: set[int] = set()
            while not started and time.monotonic() < limit:
                time.sleep(0.01)
                begun = report.exists() and report.stat().st_size > 0
                started = set(running(word)) - {runner.pid} if begun else set()
            for number in numbers:
                runner.send_signal(number)
                time.sleep(0.15)
            runner.wait(30)
        finally:
            runner.kill()
    assert started
    # Who is killed cannot wait for the guard to end the rest.
    limit = time.monotonic() + 10
    while (left := family.members(f"THIS_TEST={word}") + running(word)) and time.monotonic() < limit:
        time.sleep(0.05)
    assert left == []


@needs_proc
@pytest.mark.parametrize("name", ["is_honest", "leaves_grandchild", "ignores_sigterm"])
def test_the_group_is_ended_where_a_system_shows_no_environment(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    word = str(tmp_path)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(family, "PROC", tmp_path / "proc")
        ask(port(command(name, word), Limits(case=0.5)), FIVE)
    # Killed is not yet gone, and without /proc the runner cannot see how far it is.
    limit = time.monotonic() + 10
    while running(word) and time.monotonic() < limit:
        time.sleep(0.01)
    assert running(word) == []


def test_of_stderr_only_the_last_words_are_kept() -> None:
    words = shlex.split(command("floods_stderr_for_ever"))
    process = Process(words, Limits(), Trace(None))
    process.exchange(messages.START, 60)
    with pytest.raises(BrokenError, match="no answer within"):
        process.exchange(messages.run_line(FIVE.request, "1", "cpu"), 0.3)
    assert 0 < len(process._words) <= 2000
