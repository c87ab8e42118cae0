"""torch: what DistributedDataParallel makes of the mean, with two processes and gloo."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.selection import under_test

pytestmark = pytest.mark.slow
under_test("torch")

PROJECT = Path(__file__).resolve().parents[2]
LIMIT = 300
"""Seconds; more than the processes wait for each other, so that their own words are seen first."""


@pytest.fixture(scope="module")
def found() -> list[dict[str, float]]:
    # Started anew, since the processes it starts must find its main module; in a session of its own, which
    # can be killed as a whole.
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.scale_torch"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as started:
        try:
            out, err = started.communicate(timeout=LIMIT)
        except BaseException as error:
            os.killpg(started.pid, signal.SIGKILL)
            error.add_note(started.communicate()[1])
            raise
    assert started.returncode == 0, f"exit code {started.returncode}\n{err}"
    processes: list[dict[str, float]] = json.loads(out)["by process"]
    return processes


def test_both_processes_train_on_the_same(found: list[dict[str, float]]) -> None:
    assert found[0] == found[1]


# The steps are 5 and 10 in the first process, 20 between the two, and 1, 1, 1, 1 in the second.
@pytest.mark.parametrize(
    ("formed", "expected"),
    [
        ("mean, frames split", (15 / 2 + 4 / 4) / 2),
        ("mean, one frame shared", (15 / 2 + 24 / 5) / 2),
        ("recipe, one frame shared", 39 / 7),
        ("valid_mean, first step masked", (10 / 1 + 24 / 5) / 2),
        ("recipe, first step masked", 34 / 6),
    ],
)
def test_what_is_trained_on(found: list[dict[str, float]], formed: str, expected: float) -> None:
    assert found[0][formed] == pytest.approx(expected, rel=1e-14)
