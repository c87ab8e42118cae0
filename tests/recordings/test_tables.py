"""Tables of predictions, read exactly: DeepLabCut's and its relatives', and SLEAP's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

np = pytest.importorskip("numpy", reason="recordings are read with NumPy, which is not installed")

from temporal_loss.recordings import read  # noqa: E402 - after the skip

from .files import COORDS, GOOD, HEADER, deeplabcut, refusal, write  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

nan = np.nan


def test_names_points_and_confidences(tmp_path: Path) -> None:
    recording = read(write(tmp_path, GOOD))
    assert recording.names == ("nose", "tail")
    assert recording.keypoints.tolist() == [[[1.5, 2.5], [10, 20]], [[4.5, 6.5], [10, 20]]]
    assert recording.confidences is not None
    assert recording.confidences.tolist() == [[0.9, 0.1], [0.8, 0.2]]
    assert recording.keypoints.dtype == recording.confidences.dtype == np.float64
    assert recording.keypoints.flags.c_contiguous
    assert (recording.source, recording.dtype, recording.notes) == ("DeepLabCut-style CSV", "float64", ())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\ufeff" + GOOD, id="byte-order-mark"),
        pytest.param(GOOD.replace("\n", "\r\n"), id="crlf"),
        pytest.param(GOOD.replace("\n", "\r"), id="cr"),
        pytest.param(GOOD.rstrip("\n"), id="no-last-line-break"),
        pytest.param(GOOD + "\n\r\n", id="empty-lines-at-the-end"),
        pytest.param(GOOD.replace("\n1,", "\n,,,, ,,\n\n1,"), id="blank-rows-between"),
        pytest.param(
            GOOD.replace("nose,nose", '"nose","nose"').replace("10,", '"10", '), id="quotes-and-spaces"
        ),
        pytest.param(GOOD.replace("\n0,", "\nframe_a.png,"), id="index-is-not-a-number"),
        pytest.param(GOOD.replace(",", ";").replace(".", ","), id="semicolons-and-decimal-commas"),
        pytest.param(GOOD.replace(",", ";"), id="semicolons-and-decimal-points"),
        pytest.param(
            "\n".join(",,".join(line.split(",", 1)) for line in GOOD.splitlines()), id="index-of-two-columns"
        ),
    ],
)
def test_other_clothes_read_the_same(tmp_path: Path, text: str) -> None:
    plain, other = read(write(tmp_path, GOOD)), read(write(tmp_path, text, "other.csv"))
    assert other.names == plain.names
    np.testing.assert_array_equal(other.keypoints, plain.keypoints, strict=True)
    np.testing.assert_array_equal(other.confidences, plain.confidences, strict=True)


def test_blank_rows_are_told(tmp_path: Path) -> None:
    assert read(write(tmp_path, GOOD.replace("\n1,", "\n\n,,,,,,\n1,"))).notes == ("blank rows left out: 2",)


def test_columns_are_found_by_name_in_any_order(tmp_path: Path) -> None:
    coords = ["x", "likelihood", "likelihood", "y", "y", "x"]
    columns = [("", part, coord) for part, coord in zip("ababab", coords, strict=True)]
    recording = read(write(tmp_path, deeplabcut(columns, [[1, 2, 3, 4, 5, 6], [11, 12, 13, 14, 15, 16]])))
    assert recording.names == ("a", "b")
    assert recording.keypoints[0].tolist() == [[1, 5], [6, 4]]
    assert recording.confidences is not None
    assert recording.confidences[1].tolist() == [13, 12]


def test_empty_cells_and_the_words_for_no_number_are_nan(tmp_path: Path) -> None:
    text = HEADER + COORDS + "0,,2.5,0.9,NaN,20,\n1,4.5, ,0.8,-inf,20,0.2\n"
    recording = read(write(tmp_path, text))
    np.testing.assert_array_equal(recording.keypoints, [[[nan, 2.5], [nan, 20]], [[4.5, nan], [-np.inf, 20]]])
    np.testing.assert_array_equal(recording.confidences, [[0.9, nan], [0.8, 0.2]])


def test_further_columns_are_ignored_and_told(tmp_path: Path) -> None:
    """Ensemble smoothers write these."""
    more = ["x_ens_median", "x", "y", "likelihood", "y_posterior_var"]
    columns = [("", part, coord) for part in "ab" for coord in more]
    recording = read(write(tmp_path, deeplabcut(columns, [["?", 1, 2, 0.5, 9, "", 3, 4, 0.75, 9]] * 2)))
    assert recording.keypoints[1].tolist() == [[1, 2], [3, 4]]
    assert recording.confidences is not None
    assert recording.confidences[0].tolist() == [0.5, 0.75]
    assert recording.notes == ("columns ignored: x_ens_median, y_posterior_var",)


def test_labels(tmp_path: Path) -> None:
    """The index is the path of an image; the first image may have no labels, and there is no likelihood."""
    text = "scorer,n,n,n,n\nbodyparts,nose,nose,tail,tail\ncoords,x,y,x,y\n"
    rows = ["a.png,,,,", "b.png,1,2,3,4", "c.png,5,6,7,", "d.png,5,6,7,8", "e.png,5,6,7,8", "f.png,5,6,7,8"]
    recording = read(write(tmp_path, text + "\n".join(f"labeled-data/v/{row}" for row in rows)))
    assert len(recording.keypoints) == 6
    np.testing.assert_array_equal(recording.keypoints[:3, 1], [[nan, nan], [3, 4], [7, nan]])
    assert recording.confidences is None
    assert recording.notes == (
        "rows are labelled images: a step is one in time only between consecutive frames",
        "missing in more than a fifth of the frames: tail in 33%",
    )


def test_rows_that_are_not_numbered_from_0_are_told(tmp_path: Path) -> None:
    """A step over a gap is no step between two frames, and frames of a cut are others in its video."""
    told = ("rows are not numbered 0, 1, 2, ... in the file: they are taken as consecutive frames",)
    for numbers, notes in (("012", ()), ("123", told), ("024", told), ("021", told)):
        rows = "".join(f"{number},1,2,0.9,3,4,0.9\n" for number in numbers)
        assert read(write(tmp_path, HEADER + COORDS + rows)).notes == notes
    assert read(write(tmp_path, GOOD.replace("\n0,", "\n0.0,").replace("\n1,", "\n1.0,"))).notes == ()


def test_each_animal_has_its_own_keypoints_and_they_may_differ(tmp_path: Path) -> None:
    columns = [
        (*who, coord) for who in (("m1", "nose"), ("m2", "nose"), ("single", "ball")) for coord in "xy"
    ]
    columns.insert(4, ("m2", "nose", "likelihood"))
    recording = read(write(tmp_path, deeplabcut(columns, [[1, 2, 3, 4, 0.5, 5, 6]] * 2)))
    assert recording.names == ("m1/nose", "m2/nose", "single/ball")
    assert recording.keypoints[1].tolist() == [[1, 2], [3, 4], [5, 6]]
    np.testing.assert_array_equal(recording.confidences, [[nan, 0.5, nan]] * 2)


def test_three_dimensions(tmp_path: Path) -> None:
    columns = [("", part, coord) for part in "ab" for coord in "zxy"]
    recording = read(write(tmp_path, deeplabcut(columns, [[3, 1, 2, 6, 4, 5]] * 2)))
    assert recording.keypoints.tolist() == [[[1, 2, 3], [4, 5, 6]]] * 2


# SLEAP ------------------------------------------------------------------------------------------

SLEAP = "track,frame_idx,instance.score,nose.x,nose.y,nose.score,tail.score,tail.x,tail.y\n"


def test_sleap_has_a_row_for_each_track_and_frame(tmp_path: Path) -> None:
    """Frame 1 has no row, and so has frame 0 of the second mouse."""
    text = SLEAP + "m1,0,1,1,2,0.5,0.25,3,4\nm2,2,1,5,6,0.75,,,\nm1,2,1,7,8,1,0.5,9,10\n"
    recording = read(write(tmp_path, text))
    assert recording.names == ("m1/nose", "m1/tail", "m2/nose", "m2/tail")
    empty = [nan] * 2
    expected = [[[1, 2], [3, 4], empty, empty], [empty] * 4, [[7, 8], [9, 10], [5, 6], empty]]
    np.testing.assert_array_equal(recording.keypoints, expected)
    scores = [[0.5, 0.25, nan, nan], [nan] * 4, [1, 0.5, 0.75, nan]]
    np.testing.assert_array_equal(recording.confidences, scores)
    assert recording.source == "SLEAP CSV"
    often = "m1/nose in 33%, m1/tail in 33%, m2/nose in 67%, m2/tail in 100%"
    assert recording.notes == (
        f"missing in more than a fifth of the frames: {often}",
        "7 confidences missing: counted as confident",
    )


@pytest.mark.parametrize(
    "text", ["frame_idx,a.b.x,a.b.y\n0,1,2\n1,3,4\n", "track,frame_idx,a.b.x,a.b.y\n,1,3,4\n,0,1,2\n"]
)
def test_sleap_without_tracks(tmp_path: Path, text: str) -> None:
    recording = read(write(tmp_path, text))
    assert recording.names == ("a.b",)
    assert recording.keypoints.tolist() == [[[1, 2]], [[3, 4]]]
    assert recording.confidences is None


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "m,1,1,1,2,1,1,3,4\nm,1,1,1,2,1,1,3,4\n",
            "line 3: frame 1 has two instances of track 'm', expected one (SLEAP gives each animal a track)",
        ),
        (
            "m,-1,1,1,2,1,1,3,4\n",
            "line 2, column 2 (frame_idx): found '-1', expected a frame, counted from 0",
        ),
        (
            "m,0,1,1,2,1,?,3,4\n",
            "line 2, column 7 (tail likelihood): found '?', expected a number that float64 can hold",
        ),
        ("", "found no frames, expected at least 2 (the loss is of steps between frames)"),
    ],
)
def test_broken_sleap(tmp_path: Path, rows: str, message: str) -> None:
    assert refusal(write(tmp_path, SLEAP + rows)) == message
