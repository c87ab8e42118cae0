"""Dask: how many tasks a loss is made of, and that its value does not depend on the chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.selection import under_test

from temporal_loss import temporal_loss, temporal_norm

if TYPE_CHECKING:
    from collections.abc import Sequence

under_test("dask")

import dask  # noqa: E402
import dask.array as da  # noqa: E402
import numpy as np  # noqa: E402

KEYPOINTS = 20
# Two tasks make the chunk of each input; the loss gets a handful of slices, and one of arithmetic.
MOST_TASKS = 12
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
