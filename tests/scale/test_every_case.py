"""Cases of the suite on the ways that exist for scale: in blocks, in chunks, over several devices."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from support.selection import select

from conformance import suite
from conformance.judge import judge
from conformance.model import Op, Status
from conformance.run.chosen import core
from conformance.subjects import backends
from conformance.subjects.backend_subject import BackendSubject
from temporal_loss._libraries import blocks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from conformance.model import Case

pytestmark = pytest.mark.slow
NAMES = select().names
CASES = [case for case in suite.load_cases() if case.op is not Op.ECHO]
# Few cases that together kill every mutant: where each is compiled, or cut in many ways, all take minutes.
CORE = core(CASES)


def statuses(name: str, mode: str, cases: Sequence[Case]) -> dict[str, Status]:
    """Verdict on each case."""
    found = {}
    with BackendSubject(backends.load(name), "cpu", mode) as subject:
        for case in cases:
            verdict = judge(case, subject.answer(case.request), subject=subject.name, device=subject.device)
            found[case.id] = verdict.status
    return found


def assert_all_pass(found: dict[str, Status]) -> None:
    assert {id_: status for id_, status in found.items() if status is not Status.PASS} == {}
    assert len(found) >= len(CORE) > 40


@pytest.mark.parametrize("name", [n for n in NAMES if n in {"numpy", "torch"}])
def test_in_small_blocks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: Counter[int] = Counter()
    cut = blocks.cut

    def counted(shape: tuple[int, ...]) -> Any:
        number = 0
        for block in cut(shape):
            number += 1
            yield block
        calls[number] += 1

    monkeypatch.setattr(blocks, "SIZE", 8)
    monkeypatch.setattr(blocks, "cut", counted)
    found = statuses(name, "eager", CASES)
    assert_all_pass(found)
    # Many calls in a few blocks, and some in thousands: whole arrays would prove nothing.
    assert sum(times for number, times in calls.items() if number > 1) > 300
    assert max(calls) > 2000


@pytest.mark.parametrize("mode", ["lazy-time", "lazy-odd"])
@pytest.mark.parametrize("name", [n for n in NAMES if n == "dask"])
def test_in_chunks(name: str, mode: str) -> None:
    assert_all_pass(statuses(name, mode, CORE))


@pytest.mark.skipif("jax" not in NAMES, reason="jax is not under test")
def test_spread_over_devices(tmp_path: Path) -> None:
    # In a process of its own: JAX is told of its devices before it starts.
    options = ["--backend", "jax", "--device", "cpu:1", "--mode", "sharded", "--core"]
    command = [sys.executable, "-m", "conformance", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(CORE)} passed; {len(CORE)} of {len(CORE)} planned" in done.stdout
