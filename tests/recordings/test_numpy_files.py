"""Arrays of NumPy: read exactly, or refused."""

from __future__ import annotations

import io
import warnings
import zipfile
from typing import TYPE_CHECKING

import pytest

np = pytest.importorskip("numpy", reason="recordings are read with NumPy, which is not installed")

from temporal_loss.recordings import read  # noqa: E402 - after the skip

from .files import FRAMES, refusal, saved, write  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

DUE = "expected (T, 2K) or (..., T, K, D) of at most three coordinates, none of them 0"
ARCHIVE = "expected an array 'keypoints' (and, optionally, 'confidences'), each name once"


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ">f4", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_of_any_float_dtype_and_order(tmp_path: Path, dtype: str, order: str) -> None:
    values = np.array([[0.1, 2, 3, 4], [5, 6, 7, 1e4], [9, 0, 1, np.nan]], dtype=dtype)
    np.save(tmp_path / "a.npy", values.copy(order=order))
    recording = read(tmp_path / "a.npy")
    expected = values.astype("float64").reshape(3, 2, 2)
    np.testing.assert_array_equal(recording.keypoints, expected, strict=True)
    assert recording.keypoints.flags.c_contiguous
    assert recording.keypoints.dtype.isnative
    assert recording.dtype == values.dtype.newbyteorder("=").name
    assert recording.confidences is None
    assert recording.names == ("keypoint 0", "keypoint 1")


def test_npy_of_batches_in_three_dimensions(tmp_path: Path) -> None:
    values = np.arange(2 * 5 * 4 * 3, dtype="float64").reshape(2, 5, 4, 3)
    np.save(tmp_path / "a.NPY.npy", values)
    recording = read((tmp_path / "a.NPY.npy").rename(tmp_path / "a.NPY"))
    np.testing.assert_array_equal(recording.keypoints, values)


@pytest.mark.parametrize("compressed", [False, True])
def test_npz_with_and_without_confidences(tmp_path: Path, compressed: bool) -> None:  # noqa: FBT001
    keypoints = np.arange(12.0).reshape(3, 4)
    confidences = np.full((3, 2), 0.9, dtype=">f4")
    both = saved(keypoints=keypoints, confidences=confidences, more=[1], compressed=compressed)
    recording = read(write(tmp_path, both, "a.npz"))
    np.testing.assert_array_equal(recording.keypoints, keypoints.reshape(3, 2, 2))
    # Not widened: a threshold of 0.9 must meet this 0.9 in its own dtype.
    np.testing.assert_array_equal(recording.confidences, confidences.astype("float32"), strict=True)
    assert (
        read(write(tmp_path, saved(keypoints=keypoints, compressed=compressed), "b.npz")).confidences is None
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.int64([[1, 2], [3, 4]]), "keypoints holds int64, expected float16, float32 or float64"),
        ([[1j, 2]] * 2, "keypoints holds complex128, expected float16, float32 or float64"),
        ([["a", "b"]] * 2, "keypoints holds <U1, expected float16, float32 or float64"),
        ([1.0, 2.0], f"keypoints has shape (2,), {DUE}"),
        (1.0, f"keypoints has shape (), {DUE}"),
        ([[1.0, 2.0, 3.0]] * 2, f"keypoints has shape (2, 3), {DUE}"),
        ([[], []], f"keypoints has shape (2, 0), {DUE}"),
        (np.zeros((5, 2, 4)), f"keypoints has shape (5, 2, 4), {DUE}"),
        ([[1.0, 2.0]], "found 1 frame, expected at least 2 (the loss is of steps between frames)"),
        ([[[1.0]]], "found 1 frame, expected at least 2 (the loss is of steps between frames)"),
    ],
)
def test_npy_that_holds_no_keypoints(tmp_path: Path, values: object, message: str) -> None:
    np.save(tmp_path / "a.npy", np.array(values))
    assert refusal(tmp_path / "a.npy") == message


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (pytest.fail, ("unpickled",))

    bombs = np.array([[Bomb()]], dtype=object)
    np.save(tmp_path / "a.npy", bombs, allow_pickle=True)
    np.savez(tmp_path / "a.npz", keypoints=bombs, allow_pickle=True)
    write(tmp_path, b"cbuiltins\nprint\n(S'unpickled'\ntR.", "b.npy")
    assert "Object arrays cannot be loaded" in refusal(tmp_path / "a.npy")
    assert "Object arrays cannot be loaded" in refusal(tmp_path / "a.npz")
    assert "pickled" in refusal(tmp_path / "b.npy")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (saved(points=FRAMES, b=1), f"found 'b', 'points', {ARCHIVE}"),
        (saved(), f"found no array, {ARCHIVE}"),
        (saved(keypoints=FRAMES, confidences=[[1.0, 1.0]]), "confidences has shape (1, 2), expected (2, 1)"),
        (
            saved(keypoints=FRAMES, confidences=[[True]] * 2),
            "confidences holds bool, expected float16, float32 or float64",
        ),
        (b"", "cannot be read (No data left in file)"),
        (saved(keypoints=FRAMES)[:-30], "cannot be read (File is not a zip file)"),
    ],
)
def test_npz_that_holds_no_recording(tmp_path: Path, content: bytes, message: str) -> None:
    assert refusal(write(tmp_path, content, "a.npz")) == message


def test_what_a_library_says_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Warnings are kept from the user, and of an error the first line is told."""
    path = write(tmp_path, saved(keypoints=FRAMES), "a.npz")
    load = np.load

    def warn(*args: object, **options: object) -> object:
        warnings.warn("odd", stacklevel=2)
        return load(*args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(np, "load", warn)
    assert read(path).keypoints.shape == (2, 1, 2)

    def fail(*_: object, **__: object) -> None:
        message = "first\nsecond"
        raise ArithmeticError(message)

    monkeypatch.setattr(np, "load", fail)
    assert refusal(path) == "cannot be read (first)"


@pytest.mark.parametrize("second", ["keypoints.npy", "keypoints"])
def test_npz_that_holds_an_array_twice(tmp_path: Path, second: str) -> None:
    stream = io.BytesIO()
    np.save(stream, np.array(FRAMES))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive, warnings.catch_warnings(action="ignore"):
        for name in ("keypoints.npy", second):
            archive.writestr(name, stream.getvalue())
    assert refusal(tmp_path / "a.npz") == f"found 'keypoints', 'keypoints', {ARCHIVE}"


def test_npz_with_something_else_for_keypoints(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("keypoints", b"no array")
    assert refusal(tmp_path / "a.npz") == "keypoints holds bytes, expected float16, float32 or float64"


def test_npy_that_promises_more_than_it_has(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((20, 2)))
    content = (tmp_path / "a.npy").read_bytes()
    assert refusal(write(tmp_path, content[:-8], "short.npy")).startswith("cannot be read (")
    huge = content.replace(b"(20, 2), }" + b" " * 12, b"(2" + b"0" * 13 + b", 2), }")
    assert len(huge) == len(content) != huge.find(b"0" * 13) > 0
    assert refusal(write(tmp_path, huge, "huge.npy")).startswith("cannot be read (")
