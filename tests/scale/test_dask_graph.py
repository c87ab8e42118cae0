"""Dask: how many tasks a loss is made of, how results are cut, and that no number depends on the chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.selection import under_test

from temporal_loss import temporal_loss, temporal_loss_and_grad, temporal_norm

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.slow
under_test("dask")

import dask  # noqa: E402
import dask.array as da  # noqa: E402
import numpy as np  # noqa: E402

KEYPOINTS = 20
# Two tasks make the chunk of each input; the loss gets a handful of slices, and one of arithmetic.
MOST_TASKS = 12
MOST_TASKS_WITH_GRADIENT = 10
OPTIONS: dict[str, Any] = {"epsilon": [1.0] * KEYPOINTS, "prob_threshold": 0.5}
REDUCTIONS = ("mean", "valid_mean", "sum")


def walk(frames: int, keypoints: int = KEYPOINTS) -> Any:
    """Positions that move by (3, 4) from each frame to the next, exactly."""
    along = np.arange(frames, dtype=np.float32)[:, None] * np.asarray([3.0, 4.0], np.float32)
    return np.tile(along, (1, keypoints))


def tasks_a_chunk(function: Any, *, segments: bool, **keywords: Any) -> float:
    counts = []
    for chunks in (100, 200):
        frames = 50 * chunks
        ids = {"segment_ids": da.zeros(frames, dtype=np.int32, chunks=50)} if segments else {}
        found = function(
            da.from_array(walk(frames), chunks=(50, -1)),
            da.ones((frames, KEYPOINTS), dtype=np.float32, chunks=(50, -1)),
            **{**OPTIONS, **keywords, **ids},
        )
        arrays = dask.optimize(*(found if isinstance(found, tuple) else (found,)))
        counts.append(len(set().union(*(dict(each.__dask_graph__()) for each in arrays))))
    return (counts[1] - counts[0]) / 100


@pytest.mark.parametrize("reduction", [*REDUCTIONS, "none"])
def test_tasks_grow_by_a_small_number_per_chunk(reduction: str) -> None:
    assert tasks_a_chunk(temporal_loss, segments=False, reduction=reduction) <= MOST_TASKS
    if reduction == "none":
        return
    for segments in (False, True):
        # One more array to make, and to cut.
        most = MOST_TASKS_WITH_GRADIENT + 3 * segments
        assert tasks_a_chunk(temporal_loss_and_grad, segments=segments, reduction=reduction) <= most


def test_how_results_are_cut() -> None:
    # Gradients and norms as the keypoints are: regular chunks, as Zarr demands of what is written to it.
    keypoints = da.from_array(walk(300), chunks=((100, 7, 193), (7, 33)))
    _, gradient = temporal_loss_and_grad(keypoints)
    assert (gradient.chunks, gradient.dtype) == (keypoints.chunks, keypoints.dtype)
    norms = temporal_norm(keypoints)
    assert norms.chunks[0] == keypoints.chunks[0]
    np.testing.assert_array_equal(norms.compute(), temporal_norm(walk(300)))
    # And no sliver of one frame between the chunks.
    keypoints = da.from_array(walk(300), chunks=(100, -1))
    segments = da.zeros(300, dtype=np.int32, chunks=100)
    for more in ({}, {"segment_ids": segments, "nan_policy": "omit"}):
        assert temporal_loss(keypoints, reduction="none", **more).chunks[0] == (100, 100, 99)


@pytest.mark.parametrize(
    "chunks",
    [(300,), (100, 100, 100), (1,) * 300, (299, 1), (1, 299), (7, 1, 1, 200, 90, 1)],
    ids=["whole", "even", "frames", "last alone", "first alone", "uneven"],
)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_no_number_depends_on_chunks(reduction: str, chunks: Sequence[int]) -> None:
    track, confidences = walk(300, 2), np.ones((300, 2), np.float32)
    track[40:] += np.asarray([3.0, -4.0] * 2, np.float32)
    confidences[150] = 0.25
    segments = np.repeat(np.asarray([3, 8], np.int32), [200, 100])
    given = [track, confidences, segments]
    keypoints, sure, ids = (
        da.from_array(array, chunks=(chunks, *[-1] * (array.ndim - 1))) for array in given
    )
    options: dict[str, Any] = {
        "epsilon": 1.0,
        "prob_threshold": 0.5,
        "segment_ids": ids,
        "reduction": reduction,
    }
    alone = temporal_loss(keypoints, sure, **options)
    both = temporal_loss_and_grad(keypoints, sure, **options)
    value, loss, gradient = dask.compute(alone, *both, scheduler="synchronous")
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
    assert [value, loss] == [pytest.approx(2 * (4 * 295 + 5) / count, rel=1e-6)] * 2


def test_inputs_in_different_chunks() -> None:
    keypoints = da.from_array(walk(300), chunks=(77, 10))
    confidences = da.ones((300, KEYPOINTS), dtype=np.float32, chunks=(100, 3))
    assert temporal_loss(keypoints, confidences, **OPTIONS).compute() == 4.0
