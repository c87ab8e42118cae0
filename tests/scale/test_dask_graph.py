"""Dask: how many tasks a loss is made of, and that its value does not depend on the chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.selection import under_test

from temporal_loss import temporal_loss, temporal_loss_and_grad, temporal_norm

if TYPE_CHECKING:
    from collections.abc import Sequence

under_test("dask")

import dask  # noqa: E402
import dask.array as da  # noqa: E402
import numpy as np  # noqa: E402

KEYPOINTS = 20
# Two tasks make the chunk of each input; the loss gets a handful of slices, and one of arithmetic.
MOST_TASKS = 12
MOST_TASKS_WITH_GRADIENT = 10
REDUCTIONS = ("mean", "valid_mean", "sum", "none")


def walk(frames: int, keypoints: int = KEYPOINTS) -> Any:
    """Positions that move by (3, 4) from each frame to the next, exactly."""
    along = np.arange(frames, dtype=np.float32)[:, None] * np.asarray([3.0, 4.0], np.float32)
    return np.tile(along, (1, keypoints))


def tasks(chunks: int, **keywords: Any) -> int:
    frames = 50 * chunks
    keypoints = da.from_array(walk(frames), chunks=(50, -1))
    confidences = da.ones((frames, KEYPOINTS), dtype=np.float32, chunks=(50, -1))
    loss = temporal_loss(keypoints, confidences, epsilon=[1.0] * KEYPOINTS, prob_threshold=0.5, **keywords)
    (optimized,) = dask.optimize(loss)
    return len(optimized.__dask_graph__())


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_tasks_grow_by_a_small_number_per_chunk(reduction: str) -> None:
    few, many = (tasks(chunks, reduction=reduction) for chunks in (100, 200))
    assert (many - few) / 100 <= MOST_TASKS


@pytest.mark.parametrize("segments", [False, True])
@pytest.mark.parametrize("reduction", REDUCTIONS[:3])
def test_tasks_of_value_and_gradient_together(reduction: str, *, segments: bool) -> None:
    def count(chunks: int) -> int:
        frames = 50 * chunks
        given = {"segment_ids": da.zeros(frames, dtype=np.int32, chunks=50)} if segments else {}
        both = temporal_loss_and_grad(
            da.from_array(walk(frames), chunks=(50, -1)),
            da.ones((frames, KEYPOINTS), dtype=np.float32, chunks=(50, -1)),
            epsilon=[1.0] * KEYPOINTS,
            prob_threshold=0.5,
            reduction=reduction,
            **given,
        )
        return len(set().union(*(dict(each.__dask_graph__()) for each in dask.optimize(*both))))

    few, many = count(100), count(200)
    # One more array to make, and to cut.
    assert (many - few) / 100 <= MOST_TASKS_WITH_GRADIENT + 3 * segments


def test_a_gradient_is_cut_as_the_keypoints_are() -> None:
    keypoints = da.from_array(walk(300), chunks=((100, 7, 193), (7, 33)))
    _, gradient = temporal_loss_and_grad(keypoints)
    assert gradient.chunks == keypoints.chunks
    assert gradient.dtype == keypoints.dtype


@pytest.mark.parametrize(
    "chunks", [(300,), (100, 100, 100), (1,) * 300, (299, 1), (1, 299), (7, 1, 1, 200, 90, 1)], ids=str
)
@pytest.mark.parametrize("reduction", REDUCTIONS[:3])
def test_a_gradient_does_not_depend_on_chunks(reduction: str, chunks: Sequence[int]) -> None:
    track, confidences = walk(300, 2), np.ones((300, 2), np.float32)
    track[40:] += np.asarray([3.0, -4.0] * 2, np.float32)
    confidences[150] = 0.25
    segments = np.repeat(np.asarray([3, 8], np.int32), [200, 100])
    given = [track, confidences, segments]
    lazy = [da.from_array(array, chunks=(chunks, *[-1] * (array.ndim - 1))) for array in given]

    def both(arrays: Any) -> Any:
        return temporal_loss_and_grad(
            *arrays[:2], epsilon=1.0, prob_threshold=0.5, segment_ids=arrays[2], reduction=reduction
        )

    loss, gradient = dask.compute(*both(lazy), scheduler="synchronous")
    # Ends and borders are pulled by one step of (0.6, 0.8), others by two that cancel.
    count = {"sum": 1, "mean": 298 * 2, "valid_mean": 296 * 2}[reduction]
    expected = np.zeros((300, 4))
    for first, last in ((0, 149), (151, 199), (200, 299)):
        expected[first] -= np.asarray([0.6, 0.8] * 2) / count
        expected[last] += np.asarray([0.6, 0.8] * 2) / count
    # The step to 40 is (6, 0).
    expected[39] += np.asarray([0.6 - 1.0, 0.8] * 2) / count
    expected[40] -= np.asarray([0.6 - 1.0, 0.8] * 2) / count
    np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-6 / count)
    assert not gradient[150].any()
    assert loss == pytest.approx(2 * (4 * 295 + 5) / count, rel=1e-6)


def test_nothing_is_computed_for_a_gradient_until_asked() -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        message = "computed"
        raise AssertionError(message)

    with dask.config.set(scheduler=refuse):
        keypoints = da.from_array(walk(30), chunks=(7, 3))
        both = temporal_loss_and_grad(keypoints, da.ones((30, KEYPOINTS)), reduction="valid_mean")
        assert all(isinstance(each, da.Array) for each in both)
        with pytest.raises(AssertionError, match="computed"):
            both[0].compute()


def test_no_sliver_of_one_frame_between_the_chunks() -> None:
    keypoints = da.from_array(walk(300), chunks=(100, -1))
    entries = temporal_loss(keypoints, reduction="none")
    assert entries.chunks[0] == (100, 100, 99)


def test_segments_and_omitted_nan_make_no_slivers_either() -> None:
    keypoints = da.from_array(walk(300), chunks=(100, -1))
    segments = da.zeros(300, dtype=np.int32, chunks=100)
    entries = temporal_loss(keypoints, segment_ids=segments, nan_policy="omit", reduction="none")
    assert entries.chunks[0] == (100, 100, 99)


@pytest.mark.parametrize(
    "chunks", [(300,), (100, 100, 100), (1,) * 300, (299, 1), (1, 299), (7, 1, 1, 200, 90, 1)], ids=str
)
def test_value_does_not_depend_on_chunks(chunks: Sequence[int]) -> None:
    # Each step is 5 long. Frame 150 is unsure, which takes 2 of the 299 steps; each of the others
    # leaves 4. At frame 200 another segment starts, which takes one step more and does not count it.
    confidences = np.ones((300, KEYPOINTS), np.float32)
    confidences[150] = 0.25
    segments = np.repeat(np.asarray([3, 8], np.int32), [200, 100])
    arrays = [
        da.from_array(array, chunks=(chunks, *[-1] * (array.ndim - 1)))
        for array in (walk(300), confidences, segments)
    ]
    values = {
        reduction: temporal_loss(
            *arrays[:2], epsilon=1.0, prob_threshold=0.5, segment_ids=arrays[2], reduction=reduction
        ).compute()
        for reduction in ("sum", "mean", "valid_mean")
    }
    expected = {"sum": 296 * 4 * KEYPOINTS, "mean": np.float32(296 * 4) / np.float32(298), "valid_mean": 4.0}
    assert values == pytest.approx(expected, rel=1e-6)


def test_inputs_in_different_chunks() -> None:
    keypoints = da.from_array(walk(300), chunks=(77, 10))
    confidences = da.ones((300, KEYPOINTS), dtype=np.float32, chunks=(100, 3))
    loss = temporal_loss(keypoints, confidences, epsilon=[1.0] * KEYPOINTS, prob_threshold=0.5)
    assert loss.compute() == 4.0


def test_norms_are_cut_as_the_keypoints_are() -> None:
    # Regular chunks, as Zarr demands of what is written to it.
    keypoints = da.from_array(walk(350), chunks=(100, 7))
    norms = temporal_norm(keypoints)
    assert norms.chunks[0] == keypoints.chunks[0]
    np.testing.assert_array_equal(norms.compute(), temporal_norm(walk(350)))
