"""Files of recorded predictions: the good ones, read exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

np = pytest.importorskip("numpy", reason="recordings are read with NumPy, which is not installed")

from conformance.recordings import read  # noqa: E402 - after the skip

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "scorer,net,net,net,net,net,net\nbodyparts,nose,nose,nose,tail,tail,tail\n"
COORDS = "coords,x,y,likelihood,x,y,likelihood\n"
GOOD = HEADER + COORDS + "0,1.5,2.5,0.9,10,20,0.1\n1,4.5,6.5,0.8,10,20,0.2\n"


def write(folder: Path, text: str | bytes, name: str = "recording.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_csv_gives_names_points_and_confidences(tmp_path: Path) -> None:
    recording = read(write(tmp_path, GOOD))
    assert recording.names == ("nose", "tail")
    assert recording.keypoints.tolist() == [[[1.5, 2.5], [10, 20]], [[4.5, 6.5], [10, 20]]]
    assert recording.confidences is not None
    assert recording.confidences.tolist() == [[0.9, 0.1], [0.8, 0.2]]
    assert recording.keypoints.dtype == recording.confidences.dtype == np.float64
    assert recording.keypoints.flags.c_contiguous
    assert recording.entries == 2


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\ufeff" + GOOD, id="byte-order-mark"),
        pytest.param(GOOD.replace("\n", "\r\n"), id="crlf"),
        pytest.param(GOOD.replace("\n", "\r"), id="cr"),
        pytest.param(GOOD.rstrip("\n"), id="no-last-line-break"),
        pytest.param(GOOD + "\n\r\n", id="empty-lines-at-the-end"),
        pytest.param(
            GOOD.replace("nose,nose", '"nose","nose"').replace("10,", '"10", '), id="quotes-and-spaces"
        ),
        pytest.param(GOOD.replace("\n0,", "\nframe_a.png,"), id="index-is-not-a-number"),
    ],
)
def test_csv_in_other_clothes_reads_the_same(tmp_path: Path, text: str) -> None:
    plain, other = read(write(tmp_path, GOOD)), read(write(tmp_path, text, "other.csv"))
    assert other.names == plain.names
    np.testing.assert_array_equal(other.keypoints, plain.keypoints, strict=True)
    np.testing.assert_array_equal(other.confidences, plain.confidences, strict=True)


def test_columns_are_found_by_name_in_any_order(tmp_path: Path) -> None:
    text = (
        "scorer,n,n,n,n,n,n\nbodyparts,a,b,a,b,a,b\ncoords,x,likelihood,likelihood,y,y,x\n"
        "0,1,2,3,4,5,6\n1,11,12,13,14,15,16\n"
    )
    recording = read(write(tmp_path, text))
    assert recording.names == ("a", "b")
    assert recording.keypoints[0].tolist() == [[1, 5], [6, 4]]
    assert recording.confidences is not None
    assert recording.confidences[1].tolist() == [13, 12]


def test_empty_cells_and_the_words_for_no_number_are_nan(tmp_path: Path) -> None:
    text = HEADER + COORDS + "0,,2.5,0.9,NaN,20,\n1,4.5, ,0.8,-inf,20,0.2\n"
    recording = read(write(tmp_path, text))
    np.testing.assert_array_equal(
        recording.keypoints, [[[np.nan, 2.5], [np.nan, 20]], [[4.5, np.nan], [-np.inf, 20]]]
    )
    np.testing.assert_array_equal(recording.confidences, [[0.9, np.nan], [0.8, 0.2]])


def test_each_animal_has_its_own_keypoints(tmp_path: Path) -> None:
    text = (
        "scorer,n,n,n,n,n,n\nindividuals,m1,m1,m1,m2,m2,m2\nbodyparts,nose,nose,nose,nose,nose,nose\n"
        + COORDS
        + "0,1,2,1,3,4,1\n1,1,2,1,3,4,1\n"
    )
    recording = read(write(tmp_path, text))
    assert recording.names == ("m1/nose", "m2/nose")
    assert recording.keypoints[1].tolist() == [[1, 2], [3, 4]]


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
    assert recording.entries == 2 * 4 * 4


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_with_and_without_confidences(tmp_path: Path, save: object) -> None:
    keypoints = np.arange(12.0).reshape(3, 4)
    confidences = np.full((3, 2), 0.9, dtype="float32")
    assert callable(save)
    save(tmp_path / "a.npz", keypoints=keypoints, confidences=confidences, more=np.array([1]))
    save(tmp_path / "b.npz", keypoints=keypoints)
    recording = read(tmp_path / "a.npz")
    np.testing.assert_array_equal(recording.keypoints, keypoints.reshape(3, 2, 2))
    # Not widened: a threshold of 0.9 must meet this 0.9 in its own dtype.
    np.testing.assert_array_equal(recording.confidences, confidences, strict=True)
    assert read(tmp_path / "b.npz").confidences is None


def test_what_is_read_does_not_change_with_the_file(tmp_path: Path) -> None:
    values = np.ones((2, 2))
    np.save(tmp_path / "a.npy", values)
    recording = read(tmp_path / "a.npy")
    np.save(tmp_path / "a.npy", values * 7)
    assert recording.keypoints.tolist() == [[[1, 1]], [[1, 1]]]
