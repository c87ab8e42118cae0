"""Ports that answer one message and end."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from conformance.exits import StartError
from conformance.model import Status
from conformance.port.limits import Limits
from ports.talk import FIVE, HOSTILE, MEAN, ask, command, port

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.model import Verdict

HEAD = """
import json, sys, time
sys.path.insert(0, {here!r})
from honest import *
message = json.load(sys.stdin)
if message["cmd"] == "start":
    say(ABOUT)
    sys.exit()
"""


def shot(folder: Path, body: str, limits: Limits | None = None) -> Verdict:
    script = folder / "port.py"
    script.write_text(HEAD.format(here=str(HOSTILE.parent)) + body, encoding="utf-8")
    line = shlex.join([sys.executable, "-S", str(script)])
    return ask(port(line, limits, one_shot=True), FIVE)[0]


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ("say(right(message))", Status.PASS, ""),
        ("write(json.dumps(right(message)))", Status.PASS, ""),
        ("say(right(message)); sys.exit(3)", Status.CRASH, "ended with exit code 3"),
        ("say(right(message)); import os; os.kill(os.getpid(), 9)", Status.CRASH, "by signal 9 (SIGKILL)"),
        ("say(right(message)); say(right(message))", Status.PROTOCOL, "more than one line"),
        ("say(right(message)); write('bye')", Status.PROTOCOL, "more than one line"),
        ("pass", Status.CRASH, "ended with exit code 0 without an answer"),
        ("write('{')", Status.PROTOCOL, "not JSON"),
    ],
)
def test_verdict(body: str, status: Status, reason: str, tmp_path: Path) -> None:
    verdict = shot(tmp_path, body)
    assert verdict.status is status, verdict.reason
    assert reason in verdict.reason


@pytest.mark.parametrize("body", ["say(right(message)); time.sleep(60)", "time.sleep(60)"])
def test_it_has_to_end_within_the_limit(body: str, tmp_path: Path) -> None:
    assert shot(tmp_path, body, Limits(case=0.5)).status is Status.TIMEOUT


def test_a_port_for_many_messages_serves_as_well() -> None:
    verdicts = ask(port(command("is_honest"), one_shot=True), FIVE, MEAN)
    assert [v.status for v in verdicts] == [Status.PASS] * 2


def test_it_cannot_remember() -> None:
    assert ask(port(command("remembers"), one_shot=True), FIVE)[0].status is Status.PASS


def test_one_that_does_not_start_is_told_of() -> None:
    with pytest.raises(StartError, match="no licence found"):
        port(command("exits_at_start"), one_shot=True)
