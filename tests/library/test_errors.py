"""TL-10 on every backend: the exception, and what its message says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from temporal_loss import (
    TemporalLoss,
    count_valid,
    estimate_epsilon,
    temporal_loss,
    temporal_loss_and_grad,
    temporal_norm,
)

from .refusals import (
    CONFIDENCE_REFUSALS,
    EPSILON_REFUSALS,
    KEYPOINT_REFUSALS,
    REFUSALS,
    THRESHOLD_REFUSALS,
    WORD_REFUSALS,
    Refusal,
    assert_refused,
    due,
    each,
)

if TYPE_CHECKING:
    from support import Arrays


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


@each(REFUSALS)
def test_the_functions_and_the_class_when_called(arrays: Arrays, refusal: Refusal) -> None:
    given = refusal.build(arrays)
    assert_refused(refusal, temporal_loss, **given, **refusal.keywords)
    if "reduction" not in refusal.keywords:
        assert_refused(refusal, temporal_loss_and_grad, **given, **refusal.keywords)
    loss = TemporalLoss()
    # Set later, past the checks of the constructor.
    vars(loss).update(
        {**refusal.keywords, **({"epsilon": given.pop("epsilon")} if "epsilon" in given else {})}
    )
    assert_refused(refusal, loss, given.pop("keypoints"), **given)


@each(EPSILON_REFUSALS + THRESHOLD_REFUSALS + WORD_REFUSALS)
def test_the_class_when_made(refusal: Refusal) -> None:
    assert_refused(refusal, TemporalLoss, **refusal.keywords)


@pytest.mark.parametrize("log_weight", [float("nan"), None, "0", [0.0], True, 1j, 10**400])
def test_log_weight(log_weight: Any) -> None:
    assert_refused(due(ValueError, "log_weight must be"), TemporalLoss, log_weight=log_weight)


@each(KEYPOINT_REFUSALS)
def test_keypoints_of_the_other_functions(arrays: Arrays, refusal: Refusal) -> None:
    keypoints = refusal.build(arrays)["keypoints"]
    assert_refused(refusal, temporal_norm, keypoints)
    assert_refused(refusal, estimate_epsilon, keypoints)
    refusal = refusal._replace(words=("predictions", *refusal.words[1:]))
    assert_refused(refusal, TemporalLoss().compute_loss, keypoints)


@each(CONFIDENCE_REFUSALS + THRESHOLD_REFUSALS)
def test_estimate_epsilon(arrays: Arrays, refusal: Refusal) -> None:
    assert_refused(refusal, estimate_epsilon, **refusal.build(arrays), **refusal.keywords)


@each((KEYPOINT_REFUSALS[0], CONFIDENCE_REFUSALS[0], *THRESHOLD_REFUSALS[:1], WORD_REFUSALS[-1]))
def test_count_valid(arrays: Arrays, refusal: Refusal) -> None:
    assert_refused(refusal, count_valid, **refusal.build(arrays), **refusal.keywords)


@pytest.mark.parametrize("quantile", [-0.01, 1.01, float("nan"), None, "0.5", True])
def test_quantile(arrays: Arrays, quantile: Any) -> None:
    keypoints = arrays.zeros((4, 6))
    assert_refused(due(ValueError, "quantile must be"), estimate_epsilon, keypoints, quantile=quantile)


@pytest.mark.parametrize("reduction", ["none", "median", None])
def test_what_has_no_gradient(arrays: Arrays, reduction: Any) -> None:
    words = 'reduction must be one of "mean", "valid_mean", "sum", got'
    assert_refused(due(ValueError, words), temporal_loss_and_grad, arrays.zeros((4, 6)), reduction=reduction)


# Stages of the class ------------------------------------------------------------------------


def test_remove_nans(arrays: Arrays) -> None:
    remove_nans = TemporalLoss(prob_threshold=0.5).remove_nans
    for shape in ((3, 3), (4, 2), (1, 4, 3)):
        refusal = due(ValueError, "confidences", f"got {shape}", "(4, 3)")
        assert_refused(refusal, remove_nans, arrays.zeros((3, 3)), arrays.zeros(shape))
    refusal = due(TypeError, "confidences", "got int32")
    assert_refused(refusal, remove_nans, arrays.zeros((3, 3)), arrays.zeros((4, 3), "int32"))


@each([r for r in REFUSALS if "epsilon" in {**r.arrays, **r.keywords}])
def test_rectify_epsilon(arrays: Arrays, refusal: Refusal) -> None:
    loss = TemporalLoss()
    loss.epsilon = {**refusal.build(arrays), **refusal.keywords}["epsilon"]
    assert_refused(refusal, loss.rectify_epsilon, arrays.zeros((3, 3)))


@pytest.mark.parametrize("stage", ["remove_nans", "rectify_epsilon", "reduce_loss"])
def test_what_are_no_entries(arrays: Arrays, stage: str) -> None:
    more = [arrays.zeros((4, 3))] if stage == "remove_nans" else []
    call = getattr(TemporalLoss(), stage)
    assert_refused(due(TypeError, "loss", "got int32"), call, arrays.zeros((3, 3), "int32"), *more)
    assert_refused(due(TypeError, "loss", "got float 0.5", "array"), call, 0.5, *more)
    if stage != "reduce_loss":
        refusal = due(ValueError, "loss", "got (3,)", "(..., T-1, K)")
        assert_refused(refusal, call, arrays.zeros((3,)), *more)


@pytest.mark.parametrize("method", ["valid_mean", "median", None, 1])
def test_the_method_of_reduce_loss(arrays: Arrays, method: Any) -> None:
    refusal = due(ValueError, "method", '"mean", "sum", "none"')
    assert_refused(refusal, TemporalLoss().reduce_loss, arrays.zeros((3, 3)), method)


# What is no array ---------------------------------------------------------------------------


@pytest.mark.parametrize("given", [[[0.0, 0.0], [3.0, 4.0]], 1.5, "keypoints", None, int])
def test_what_is_no_array(arrays: Arrays, given: Any) -> None:
    got = "got 'keypoints'" if given == "keypoints" else f"got {type(given).__name__}"
    for function in (temporal_loss, TemporalLoss(), temporal_norm, estimate_epsilon):
        assert_refused(due(TypeError, "keypoints", "must be an array", got), function, given)
    if given is not None:
        keypoints = arrays.zeros((2, 2))
        refusal = due(TypeError, "confidences", "must be an array", got)
        assert_refused(refusal, temporal_loss, keypoints, given)
        refusal = due(TypeError, "segment_ids", "must be an integer array", got)
        assert_refused(refusal, temporal_loss, keypoints, segment_ids=given)
