"""Wrong losses on a recording: the comparison catches each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

np = pytest.importorskip("numpy", reason="recordings are read with NumPy, which is not installed")

from comparing import TABLE, agreed, compare, saved, walk  # noqa: E402

import temporal_loss  # noqa: E402
from conformance.subjects.backends.numpy_backend import NumpyBackend  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

right = temporal_loss.temporal_loss


def divided_by_frames(keypoints: Any, *rest: Any, **options: Any) -> Any:
    steps = keypoints.shape[0] - 1
    return right(keypoints, *rest, **options) * steps / (steps + 1)


def one_frame_masked(keypoints: Any, confidences: Any, **options: Any) -> Any:
    return right(keypoints, np.concatenate([confidences[1:], confidences[-1:]]), **options)


def wrong_at_the_second_call(keypoints: Any, *rest: Any, **options: Any) -> Any:
    calls.append(1)
    return right(keypoints, *rest, **options) + (len(calls) == 2)


def broken(*_: Any, **__: Any) -> Any:
    message = "no [bold]luck[/bold]\nat all"
    raise ZeroDivisionError(message)


def changed(**changes: object) -> Callable[..., Any]:
    return lambda *inputs, **options: right(*inputs, **{**options, **changes})


calls: list[int] = []
OFF = "off, more than rounding explains"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (divided_by_frames, f"2.5e-01 {OFF}"),
        (one_frame_masked, OFF),
        (changed(epsilon=0.0), OFF),
        (changed(prob_threshold=0.0), OFF),
        (lambda keypoints, *_, **__: keypoints.dtype.type(np.nan), f"inf {OFF}"),
        (wrong_at_the_second_call, OFF),
        (
            lambda *inputs, **options: np.longdouble(right(*inputs, **options)),
            f"gave {np.dtype(np.longdouble)} of shape (), expected a float",
        ),
        (changed(reduction="none"), "of shape (3, 2), expected a float"),
        (lambda *inputs, **options: float(right(*inputs, **options)), "gave float of shape (), expected"),
        (broken, "ZeroDivisionError: no [bold]luck[/bold]"),
    ],
)
def test_a_wrong_loss_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: Callable[..., Any], said: str
) -> None:
    calls.clear()
    monkeypatch.setattr(temporal_loss, "temporal_loss", wrong)
    code, text = compare(walk(tmp_path), epsilon="1", prob_threshold="0.5")
    assert code == 1
    assert said in text
    assert text.splitlines()[-1].endswith("do not agree with the exact value.")
    assert "numpy/cpu/eager in float32" in text
    assert " ok" not in text.partition("float64:")[0]


def test_a_hidden_nan_and_another_device_are_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = walk(tmp_path, TABLE.replace("2,9,12", "2,,12"))
    with monkeypatch.context() as patch:
        patch.setattr(temporal_loss, "temporal_loss", changed(nan_policy="omit"))
        code, text = compare(table)
        assert (code, text.splitlines()[-1]) == (1, "2 of 2 do not agree with the exact value.")
    monkeypatch.setattr(NumpyBackend, "device_name", lambda *_: "elsewhere")
    code, text = compare(table)
    assert code == 1
    assert "gave a result on elsewhere, expected it on cpu" in text


@pytest.mark.slow
def test_a_poor_sum_is_told_from_a_good_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def one_by_one(keypoints: Any, *_: Any, **__: Any) -> Any:
        lengths = np.linalg.norm(np.diff(keypoints, axis=0), axis=-1).ravel()
        return np.add.accumulate(lengths)[-1] / keypoints.dtype.type(lengths.size)

    monkeypatch.setattr(temporal_loss, "temporal_loss", one_by_one)
    points = np.random.default_rng(5).normal(size=(60_000, 2, 2)).cumsum(axis=0)
    text = agreed(saved(tmp_path, keypoints=points))
    assert [line.split()[-1] for line in text.splitlines() if line.startswith("numpy/")] == ["loose", "loose"]
    assert " for numpy/cpu/eager in float32 and " in text.splitlines()[-1]
