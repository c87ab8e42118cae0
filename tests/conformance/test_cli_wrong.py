"""What the command line says of wrong implementations."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command import conformance, lines
from support.selection import select

from conformance.exits import Exit

if TYPE_CHECKING:
    import subprocess

FEW = ["--", "-k", "exact-f32 and not gradient and not epsilon"]
needs_numpy = pytest.mark.skipif(
    "numpy" not in select().names, reason="the wrong subjects are written in NumPy"
)

WRONG = {
    "wrong_dtype": ("fail", "has dtype"),
    "mutates": ("fail", "changed its input keypoints"),
    "one_for_scalar": ("fail", "has shape [1]"),
    "all_nan": ("fail", "is nan"),
    "zeros": ("fail", "is 0.0"),
    "off_by_one_ulp": ("fail", "the budget is 0"),
    "refuses_everything": ("wrongly-rejected", "refused a good input"),
    "crashes": ("crash", "RuntimeError: broken"),
    "leaves": ("crash", "the process died"),
    "exits": ("crash", "SystemExit"),
    "converts": ("fail", "builtins.float"),
    "remembers": ("fail", "expected"),
    "alternates": ("fail", "on the second run only"),
}


@needs_numpy
@pytest.mark.parametrize("name", WRONG)
def test_wrong_implementations_are_caught(name: str, tmp_path: Path) -> None:
    status, words = WRONG[name]
    options = ["--subject", f"wrong_subjects:{name}", "--jsonl", "r.jsonl", "--", "-k", "value-exact-f32-00"]
    # Only a subject that takes its process with it needs one of its own, and that takes time.
    alone = [] if name == "leaves" else ["-p", "no:xdist"]
    done = conformance(*options, *alone, cwd=tmp_path)
    assert done.returncode == Exit.DOES_NOT, done.stdout + done.stderr
    verdicts = [line for line in lines(tmp_path / "r.jsonl") if line["type"] == "verdict"]
    bad = [v for v in verdicts if v["status"] == status]
    assert bad
    assert all(words in v["reason"] for v in bad[:1])
    assert words in done.stdout
    assert "rerun  python -m conformance --subject" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("does not conform: ")
    assert "Traceback" not in done.stdout + done.stderr
    assert "nodes" not in done.stdout


@needs_numpy
def test_accepting_what_is_to_be_refused_is_caught(tmp_path: Path) -> None:
    options = ["--subject", "wrong_subjects:accepts_everything", "--", "-k", "value-error"]
    done = conformance(*options, cwd=tmp_path)
    assert done.returncode == Exit.DOES_NOT
    assert " wrongly-accepted" in done.stdout.splitlines()[-1]


@needs_numpy
def test_a_mistake_is_found_behind_many_unexplained_failures(tmp_path: Path) -> None:
    select = "exact-f or random-f"
    done = conformance("--subject", "wrong_subjects:two_mistakes", "--", "-k", select, cwd=tmp_path)
    assert done.returncode == Exit.DOES_NOT
    named = re.search(r"(\d+) of (\d+) explained failures are those of mask-by-later-frame", done.stdout)
    assert named
    assert int(named[1]) > int(named[2]) / 2
    first, *_ = (line for line in done.stdout.splitlines() if "perhaps" in line)
    assert "mask-by-later-frame" in first


@needs_numpy
def test_the_command_to_run_a_failure_again_does_that(tmp_path: Path) -> None:
    done = conformance("--subject", "wrong_subjects:zeros", "--", "-k", "value-exact-f32-00", cwd=tmp_path)
    rerun = next(line for line in done.stdout.splitlines() if line.strip().startswith("rerun"))
    again = conformance(*rerun.split()[4:], cwd=tmp_path)
    assert again.returncode == Exit.DOES_NOT
    assert "0 passed, 1 fail; 1 of 1 planned" in again.stdout
    last = conformance("--subject", "wrong_subjects:zeros", "--", "--last-failed", cwd=tmp_path)
    assert "0 passed, 9 fail; 9 of 9 planned" in last.stdout


@needs_numpy
def test_what_a_callable_does_not_take_is_unsupported_and_not_claimed(tmp_path: Path) -> None:
    done = conformance("--subject", "wrong_subjects:no_segments", "--jsonl", "r.jsonl", cwd=tmp_path)
    assert done.returncode == Exit.CONFORMS, done.stdout
    text = done.stdout[done.stdout.index("Profiles claimed") :].splitlines()
    claims = {line.split()[0]: "no_segments" in line for line in text[2:] if len(line.split()) > 1}
    assert claims["value-f64"]
    assert claims["value-f32"]
    assert not claims["segments"]
    assert not claims["nan-policy"]
    assert not claims["gradient"]
    reasons = {v["reason"] for v in lines(tmp_path / "r.jsonl") if v["type"] == "verdict"}
    assert {
        "takes no segment_ids",
        "takes no nan_policy",
        "numpy has no automatic differentiation",
    } <= reasons


@needs_numpy
def test_output_of_a_subject_stays_out_of_the_report(tmp_path: Path) -> None:
    options = ["--subject", "wrong_subjects:prints", "--", "-k", "value-exact-f32-00"]
    for more in ([], ["-p", "no:xdist"]):
        done = conformance(*options, *more, cwd=tmp_path)
        assert done.returncode == Exit.CONFORMS
        assert "noise" not in done.stdout + done.stderr


@needs_numpy
def test_subjects_are_imported_from_the_current_directory(tmp_path: Path) -> None:
    text = "from temporal_loss import temporal_loss as mine\n"
    tmp_path.joinpath("only_here.py").write_text(text)
    assert conformance("--subject", "only_here:mine", *FEW, cwd=tmp_path).returncode == Exit.CONFORMS


@needs_numpy
def test_declared_deviations(tmp_path: Path) -> None:
    case = "value-exact-f32-001"
    entry = (
        f'[[deviation]]\nid = "{case}"\nstatus = "STATUS"\nreason = "known"\nlink = "https://example.org/1"\n'
    )
    file = tmp_path / "known.toml"
    options = ["--deviations", "known.toml", "--case", f"{case},value-exact-f32-002", "--subject"]

    def run(status: str, subject: str) -> subprocess.CompletedProcess[str]:
        file.write_text(entry.replace("STATUS", status))
        return conformance(*options, f"wrong_subjects:{subject}", cwd=tmp_path)

    known = run("fail", "zeros")
    assert "0 passed, 1 xfail, 1 fail" in known.stdout
    assert known.returncode == Exit.DOES_NOT
    stale = run("fail", "prints")
    assert stale.returncode == Exit.DOES_NOT
    assert "take it off the list" in stale.stdout
    assert "1 xpass" in stale.stdout
    other = run("crash", "zeros")
    assert "2 fail" in other.stdout


def test_every_wrong_subject_is_used() -> None:
    if importlib.util.find_spec("numpy") is None:
        pytest.skip("the wrong subjects are written in NumPy, which is not installed")
    import wrong_subjects  # noqa: PLC0415

    names = [n for n, v in vars(wrong_subjects).items() if getattr(v, "__module__", "") == "wrong_subjects"]
    used = Path(__file__).read_text(encoding="utf-8")
    assert [n for n in names if n.islower() and n not in used] == []
