"""JAX's mode "sharded": the inputs lie on several devices, or the mode is absent by name and reason."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.selection import under_test

from conformance.exits import UsageError
from conformance.subjects import backends, find

under_test("jax")


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    # In a process of its own: JAX is told of its devices before it starts.
    script = Path(__file__).with_name("two_devices.py")
    command = [sys.executable, str(script)]
    done = subprocess.run(command, cwd=script.parents[2], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shapes", "parts"),
    [
        ("frames", {"keypoints": [2, 6], "confidences": [2, 3], "segment_ids": [2], "epsilon": [2]}),
        ("batch", {"keypoints": [2, 2, 3, 2], "confidences": [2, 2, 3], "segment_ids": [2, 2]}),
        # Three frames do not divide: other axes do, or each device has a copy.
        ("odd", {"keypoints": [3, 3], "confidences": [3, 3], "segment_ids": [3]}),
        ("wrong", {"keypoints": [], "confidences": [2], "segment_ids": [3, 2]}),
    ],
)
def test_inputs_are_cut_along_frames_where_they_divide(
    found: dict[str, Any], shapes: str, parts: dict[str, list[int]]
) -> None:
    assert found["parts"][shapes] == {name: [shape, [0, 1]] for name, shape in parts.items()}


def test_the_subjects_device_comes_first(found: dict[str, Any]) -> None:
    assert found["names"] == ["jax/cpu:0/sharded", "jax/cpu:1/sharded"]
    assert found["second"]["keypoints"] == [[2, 6], [1, 0]]


def test_a_result_on_one_device_is_a_crash(found: dict[str, Any]) -> None:
    assert "crash" in found["constant"].lower()
    assert "loss left the devices that the inputs are spread over" in found["constant"]


def test_a_lone_device_lacks_the_mode() -> None:
    jax = backends.load("jax")
    if len(jax.devices()) > 1:
        pytest.skip("JAX has several devices here")
    device = jax.devices()[0]
    choices, absences = find.find(["jax"], (), ["all"])
    modes = {"eager", "jit", "vmap"}
    assert {choice.mode for choice in choices} == modes | {f"{mode}-autodiff" for mode in modes}
    assert [(a.name, a.reason) for a in absences] == [
        (f"jax/{device}/sharded", f"{device} is the only device of its kind, and nothing to spread over")
    ]
    with pytest.raises(UsageError, match=r"asked for but absent: jax .* is the only device"):
        find.find(["jax"], (), ["sharded"])
