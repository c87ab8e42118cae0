"""Wrong losses on a recording: the comparison catches each."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

np = pytest.importorskip("numpy", reason="recordings are read with NumPy, which is not installed")

import temporal_loss  # noqa: E402 - after the skip
from conformance.compare import run  # noqa: E402
from conformance.subjects.backends.numpy_backend import NumpyBackend  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable
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
    code = run(path, console=console, **options)  # type: ignore[arg-type]
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


right = temporal_loss.temporal_loss


def divided_by_frames(keypoints: Any, *rest: Any, **options: Any) -> Any:
    steps = keypoints.shape[0] - 1
    return right(keypoints, *rest, **options) * steps / (steps + 1)


def one_frame_masked(keypoints: Any, confidences: Any, **options: Any) -> Any:
    later = np.concatenate([confidences[1:], confidences[-1:]])
    return right(keypoints, later, **options)


def epsilon_forgotten(keypoints: Any, confidences: Any, **options: Any) -> Any:
    return right(keypoints, confidences, **{**options, "epsilon": 0.0})


def nan_hidden(keypoints: Any, confidences: Any, **options: Any) -> Any:
    return right(keypoints, confidences, **{**options, "nan_policy": "omit"})


def nan_always(keypoints: Any, *_: Any, **__: Any) -> Any:
    return keypoints.dtype.type(np.nan)


def wrong_at_the_second_call(keypoints: Any, *rest: Any, **options: Any) -> Any:
    calls.append(1)
    return right(keypoints, *rest, **options) + (len(calls) == 2)


def widened(*inputs: Any, **options: Any) -> Any:
    return np.longdouble(right(*inputs, **options))


def not_reduced(*inputs: Any, **options: Any) -> Any:
    return right(*inputs, **{**options, "reduction": "none"})


def a_python_number(*inputs: Any, **options: Any) -> Any:
    return float(right(*inputs, **options))


def broken(*_: Any, **__: Any) -> Any:
    message = "no [bold]luck[/bold]\nat all"
    raise ZeroDivisionError(message)


calls: list[int] = []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (divided_by_frames, "2.5e-01 off, more than rounding explains"),
        (one_frame_masked, "off, more than rounding explains"),
        (epsilon_forgotten, "off, more than rounding explains"),
        (nan_always, "inf off, more than rounding explains"),
        (wrong_at_the_second_call, "off, more than rounding explains"),
        (widened, f"gave {np.dtype(np.longdouble)} of shape (), expected a float"),
        (not_reduced, "of shape (3, 2), expected a float"),
        (a_python_number, "gave float of shape (), expected a float"),
        (broken, "ZeroDivisionError: no [bold]luck[/bold]"),
    ],
)
def test_a_wrong_loss_is_caught(
    table: Path, monkeypatch: pytest.MonkeyPatch, wrong: Callable[..., Any], said: str
) -> None:
    calls.clear()
    monkeypatch.setattr(temporal_loss, "temporal_loss", wrong)
    code, text = compare(table, epsilon=1, prob_threshold=0.5, width=200)
    assert code == 1
    assert said in text
    assert text.splitlines()[-1].endswith("do not agree with the exact value.")
    assert "numpy/cpu/eager in float32" in text
    assert " ok" not in text.partition("float64:")[0]


def test_a_hidden_nan_is_caught(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table.write_text(TABLE.replace("2,9,12", "2,,12"))
    monkeypatch.setattr(temporal_loss, "temporal_loss", nan_hidden)
    code, text = compare(table)
    assert code == 1
    assert text.splitlines()[-1] == "2 of 2 do not agree with the exact value."


def test_a_result_on_another_device_is_caught(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NumpyBackend, "device_name", lambda *_: "elsewhere")
    code, text = compare(table)
    assert code == 1
    assert "gave a result on elsewhere, expected it on cpu" in text


def test_a_poor_sum_is_told_from_a_good_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def one_by_one(keypoints: Any, *_: Any, **__: Any) -> Any:
        lengths = np.linalg.norm(np.diff(keypoints, axis=0), axis=-1).ravel()
        return np.add.accumulate(lengths)[-1] / keypoints.dtype.type(lengths.size)

    monkeypatch.setattr(temporal_loss, "temporal_loss", one_by_one)
    points = np.random.default_rng(5).normal(size=(60_000, 2, 2)).cumsum(axis=0)
    code, text = compare(saved(tmp_path, keypoints=points))
    assert code == 0
    assert [line.split()[-1] for line in text.splitlines() if line.startswith("numpy/")] == ["loose", "loose"]
    assert " for numpy/cpu/eager in float32 and " in text.splitlines()[-1]
