"""A full disk, or output that nobody reads any more: one line and exit code 2, for every kind of output."""

from __future__ import annotations

import io
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from command import HERE, conformance
from runs import GREEN

from conformance.exits import Exit, UsageError
from conformance.report import jsonl

FULL = Path("/dev/full")
ONE = ["--", "-k", "value-exact-f64-001"]
PORT = shlex.join([sys.executable, "-S", str(HERE.parent / "ports" / "hostile.py"), "is_honest"])
COMMANDS = [
    ["emit"],
    ["cases", "list"],
    ["cases", "check"],
    ["--list", "--port", PORT],
    ["--port", PORT, *ONE],
    ["--help"],
    ["--version"],
]

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="only Linux has a disk that is always full")


def one_line(done: subprocess.CompletedProcess[str], words: str) -> None:
    assert done.returncode == Exit.USAGE, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("python -m conformance: ")
    assert words in line


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--jsonl", "--junit", "--html", "--markdown", "--trace"])
def test_a_report_on_a_full_disk(option: str, tmp_path: Path) -> None:
    done = conformance("--port", PORT, option, str(FULL), *ONE, cwd=tmp_path)
    one_line(done, f"{option}")
    assert "No space left on device" in done.stderr
    # What was found is told, unless it was known before that the report cannot be written.
    assert ("conforms: 1 passed" in done.stdout) is (option != "--jsonl")


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_output_on_a_full_disk(command: list[str], tmp_path: Path) -> None:
    with FULL.open("w") as full:
        one_line(run(command, tmp_path, full.fileno()), "No space left on device")


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_output_that_nobody_reads(command: list[str], tmp_path: Path) -> None:
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)  # noqa: S607
    reader.wait()
    assert reader.stdin
    with reader.stdin:
        one_line(run(command, tmp_path, reader.stdin.fileno()), "Broken pipe")


def run(command: list[str], folder: Path, out: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "conformance", *command],
        cwd=folder,
        env={"PYTHONPATH": str(HERE.parents[1])},
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        timeout=300,
        check=False,
    )


def test_no_output_at_all(tmp_path: Path) -> None:
    command = f"exec {shlex.quote(sys.executable)} -m conformance --version >&-"
    done = subprocess.run(  # noqa: S603 - our own command
        ["bash", "-c", command],  # noqa: S607
        cwd=tmp_path,
        env={"PYTHONPATH": str(HERE.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    one_line(done, "no standard output")


class Filling(io.StringIO):
    """Takes three lines."""

    def write(self, text: str) -> int:
        if self.getvalue().count("\n") == 3:
            raise OSError(28, "No space left on device")
        return super().write(text)


def test_a_disk_that_fills_up_ends_no_run(tmp_path: Path) -> None:
    stream = Filling()
    writer = jsonl.Writer(stream)
    writer.header(GREEN.header)
    for verdict in GREEN.verdicts:
        writer.verdict(verdict)
    writer.footer(GREEN)
    with pytest.raises(UsageError, match="--jsonl: No space left on device: the report is not whole"):
        writer.check()
    path = tmp_path / "r.jsonl"
    path.write_text(stream.getvalue(), encoding="utf-8")
    with pytest.raises(UsageError, match="no footer"):
        jsonl.read(path)
