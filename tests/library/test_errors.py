"""TL-10 on every backend: the exception, and what its message says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from temporal_loss import TemporalLoss, estimate_epsilon, temporal_loss, temporal_norm

from .refusals import (
    ARRAY_REFUSALS,
    EPSILON_REFUSALS,
    KEYPOINT_REFUSALS,
    REFUSALS,
    THRESHOLD_REFUSALS,
    Refusal,
    assert_refused,
    due,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support import Arrays

PARAMETERS = {"epsilon", "prob_threshold"}


def _each(refusals: Sequence[Refusal]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("refusal", refusals, ids=[r.id for r in refusals])


def test_every_refusal_has_a_name_of_its_own() -> None:
    names = [refusal.id for refusal in REFUSALS]
    assert len(set(names)) == len(names)


class _SubclassError(ValueError):
    pass


@pytest.mark.parametrize(
    "wrong", [TypeError("epsilon -1.0"), ValueError("epsilon"), _SubclassError("epsilon -1.0"), None]
)
def test_the_check_of_refusals_can_fail(wrong: Exception | None) -> None:
    def call() -> None:
        if wrong is not None:
            raise wrong

    with pytest.raises((AssertionError, TypeError, pytest.fail.Exception)):
        assert_refused(due(ValueError, "epsilon", "-1.0"), call)


@_each(REFUSALS)
def test_the_function(arrays: Arrays, refusal: Refusal) -> None:
    assert_refused(refusal, temporal_loss, **refusal.build(arrays), **refusal.keywords)


@_each([r for r in REFUSALS if set(r.keywords) <= PARAMETERS])
def test_the_class_when_called(arrays: Arrays, refusal: Refusal) -> None:
    given = refusal.build(arrays)
    loss = TemporalLoss()
    # Set later, past the checks of the constructor.
    for name in PARAMETERS & {*given, *refusal.keywords}:
        setattr(loss, name, given.pop(name) if name in given else refusal.keywords[name])
    assert_refused(refusal, loss, given.pop("keypoints"), **given)


@_each(EPSILON_REFUSALS + THRESHOLD_REFUSALS)
def test_the_class_when_made(refusal: Refusal) -> None:
    assert_refused(refusal, TemporalLoss, **refusal.keywords)


@pytest.mark.parametrize("log_weight", [float("nan"), None, "0", [0.0], True, 1j, 10**400])
def test_log_weight(log_weight: Any) -> None:
    assert_refused(due(ValueError, "log_weight must be"), TemporalLoss, log_weight=log_weight)


@_each(KEYPOINT_REFUSALS)
def test_the_other_functions(arrays: Arrays, refusal: Refusal) -> None:
    keypoints = refusal.build(arrays)["keypoints"]
    assert_refused(refusal, temporal_norm, keypoints)
    assert_refused(refusal, estimate_epsilon, keypoints)
    refusal = refusal._replace(words=("predictions", *refusal.words[1:]))
    assert_refused(refusal, TemporalLoss().compute_loss, keypoints)


@_each([*(r for r in ARRAY_REFUSALS if "confidences" in r.arrays), *THRESHOLD_REFUSALS])
def test_estimate_epsilon(arrays: Arrays, refusal: Refusal) -> None:
    assert_refused(refusal, estimate_epsilon, **refusal.build(arrays), **refusal.keywords)


@pytest.mark.parametrize("quantile", [-0.01, 1.01, float("nan"), float("inf"), None, "0.5", True])
def test_quantile(arrays: Arrays, quantile: Any) -> None:
    keypoints = arrays.zeros((4, 6))
    assert_refused(due(ValueError, "quantile must be"), estimate_epsilon, keypoints, quantile=quantile)


def test_remove_nans(arrays: Arrays) -> None:
    remove_nans = TemporalLoss(prob_threshold=0.5).remove_nans
    entries, confidences = arrays.zeros((3, 3)), arrays.zeros((4, 3))
    for shape in ((3, 3), (4, 2), (5, 3), (1, 4, 3)):
        refusal = due(ValueError, "confidences", f"got {shape}", "(4, 3)")
        assert_refused(refusal, remove_nans, entries, arrays.zeros(shape))
    refusal = due(ValueError, "loss", "got (3,)", "(..., T-1, K)")
    assert_refused(refusal, remove_nans, arrays.zeros((3,)), confidences)
    refusal = due(TypeError, "loss", "got int32")
    assert_refused(refusal, remove_nans, arrays.zeros((3, 3), "int32"), confidences)
    refusal = due(TypeError, "confidences", "got int32")
    assert_refused(refusal, remove_nans, entries, arrays.zeros((4, 3), "int32"))
    assert_refused(due(TypeError, "loss", "got list", "array"), remove_nans, [[0.0]], confidences)


@_each([r for r in REFUSALS if "epsilon" in {**r.arrays, **r.keywords}])
def test_rectify_epsilon(arrays: Arrays, refusal: Refusal) -> None:
    loss = TemporalLoss()
    loss.epsilon = {**refusal.build(arrays), **refusal.keywords}["epsilon"]
    assert_refused(refusal, loss.rectify_epsilon, arrays.zeros((3, 3)))


def test_rectify_epsilon_of_no_entries(arrays: Arrays) -> None:
    rectify_epsilon = TemporalLoss().rectify_epsilon
    refusal = due(ValueError, "loss", "got (3,)", "(..., T-1, K)")
    assert_refused(refusal, rectify_epsilon, arrays.zeros((3,)))
    assert_refused(due(TypeError, "loss", "got int32"), rectify_epsilon, arrays.zeros((3, 3), "int32"))


@pytest.mark.parametrize("method", ["valid_mean", "median", None, 1])
def test_reduce_loss(arrays: Arrays, method: Any) -> None:
    refusal = due(ValueError, "method", '"mean", "sum", "none"')
    assert_refused(refusal, TemporalLoss().reduce_loss, arrays.zeros((3, 3)), method)


def test_reduce_loss_of_no_entries(arrays: Arrays) -> None:
    reduce_loss = TemporalLoss().reduce_loss
    assert_refused(due(TypeError, "loss", "got int32"), reduce_loss, arrays.zeros((3, 3), "int32"))
    assert_refused(due(TypeError, "loss", "got float 0.5", "array"), reduce_loss, 0.5)


NO_ARRAYS: dict[str, Any] = {
    "list": [[0.0, 0.0], [3.0, 4.0]],
    "tuple": ((0.0, 0.0), (3.0, 4.0)),
    "number": 1.5,
    "string": "keypoints",
    "object": object(),
    "class": int,
}


@pytest.mark.parametrize("kind", NO_ARRAYS)
def test_what_is_no_array(arrays: Arrays, kind: str) -> None:
    given = NO_ARRAYS[kind]
    got = "got 'keypoints'" if kind == "string" else f"got {type(given).__name__}"
    for function in (temporal_loss, TemporalLoss(), temporal_norm, estimate_epsilon):
        assert_refused(due(TypeError, "keypoints", "must be an array", got), function, given)
    keypoints = arrays.zeros((2, 2))
    refusal = due(TypeError, "confidences", "must be an array", got)
    assert_refused(refusal, temporal_loss, keypoints, given)
    refusal = due(TypeError, "segment_ids", "must be an integer array", got)
    assert_refused(refusal, temporal_loss, keypoints, segment_ids=given)


def test_keypoints_of_none() -> None:
    for function in (temporal_loss, TemporalLoss(), temporal_norm, estimate_epsilon):
        assert_refused(due(TypeError, "keypoints", "must be an array", "got NoneType"), function, None)


def test_parameters_are_checked_before_any_array_is_looked_at() -> None:
    for name, value in (
        ("reduction", "median"),
        ("nan_policy", ""),
        ("epsilon", -1.0),
        ("prob_threshold", ""),
    ):
        assert_refused(due(ValueError, name), temporal_loss, [], **{name: value})
