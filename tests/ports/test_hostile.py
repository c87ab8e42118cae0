"""Every way a port can misbehave, with the verdict it has to get."""

from __future__ import annotations

import math
import re
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from conformance import suite
from conformance.exits import StartError
from conformance.model import Status
from conformance.port.limits import Limits
from conformance.port.process import BrokenError
from conformance.port.subject import PortCommand, meet
from conformance.run.plan import Plan, Trial
from conformance.run.runner import Runner
from ports.talk import FIVE, HOSTILE, LONG, MEAN, NEAR, REFUSED, ask, command, port

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.model import Case

BITS = {
    "zero": "0000000000000000",
    "minus zero": "8000000000000000",
    "NaN": "7ff8000000000000",
    "infinity": "7ff0000000000000",
    # 5 and 1/8, and the float64 after it.
    "the budget": "4014800000000000",
    "the budget and one ULP": "4014800000000001",
    "the budget below": "4013800000000000",
    "one ULP off": "4014000000000001",
    "upper case": "4014800000000000".upper(),
}
(HELD,) = suite.select("value-exact-f64-001")
"""Asked with many frames too."""
SHORT = Limits(case=0.4, line=1.0)


class Behaviour(NamedTuple):
    name: str
    status: Status
    reason: str
    arguments: tuple[str, ...] = ()
    case: Case = FIVE
    limits: Limits = Limits()


CRASH, TIMEOUT, PROTOCOL, FAIL, PASS = Status.CRASH, Status.TIMEOUT, Status.PROTOCOL, Status.FAIL, Status.PASS
BEHAVIOURS = [
    Behaviour("is_honest", PASS, ""),
    Behaviour("is_honest", PASS, "", case=MEAN),
    # Ends.
    Behaviour("exits_in_case", CRASH, "exit code 1 without an answer; last on stderr: segmentation fault"),
    Behaviour("exits_in_line", CRASH, "exit code 0 in the middle of a line"),
    Behaviour("exits_after_right_answer", CRASH, "ended with exit code 0"),
    Behaviour("dies_by_signal", CRASH, "signal 11 (SIGSEGV)"),
    Behaviour("leaves_grandchild", CRASH, "exit code 0 without an answer"),
    Behaviour("leaves_bare_daemon", CRASH, "exit code 0 without an answer"),
    Behaviour("closes_stdout", CRASH, "closed its standard output"),
    Behaviour("says_it_broke", CRASH, r"\x1b[2Jout of luck\nand more"),
    # Hangs.
    Behaviour("hangs_in_case", TIMEOUT, "no answer within 0.4 s", limits=SHORT),
    Behaviour("hangs_in_line", TIMEOUT, "a line without an end", limits=SHORT),
    Behaviour("ignores_sigterm", TIMEOUT, "no answer within", limits=SHORT),
    Behaviour("leaves_daemon", TIMEOUT, "no answer within", limits=SHORT),
    Behaviour("reads_nothing_more", TIMEOUT, "no answer within", case=LONG, limits=SHORT),
    # Floods.
    Behaviour("floods_stderr", PASS, ""),
    Behaviour("floods_stderr_for_ever", TIMEOUT, "no answer within", limits=SHORT),
    Behaviour("floods_stdout", PROTOCOL, "more than 1 MiB without an end of line", limits=Limits(line=1.0)),
    Behaviour("floods_lines", PROTOCOL, "line"),
    Behaviour("floods_items", PROTOCOL, "far more items"),
    # Lines.
    Behaviour("ends_lines_with_crlf", PASS, ""),
    Behaviour("writes_bom", PROTOCOL, "byte order mark"),
    Behaviour("writes_blank_line", PROTOCOL, ""),
    Behaviour("writes_no_utf8", PROTOCOL, "not UTF-8"),
    Behaviour("writes_half_surrogate", PROTOCOL, "surrogate"),
    # JSON.
    Behaviour("writes_nan", PROTOCOL, "NaN is not JSON"),
    Behaviour("writes_infinity", PROTOCOL, "Infinity is not JSON"),
    Behaviour("writes_1e400", PROTOCOL, "outside of float64: 1e400"),
    Behaviour("writes_long_integer", PROTOCOL, "a number of 5000 characters"),
    Behaviour("writes_deep_nesting", PROTOCOL, "far more items"),
    Behaviour("writes_key_twice", PROTOCOL, "the key 'seq' twice"),
    Behaviour("writes_list", PROTOCOL, "not a JSON object"),
    # Messages.
    Behaviour("answers_wrong_seq", PROTOCOL, "answers seq '1'"),
    Behaviour("answers_old_seq", PROTOCOL, "answers seq 'none'"),
    # Which of the two is read first is a race: a line too many, or the answer to an older question.
    Behaviour("answers_twice", PROTOCOL, ""),
    Behaviour("answers_without_seq", PROTOCOL, "missing required field `seq`"),
    Behaviour("answers_unasked", PROTOCOL, ""),
    Behaviour("answers_both", PROTOCOL, "it holds outputs and rejected"),
    Behaviour("answers_unknown_kind", PROTOCOL, "Invalid enum value 'any' - at `$.rejected.kind`"),
    Behaviour("answers_with_more", PROTOCOL, "unknown field `verdict`"),
    Behaviour("echoes", PROTOCOL, "it holds none"),
    # Results.
    Behaviour("gives_wrong_dtype", FAIL, "loss has dtype float32, expected float64"),
    Behaviour("gives_list_for_scalar", FAIL, "loss has shape [1], expected []"),
    Behaviour("gives_other_device", FAIL, "on device cuda:0"),
    Behaviour("gives_other_output", FAIL, "no output loss"),
    Behaviour("gives_too_many_bits", FAIL, "2 elements for shape []"),
    Behaviour("gives_short_bits", PROTOCOL, "bits[0] of loss is '4014'; float64 has 16 hex digits"),
    Behaviour("gives_split_bits", PROTOCOL, "bits[0] of loss is '40140000'"),
    Behaviour("gives_0x_bits", PROTOCOL, "bits[0] of loss is '0x4014"),
    Behaviour("gives_bits", FAIL, "loss is 0.0, expected 5.0", (BITS["zero"],)),
    Behaviour("gives_bits", FAIL, "loss is nan", (BITS["NaN"],), NEAR),
    Behaviour("gives_bits", FAIL, "loss is inf", (BITS["infinity"],), NEAR),
    Behaviour("gives_bits", FAIL, "the budget is 0", (BITS["one ULP off"],)),
    Behaviour("gives_bits", PASS, "", (BITS["one ULP off"],), NEAR),
    Behaviour("gives_bits", PASS, "", (BITS["the budget"],), NEAR),
    Behaviour("gives_bits", PASS, "", (BITS["the budget below"],), NEAR),
    Behaviour("gives_bits", FAIL, "1 times the budget 0.125", (BITS["the budget and one ULP"],), NEAR),
    Behaviour("gives_bits", Status.WRONGLY_ACCEPTED, "kind shape is due", (BITS["zero"],), REFUSED),
    Behaviour("supports_nothing", Status.UNSUPPORTED, "not implemented yet"),
    Behaviour("rejects_everything", Status.WRONGLY_REJECTED, "refused a good input (shape: no)"),
    Behaviour("rejects_everything", PASS, "", case=REFUSED),
    Behaviour("remembers", FAIL, "on the second run only: loss is 6.0"),
    # Many frames.
    Behaviour("is_honest", PASS, "", case=HELD),
    Behaviour("counts_in_short", FAIL, "2**17 of them: loss is 5.0, expected 3.8", case=HELD),
    Behaviour("stops_at_short", FAIL, "2**17 of them: loss is 0.0, expected 3.8", case=HELD),
    Behaviour("recurses", CRASH, "2**17 of them: ended with exit code 1", case=HELD),
]


@pytest.mark.parametrize("b", BEHAVIOURS, ids=lambda b: f"{b.name}-{b.status}")
def test_verdict(b: Behaviour) -> None:
    verdict = ask(port(command(b.name, *b.arguments), b.limits), b.case)[0]
    assert verdict.status is b.status, verdict.reason
    assert b.reason in verdict.reason
    assert verdict.reason.isprintable()


AT_START = {
    "cannot_start": "did not start: no licence found",
    "exits_at_start": "exit code 1 without an answer; last on stderr: no licence found",
    "dies_at_start_by_signal": "signal 11 (SIGSEGV)",
    "hangs_before_handshake": "no answer within 0.4 s, nor any before; does it flush each line",
    "hangs_in_handshake": "a line without an end",
    "says_banner": "Welcome to the framework",
    "speaks_other_protocol": "Invalid enum value 2 - at `$.protocol`",
}


@pytest.mark.parametrize("name", AT_START)
def test_a_port_that_does_not_shake_hands_has_not_started(name: str) -> None:
    # Only those that hang wait for the limit.
    limits = Limits(start=0.4 if "hangs" in name else 60)
    with pytest.raises(StartError, match="did not start") as caught:
        port(command(name), limits)
    assert AT_START[name] in str(caught.value)


@pytest.mark.parametrize("line", ["/nowhere/port", str(HOSTILE.parent), str(HOSTILE)])
def test_a_program_that_cannot_be_run_has_not_started(line: str) -> None:
    with pytest.raises(StartError, match="cannot run"):
        port(line)


ELSEWHERE = {
    "answers_late",
    "hangs_beside_bare_daemon",
    "is_slow",
    "is_slow_on_two_devices",
    "leaks_memory",
    "leaks_processes",
    "starts_as_another",
}


def test_every_hostile_port_is_in_a_test() -> None:
    # Those of ELSEWHERE have tests with more to say about them, `start_…` is a part of two.
    names = re.findall(r'^(?:    "|def )(\w+)(?:": |\(\))', HOSTILE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {*names} - {"start_bare_daemon"} == {b.name for b in BEHAVIOURS} | AT_START.keys() | ELSEWHERE


def test_a_late_answer_is_not_credited_to_anybody(tmp_path: Path) -> None:
    late = port(command("answers_late", "1.5", str(tmp_path / "once")), Limits(case=0.5))
    first, second = ask(late, FIVE, MEAN)
    assert first.status is TIMEOUT
    assert second.status is PASS


def test_a_port_starts_afresh_after_what_went_wrong() -> None:
    # Each asking finds a new process, so the counter never gets beyond its first answer.
    bad = port(command("exits_after_right_answer"))
    reasons = [v.reason for v in ask(bad, FIVE, MEAN, FIVE)]
    assert all(r.startswith("on the second run only") for r in reasons)


def test_the_whole_run_has_a_limit() -> None:
    slow = port(command("is_slow"), Limits(total=1.0))
    statuses = [v.status for v in ask(slow, *[FIVE] * 8)]
    assert statuses[-1] is TIMEOUT
    assert "not asked: the 1 s for the whole run are used up" in ask(slow, *[FIVE] * 8)[-1].reason
    assert statuses == sorted(statuses, key=[PASS, TIMEOUT].index)


def test_the_limit_of_the_whole_run_is_one_for_all_devices() -> None:
    slow = PortCommand(command("is_slow_on_two_devices"), limits=Limits(total=2.0))
    plan = Plan.from_text(Plan(ports=tuple(meet(slow))).to_text())
    cpu, gpu = plan.subjects
    runner = Runner(plan)
    verdicts = [runner.run(Trial(port, FIVE)) for port in (cpu, cpu, cpu, cpu, gpu)]
    runner.close()
    assert [v.status for v in verdicts[::4]] == [PASS, TIMEOUT]
    assert "not asked: the 2 s for the whole run are used up" in verdicts[-1].reason


@pytest.mark.parametrize("what", ["name", "claims"])
def test_a_port_that_starts_as_another_is_credited_with_nothing(what: str, tmp_path: Path) -> None:
    verdict = ask(port(command("starts_as_another", what, str(tmp_path / "once"))), FIVE)[0]
    assert verdict.status is PROTOCOL
    assert "says something else of itself than before" in verdict.reason


def test_a_port_that_stops_starting_is_given_up(tmp_path: Path) -> None:
    script = tmp_path / "port"
    once = tmp_path / "once"
    start = '{"protocol":1,"port":{"name":"a","version":"1","language":"sh"},'
    claims = '"capabilities":{"ops":["value"],"dtypes":["float64"],"devices":["cpu"]}}'
    script.write_text(
        f"#!/bin/sh\necho started >> {tmp_path}/starts\n"
        f"[ -e {once} ] && exit 7\ntouch {once}\nread line\necho '{start}{claims}'\n",
    )
    script.chmod(0o755)
    verdicts = ask(port(str(script)), *[FIVE] * 5)
    assert {v.status for v in verdicts} == {CRASH}
    assert "ended with exit code 7" in verdicts[0].reason
    assert "3 times in a row" in verdicts[-1].reason
    assert len((tmp_path / "starts").read_text().split()) == 4


def test_nothing_is_asked_that_the_port_does_not_claim() -> None:
    half = FIVE.inputs["keypoints"].__class__("float16", (2, 2), (0.0, 0.0, 3.0, 4.0))
    case = FIVE.__class__(**{**vars(FIVE), "inputs": {"keypoints": half}})
    verdict = ask(port(command("is_honest")), case)[0]
    assert verdict.status is Status.UNSUPPORTED
    assert verdict.reason == "its capabilities have no float16 (keypoints)"
    assert verdict.worst is None or not math.isfinite(verdict.worst)


def test_what_came_before_a_question_is_no_answer_to_it() -> None:
    talk = PortCommand(command("answers_unasked")).dialogue()
    talk.shake_hands()
    # Long enough for the line that nobody asked for, and if it is not, its seq gives it away.
    time.sleep(0.5)
    with pytest.raises(BrokenError, match=r"nobody asked for|answers seq '1'") as caught:
        talk.ask(FIVE.request, "cpu")
    talk.close()
    assert caught.value.status is PROTOCOL
