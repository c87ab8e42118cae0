"""The dialogue that `--trace` keeps."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from conformance.port.limits import Limits
from ports.talk import FIVE, HOSTILE, ask, command, port

if TYPE_CHECKING:
    from pathlib import Path


def kept(path: Path, mark: str) -> list[str]:
    return [line[2:] for line in path.read_text(encoding="utf-8").splitlines() if line.startswith(mark)]


def test_holds_both_sides_in_order(tmp_path: Path) -> None:
    path = tmp_path / "dialogue"
    ask(port(command("is_honest"), trace=str(path)), FIVE)
    marks = [line[0] for line in path.read_text(encoding="utf-8").splitlines()]
    # Shaking hands and the end of it; then once more, with two askings of the case, which is told to people.
    assert "".join(marks) == "#><>" + "#><#><#><>"
    assert kept(path, "#").count(f"case: {FIVE.id}") == 2
    sent, got = (list(map(json.loads, kept(path, mark))) for mark in "><")
    assert [m["cmd"] for m in sent] == ["start", "stop", "start", "run", "run", "stop"]
    assert [m["seq"] for m in got if "seq" in m] == [m["seq"] for m in sent if "seq" in m]


def test_what_was_sent_can_be_sent_again(tmp_path: Path) -> None:
    path = tmp_path / "dialogue"
    ask(port(command("is_honest"), trace=str(path)), FIVE)
    lines = kept(path, ">")[2:]
    again = subprocess.run(  # noqa: S603
        [sys.executable, HOSTILE, "is_honest"],
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert again.stdout.splitlines() == kept(path, "<")[1:]


def test_holds_what_went_wrong(tmp_path: Path) -> None:
    path = tmp_path / "dialogue"
    ask(port(command("floods_stderr_for_ever"), Limits(case=0.3), str(path)), FIVE)
    assert "timeout: no answer within 0.3 s" in kept(path, "#")
    words = kept(path, "!")
    assert "warning: " in words[0]
    # 64 KiB for each of the two processes that were asked.
    assert sum(map(len, words)) <= 2 * 65536


def test_a_line_without_end_is_kept_in_part(tmp_path: Path) -> None:
    path = tmp_path / "dialogue"
    ask(port(command("floods_stdout"), Limits(line=1), str(path)), FIVE)
    assert path.stat().st_size < 20_000
    assert any(line.startswith("[[[[") for line in kept(path, "<"))
