"""Broken files of recorded predictions: each refused in one line that says where and what."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

np = pytest.importorskip("numpy", reason="recordings are read with NumPy, which is not installed")

from broken_files import COORDS, FRAMES, GOOD, HEADER, refusal, saved, write  # noqa: E402 - after the skip

if TYPE_CHECKING:
    from pathlib import Path

START = "(a file starts with the rows scorer, bodyparts, coords)"


# Broken tables ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", f"line 1, column 1: found nothing, expected 'scorer' {START}", id="empty"),
        pytest.param(
            "\n", f"line 1, column 1: found nothing, expected 'scorer' {START}", id="only-a-line-break"
        ),
        pytest.param(
            "0,1,2,0.9\n1,1,2,0.9\n",
            f"line 1, column 1: found '0', expected 'scorer' {START}",
            id="no-header",
        ),
        pytest.param(
            GOOD.partition("\n")[2],
            f"line 1, column 1: found 'bodyparts', expected 'scorer' {START}",
            id="no-scorer",
        ),
        pytest.param(
            HEADER + "0,1.5,2.5,0.9,10,20,0.1\n",
            f"line 3, column 1: found '0', expected 'coords' {START}",
            id="no-coords",
        ),
        pytest.param(
            HEADER, f"line 3, column 1: found nothing, expected 'coords' {START}", id="ends-in-the-header"
        ),
        pytest.param(
            GOOD.replace(",", ";"),
            "line 1, column 1: found 'scorer;net;net;net;net;net;net', expected 'scorer' " + START,
            id="semicolons",
        ),
        pytest.param(
            "scorer\nbodyparts\ncoords\n0\n1\n",
            "line 3: found no column after the first, expected x, y and likelihood per keypoint",
            id="no-columns",
        ),
        pytest.param(
            HEADER.replace(",tail\n", "\n") + COORDS,
            "line 2: found 6 cells, expected 7 as in line 1",
            id="short-header",
        ),
        pytest.param(
            "scorer,n,n\nbodyparts,a,a\ncoords,x,y\n0,1,2\n1,1,2\n",
            "header: no likelihood column for 'a', expected x, y and likelihood",
            id="no-likelihood",
        ),
        pytest.param(
            GOOD.replace("tail,tail,tail", "tail,tail,nose"),
            "header, column 7 (bodypart 'nose'): likelihood is already in column 4, expected each once",
            id="twice-the-same-column",
        ),
        pytest.param(
            GOOD.replace("tail", "nose"),
            "header, column 5 (bodypart 'nose'): x is already in column 2, expected each once",
            id="twice-the-same-bodypart",
        ),
        pytest.param(
            GOOD.replace("likelihood\n", "z\n"),
            "header row coords, column 7 (bodypart 'tail'): found 'z', expected x, y or likelihood",
            id="unknown-coordinate",
        ),
        pytest.param(
            HEADER + COORDS,
            "found no frames, expected at least 2 (the loss is of steps between frames)",
            id="no-frames",
        ),
        pytest.param(
            HEADER + COORDS + "0,1,2,3,4,5,6\n",
            "found 1 frame, expected at least 2 (the loss is of steps between frames)",
            id="one-frame",
        ),
        pytest.param(
            GOOD.replace("4.5,6.5", "4.5,oops"),
            "line 5, column 3 (nose y): found 'oops', expected a number",
            id="text-in-a-number",
        ),
        pytest.param(
            GOOD.replace("4.5,6.5", ",1_000"),
            "line 5, column 3 (nose y): found '1_000', expected a number",
            id="underscore",
        ),
        pytest.param(
            GOOD.replace("0.2\n", "\u0661\n"),
            r"line 5, column 7 (tail likelihood): found '\u0661', expected a number",
            id="digit-of-another-script",
        ),
        pytest.param(
            GOOD.replace("6.5", "x" * 300 + "\x1b[31m"),
            "line 5, column 3 (nose y): found '" + "x" * 40 + "'..., expected a number",
            id="long-text",
        ),
        pytest.param(
            GOOD.replace("6.5", "\x1b[31m[bold]"),
            r"line 5, column 3 (nose y): found '\x1b[31m[bold]', expected a number",
            id="escape-sequence",
        ),
        pytest.param(
            GOOD + "2,1,2,3\n", "line 6: found 4 cells, expected 7 as in the header", id="short-row"
        ),
        pytest.param(
            GOOD.replace("1,4.5", "1,,4.5"),
            "line 5: found 8 cells, expected 7 as in the header",
            id="long-row",
        ),
        pytest.param(
            GOOD.replace("\n1,", "\n\n1,"),
            "line 5: found an empty line between frames, expected 7 cells",
            id="gap",
        ),
        pytest.param(
            GOOD.replace("6.5,", '"6.5,'),
            "line 5: not a row of comma-separated cells (unexpected end of data)",
            id="open-quote",
        ),
        pytest.param(
            GOOD.encode("utf-16"),
            "found byte 0xff that is not UTF-8, expected a CSV file of plain text",
            id="utf-16",
        ),
        pytest.param(
            GOOD.encode() + bytes(range(256)),
            "found byte 0x80 that is not UTF-8, expected a CSV file of plain text",
            id="binary",
        ),
    ],
)
def test_broken_table(tmp_path: Path, text: str | bytes, message: str) -> None:
    assert refusal(write(tmp_path, text)) == message


def test_the_line_counts_cells_that_hold_line_breaks(tmp_path: Path) -> None:
    text = GOOD.replace("\n0,", '\n"0\n0",').replace("6.5", "oops")
    assert refusal(write(tmp_path, text)).startswith("line 6, column 3 (nose y): found 'oops'")


# Broken NumPy files -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1, 2], [3, 4]], "keypoints holds int64, expected float16, float32 or float64"),
        ([[True, False]] * 2, "keypoints holds bool, expected float16, float32 or float64"),
        ([[1j, 2]] * 2, "keypoints holds complex128, expected float16, float32 or float64"),
        ([["a", "b"]] * 2, "keypoints holds <U1, expected float16, float32 or float64"),
        ([1.0, 2.0], "keypoints has shape (2,), expected (T, 2K) or (..., T, K, D), none of them 0"),
        (1.0, "keypoints has shape (), expected (T, 2K) or (..., T, K, D), none of them 0"),
        ([[1.0, 2.0, 3.0]] * 2, "keypoints has shape (2, 3), expected an even number of columns (x, y)"),
        ([[], []], "keypoints has shape (2, 0), expected (T, 2K) or (..., T, K, D), none of them 0"),
        ([[1.0, 2.0]], "found 1 frame, expected at least 2 (the loss is of steps between frames)"),
        ([[[1.0]]], "found 1 frame, expected at least 2 (the loss is of steps between frames)"),
    ],
)
def test_npy_that_holds_no_keypoints(tmp_path: Path, values: object, message: str) -> None:
    array = np.array(values)
    np.save(tmp_path / "a.npy", array.astype("int64") if array.dtype.kind == "i" else array)
    assert refusal(tmp_path / "a.npy") == message


def test_npy_of_objects_is_never_unpickled(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (pytest.fail, ("unpickled",))

    bombs = np.array([[Bomb()]], dtype=object)
    np.save(tmp_path / "a.npy", bombs, allow_pickle=True)
    np.savez(tmp_path / "a.npz", keypoints=bombs, allow_pickle=True)
    write(tmp_path, b"cbuiltins\nprint\n(S'unpickled'\ntR.", "b.npy")
    assert "Python objects" in refusal(tmp_path / "a.npy")
    assert "Object arrays cannot be loaded" in refusal(tmp_path / "a.npz")
    assert refusal(tmp_path / "b.npy").startswith(
        "found b'cbuilt' as its first bytes, expected b'\\x93NUMPY'"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            saved(points=FRAMES, b=1),
            "found 'b', 'points', expected an array 'keypoints' (and, optionally, 'confidences')",
        ),
        (saved(), "found no array, expected an array 'keypoints' (and, optionally, 'confidences')"),
        (
            saved(keypoints=FRAMES, confidences=[[1.0, 1.0]] * 2),
            "confidences has shape (2, 2), expected (2, 1)",
        ),
        (
            saved(keypoints=FRAMES, confidences=[[True]] * 2),
            "confidences holds bool, expected float16, float32 or float64",
        ),
        (b"", "found b'' as its first bytes, expected b'PK' of a NumPy archive"),
        (b"\x93NUMPY", "found b'\\x93N' as its first bytes, expected b'PK' of a NumPy archive"),
        (saved(keypoints=FRAMES)[:-30], "damaged, or not an array of numbers (File is not a zip file)"),
    ],
)
def test_npz_that_holds_no_recording(tmp_path: Path, content: bytes, message: str) -> None:
    assert refusal(write(tmp_path, content, "a.npz")) == message


def test_npz_with_something_else_for_keypoints(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("keypoints", b"no array")
    assert refusal(tmp_path / "a.npz") == "keypoints holds bytes, expected float16, float32 or float64"


def test_npz_that_unpacks_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez_compressed(tmp_path / "a.npz", keypoints=np.zeros((1000, 2)))
    assert (tmp_path / "a.npz").stat().st_size < 2000
    monkeypatch.setattr("conformance.recordings.LIMIT_BYTES", 2000)
    assert refusal(tmp_path / "a.npz") == "unpacks to 16128 bytes, expected fewer than 2000"


def test_npy_that_promises_more_than_it_has(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((20, 2)))
    content = (tmp_path / "a.npy").read_bytes()
    assert refusal(write(tmp_path, content[:-8], "short.npy")).startswith(
        "damaged, or not an array of numbers ("
    )
    huge = content.replace(b"(20, 2), }" + b" " * 12, b"(2" + b"0" * 13 + b", 2), }")
    assert len(huge) == len(content) != huge.find(b"0" * 13) > 0
    assert refusal(write(tmp_path, huge, "huge.npy")).startswith("damaged, or not an array of numbers (")
