"""TL-9 on Dask: nothing is computed until asked for, however arrays are cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from support import NAN, Arrays, under_test

from conformance.subjects import backends
from temporal_loss import TemporalLoss, estimate_epsilon, temporal_loss, temporal_norm

from . import worked
from .refusals import REFUSALS, Refusal, assert_refused, due

if TYPE_CHECKING:
    from collections.abc import Iterator

da = under_test("dask")
import dask  # noqa: E402 - after the skip
import numpy as np  # noqa: E402


class _ComputedError(Exception):
    pass


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise _ComputedError


@pytest.fixture(autouse=True)
def lazy() -> Iterator[None]:
    """Let every computation fail that a test does not ask for by a scheduler of its own."""
    with dask.config.set(scheduler=_refuse):
        yield


def _read(array: Any) -> Any:
    assert isinstance(array, da.Array)
    computed = array.compute(scheduler="synchronous")
    # What was promised before computing has to hold.
    assert (computed.shape, computed.dtype) == (array.shape, array.dtype)
    return computed.tolist()


CHUNKS = {
    "whole": (5, 4),
    "frames": (1, 4),
    "two frames": (2, 4),
    "pairs": (5, 2),
    "coordinates": (5, 1),
    "across pairs": (5, 3),
    "everything": (1, 1),
    "uneven": ((1, 3, 1), (3, 1)),
}


def _worked(chunks: Any) -> tuple[Any, Any, Any]:
    return (
        da.from_array(np.array(worked.KEYPOINTS, np.float32), chunks),
        da.from_array(np.array(worked.CONFIDENCES, np.float32), (2, 1)),
        da.from_array(np.array(worked.SEGMENT_IDS), 3),
    )


def test_the_check_can_fail() -> None:
    with pytest.raises(_ComputedError):
        float(da.zeros(3).sum())


@pytest.mark.parametrize("chunks", CHUNKS)
def test_chunks(chunks: str) -> None:
    for reduction in ("none", "sum", "mean", "valid_mean"):
        found = worked.loss(*_worked(CHUNKS[chunks]), reduction=reduction)
        assert _read(found) == worked.expected(reduction)


@pytest.mark.parametrize("chunks", CHUNKS)
def test_unmasked_nan(chunks: str) -> None:
    keypoints, _, segment_ids = _worked(CHUNKS[chunks])
    found = worked.loss(keypoints, None, segment_ids, reduction="none")
    assert _read(found) == [*worked.ENTRIES[:3], [NAN, 0.0]]


@pytest.mark.parametrize("chunks", [(1, 3, 1, 2), (2, 2, 2, 1), (2, 4, 1, 2), (1, 1, 1, 1)])
def test_chunks_of_a_batch(chunks: tuple[int, ...]) -> None:
    tracks = np.zeros((2, 4, 1, 2))
    tracks[0, 1:, 0] = (3, 4)
    tracks[1, 2:, 0] = (6, 8)
    batch = da.from_array(tracks, chunks)
    assert _read(temporal_loss(batch, reduction="none")) == [[[5.0], [0.0], [0.0]], [[0.0], [10.0], [0.0]]]
    assert _read(temporal_loss(batch)) == 2.5


@pytest.mark.parametrize("epsilon", [1, 2, 3])
def test_epsilon_is_lazy_too(epsilon: int) -> None:
    # Not to be looked at: it is not even an array yet.
    lazily = da.from_delayed(dask.delayed(lambda: np.array([epsilon, 2.0]))(), (2,), np.float64)
    found = worked.loss(*_worked((2, 4)), epsilon=lazily)
    assert _read(found) == 8.0 + 5.0 - epsilon
    alone = da.from_delayed(dask.delayed(lambda: np.array(2.0))(), (), np.float64)
    assert _read(worked.loss(*_worked((2, 4)), epsilon=alone)) == 11.0


def test_one_list_in_turn() -> None:
    loss = TemporalLoss(epsilon=[1.0, 2.0], prob_threshold=0.5)
    for chunks in (*CHUNKS.values(), CHUNKS["whole"]):
        keypoints, confidences, segment_ids = _worked(chunks)
        value, logs = loss(keypoints, confidences, segment_ids=segment_ids)
        assert _read(value) == pytest.approx(2.0)
        assert _read(logs[1]["value"]) == 0.5


def test_two_frames_in_two_chunks() -> None:
    # No step starts in the second one. Dask repeats a single step beside a chunk of none.
    keypoints = da.from_array(np.array([[0, 0, 0, 0], [3, 4, 6, 8]], np.float32), (1, 4))
    confidences = da.ones((2, 2), dtype=np.float32)
    assert _read(temporal_loss(keypoints, reduction="none") + da.ones((1, 2))) == [[6.0, 11.0]]
    loss = TemporalLoss(prob_threshold=0.5)
    assert _read(loss.remove_nans(loss.compute_loss(keypoints), confidences)) == [[5.0, 10.0]]
    assert _read(estimate_epsilon(keypoints, confidences, quantile=1.0)) == [5.0, 10.0]
    assert _read(temporal_norm(keypoints)) == [[NAN, NAN], [5.0, 10.0]]
    batch = keypoints.reshape(2, 2, 2)[None]
    assert _read(temporal_loss(batch, reduction="none") + da.ones((1, 1, 2))) == [[[6.0, 11.0]]]


def test_a_log_weight_is_lazy_too() -> None:
    loss = TemporalLoss(log_weight=da.from_delayed(dask.delayed(lambda: np.float64(0))(), (), np.float64))
    assert _read(loss.weight) == 0.5


@pytest.mark.parametrize("chunks", CHUNKS)
def test_the_other_functions(chunks: str) -> None:
    tracks = np.array([[0, 0, 1, 1], [3, 4, 1, 1], [3, 4, 1, 3], [3, 4, 1, 3], [3, 4, 1, 3]], np.float32)
    keypoints = da.from_array(tracks, CHUNKS[chunks])
    assert _read(temporal_norm(keypoints))[:3] == [[NAN, NAN], [5.0, 0.0], [0.0, 2.0]]
    confidences = da.ones((5, 2), chunks=(2, 1))
    assert _read(estimate_epsilon(keypoints, confidences, prob_threshold=0.5, quantile=1.0)) == [5.0, 2.0]


@pytest.mark.parametrize("chunks", ["whole", "everything"])
def test_the_stages_of_the_class(chunks: str) -> None:
    keypoints, confidences, _ = _worked(CHUNKS[chunks])
    loss = TemporalLoss(epsilon=[1.0, 2.0], prob_threshold=0.5)
    entries = loss.rectify_epsilon(loss.remove_nans(loss.compute_loss(keypoints), confidences))
    # Without segments the step into the second is one of 5, less its epsilon.
    assert _read(entries) == [[4.0, 8.0], [0.0, 0.0], [0.0, 3.0], [0.0, 0.0]]
    assert _read(loss.reduce_loss(entries, "sum")) == 15.0


def test_threads_give_the_same() -> None:
    found = worked.loss(*_worked((1, 1)))
    assert found.compute(scheduler="threads") == 12.0


def _unknown(array: Any, axis: int = 0) -> Any:
    """Cut an array with a mask, so that its length along an axis is known to nobody."""
    keep = da.from_array(np.ones(array.shape[axis], bool), 2)
    return array[keep] if axis == 0 else array[:, keep]


def test_unknown_lengths_are_refused_with_what_to_do() -> None:
    keypoints, confidences, segment_ids = _worked((2, 4))
    for name, call in {
        "keypoints": lambda: temporal_loss(_unknown(keypoints)),
        "confidences": lambda: temporal_loss(keypoints, _unknown(confidences)),
        "segment_ids": lambda: temporal_loss(keypoints, segment_ids=_unknown(segment_ids)),
        "epsilon": lambda: temporal_loss(keypoints, epsilon=_unknown(da.ones(2))),
    }.items():
        assert_refused(due(ValueError, name, "nan", f"{name}.compute_chunk_sizes()"), call)
    for function in (temporal_norm, estimate_epsilon, TemporalLoss()):
        for axis in (0, 1):
            refusal = due(ValueError, "keypoints", "keypoints.compute_chunk_sizes()")
            assert_refused(refusal, function, _unknown(keypoints, axis))


def test_unknown_lengths_are_refused_by_every_stage() -> None:
    loss = TemporalLoss()
    keypoints, confidences, _ = _worked((2, 4))
    refusal = due(ValueError, "predictions", "predictions.compute_chunk_sizes()")
    assert_refused(refusal, loss.compute_loss, _unknown(keypoints))
    entries = _unknown(confidences)
    refusal = due(ValueError, "loss", "loss.compute_chunk_sizes()")
    assert_refused(refusal, loss.remove_nans, entries, confidences)
    assert_refused(refusal, loss.rectify_epsilon, entries)
    assert_refused(refusal, loss.reduce_loss, entries)


def test_what_the_message_says_helps() -> None:
    keypoints = _unknown(_worked((2, 4))[0])
    with dask.config.set(scheduler="synchronous"):
        keypoints.compute_chunk_sizes()
    _, confidences, segment_ids = _worked((2, 4))
    assert _read(worked.loss(keypoints, confidences, segment_ids)) == 12.0


@pytest.mark.parametrize("refusal", REFUSALS, ids=[r.id for r in REFUSALS])
def test_refusals_compute_nothing(refusal: Refusal) -> None:
    assert_refused(refusal, refusal.call, refusal.build(Arrays("dask", backends.load("dask"))))


def test_numpy_arrays_do_not_mix_with_dask() -> None:
    keypoints, confidences, _ = _worked((2, 4))
    refusal = due(TypeError, "confidences", "library Dask", "a NumPy array")
    assert_refused(refusal, temporal_loss, keypoints, np.ones((5, 2), np.float32))
    refusal = due(TypeError, "confidences", "library NumPy", "a Dask array")
    assert_refused(refusal, temporal_loss, np.ones((5, 4)), confidences)
