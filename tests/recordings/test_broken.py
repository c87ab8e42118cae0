"""Broken files of recorded predictions: each refused in one line that says where and what."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

np = pytest.importorskip("numpy", reason="recordings are read with NumPy, which is not installed")

from temporal_loss.recordings import RecordingError, read  # noqa: E402 - after the skip

from .files import COORDS, FRAMES, GOOD, HEADER, SCORER, refusal, saved, write  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

START = "expected the header of DeepLabCut's CSV (scorer,...), SLEAP's (track,frame_idx,...) or Anipose's"
ROWS = "after scorer, expected (individuals,) bodyparts, coords"
NUMBER = "expected a number that float64 can hold"
BOTH = "expected x, y of each keypoint"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", f"line 1: found '', {START}", id="empty"),
        pytest.param("\n", f"line 1: found '', {START}", id="only-a-line-break"),
        pytest.param("0,1,2,0.9\n", f"line 1: found '0,1,2,0.9', {START}", id="no-header"),
        pytest.param(
            HEADER + "0,1.5,2.5,0.9,10,20,0.1\n", f"found rows 'bodyparts', '0' {ROWS}", id="no-coords"
        ),
        pytest.param(HEADER, f"found rows 'bodyparts' {ROWS}", id="ends-in-the-header"),
        pytest.param(SCORER + COORDS, f"found rows 'coords' {ROWS}", id="no-bodyparts"),
        pytest.param(
            "scorer\nbodyparts\ncoords\n0\n1\n",
            "header: found no keypoint, expected columns x, y and likelihood of each",
            id="no-columns",
        ),
        pytest.param(
            HEADER.replace(",tail\n", "\n") + COORDS,
            "line 2: found 6 cells, expected 7 as in line 1",
            id="short-header",
        ),
        pytest.param(
            GOOD.replace("tail,tail,tail", "tail,tail,nose"),
            "header: found likelihood of 'nose' twice, expected each once",
            id="twice-the-same-column",
        ),
        pytest.param(
            GOOD.replace("coords,x,y", "coords,x,z"),
            "header: found no y of 'nose', expected x, y, z of each keypoint",
            id="mixed",
        ),
        pytest.param(HEADER + COORDS.replace("x", "X"), f"header: found no x of 'nose', {BOTH}", id="no-x"),
        pytest.param(HEADER + COORDS.replace("y", "Y"), f"header: found no y of 'nose', {BOTH}", id="no-y"),
        pytest.param(
            HEADER + COORDS + "0,1,2,3,4,5,6\n",
            "found 1 frame, expected at least 2 (the loss is of steps between frames)",
            id="one-frame",
        ),
        pytest.param(
            HEADER + COORDS,
            "found no frames, expected at least 2 (the loss is of steps between frames)",
            id="no-frames",
        ),
        *(
            pytest.param(
                GOOD.replace("4.5,6.5", f"4.5,{cell}"),
                f"line 5, column 3 (nose y): found {shown}, {NUMBER}",
                id=name,
            )
            for name, cell, shown in (
                ("text", "oops", "'oops'"),
                ("underscore", "1_000", "'1_000'"),
                ("digit-of-another-script", "\u0661", r"'\u0661'"),
                ("too-large", "-1e400", "'-1e400'"),
                ("decimal-comma", '"6,5"', "'6,5'"),
                ("long", "x" * 300 + "\x1b[31m", "'" + "x" * 40 + "'..."),
                ("escape-sequence", "\x1b[31m[bold]", r"'\x1b[31m[bold]'"),
                ("nul", "\0", r"'\x00'"),
            )
        ),
        pytest.param(GOOD + "2,1,2,3\n", "line 6: found 4 cells, expected 7 as in line 1", id="short-row"),
        pytest.param(
            GOOD.replace("1,4.5", "1,,4.5"), "line 5: found 8 cells, expected 7 as in line 1", id="long-row"
        ),
        pytest.param(
            GOOD.replace("6.5,", '"6.5,'), "cannot be read (unexpected end of data)", id="open-quote"
        ),
        pytest.param(
            GOOD.encode("utf-16"),
            "cannot be read ('utf-8' codec can't decode byte 0xff in position 0: invalid start byte)",
            id="utf-16",
        ),
    ],
)
def test_broken_table(tmp_path: Path, text: str | bytes, message: str) -> None:
    assert refusal(write(tmp_path, text)) == message


def test_missing_directory_and_wrong_ending(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    assert refusal(tmp_path / "none.csv") == f"cannot be read ({os.strerror(errno.ENOENT)})"
    assert refusal(tmp_path / "folder.csv") == "is a folder, expected a file"
    due = "expected .csv, .npy or .npz, or with the extra recordings .h5, .slp, .nwb or .nc"
    assert refusal(tmp_path / "a.mat") == f"has the ending .mat, {due}"
    assert refusal(tmp_path / "a") == f"has no ending, {due}"


@pytest.mark.parametrize("ending", ["h5", "slp", "nwb", "nc", "csv"])
def test_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    for module in ("h5py", "loguru", "movement", "xarray"):
        monkeypatch.setitem(sys.modules, module, None)
    path = write(tmp_path, "fnum,nose_x,nose_y,nose_z,nose_score\n", f"a.{ending}")
    assert refusal(path).endswith(
        ', which the extra recordings brings: pip install "temporal-loss[recordings]"'
    )


def run(code: str, *arguments: Path) -> str:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own


def test_without_numpy_the_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['numpy'] = None; from temporal_loss.recordings import read\n"
        "try: read('a.npy')\nexcept ValueError as error: print(error)"
    )
    message = 'a.npy: needs numpy, which the extra command brings: pip install "temporal-loss[command]"\n'
    assert run(code) == message


def test_plain_files_take_numpy_alone(tmp_path: Path) -> None:
    paths = [write(tmp_path, GOOD), write(tmp_path, saved(keypoints=FRAMES), "a.npz")]
    others = {"h5py", "movement", "pandas", "xarray", "click", "rich", "matplotlib"}
    code = (
        "import sys; from temporal_loss import recordings\nassert 'numpy' not in sys.modules\n"
        f"for path in sys.argv[1:]: recordings.examine(path)\nassert not {others} & sys.modules.keys()"
    )
    run(code, *paths)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file modes and links of this kind")
def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    loop = tmp_path / "loop.csv"
    loop.symlink_to(loop)
    assert refusal(loop) == f"cannot be read ({os.strerror(errno.ELOOP)})"
    assert refusal(tmp_path / ("a" * 300 + ".csv")).startswith("cannot be read (")
    locked = write(tmp_path, GOOD, "locked.csv")
    locked.chmod(0)
    if not os.access(locked, os.R_OK):  # an administrator reads everything
        assert refusal(locked) == f"cannot be read ({os.strerror(errno.EACCES)})"


def test_odd_names_stay_on_one_line(tmp_path: Path) -> None:
    for name in ("a\nb.csv", "a\x1b[31m.csv", "a\udcff.csv", "a\0.csv"):
        with pytest.raises(RecordingError) as caught:
            read(tmp_path / name)
        assert str(caught.value).isprintable()


# Damage of any kind -----------------------------------------------------------------------------

SEEDS = {
    "csv": ("csv", GOOD.encode()),
    "sleap": ("csv", b"track,frame_idx,nose.x,nose.y\na,0,1,2\na,1,3,4\n"),
    "npz": ("npz", saved(keypoints=FRAMES, confidences=[[0.5], [0.75]])),
    "compressed": ("npz", saved(keypoints=FRAMES, confidences=[[0.5], [0.75]], compressed=True)),
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
