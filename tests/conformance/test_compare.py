"""The comparison on a recording: what it prints and returns."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

np = pytest.importorskip("numpy", reason="recordings are read with NumPy, which is not installed")

from comparing import TABLE, agreed, compare, saved, walk  # noqa: E402

from conformance.subjects import backends  # noqa: E402
from conformance.subjects.backends.numpy_backend import NumpyBackend  # noqa: E402
from conformance.subjects.backends.protocol import UnsupportedByBackendError  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

# Values worked by hand --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "loss"),
    [
        ({}, 3.5),  # (5 + 10 + 0 + 0 + 3 + 3) / 6
        ({"prob_threshold": "0.5"}, 3.0),  # without tail's first 0 and its first 3, but still over 6
        ({"prob_threshold": "0.25"}, 3.5),  # not below
        ({"epsilon": "2"}, 13 / 6),  # 3 + 8 + 1 + 1
        ({"epsilon": "4,2.5", "prob_threshold": "0.5"}, 7.5 / 6),  # 1 + 6, and 0.5
        ({"epsilon": "10"}, 0.0),
    ],
)
def test_the_loss_of_a_table(tmp_path: Path, options: dict[str, str], loss: float) -> None:
    text = agreed(walk(tmp_path), **options)
    for heading in ("float64: exact value", "exact value of the numbers rounded to float32"):
        line = next(line for line in text.splitlines() if heading in line)
        assert float(line.split()[-1]) == pytest.approx(loss, rel=1e-17, abs=0)
    assert text.count("numpy/cpu/eager") == 2
    assert text.splitlines()[-1] == "All 2 agree with the exact value to within 1 ULP."


def test_each_dtype_has_the_value_of_its_own_numbers(tmp_path: Path) -> None:
    text = agreed(saved(tmp_path, keypoints=[[0.0, 0.0], [0.1, 0.0]]))
    assert "rounded to float32 0.10000000149011611938\n" in text
    assert "float64: exact value 0.10000000000000000555\n" in text


def test_missing_positions_can_be_left_out(tmp_path: Path) -> None:
    table = walk(tmp_path, TABLE.replace("2,9,12", "2,,12"))
    assert agreed(table).endswith(": NaN, as positions are missing that are not masked.\n")
    # 5 + 0 + 0 + 0 + 3 + 3 over 6
    text = agreed(table, nan_policy="omit")
    assert "float64: exact value 1.8333333333333333333\n" in text
    assert "missing positions left out" in text


def test_an_infinite_position_gives_an_infinite_loss(tmp_path: Path) -> None:
    table = walk(tmp_path, TABLE.replace("2,9,12", "2,inf,12").replace("3,9,12", "3,1,1"))
    assert agreed(table).splitlines()[-1] == "All 2 agree with the exact value: infinite."


def test_a_confidence_that_prints_like_the_threshold_is_kept(tmp_path: Path) -> None:
    # 0.9 as float32 is below 0.9; compared in the dtype of the file it is not.
    confidences = np.full((2, 1), 0.9, dtype="float32")
    path = saved(tmp_path, keypoints=[[0.0, 0.0], [3.0, 4.0]], confidences=confidences)
    text = agreed(path, prob_threshold="0.9")
    assert (text.count("exact value 5\n"), text.count("rounded to float32 5\n")) == (1, 1)


def test_dtypes_that_cannot_hold_the_file_are_left_out(tmp_path: Path) -> None:
    text = agreed(saved(tmp_path, keypoints=[[0.0, 0.0], [3e20, 4e20]]))
    assert "not run: float32: the file has a coordinate of 4e+20, the loss in float32 is good up to" in text
    assert "float32: " not in text.partition("not run")[0]
    path = saved(tmp_path, keypoints=[[0.0, 0.0], [3e200, 4e200]])
    code, text = compare(path)
    assert (code, text.partition(",")[0]) == (2, f"{path}: the file has a coordinate of 4e+200")


# What is told -----------------------------------------------------------------------------------

BATCH = [[[[0.0]], [[math.nan]], [[0.0]]], [[[0.0]], [[0.0]], [[7.0]]]]
ALIKE = {"keypoints": np.zeros((3, 2, 2)), "confidences": np.full((3, 2), 0.5)}
WALK = """DeepLabCut-style CSV, float64
  4 frames, 2 keypoints (nose, tail), 6 steps
  masked steps: 2 of 6 steps (33.3%) (epsilon 0.0, confidence threshold 0.5)
  longest steps not masked: 10 px of nose into frame 2, 5 px of nose into frame 1, \
3 px of tail into frame 3"""
TOLD = {
    "walk": (TABLE, {"prob_threshold": "0.5"}, WALK),
    "missing but masked": (
        TABLE.replace("1,1,0.25", ",1,0.25"),
        {"prob_threshold": "0.5"},
        WALK.replace("masked", "missing in more than a fifth of the frames: tail in 25%\n  masked", 1),
    ),
    "odd confidences": (
        TABLE.replace("0.25", "25").replace("9,12,1,1,4,1", "9,12,1,1,4,"),
        {},
        """DeepLabCut-style CSV, float64
  4 frames, 2 keypoints (nose, tail), 6 steps
  1 confidence missing: counted as confident
  1 confidence outside 0 to 1: is this column a likelihood?
  masked steps: 0 of 6 steps (0.0%) (epsilon 0.0, confidence threshold 0)
  longest steps: 10 px of nose into frame 2, 5 px of nose into frame 1, 3 px of tail into frame 2""",
    ),
    "masked throughout": (
        ALIKE,
        {"prob_threshold": "0.75", "epsilon": "2,3"},
        """NumPy archive, float64
  3 frames, 2 keypoints (keypoint 0, keypoint 1), 4 steps
  masked steps: 4 of 4 steps (100.0%) (epsilon [2.0, 3.0], confidence threshold 0.75)
  every step is masked: the loss of 0 says nothing about the motion""",
    ),
    "batch": (
        {"keypoints": BATCH},
        {},
        """NumPy archive, float64
  2 sequences of 3 frames, 1 keypoint (keypoint 0), 4 steps
  masked steps: 0 of 4 steps (0.0%) (epsilon 0.0)
  no confidences in the file: prob_threshold masks nothing
  steps at a missing position, not masked: 2 of 4 steps (50.0%)
  longest steps: 7 px of keypoint 0 into frame 2 of sequence 1""",
    ),
}


@pytest.mark.parametrize(("file", "options", "told"), TOLD.values(), ids=TOLD)
def test_the_recording_is_described(tmp_path: Path, file: Any, options: dict[str, str], told: str) -> None:
    path = walk(tmp_path, file) if isinstance(file, str) else saved(tmp_path, **file)
    described = agreed(path, **options).partition("\n\n")[0]
    assert described.removesuffix(" (frames count from 0)") == f"{path}: {told}"


def test_dtypes_for_which_the_moves_are_too_small_are_left_out(tmp_path: Path) -> None:
    points = np.random.default_rng(1).normal(size=(50, 2))
    code, text = compare(saved(tmp_path, keypoints=points * 1e-310), width=200)
    assert code == 0
    assert "not run: float64: the file has no move larger than 4" in text
    assert "from 3.05e-151\nAll 1 agree with the exact value" in text
    # Beside a large move the others do not matter.
    code, text = compare(saved(tmp_path, keypoints=np.where(points < 1, 1e-310, 3.0)))
    assert (code, "not run" in text) == (0, False)
    code, text = compare(saved(tmp_path, keypoints=[[1e-30, 0.0], [0.0, 0.0]]))
    assert (code, text.count("not run: float32")) == (0, 1)


def test_columns_that_are_ignored_are_told(tmp_path: Path) -> None:
    table = walk(tmp_path, TABLE.replace("likelihood\n", "x_ens_median\n"))
    assert "  columns ignored: x_ens_median\n" in agreed(table)


def test_nothing_is_cut_at_eighty_columns(tmp_path: Path) -> None:
    points = np.random.default_rng(1).normal(300, 100, size=(50, 8))
    text = agreed(saved(tmp_path, keypoints=points), width=80)
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    rows = [line.split() for line in text.splitlines() if line.startswith("numpy/cpu/eager")]
    assert [row[-1] for row in rows] == ["ok", "ok"]
    assert max(map(len, text.splitlines()[5:-1])) <= 80


# What cannot be used ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epsilon": "abc"}, "epsilon: found 'abc', expected a number of pixels"),
        ({"epsilon": "1,,2"}, "epsilon: found '', expected"),
        ({"epsilon": "-1"}, "epsilon: found '-1', expected"),
        ({"epsilon": "1,nan"}, "epsilon: found 'nan', expected"),
        ({"epsilon": "inf"}, "epsilon: found 'inf', expected"),
        ({"epsilon": "1_0"}, "epsilon: found '1_0', expected"),
        ({"epsilon": "1,2,3"}, "epsilon: found 3 numbers, expected 1, or 2 for nose, tail"),
        ({"prob_threshold": "nan"}, "prob_threshold: found 'nan', expected a number from 0 to 1"),
        ({"prob_threshold": "1.01"}, "prob_threshold: found '1.01', expected"),
        ({"prob_threshold": "\x1b[31mhigh"}, r"prob_threshold: found '\x1b[31mhigh', expected"),
        ({"backend": ["numpy", "numby"]}, "no backend 'numby': choose from numpy, "),
    ],
)
def test_a_bad_parameter_gives_one_line(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    code, text = compare(walk(tmp_path), **options)
    assert (code, text[: len(said)]) == (2, said)


def test_an_unusable_file_gives_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a[red]b.csv"
    path.write_text(TABLE.replace("9,12", "9,twelve", 1))
    assert compare(path) == (
        2,
        f"{path}: line 6, column 3 (nose y): found 'twelve', expected a number that float64 can hold",
    )


@pytest.mark.slow
def test_without_numpy_one_line_says_so(tmp_path: Path) -> None:
    code = "import sys; sys.modules['numpy'] = None; from conformance import cli; sys.exit(cli.main())"
    command = [sys.executable, "-c", code, "--data", str(walk(tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "needs numpy, which the extra command brings" in done.stderr
    # It can say so, since it starts without.
    code = "import sys, conformance.compare, temporal_loss.recordings; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603
    assert subprocess.run([sys.executable, "-c", f"import numpy; {code}"], check=False).returncode == 1  # noqa: S603


# What is not here -------------------------------------------------------------------------------


def test_absent_backends_are_named_and_never_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.subjects.backends.NAMES", ("numpy", "cupy"))
    cupy = "conformance.subjects.backends.cupy_backend.CupyBackend.available"
    monkeypatch.setattr(cupy, lambda _: "package cupy is [somewhere] else")
    text = agreed(walk(tmp_path), backend=())
    assert "not run: cupy: package cupy is [somewhere] else\n" in text
    assert text.splitlines()[-1].startswith("All 2 agree")
    monkeypatch.setattr(NumpyBackend, "available", lambda _: "gone")
    code, text = compare(walk(tmp_path), backend=())
    assert (code, text.splitlines()[-1]) == (5, "Nothing ran.")
    assert "agree" not in text
    assert "subject" not in text
    assert compare(walk(tmp_path)) == (2, "asked for but absent: numpy (gone)")


def test_what_a_backend_does_not_support_never_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacks(*_: object) -> None:
        message = "halves only"
        raise UnsupportedByBackendError(message)

    monkeypatch.setattr(NumpyBackend, "compiled", lacks)
    code, text = compare(walk(tmp_path))
    assert (code, text.splitlines()[-1]) == (5, "Nothing ran.")
    for dtype in ("float32", "float64"):
        assert f"not run: numpy/cpu/eager in {dtype}: halves only\n" in text


def test_no_pretended_device_is_in_the_table_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Those that compile nothing.
    monkeypatch.setattr(backends, "NAMES", ("numpy", "strict"))
    text = agreed(walk(tmp_path), backend=())
    assert ("numpy/cpu/eager" in text, "strict/" in text) == (True, False)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["torch", "jax", "dask", "strict"])
def test_each_backend_agrees(tmp_path: Path, name: str) -> None:
    if reason := backends.load(name).available():
        pytest.skip(reason)
    agreed(
        walk(tmp_path),
        backend=[name],
        epsilon="0.1,0.3",
        prob_threshold="0.5",
        mode=("eager", "jit", "lazy-time"),
    )
