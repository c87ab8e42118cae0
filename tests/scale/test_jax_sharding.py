"""JAX: what devices that share the frames send each other, read from the compiled text."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.selection import under_test

pytestmark = pytest.mark.slow
under_test("jax")

from benchmarks.scale_jax import KEYPOINTS, Sent, exchanges  # noqa: E402

PROJECT = Path(__file__).resolve().parents[2]
HALO = ("collective-permute", ((1, 2 * KEYPOINTS),))
MARKS = ("collective-permute", ((1, KEYPOINTS),))
SCALAR = ("all-reduce", ((),))


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    # In a process of its own: JAX is told of its devices before it starts.
    script = Path(__file__).with_name("eight_devices.py")
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(script)], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def sent(found: dict[str, Any], name: str) -> list[tuple[str, Any]]:
    return sorted(
        (kind, tuple(tuple(shape) for shape in shapes)) for kind, shapes in found[name]["exchanges"]
    )


def test_a_mean_sends_one_frame_and_adds_up_one_scalar(found: dict[str, Any]) -> None:
    assert sent(found, "mean") == sorted([HALO, MARKS, SCALAR])


def test_a_gradient_sends_one_frame_there_and_one_back(found: dict[str, Any]) -> None:
    assert sent(found, "gradient") == sorted([HALO, MARKS, HALO])


def test_value_and_gradient_in_one(found: dict[str, Any]) -> None:
    both, exchanged = found["both"], sent(found, "both")
    halos = [each for each in exchanged if each != SCALAR]
    assert len(exchanged) - len(halos) == 1
    # Nothing is gathered: one frame of keypoints, of marks and of what pulls; in whichever of its layouts.
    assert {kind for kind, _ in halos} == {"collective-permute"}
    assert {shape[0] for _, shapes in halos for shape in shapes} == {1}
    assert all(math.prod(shape) <= 2 * KEYPOINTS for _, shapes in halos for shape in shapes)
    assert len(halos) <= 3
    # Frame 0 rests; frame 99 is pulled ahead along (0.6, 0.8) by the step into 100, and that back.
    share = 1 / (799 * KEYPOINTS)
    assert both["value"] == pytest.approx(7 * 4 / 799, rel=1e-6)
    assert both["gradient"] == pytest.approx([0.0, -0.6 * share, 0.8 * share], rel=1e-6)
    assert both["frames per device"] == [100]
    assert both["as on one device"]


def test_of_entries_only_they_themselves_are_gathered(found: dict[str, Any]) -> None:
    # 799 rows do not divide by 8 devices, so JAX gives each device all of them; but never keypoints.
    gathered = [shapes for kind, shapes in sent(found, "none") if kind != "collective-permute"]
    assert gathered
    assert {shape[-1] for shapes in gathered for shape in shapes} == {KEYPOINTS}


def test_values_across_the_devices_borders(found: dict[str, Any]) -> None:
    # Seven borders with a step of 5 less 1 for each keypoint; rest elsewhere.
    assert found["mean"]["value"] == pytest.approx(7 * 4 / 799, rel=1e-6)
    assert found["none"]["value"] == 7 * 4 * KEYPOINTS
    # Forces at both ends of a step are opposite and equal.
    assert found["gradient"]["value"] == pytest.approx(0.0, abs=1e-7)


def test_a_mesh_with_explicit_axes_works_through_auto_axes(found: dict[str, Any]) -> None:
    assert sent(found, "explicit") == sorted([HALO, MARKS, SCALAR])
    assert found["explicit"]["value"] == found["mean"]["value"]


def test_gathering_would_be_seen() -> None:
    # A loss that needs all frames in one place: what is looked for above must be found here.
    text = """
      %all-gather.1 = f32[800,40]{1,0} all-gather(%x), channel_id=1, dimensions={0}
      ROOT %all-reduce.2 = (f32[], s32[20]{0}) all-reduce-start(%a, %b), to_apply=%add
      %copy = f32[] copy(%all-reduce.2), metadata={op_name="jit(f)/all-gather"}
    """
    assert exchanges(text) == [Sent("all-gather", ((800, 40),)), Sent("all-reduce", ((), (20,)))]
