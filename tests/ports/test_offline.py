"""Requests written out, answers judged from a file: the verdicts have to be those of a live run."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from conformance import fresh, offline, suite
from conformance.cli import main
from conformance.exits import UsageError
from conformance.model import Case, Op, Status, Verdict
from conformance.offline import AnswersChoice
from conformance.run.plan import Plan, Trial
from conformance.run.runner import Runner
from ports.talk import FIVE, HOSTILE
from ports.test_hostile import BEHAVIOURS, Behaviour

if TYPE_CHECKING:
    from pathlib import Path

# Those that end, hang or flood leave less of a file than of a run.
WORDS = ("is_", "ends_", "writes_", "answers_", "echoes", "gives_", "supports_", "rejects_", "remembers")
ANSWERING = [b for b in BEHAVIOURS if b.case is FIVE and b.name.startswith(WORDS)]


def plain(case: Case) -> bool:
    """Whether it is a question that honest.py can answer: a mean in float64 in the plane."""
    return (
        case.op is Op.VALUE
        and case.dtype == "float64"
        and not case.params
        and list(case.inputs) == ["keypoints"]
    )


CASES = [
    c for c in suite.load_cases() if plain(c) and c.error is None and len(c.inputs["keypoints"].shape) == 2
][:3]
REFUSALS = [
    c
    for c in suite.load_cases()
    if plain(c) and c.error is not None and c.inputs["keypoints"].shape[1:] == (5,)
]
IDS = tuple(c.id for c in CASES)


def answers(name: str, folder: Path, cases: list[Case] = CASES, arguments: tuple[str, ...] = ()) -> Path:
    """Run a port by hand, as its author would."""
    path = folder / "answers.jsonl"
    done = subprocess.run(  # noqa: S603
        [sys.executable, HOSTILE, name, *arguments],
        input=b"".join(offline.emit(cases)),
        capture_output=True,
        check=False,
        timeout=60,
    )
    path.write_bytes(done.stdout)
    return path


def judged(path: Path, cases: list[Case] = CASES) -> list[Verdict]:
    choice = AnswersChoice.of(path, "cpu", tuple(c.id for c in cases))
    runner = Runner(Plan())
    return [runner.run(Trial(choice, case)) for case in cases]


def statuses(verdicts: list[Verdict]) -> list[Status]:
    return [v.status for v in verdicts]


def test_there_are_cases_to_ask() -> None:
    assert len(CASES) == 3
    assert REFUSALS


@pytest.mark.parametrize("b", ANSWERING, ids=lambda b: b.name)
def test_verdicts_are_those_of_a_live_run(b: Behaviour, tmp_path: Path) -> None:
    verdicts = judged(answers(b.name, tmp_path, arguments=b.arguments))
    if b.name == "answers_old_seq":
        # A live run starts it afresh, and sees in which order lines come.
        assert statuses(verdicts) != [Status.PASS] * 3
    elif b.name in {"writes_bom", "writes_blank_line", "answers_unasked"}:
        # In a file such lines come from shells and editors too.
        assert statuses(verdicts) == [Status.PASS] * 3
    else:
        assert statuses(verdicts) == [b.status] * 3


def test_refusals_are_judged(tmp_path: Path) -> None:
    assert statuses(judged(answers("rejects_everything", tmp_path, REFUSALS), REFUSALS)) == [
        Status.PASS
    ] * len(REFUSALS)


@pytest.mark.parametrize("last", [False, True])
def test_what_is_not_answered_has_crashed(tmp_path: Path, *, last: bool) -> None:
    path = answers("is_honest", tmp_path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:5] if last else lines[:3] + lines[5:]))
    verdicts = judged(path)
    crashed = [Status.PASS, Status.PASS, Status.CRASH] if last else [Status.PASS, Status.CRASH, Status.PASS]
    assert statuses(verdicts) == crashed
    assert "no answer in the file" in verdicts[2 if last else 1].reason


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("exits_in_case", "cut short: it ends after 0 of 6 answers"),
        ("exits_after_right_answer", "cut short: it ends after 1 of 6 answers"),
        ("exits_in_line", "cut short: it ends after 0 of 6 answers"),
    ],
)
def test_a_file_that_ends_early_gets_one_line(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        judged(answers(name, tmp_path))


def test_answers_to_some_operations_alone_get_one_line(tmp_path: Path) -> None:
    (gradient,) = suite.select("gradient-moving-f64-001")
    path = answers("supports_nothing", tmp_path)
    with pytest.raises(UsageError, match=r"only answers to value in float64; give the --op"):
        judged(path, [*CASES, gradient])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_what_shells_make_of_redirected_text_is_read(encoding: str, tmp_path: Path) -> None:
    path = answers("is_honest", tmp_path)
    path.write_bytes(path.read_text().replace("\n", "\r\n").encode(encoding))
    assert statuses(judged(path)) == [Status.PASS] * 3


@pytest.mark.slow
def test_fresh_cases_are_emitted_and_judged(tmp_path: Path) -> None:
    drawn = fresh.cases(300, 5)
    plane = next(c for c in drawn if plain(c) and len(c.inputs["keypoints"].shape) == 2)
    path = answers("is_honest", tmp_path, [*CASES, plane])
    assert statuses(judged(path, [*CASES, plane])) == [Status.PASS] * 4
    assert AnswersChoice.of(path, "cpu", drawn=300, seed=5).emitted == [*suite.load_cases(), *drawn]


@pytest.mark.parametrize(
    "options", [["--fresh=3"], ["--seed=3"], ["--fresh=3", "--seed=3", f"--case={IDS[0]}"]]
)
def test_fresh_cases_to_emit_have_a_seed_that_is_known(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["emit", *options]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_lines_may_come_in_any_order(tmp_path: Path) -> None:
    path = answers("is_honest", tmp_path)
    path.write_text("".join(reversed(path.read_text().splitlines(keepends=True))))
    assert statuses(judged(path)) == [Status.PASS] * 3


def test_parts_may_be_put_together(tmp_path: Path) -> None:
    parts = [answers("is_honest", tmp_path, [case]).read_text() for case in CASES]
    path = tmp_path / "all"
    path.write_text("".join(parts))
    assert statuses(judged(path)) == [Status.PASS] * 3


@pytest.mark.parametrize(
    ("name", "reason"),
    [("writes_nan", "NaN is not JSON"), ("answers_wrong_seq", "seq '1' was never asked")],
)
def test_a_line_that_answers_nothing_is_told_of(name: str, reason: str, tmp_path: Path) -> None:
    verdict = judged(answers(name, tmp_path))[0]
    assert verdict.status is Status.PROTOCOL
    assert "line 2 of the answers" in verdict.reason
    assert reason in verdict.reason


def test_lines_that_answer_nothing_cost_no_verdict_and_are_told(tmp_path: Path) -> None:
    path = answers("is_honest", tmp_path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:4], "done with the first case", "", *lines[4:], "", "bye"]))
    assert statuses(judged(path)) == [Status.PASS] * 3
    remark = AnswersChoice.of(path, "cpu", IDS).remark
    assert "2 lines are no answers, and passed over; line 5 of the answers: not JSON" in remark


def test_answers_to_other_cases_get_one_line(tmp_path: Path) -> None:
    path = answers("is_honest", tmp_path)
    path.write_text(path.read_text().replace(suite.suite_hash()[:12], "0" * 12))
    with pytest.raises(UsageError, match="answers to other cases than those installed here"):
        judged(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[1:], "no answer to the request in the first line"),
        (lambda lines: [*lines, lines[0].replace("hostile", "other")], "2 different answers"),
        (lambda lines: [lines[0].replace("cpu", "cuda:0"), *lines[1:]], "has no device 'cpu', only cuda:0"),
        (lambda _: [], "no answer"),
    ],
    ids=["none", "two", "device", "empty"],
)
def test_the_answer_to_start_is_needed(change: object, message: str, tmp_path: Path) -> None:
    path = answers("is_honest", tmp_path)
    assert callable(change)
    path.write_text("".join(change(path.read_text().splitlines(keepends=True))))
    with pytest.raises(UsageError, match=message):
        AnswersChoice.of(path, "cpu")


def test_what_the_port_does_not_claim_counts_as_unsupported(tmp_path: Path) -> None:
    others = [next(c for c in suite.load_cases() if c.op is op and c.error is None) for op in list(Op)[1:]]
    verdicts = judged(answers("is_honest", tmp_path, CASES), [*CASES, *others])
    assert statuses(verdicts) == [Status.PASS] * 3 + [Status.UNSUPPORTED] * len(others)


def test_expected_values_are_never_sent() -> None:
    case = CASES[0]
    lines = b"".join(offline.emit([case]))
    for due in case.expected.values():
        for digits in due.array.bits:
            assert digits.encode() not in lines
