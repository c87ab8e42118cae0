"""What the command line says of wrong implementations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from command import conformance, lines
from support.selection import select

from conformance.exits import Exit

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    "numpy" not in select().names, reason="the wrong subjects are written in NumPy"
)
FEW = ["--fresh", "0", "--", "-k", "value-exact-f32-00"]


def judged(subject: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Test a wrong subject, and write r.jsonl."""
    options = ["--subject", f"wrong_subjects:{subject}", "--jsonl", "r.jsonl"]
    return conformance(*options, *arguments, cwd=cwd)


def verdicts(folder: Path) -> list[dict[str, Any]]:
    return [line for line in lines(folder / "r.jsonl") if line["type"] == "verdict"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("wrong_dtype", "fail", "has dtype"),
        ("mutates", "fail", "changed its input keypoints"),
        ("one_for_scalar", "fail", "has shape [1]"),
        ("zeros", "fail", "is 0.0"),
        ("refuses_everything", "wrongly-rejected", "refused a good input"),
        ("crashes", "crash", "RuntimeError: broken"),
        ("leaves", "crash", "ended with exit code 0 without an answer"),
        ("exits", "crash", "SystemExit"),
        ("converts", "fail", "builtins.float"),
        ("remembers", "fail", "expected"),
        ("alternates", "fail", "on the second run only"),
    ],
)
def test_wrong_implementations_are_caught(name: str, status: str, words: str, tmp_path: Path) -> None:
    done = judged(name, *FEW, cwd=tmp_path)
    assert done.returncode == Exit.DOES_NOT, done.stdout + done.stderr
    reasons = [v["reason"] for v in verdicts(tmp_path) if v["status"] == status]
    assert words in reasons[0]
    assert words in done.stdout
    assert "rerun  python -m conformance --subject" in done.stdout
    assert done.stdout.splitlines()[-2].startswith("does not conform: ")
    assert "Traceback" not in done.stdout + done.stderr
    assert "nodes" not in done.stdout


@pytest.mark.slow
def test_a_callable_that_is_wrong_in_large_alone_is_caught(tmp_path: Path) -> None:
    done = judged("counts_in_short", "--case", "value-exact-f16-006,value-exact-f32-008", cwd=tmp_path)
    assert done.returncode == Exit.DOES_NOT, done.stdout + done.stderr
    failed, fine = sorted(verdicts(tmp_path), key=lambda v: v["status"])
    assert (failed["case"], fine["status"]) == ("value-exact-f16-006", "pass")
    assert failed["reason"].startswith("with each keypoint there many times")


@pytest.mark.slow
def test_accepting_what_is_to_be_refused_is_caught(tmp_path: Path) -> None:
    done = judged("accepts_everything", "--", "-k", "value-error", cwd=tmp_path)
    assert done.returncode == Exit.DOES_NOT
    assert " wrongly-accepted" in done.stdout.splitlines()[-2]


@pytest.mark.slow
def test_a_mistake_is_found_behind_many_unexplained_failures(tmp_path: Path) -> None:
    done = judged("two_mistakes", "--", "-k", "exact-f or random-f", cwd=tmp_path)
    assert done.returncode == Exit.DOES_NOT
    named = re.search(r"(\d+) of (\d+) explained failures are those of mask-by-later-frame", done.stdout)
    assert named
    assert int(named[1]) > int(named[2]) / 2
    first, *_ = (line for line in done.stdout.splitlines() if "perhaps" in line)
    assert "mask-by-later-frame" in first


@pytest.mark.slow
def test_the_command_to_run_a_failure_again_does_that(tmp_path: Path) -> None:
    done = judged("zeros", *FEW, cwd=tmp_path)
    rerun = next(line for line in done.stdout.splitlines() if line.strip().startswith("rerun"))
    again = conformance(*rerun.split()[4:], cwd=tmp_path)
    assert again.returncode == Exit.DOES_NOT
    assert "0 passed, 1 fail; 1 of 1 planned" in again.stdout
    last = judged("zeros", "--", "--last-failed", cwd=tmp_path)
    assert "0 passed, 9 fail; 9 of 9 planned" in last.stdout


@pytest.mark.slow
def test_what_a_callable_does_not_take_is_unsupported_and_not_claimed(tmp_path: Path) -> None:
    done = judged("no_segments", cwd=tmp_path)
    assert done.returncode == Exit.CONFORMS, done.stdout
    text = done.stdout[done.stdout.index("Profiles claimed") :].splitlines()
    claimed = {line.split()[0] for line in text[2:] if "no_segments" in line}
    assert {"value-f64", "value-f32"} <= claimed
    assert claimed.isdisjoint({"segments", "nan-policy", "gradient"})
    reasons = {v["reason"] for v in verdicts(tmp_path)}
    assert {"takes no segment_ids", "takes no nan_policy"} <= reasons
    assert "numpy has no automatic differentiation" in reasons


@pytest.mark.slow
@pytest.mark.parametrize("more", [[], ["-p", "no:xdist"]])
def test_output_of_a_subject_stays_out_of_the_report(tmp_path: Path, more: list[str]) -> None:
    done = judged("prints", *FEW, *more, cwd=tmp_path)
    assert done.returncode == Exit.CONFORMS
    assert "noise" not in done.stdout + done.stderr


@pytest.mark.slow
def test_subjects_are_imported_from_the_current_directory(tmp_path: Path) -> None:
    tmp_path.joinpath("only_here.py").write_text("from temporal_loss import temporal_loss as mine\n")
    assert conformance("--subject", "only_here:mine", *FEW, cwd=tmp_path).returncode == Exit.CONFORMS


@pytest.mark.slow
@pytest.mark.parametrize(
    ("declared", "subject", "words"),
    [
        ("fail", "zeros", ["0 passed, 1 xfail, 1 fail"]),
        ("fail", "prints", ["1 xpass", "take it off the list"]),
        ("crash", "zeros", ["2 fail"]),
    ],
)
def test_declared_deviations(tmp_path: Path, declared: str, subject: str, words: list[str]) -> None:
    case = "value-exact-f32-001"
    tmp_path.joinpath("known.toml").write_text(
        f'[[deviation]]\nid = "{case}"\nstatus = "{declared}"\nreason = "known"\nlink = "https://example.org"\n'
    )
    cases = f"{case},value-exact-f32-002"
    done = judged(subject, "--deviations", "known.toml", "--case", cases, cwd=tmp_path)
    assert done.returncode == Exit.DOES_NOT
    assert [word for word in words if word not in done.stdout] == []
