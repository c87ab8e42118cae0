"""The numbers of an examination, worked by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

np = pytest.importorskip("numpy", reason="recordings are read with NumPy, which is not installed")

from temporal_loss.recordings import Recording, examine, read  # noqa: E402 - after the skip

from .files import saved, write  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

nan = np.nan
# Steps of 5, 10, 0, 3 px and of 1, 2, 3, 4 px; the second keypoint is unsure in the last frame.
NOSE = [[0, 0], [3, 4], [9, 12], [9, 12], [9, 15]]
TAIL = [[0, 0], [0, 1], [0, 3], [0, 6], [0, 10]]
POINTS = np.array([NOSE, TAIL], dtype="float64").transpose(1, 0, 2)
SURE = np.array([[1, 1], [1, 1], [1, 1], [1, 1], [1, 0.25]], dtype="float32")


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return read(write(tmp_path, saved(keypoints=POINTS, confidences=SURE), "a.npz"))


def steps_of(examined: Any) -> list[tuple[int, str, float, float]]:
    return [tuple(step) for step in examined.worst]


def test_everything_counts_by_default(recording: Recording) -> None:
    examined = examine(recording)
    assert examined.names == ("keypoint 0", "keypoint 1")
    np.testing.assert_array_equal(examined.steps, [[nan, nan], [5, 1], [10, 2], [0, 3], [3, 4]])
    assert not examined.masked.any()
    assert not examined.missing.any()
    assert examined.median.tolist() == [4, 2.5]
    # A hundredth of the way, of three, from the largest towards the next.
    assert examined.suggested.tolist() == pytest.approx([10 - 0.03 * 5, 4 - 0.03])
    assert examined.epsilon.tolist() == examined.suggested.tolist()
    assert examined.loss == pytest.approx((0.15 + 0.03) / 8)
    expected = [(2, "keypoint 0", 10, pytest.approx(0.15)), (4, "keypoint 1", 4, pytest.approx(0.03))]
    assert steps_of(examined) == expected


def test_low_confidence_is_left_out(recording: Recording) -> None:
    examined = examine(recording, prob_threshold=0.5, epsilon=1.5, top=4)
    assert examined.masked.tolist() == [[False, False]] * 3 + [[False, True]]
    assert examined.median.tolist() == [4, 2]
    assert examined.suggested[1] == pytest.approx(3 - 0.02)
    assert examined.epsilon.tolist() == [1.5, 1.5]
    assert examined.loss == (3.5 + 8.5 + 1.5 + 0.5 + 1.5) / 8
    assert steps_of(examined) == [
        (2, "keypoint 0", 10, 8.5),
        (1, "keypoint 0", 5, 3.5),
        (3, "keypoint 1", 3, 1.5),
        (4, "keypoint 0", 3, 1.5),
    ]
    assert not examine(recording, prob_threshold=0.25).masked.any()  # not below


def test_epsilon_of_each_keypoint(recording: Recording) -> None:
    assert steps_of(examine(recording, epsilon=[10, 3.5])) == [(4, "keypoint 1", 4, 0.5)]
    with pytest.raises(ValueError, match="epsilon must be one number or one per keypoint"):
        examine(recording, epsilon=[1, 2, 3])
    with pytest.raises(ValueError, match="prob_threshold must be a number"):
        examine(recording, prob_threshold=nan)


def test_missing_positions(tmp_path: Path) -> None:
    points = POINTS.copy()
    points[3, 0, 1] = nan
    points[:, 1] = nan
    path = write(tmp_path, saved(keypoints=points), "a.npz")
    examined = examine(path, epsilon=4)
    assert np.isnan(examined.loss)
    assert examined.missing.tolist() == [[False, True], [False, True], [True, True], [True, True]]
    assert not examined.masked.any()
    assert steps_of(examined) == [(2, "keypoint 0", 10, 6), (1, "keypoint 0", 5, 1)]
    omitted = examine(path, epsilon=4, nan_policy="omit")
    assert omitted.loss == 7 / 8
    assert omitted.masked.tolist() == omitted.missing.tolist() == examined.missing.tolist()
    # What has no step has no epsilon either, and the loss of the others is still a number.
    auto = examine(path, nan_policy="omit")
    np.testing.assert_array_equal(np.isnan(auto.suggested), [False, True])
    assert auto.loss == pytest.approx(0.05 / 8)


def test_missing_positions_may_be_masked_by_low_confidence(tmp_path: Path) -> None:
    points = POINTS.copy()
    points[4, 1] = nan
    examined = examine(
        write(tmp_path, saved(keypoints=points, confidences=SURE), "a.npz"), prob_threshold=0.5
    )
    assert examined.masked.tolist() == examined.missing.tolist() == [[False, False]] * 3 + [[False, True]]


def test_infinite_steps_come_first(tmp_path: Path) -> None:
    points = POINTS.copy()
    points[4, 1] = np.inf
    examined = examine(write(tmp_path, saved(keypoints=points), "a.npz"), epsilon=0, top=1)
    assert steps_of(examined) == [(4, "keypoint 1", np.inf, np.inf)]


def test_sequences_are_columns(tmp_path: Path) -> None:
    batch = np.stack([POINTS, POINTS[::-1]])
    sure = np.stack([SURE, SURE[::-1]])
    path = write(tmp_path, saved(keypoints=batch, confidences=sure), "a.npz")
    examined = examine(path, epsilon=3, prob_threshold=0.5)
    assert examined.names == tuple(f"sequence {i}/keypoint {k}" for i in range(2) for k in range(2))
    assert examined.steps[1:].T.tolist() == [[5, 10, 0, 3], [1, 2, 3, 4], [3, 0, 10, 5], [4, 3, 2, 1]]
    assert examine(path, epsilon=[9, 3]).epsilon.tolist() == [9, 3, 9, 3]
    with pytest.raises(ValueError, match=r"epsilon\[1\] must be finite and not negative"):
        examine(path, epsilon=[9, -3])
    assert np.argwhere(examined.masked).tolist() == [[0, 3], [3, 1]]
    assert steps_of(examined)[:2] == [
        (2, "sequence 0/keypoint 0", 10, 7),
        (3, "sequence 1/keypoint 0", 10, 7),
    ]


def test_scores_are_those_of_lightning_pose(recording: Recording) -> None:
    assert examine(recording).scores() == (
        ",keypoint 0,keypoint 1\n0,,\n1,5.0,1.0\n2,10.0,2.0\n3,0.0,3.0\n4,3.0,4.0\n"
    )
