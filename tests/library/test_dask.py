"""TL-9 on Dask: nothing is computed until asked for, however arrays are cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from support import NAN, Arrays, under_test

from conformance.subjects import backends
from temporal_loss import TemporalLoss, count_valid, estimate_epsilon, temporal_loss, temporal_norm

from . import worked
from .refusals import REFUSALS, Refusal, assert_refused, due, each

if TYPE_CHECKING:
    from collections.abc import Iterator

da = under_test("dask")
import dask  # noqa: E402 - after the skip
import numpy as np  # noqa: E402

ARRAYS = Arrays("dask", backends.load("dask"))


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
    given = keypoints, confidences, segment_ids = _worked(CHUNKS[chunks])
    for reduction in worked.REDUCTIONS:
        assert _read(worked.loss(*given, reduction=reduction)) == worked.expected(reduction)
    found = worked.loss(keypoints, None, segment_ids, reduction="none")
    assert _read(found) == [*worked.ENTRIES[:3], [NAN, 0.0]]
    assert _read(worked.count(*given)) == 5.0
    assert [_read(each) for each in worked.loss_and_grad(*given)] == [12.0, worked.gradient()]
    assert _read(temporal_norm(keypoints))[:2] == [[NAN, NAN], [5.0, 10.0]]
    found = estimate_epsilon(keypoints, confidences, prob_threshold=0.5, quantile=1.0)
    assert _read(found) == [5.0, 10.0]
    loss = TemporalLoss(epsilon=[1.0, 2.0], prob_threshold=0.5)
    entries = loss.rectify_epsilon(loss.remove_nans(loss.compute_loss(keypoints), confidences))
    # Without segments the step into the second is one of 5, less its epsilon.
    assert _read(entries) == [[4.0, 8.0], [0.0, 0.0], [0.0, 3.0], [0.0, 0.0]]
    assert _read(loss.reduce_loss(entries, "sum")) == 15.0


def test_one_object_in_turn_and_in_threads() -> None:
    loss = TemporalLoss(epsilon=[1.0, 2.0], prob_threshold=0.5)
    for chunks in (*CHUNKS.values(), CHUNKS["whole"]):
        keypoints, confidences, segment_ids = _worked(chunks)
        value, logs = loss(keypoints, confidences, segment_ids=segment_ids)
        assert (_read(value), _read(logs[1]["value"])) == (pytest.approx(2.0), 0.5)
    assert worked.loss(*_worked((1, 1))).compute(scheduler="threads") == 12.0


def _delayed(numbers: Any) -> Any:
    """Parameter that is not even an array yet, and so cannot be looked at."""
    array = np.asarray(numbers, np.float64)
    return da.from_delayed(dask.delayed(lambda: array)(), array.shape, np.float64)


def test_parameters_are_lazy_too() -> None:
    for epsilon, expected in (([1.0, 2.0], 12.0), ([3.0, 2.0], 10.0), (2.0, 11.0)):
        assert _read(worked.loss(*_worked((2, 4)), epsilon=_delayed(epsilon))) == expected
    assert _read(TemporalLoss(log_weight=_delayed(0.0)).weight) == 0.5


def test_two_frames_in_two_chunks() -> None:
    # No step starts in the second one. Dask repeats a single step beside a chunk of none.
    keypoints = da.from_array(np.array([[0, 0, 0, 0], [3, 4, 6, 8]], np.float32), (1, 4))
    confidences = da.ones((2, 2), dtype=np.float32)
    assert _read(temporal_loss(keypoints, reduction="none") + da.ones((1, 2))) == [[6.0, 11.0]]
    loss = TemporalLoss(prob_threshold=0.5)
    assert _read(loss.remove_nans(loss.compute_loss(keypoints), confidences)) == [[5.0, 10.0]]
    assert _read(estimate_epsilon(keypoints, confidences, quantile=1.0)) == [5.0, 10.0]
    assert _read(temporal_norm(keypoints)) == [[NAN, NAN], [5.0, 10.0]]
    assert _read(count_valid(keypoints)) == 2.0
    batch = keypoints.reshape(2, 2, 2)[None]
    assert _read(temporal_loss(batch, reduction="none") + da.ones((1, 1, 2))) == [[[6.0, 11.0]]]


# Refusals -----------------------------------------------------------------------------------


def _unknown(array: Any, axis: int = 0) -> Any:
    """Cut an array with a mask, so that its length along an axis is known to nobody."""
    keep = da.from_array(np.ones(array.shape[axis], bool), 2)
    return array[keep] if axis == 0 else array[:, keep]


def test_unknown_lengths_are_refused_with_what_to_do() -> None:
    keypoints, confidences, segment_ids = _worked((2, 4))
    loss, entries = TemporalLoss(), _unknown(confidences)
    for name, call in {
        "confidences": lambda: temporal_loss(keypoints, _unknown(confidences)),
        "segment_ids": lambda: temporal_loss(keypoints, segment_ids=_unknown(segment_ids)),
        "epsilon": lambda: temporal_loss(keypoints, epsilon=_unknown(da.ones(2))),
        "predictions": lambda: loss.compute_loss(_unknown(keypoints)),
    }.items():
        assert_refused(due(ValueError, name, "nan", f"{name}.compute_chunk_sizes()"), call)
    for axis in (0, 1):
        for function in (temporal_loss, temporal_norm, estimate_epsilon, loss):
            refusal = due(ValueError, "keypoints", "keypoints.compute_chunk_sizes()")
            assert_refused(refusal, function, _unknown(keypoints, axis))
    refusal = due(ValueError, "loss", "loss.compute_chunk_sizes()")
    for stage, more in (
        (loss.remove_nans, [confidences]),
        (loss.rectify_epsilon, []),
        (loss.reduce_loss, []),
    ):
        assert_refused(refusal, stage, entries, *more)
    # What the message says helps.
    known = _unknown(keypoints)
    with dask.config.set(scheduler="synchronous"):
        known.compute_chunk_sizes()
    assert _read(worked.loss(known, confidences, segment_ids)) == 12.0


@each(REFUSALS)
def test_refusals_compute_nothing(refusal: Refusal) -> None:
    assert_refused(refusal, refusal.call, refusal.build(ARRAYS))
