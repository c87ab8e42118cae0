"""The comparison on a recording: what it prints and returns."""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

np = pytest.importorskip("numpy", reason="recordings are read with NumPy, which is not installed")

from conformance.compare import run  # noqa: E402
from conformance.exits import UsageError  # noqa: E402
from conformance.subjects import backends  # noqa: E402
from conformance.subjects.backends.numpy_backend import NumpyBackend  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

# Two keypoints; steps of 5, 10 and 0 px, and of 0, 3 and 3 px. Confidence of `tail` is low in frame 1.
TABLE = """scorer,net,net,net,net,net,net
bodyparts,nose,nose,nose,tail,tail,tail
coords,x,y,likelihood,x,y,likelihood
0,0,0,1,1,1,1
1,3,4,1,1,1,0.25
2,9,12,1,1,4,1
3,9,12,1,4,4,1
"""


def compare(path: object, *, width: int = 80, **options: Any) -> tuple[int, str]:
    """Exit code and everything printed, on NumPy unless told otherwise."""
    console = Console(file=io.StringIO(), width=width)
    options = {"backends": ["numpy"], **options}
    try:
        code = run(path, console=console, **options)  # type: ignore[arg-type]
    except UsageError as error:
        return 2, f"{error}\n"
    assert isinstance(console.file, io.StringIO)
    return code, console.file.getvalue()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "walk.csv"
    path.write_text(TABLE)
    return path


def saved(tmp_path: Path, **arrays: object) -> Path:
    np.savez(tmp_path / "a.npz", **{name: np.asarray(array) for name, array in arrays.items()})
    return tmp_path / "a.npz"


# Values worked by hand --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "loss"),
    [
        ({}, 3.5),  # (5 + 10 + 0 + 0 + 3 + 3) / 6
        ({"prob_threshold": 0.5}, 3.0),  # without tail's first 0 and its first 3, but still over 6
        ({"prob_threshold": "0.25"}, 3.5),  # not below
        ({"epsilon": 2}, 13 / 6),  # 3 + 8 + 1 + 1
        ({"epsilon": "2"}, 13 / 6),
        ({"epsilon": "4,2.5", "prob_threshold": 0.5}, 7.5 / 6),  # 1 + 6, and 0.5
        ({"epsilon": 10}, 0.0),
    ],
)
def test_the_loss_of_a_table(table: Path, options: dict[str, Any], loss: float) -> None:
    code, text = compare(table, **options)
    assert code == 0
    for digits, heading in (
        (17, "float64: exact value"),
        (17, "exact value of the numbers rounded to float32"),
    ):
        line = next(line for line in text.splitlines() if heading in line)
        assert float(line.split()[-1]) == pytest.approx(loss, rel=10.0**-digits, abs=0)
    assert text.count("numpy/cpu/eager") == 2
    assert text.splitlines()[-1] == "All 2 agree with the exact value to within 1 ULP."


def test_odd_confidences_are_told(tmp_path: Path) -> None:
    path = tmp_path / "walk.csv"
    path.write_text(TABLE.replace("0.25", "25").replace("9,12,1,1,4,1", "9,12,1,1,4,"))
    lines = compare(path)[1].splitlines()
    assert "  1 confidence missing: counted as confident" in lines
    assert "  1 confidence outside 0 to 1: is this column a likelihood?" in lines


def test_usual_confidences_are_not_remarked_on(table: Path) -> None:
    text = compare(table)[1]
    assert "counted as" not in text
    assert "outside" not in text


def test_the_recording_is_described(table: Path) -> None:
    _, text = compare(table, prob_threshold=0.5, width=200)
    lines = text.splitlines()
    assert lines[0] == f"{table}: DeepLabCut-style CSV, float64"
    assert lines[1] == "  4 frames, 2 keypoints (nose, tail), 6 steps"
    assert lines[2] == "  masked steps: 2 of 6 steps (33.3%) (epsilon 0.0, confidence threshold 0.5)"
    # The other step of 3 px is masked.
    assert lines[3] == (
        "  longest steps not masked: 10 px of nose into frame 2, 5 px of nose into frame 1,"
        " 3 px of tail into frame 3 (frames count from 0)"
    )


def test_a_recording_masked_throughout_is_told(table: Path, tmp_path: Path) -> None:
    file = saved(tmp_path, keypoints=np.zeros((3, 2, 2)), confidences=np.full((3, 2), 0.5))
    _, text = compare(file, prob_threshold=0.75, epsilon="2,3", width=200)
    assert text.splitlines()[2] == (
        "  masked steps: 4 of 4 steps (100.0%) (epsilon [2.0, 3.0], confidence threshold 0.75)"
    )
    assert "  every step is masked: the loss of 0 says nothing about the motion\n" in text
    _, text = compare(table, prob_threshold=0.5, width=200)
    assert "every step is masked" not in text


def test_batches_and_missing_positions_are_described(tmp_path: Path) -> None:
    points = np.zeros((2, 3, 1, 1))
    points[0, 1] = np.nan
    points[1, 2] = 7
    code, text = compare(saved(tmp_path, keypoints=points), width=200)
    assert "  2 sequences of 3 frames, 1 keypoint (keypoint 0), 4 steps\n" in text
    assert "  no confidences in the file: prob_threshold masks nothing\n" in text
    assert "  steps at a missing position, not masked: 2 of 4 steps (50.0%)\n" in text
    assert "  longest steps: 7 px of keypoint 0 into frame 2 of sequence 1 (frames count from 0)\n" in text
    assert text.splitlines()[-1] == (
        "All 2 agree with the exact value: NaN, as positions are missing that are not masked."
    )
    assert code == 0


def test_a_missing_position_that_is_masked_is_not_missed(table: Path) -> None:
    table.write_text(TABLE.replace("1,1,0.25", ",1,0.25"))
    code, text = compare(table, prob_threshold=0.5)
    assert code == 0
    assert "steps at a missing position" not in text
    assert "float64: exact value 3\n" in text


def test_each_dtype_has_the_value_of_its_own_numbers(tmp_path: Path) -> None:
    code, text = compare(saved(tmp_path, keypoints=[[0.0, 0.0], [0.1, 0.0]]))
    assert code == 0
    assert "rounded to float32 0.10000000149011611938\n" in text
    assert "float64: exact value 0.10000000000000000555\n" in text


def test_missing_positions_can_be_left_out(table: Path) -> None:
    table.write_text(TABLE.replace("2,9,12", "2,,12"))
    assert "exact value nan" in compare(table)[1]
    code, text = compare(table, nan_policy="omit")
    # 5 + 0 + 0 + 0 + 3 + 3 over 6
    assert code == 0
    assert "float64: exact value 1.8333333333333333333\n" in text


def test_an_infinite_position_gives_an_infinite_loss(table: Path) -> None:
    table.write_text(TABLE.replace("2,9,12", "2,inf,12").replace("3,9,12", "3,1,1"))
    code, text = compare(table)
    assert code == 0
    assert text.splitlines()[-1] == "All 2 agree with the exact value: infinite."


def test_a_confidence_that_prints_like_the_threshold_is_kept(tmp_path: Path) -> None:
    # 0.9 as float32 is below 0.9; compared in the dtype of the file it is not.
    confidences = np.full((2, 1), 0.9, dtype="float32")
    path = saved(tmp_path, keypoints=[[0.0, 0.0], [3.0, 4.0]], confidences=confidences)
    code, text = compare(path, prob_threshold=0.9)
    assert code == 0
    assert text.count("exact value 5\n") == 1
    assert text.count("rounded to float32 5\n") == 1


def test_dtypes_that_cannot_hold_the_file_are_left_out(tmp_path: Path) -> None:
    code, text = compare(saved(tmp_path, keypoints=[[0.0, 0.0], [3e20, 4e20]]), width=200)
    assert code == 0
    assert "not run: float32: the file has a coordinate of 4e+20, the loss in float32 is good up to" in text
    assert text.splitlines()[-1] == "All 1 agree with the exact value to within 1 ULP."
    path = saved(tmp_path, keypoints=[[0.0, 0.0], [3e200, 4e200]])
    code, text = compare(path)
    assert code == 2
    assert text.startswith(f"{path}: the file has a coordinate of 4e+200")
    assert text.count("\n") == 1


def test_nothing_is_cut_at_eighty_columns(tmp_path: Path) -> None:
    points = np.random.default_rng(1).normal(300, 100, size=(50, 8))
    code, text = compare(saved(tmp_path, keypoints=points))
    assert code == 0
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    rows = [line.split() for line in text.splitlines() if line.startswith("numpy/cpu/eager")]
    assert [row[-1] for row in rows] == ["ok", "ok"]
    assert max(map(len, text.splitlines()[5:-1])) <= 80


# What cannot be used ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epsilon": "abc"}, "epsilon: found 'abc', expected a number of pixels"),
        ({"epsilon": ""}, "epsilon: found '', expected"),
        ({"epsilon": "1,,2"}, "epsilon: found '', expected"),
        ({"epsilon": "-1"}, "epsilon: found '-1', expected"),
        ({"epsilon": -0.5}, "epsilon: found '-0.5', expected"),
        ({"epsilon": "1,nan"}, "epsilon: found 'nan', expected"),
        ({"epsilon": "inf"}, "epsilon: found 'inf', expected"),
        ({"epsilon": "1_0"}, "epsilon: found '1_0', expected"),
        ({"epsilon": "1,2,3"}, "epsilon: found 3 numbers, expected 1, or 2 for nose, tail"),
        ({"prob_threshold": float("nan")}, "prob_threshold: found 'nan', expected a number from 0 to 1"),
        ({"prob_threshold": 90}, "prob_threshold: found '90', expected a number from 0 to 1"),
        ({"prob_threshold": "-0.1"}, "prob_threshold: found '-0.1', expected"),
        ({"prob_threshold": "\x1b[31mhigh"}, r"prob_threshold: found '\x1b[31mhigh', expected"),
        ({"nan_policy": "ignore"}, "nan_policy: found 'ignore', expected propagate or omit"),
        ({"backends": ["numpy", "numby"]}, "no backend 'numby': choose from numpy, "),
    ],
)
def test_a_bad_parameter_gives_one_line(table: Path, options: dict[str, Any], said: str) -> None:
    code, text = compare(table, **options)
    assert code == 2
    assert text.startswith(said)
    assert text.endswith("\n")
    assert text[:-1].isprintable()


def test_an_unusable_file_gives_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a[red]b.csv"
    path.write_text(TABLE.replace("9,12", "9,twelve", 1))
    code, text = compare(path)
    assert code == 2
    assert text == f"{path}: line 6, column 3 (nose y): found 'twelve', expected a number\n"
    assert compare(tmp_path) == (2, f"{tmp_path}: is a directory, expected a file\n")


def test_without_numpy_one_line_says_so(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "numpy" else found(name, *a)
    )
    code, text = compare(table)
    assert (code, text.count("\n")) == (2, 1)
    assert "takes NumPy, which is not installed" in text


def test_importing_the_comparison_imports_no_array_library() -> None:
    code = "import sys, conformance.compare, conformance.recordings; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603
    # The check itself can fail:
    assert subprocess.run([sys.executable, "-c", f"import numpy; {code}"], check=False).returncode == 1  # noqa: S603


# What is not here -------------------------------------------------------------------------------


def test_absent_backends_are_named_and_never_count(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NumpyBackend, "available", lambda _: "package numpy is [somewhere] else")
    monkeypatch.setattr("conformance.subjects.backends.NAMES", ("numpy",))
    code, text = compare(table, backends=None)
    assert code == 5
    assert "not run: numpy: package numpy is [somewhere] else\nNothing ran.\n" in text
    assert "agree" not in text
    code, text = compare(table, backends=["numpy"])
    assert code == 2
    assert text == "asked for but absent: numpy (package numpy is [somewhere] else)\n"


def test_every_backend_here_takes_part_by_default(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.subjects.backends.NAMES", ("numpy", "cupy"))
    monkeypatch.setattr(
        "conformance.subjects.backends.cupy_backend.CupyBackend.available", lambda _: "no device"
    )
    code, text = compare(table, backends=None)
    assert code == 0
    assert "not run: cupy: no device\n" in text
    assert text.splitlines()[-1] == "All 2 agree with the exact value to within 1 ULP."


@pytest.mark.parametrize("name", ["torch", "jax", "dask", "strict"])
def test_each_backend_agrees(table: Path, name: str) -> None:
    reason = backends.load(name).available()
    if reason:
        pytest.skip(reason)
    modes = ("eager", "jit", "lazy-time")
    code, text = compare(table, backends=[name], epsilon="0.1,0.3", prob_threshold=0.5, modes=modes)
    assert code == 0
    assert "agree with the exact value to within" in text.splitlines()[-1]
