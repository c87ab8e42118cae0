"""Two mice in every kind of file that the extra `recordings` reads: the same numbers and worst frame."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("movement", reason="movement, of the extra recordings, is not installed")
import h5py
import numpy as np
import pandas as pd
import pynwb
import sleap_io
from movement.io import load_poses, save_poses

from temporal_loss.recordings import examine, read

from .files import refusal, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# netCDF4 says so of itself as it is imported; the reader keeps it from the user.
pytestmark = pytest.mark.filterwarnings("ignore:numpy.ndarray size changed:RuntimeWarning")

MICE, PARTS = ["m1", "m2"], ["nose", "tail"]
NAMES = ("m1/nose", "m1/tail", "m2/nose", "m2/tail")
# By frame, mouse, part and space; all numbers are exact in float32, and all differ.
POINTS = np.arange(6 * 2 * 2 * 2, dtype="float64").reshape(6, 2, 2, 2)
POINTS[4:, 1, 0] += [30.0, 40.0]  # the nose of the second mouse, in the step into frame 4
SURE = np.arange(6 * 2 * 2, dtype="float64").reshape(6, 2, 2) / 32


def dataset() -> Any:
    """Give the mice in movement's order: time, space, keypoints, individuals."""
    arrays = POINTS.transpose(0, 3, 2, 1), SURE.transpose(0, 2, 1)
    return load_poses.from_numpy(*arrays, MICE, PARTS, fps=25, source_software="SLEAP")


def sleap_labels(path: Path) -> None:
    skeleton = sleap_io.Skeleton([*PARTS])
    tracks = [sleap_io.Track(name) for name in MICE]
    video = sleap_io.Video("video.mp4", open_backend=False)
    frames = [
        sleap_io.LabeledFrame(
            video=video,
            frame_idx=t,
            instances=[
                sleap_io.PredictedInstance.from_numpy(
                    POINTS[t, i], skeleton=skeleton, point_scores=SURE[t, i], score=1.0, track=tracks[i]
                )
                for i in range(2)
            ],
        )
        for t in range(6)
    ]
    sleap_io.save_slp(sleap_io.Labels(frames, tracks=tracks), str(path))


WRITERS: dict[str, Callable[[Path], Any]] = {
    "deeplabcut.h5": lambda path: save_poses.to_dlc_file(dataset(), path, split_individuals=False),
    "deeplabcut.csv": lambda path: save_poses.to_dlc_file(dataset(), path, split_individuals=False),
    "sleap.h5": lambda path: save_poses.to_sleap_analysis_file(dataset(), path),
    "sleap.slp": sleap_labels,
    "movement.nc": lambda path: dataset().to_netcdf(path),
}


def check(recording: Any) -> None:
    assert recording.names == NAMES
    np.testing.assert_array_equal(recording.keypoints, POINTS.reshape(6, 4, 2), strict=True)
    assert recording.keypoints.flags.c_contiguous
    np.testing.assert_array_equal(recording.confidences, SURE.reshape(6, 4))
    assert recording.notes == ()
    worst = examine(recording, epsilon=0).worst[0]
    step = np.hypot(38, 48)  # 30 and 40, and 8 in every step
    assert worst[:2] == (4, "m2/nose")
    assert worst[2:] == pytest.approx((step, step))


@pytest.mark.parametrize("name", WRITERS)
def test_two_mice(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    check(read(tmp_path / name))


@pytest.mark.parametrize("order", [(), ("keypoints", "individuals", "space", "time")])
def test_a_dataset_in_memory(order: tuple[str, ...]) -> None:
    check(read(dataset().transpose(*order)))


def test_one_mouse_has_plain_names_and_may_lack_confidences(tmp_path: Path) -> None:
    one = dataset().isel(individuals=[1])
    one["confidence"][:] = np.nan
    one.to_netcdf(tmp_path / "one.nc")
    for recording in (read(tmp_path / "one.nc"), read(one), read(one.drop_vars("confidence"))):
        assert recording.names == ("nose", "tail")
        assert recording.confidences is None
        np.testing.assert_array_equal(recording.keypoints, POINTS[:, 1])


def test_views_become_part_of_the_names() -> None:
    views = dataset().isel(individuals=0, drop=True).expand_dims(view=["left", "right"])
    recording = read(views)
    assert recording.names == ("left/nose", "left/tail", "right/nose", "right/tail")
    np.testing.assert_array_equal(recording.keypoints[:, 2:], POINTS[:, 0])


def test_nwb(tmp_path: Path) -> None:
    file = save_poses.to_nwb_file(dataset().isel(individuals=[1]))
    with pynwb.NWBHDF5IO(tmp_path / "a.nwb", mode="w") as opened:
        opened.write(file)
    recording = read(tmp_path / "a.nwb")
    assert recording.names == ("nose", "tail")
    np.testing.assert_array_equal(recording.keypoints, POINTS[:, 1])
    np.testing.assert_array_equal(recording.confidences, SURE[:, 1])


def test_anipose_in_three_dimensions(tmp_path: Path) -> None:
    columns = [f"{part}_{what}" for part in PARTS for what in ("x", "y", "z", "error", "ncams", "score")]
    header = ",".join(
        [
            *columns,
            *(f"M_{i}{j}" for i in range(3) for j in range(3)),
            *(f"center_{i}" for i in range(3)),
            "fnum",
        ]
    )
    row = ",".join(map(str, [1, 2, 3, 0, 3, 0.5, 4, 5, 6, 0, 3, 0.75, *[0] * 12]))
    recording = read(write(tmp_path, f"{header}\n{row},0\n{row},1\n"))
    assert recording.names == ("nose", "tail")
    np.testing.assert_array_equal(recording.keypoints, [[[1, 2, 3], [4, 5, 6]]] * 2)
    np.testing.assert_array_equal(recording.confidences, [[0.5, 0.75]] * 2)


def test_hdf5_of_animals_that_differ_and_of_further_columns(tmp_path: Path) -> None:
    """movement 0.15 reads this as two frames of nine numbers each, in the wrong places."""
    columns = [("net", "m1", "nose", c) for c in ("x", "y", "x_ens_var")]
    columns += [("net", "single", "ball", c) for c in ("x", "y", "likelihood")]
    names = ["scorer", "individuals", "bodyparts", "coords"]
    frame = pd.DataFrame(
        np.arange(18.0).reshape(3, 6), columns=pd.MultiIndex.from_tuples(columns, names=names)
    )
    frame.to_hdf(tmp_path / "a.h5", key="df_with_missing")
    recording = read(tmp_path / "a.h5")
    assert recording.names == ("m1/nose", "single/ball")
    assert recording.keypoints.tolist() == [[[t, t + 1], [t + 3, t + 4]] for t in (0, 6, 12)]
    np.testing.assert_array_equal(recording.confidences, [[np.nan, 5], [np.nan, 11], [np.nan, 17]])
    assert recording.notes == (
        "columns ignored: x_ens_var",
        "3 confidences missing: counted as confident",
        "3 confidences outside 0 to 1: is this column a likelihood?",
    )


def test_hdf5_of_labels_or_of_a_cut_is_told(tmp_path: Path) -> None:
    columns = pd.MultiIndex.from_product(
        [["net"], ["nose"], ["x", "y"]], names=["scorer", "bodyparts", "coords"]
    )
    images = [("labeled-data", "video", f"img{i}.png") for i in (7, 20)]
    for index, notes in (
        (range(2), []),
        (range(1, 3), ["not numbered 0, 1, 2, ..."]),
        (["/".join(image) for image in images], ["labelled images"]),
        (pd.MultiIndex.from_tuples(images), ["labelled images"]),
    ):
        frame = pd.DataFrame([[0.0, 0.0], [3.0, 4.0]], index=index, columns=columns)
        frame.to_hdf(tmp_path / "a.h5", key="df_with_missing", mode="w")
        found = read(tmp_path / "a.h5").notes
        assert [any(note in each for each in found) for note in notes] == [True] * len(found)


def test_hdf5_of_something_else_says_what_is_read(tmp_path: Path) -> None:
    due = "expected one table, of DeepLabCut, or SLEAP's 'tracks'"
    with h5py.File(tmp_path / "a.h5", "w"):
        pass
    assert refusal(tmp_path / "a.h5").startswith("found nothing (")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["poses"] = [1.0, 2.0]
    message = refusal(tmp_path / "a.h5")
    assert message.startswith("found 'poses' (")
    assert message.endswith(due)
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0]})
    frame.to_hdf(tmp_path / "a.h5", key="one", mode="w")
    due_levels = "expected levels (individuals,) bodyparts, coords"
    assert refusal(tmp_path / "a.h5") == f"found a table with columns 'x', 'y', {due_levels}"
    frame.to_hdf(tmp_path / "a.h5", key="two")
    message = refusal(tmp_path / "a.h5")
    assert message.startswith("found 'one', 'two' (")
    assert message.endswith(due)


@pytest.mark.parametrize("ending", ["h5", "slp", "nwb", "nc"])
def test_other_content_gives_one_line(tmp_path: Path, ending: str) -> None:
    assert refusal(write(tmp_path, "no such file", f"a.{ending}")).startswith("cannot be read (")


def test_movement_does_not_log_it_too(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "temporal_loss", write(tmp_path, "no such file", "a.slp")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_a_dataset_of_something_else_gives_one_line() -> None:
    with pytest.raises(ValueError, match=r"^dataset: cannot be read \(.*position"):
        read(dataset().rename(position="boxes"))
    with pytest.raises(ValueError, match=r"^dataset: cannot be read \(keypoints must have one dimension"):
        read(dataset().rename(keypoints="corners"))
