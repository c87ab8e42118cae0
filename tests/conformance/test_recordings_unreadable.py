"""Files that cannot be read at all, or are damaged at random: refused in one line, never a traceback."""

from __future__ import annotations

import errno
import io
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

np = pytest.importorskip("numpy", reason="recordings are read with NumPy, which is not installed")

from broken_files import FRAMES, GOOD, HEADER, refusal, saved, write  # noqa: E402 - after the skip

from conformance.recordings import LIMIT_BYTES, RecordingError, read  # noqa: E402 - after the skip


def test_missing_directory_and_wrong_ending(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    assert refusal(tmp_path / "none.csv") == f"cannot be read ({os.strerror(errno.ENOENT)})"
    assert refusal(tmp_path / "folder.csv") == "is a directory, expected a file"
    for name, ending in (("a.h5", "the ending .h5"), ("a", "no ending"), ("a.csv.gz", "the ending .gz")):
        write(tmp_path, GOOD, name)
        assert refusal(tmp_path / name) == f"has {ending}, expected .csv (DeepLabCut-style), .npy or .npz"


def test_what_has_no_lines_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    zeros = write(tmp_path, GOOD.encode() + bytes(100))
    assert refusal(zeros) == "line 6: holds a NUL character, expected a CSV file of plain text"
    path = tmp_path / "line.csv"
    path.write_text(HEADER + "1" * 3_000_000 + ",2\n")
    assert refusal(path) == "line 3: longer than 1,048,576 characters, expected one frame per line"


@pytest.mark.parametrize("ending", ["csv", "npy", "npz"])
def test_two_gigabytes_are_refused_unopened(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"large.{ending}"
    with path.open("wb") as file:
        file.truncate(LIMIT_BYTES)  # sparse: it takes no room
    assert refusal(path) == "has 2000000000 bytes, expected fewer than 2000000000 (2 GB)"
    with path.open("wb") as file:
        file.truncate(1_000)
    assert "bytes, expected fewer" not in refusal(path)


@pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no file modes, links and sockets of this kind"
)
def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    loop = tmp_path / "loop.csv"
    loop.symlink_to(loop)
    assert refusal(loop) == f"cannot be read ({os.strerror(errno.ELOOP)})"
    os.mkfifo(tmp_path / "pipe.csv")
    assert refusal(tmp_path / "pipe.csv") == "is a pipe or a device, expected a file"
    assert refusal(tmp_path / "pipe.csv" / "a.csv") == f"cannot be read ({os.strerror(errno.ENOTDIR)})"
    assert refusal(tmp_path / ("a" * 300 + ".csv")).startswith("cannot be read (")
    locked = write(tmp_path, GOOD, "locked.csv")
    locked.chmod(0)
    if not os.access(locked, os.R_OK):  # an administrator reads everything
        assert refusal(locked) == f"cannot be read ({os.strerror(errno.EACCES)})"


@pytest.mark.parametrize("ending", ["csv", "npy", "npz"])
def test_a_file_that_fails_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    path = write(tmp_path, GOOD, f"a.{ending}")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert refusal(path) == "cannot be read (Permission denied)"


def test_odd_names_stay_on_one_line(tmp_path: Path) -> None:
    for name in ("a\nb.csv", "a\x1b[31m.csv", "a\udcff.csv", "a\0.csv"):
        with pytest.raises(RecordingError) as caught:
            read(tmp_path / name)
        assert str(caught.value).isprintable()


# Damage of any kind -----------------------------------------------------------------------------


def npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array(FRAMES))
    return stream.getvalue()


def compressed() -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, keypoints=np.array(FRAMES), confidences=np.array([[0.5], [0.75]]))
    return stream.getvalue()


SEEDS = {
    "csv": ("csv", GOOD.encode()),
    "npy": ("npy", npy()),
    "npz": ("npz", saved(keypoints=FRAMES, confidences=[[0.5], [0.75]])),
    "compressed": ("npz", compressed()),
}


def read_or_refuse(path: Path) -> None:
    try:
        recording = read(path)
    except RecordingError as error:
        assert str(error).isprintable()  # noqa: PT017 - either outcome is right
    else:
        assert recording.keypoints.shape[-3] >= 2


@pytest.mark.parametrize("kind", SEEDS)
def test_any_wrong_byte_and_any_end_is_read_or_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    ending, content = SEEDS[kind]
    for place in range(len(content)):
        if place % 8 == 0:
            read_or_refuse(write(tmp_path, content[:place], f"a.{ending}"))
        for byte in (content[place] ^ 1, content[place] ^ 128):
            damaged = content[:place] + bytes([byte]) + content[place + 1 :]
            read_or_refuse(write(tmp_path, damaged, f"a.{ending}"))


@pytest.mark.parametrize("kind", SEEDS)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_wrong_bytes_are_read_or_refused_in_one_line(
    tmp_path: Path, kind: str, data: st.DataObject
) -> None:
    ending, seed = SEEDS[kind]
    content = bytearray(seed)
    places = st.integers(0, len(content) - 1)
    for place, byte in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=4)):
        content[place] = byte
    read_or_refuse(write(tmp_path, bytes(content), f"a.{ending}"))
