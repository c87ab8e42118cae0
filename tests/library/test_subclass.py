"""TL-6: each stage can be overridden, in a subclass or on an object; values and gradients stay right."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from support import NAN, select

from conformance import suite
from conformance.judge import judge
from conformance.model import Op, Status
from conformance.subjects import backends
from conformance.subjects.native import NativeSubject
from temporal_loss import TemporalLoss

from . import worked

if TYPE_CHECKING:
    from collections.abc import Callable

    from support import Arrays

    from conformance.model import Request

STAGES = ("compute_loss", "remove_nans", "rectify_epsilon", "reduce_loss")
NOT = math.nan


# Other stages -------------------------------------------------------------------------------


class Doubled(TemporalLoss):
    loss_name = "other"

    def compute_loss(self, predictions: Any) -> Any:
        return 2.0 * super().compute_loss(predictions)


class Unmasked(TemporalLoss):
    def remove_nans(self, loss: Any, confidences: Any) -> Any:
        del confidences
        return loss


class Hard(TemporalLoss):
    def rectify_epsilon(self, loss: Any) -> Any:
        return super().rectify_epsilon(loss) * 0.0 + loss


class Summed(TemporalLoss):
    def reduce_loss(self, loss: Any, method: str = "mean") -> Any:
        del method
        return super().reduce_loss(loss, "sum")


@pytest.mark.parametrize("kind", [TemporalLoss, Doubled, Hard, Summed])
@pytest.mark.parametrize("nan_policy", ["propagate", "omit"])
def test_an_epsilon_of_nan_stays_under_the_mask(
    arrays: Arrays, kind: type[TemporalLoss], nan_policy: str
) -> None:
    keypoints, confidences = arrays.make([[0, 0, 0, 0], [0, 5, 3, 4]]), arrays.make([[1, 0], [1, 0]])
    given = {"prob_threshold": 0.5, "nan_policy": nan_policy}
    due, _ = kind(epsilon=[1.0, 1.0], **given)(keypoints, confidences)
    found, _ = kind(epsilon=arrays.make([1, math.nan]), **given)(keypoints, confidences)
    assert arrays.read(found) == arrays.read(due) > 0


# Entries 5, 10, 0, 2; the 5 is masked; epsilon is 1. With segments the second step is no transition.
@pytest.mark.parametrize(
    ("kind", "whole", "segments"),
    [
        (TemporalLoss, (9 + 1) / 4, 9 / 2),
        (Doubled, (19 + 3) / 4, 19 / 2),
        (Unmasked, (4 + 9 + 1) / 4, (4 + 9) / 2),
        (Hard, (10 + 2) / 4, 10 / 2),
        (Summed, 9 + 1, 9 / 2),
    ],
)
def test_a_stage_of_ones_own_takes_effect(
    arrays: Arrays, kind: type[TemporalLoss], whole: float, segments: float
) -> None:
    loss = kind(epsilon=1.0, prob_threshold=0.5)
    keypoints = arrays.make([[0, 0, 0, 0], [3, 4, 6, 8], [3, 4, 6, 10]])
    confidences = arrays.make([[0.25, 1], [1, 1], [1, 1]])
    value, logs = loss(keypoints, confidences, stage="val")
    assert arrays.read(value) == whole
    names = [entry["name"] for entry in logs]
    assert names == [f"val_{kind.loss_name}_loss", f"{kind.loss_name}_weight"]
    ids = arrays.make([0, 0, 1], "int32")
    assert arrays.read(loss(keypoints, confidences, segment_ids=ids)[0]) == segments
    if kind is Doubled:
        assert arrays.read(loss(keypoints)[0]) == (9 + 19 + 3) / 4
        assert repr(loss).startswith("Doubled(epsilon=1.0")


# Stages that call the original ones -----------------------------------------------------------


def _subclass(stage: str, calls: Counter[str]) -> Callable[..., TemporalLoss]:
    """Return a class with one stage overridden; it notes that it was called, and calls the original."""

    class Overrides(TemporalLoss):
        pass

    def overridden(self: TemporalLoss, *args: Any, **keywords: Any) -> Any:
        calls[stage] += 1
        return getattr(super(Overrides, self), stage)(*args, **keywords)

    setattr(Overrides, stage, overridden)
    return Overrides


every_stage = pytest.mark.parametrize("stage", STAGES)


class _Overriding(NativeSubject):
    """A class in place of the function; the backend takes the gradient."""

    def __init__(self, name: str, make: Callable[..., TemporalLoss]) -> None:
        backend = backends.load(name)
        super().__init__(name, backend, backend.devices()[0], "eager")
        self.make = make

    def function(self, request: Request) -> Any:
        def run(inputs: Any) -> dict[str, Any]:
            options = {**request.params, **{k: v for k, v in inputs.items() if k == "epsilon"}}
            loss, _ = self.make(**options)(
                inputs["keypoints"], inputs.get("confidences"), segment_ids=inputs.get("segment_ids")
            )
            return {"loss": loss}

        return run


# JAX compiles every operation of every case, in a minute for each stage; torch shows the same stages.
@every_stage
@pytest.mark.skipif("torch" not in select().names, reason="torch is not under test")
def test_every_gradient_of_the_suite(stage: str) -> None:
    cases = [case for case in suite.load_cases() if case.op is Op.GRADIENT and case.error is None]
    calls: Counter[str] = Counter()
    failed = {}
    with _Overriding("torch", _subclass(stage, calls)) as subject:
        for case in cases:
            verdict = judge(case, subject.answer(case.request), device=subject.device)
            if verdict.status is not Status.PASS:
                failed[case.id] = f"{verdict.status}: {verdict.reason}"
    assert failed == {}
    # Cases without confidences have no second stage.
    least = sum("confidences" in case.inputs for case in cases) if stage == "remove_nans" else len(cases)
    assert calls[stage] >= least > 20


def test_stages_are_called_by_the_names_of_the_origins_arguments(arrays: Arrays) -> None:
    loss = TemporalLoss(epsilon=worked.EPSILON, prob_threshold=worked.THRESHOLD)
    called: dict[str, list[str]] = {}

    def spy(name: str) -> None:
        stage = getattr(loss, name)

        def noted(*args: Any, **keywords: Any) -> Any:
            called[name] = sorted(keywords)
            return stage(*args, **keywords)

        setattr(loss, name, noted)

    for name in STAGES[:3]:
        spy(name)
    loss(*worked.given(arrays)[:2])
    assert called == {
        "compute_loss": ["predictions"],
        "remove_nans": ["confidences", "loss"],
        "rectify_epsilon": ["loss"],
    }


@pytest.mark.parametrize("policy", ["propagate", "omit"])
@pytest.mark.parametrize("reduction", worked.REDUCTIONS)
@every_stage
def test_values(arrays: Arrays, stage: str, reduction: str, policy: str) -> None:
    loss = _subclass(stage, Counter())(
        epsilon=worked.EPSILON, prob_threshold=worked.THRESHOLD, reduction=reduction, nan_policy=policy
    )
    keypoints, confidences, ids = worked.given(arrays)
    assert arrays.read(loss(keypoints, confidences, segment_ids=ids)[0]) == worked.expected(reduction)
    # Without confidences, NaN is omitted by the policy alone.
    found = arrays.read(loss(keypoints, segment_ids=ids)[0])
    if policy == "omit":
        assert found == worked.expected(reduction)
    else:
        assert found == ([*worked.ENTRIES[:3], [NAN, 0.0]] if reduction == "none" else NAN)


def _gradient(arrays: Arrays, stage: str, keypoints: Any, **given: Any) -> tuple[Any, Any]:
    confidences, segment_ids = given.pop("confidences", None), given.pop("segment_ids", None)
    loss = _subclass(stage, Counter())(prob_threshold=0.5, reduction="sum", **given)
    found = arrays.loss_and_gradient(
        lambda k: loss(k, confidences, segment_ids=segment_ids)[0], arrays.make(keypoints)
    )
    return worked.read_both(arrays, found)


@every_stage
def test_gradients_of_what_is_masked_or_omitted(autodiff: Arrays, stage: str) -> None:
    slope = [[[-1.0]], [[1.0]], [[0.0]], [[0.0]], [[-1.0]], [[1.0]]]
    sure = autodiff.make([[1], [1], [0.25], [0.25], [1], [1]])
    track: Any = [[[0]], [[2]], [[NOT]], [[math.inf]], [[7]], [[9]]]
    assert _gradient(autodiff, stage, track, confidences=sure) == (4.0, slope)
    track[3] = [[NOT]]
    assert _gradient(autodiff, stage, track, nan_policy="omit") == (4.0, slope)


@every_stage
def test_gradients_across_a_border_of_segments(autodiff: Arrays, stage: str) -> None:
    # Both frames at the border count, each for its other step, or would but for its NaN.
    ids = autodiff.make([0, 0, 1, 1, 2, 2], "int32")
    track: Any = [[[0]], [[2]], [[NOT]], [[7]], [[9]], [[8]]]
    found = _gradient(autodiff, stage, track, segment_ids=ids)
    # The step from NaN to 7 is in the open; that from 2 to NaN leads into another segment.
    assert found == (NAN, [[[-1.0]], [[1.0]], [[NAN]], [[NAN]], [[1.0]], [[-1.0]]])
    sure = autodiff.make([[1], [1], [0.25], [1], [1], [1]])
    found = _gradient(autodiff, stage, track, segment_ids=ids, confidences=sure)
    assert found == (3.0, [[[-1.0]], [[1.0]], [[0.0]], [[0.0]], [[1.0]], [[-1.0]]])


def test_a_mask_of_ones_own_gets_nan_for_what_is_not_finite(autodiff: Arrays) -> None:
    # It keeps what the confidences would mask, and no gradient goes there.
    loss = Unmasked(prob_threshold=0.5, reduction="sum")
    keypoints = autodiff.make([[[0]], [[2]], [[math.inf]], [[7]]])
    sure = autodiff.make([[1], [0.25], [0.25], [1]])
    found = autodiff.loss_and_gradient(lambda k: loss(k, sure)[0], keypoints)
    assert worked.read_both(autodiff, found) == (NAN, [[[-1.0]], [[1.0]], [[0.0]], [[0.0]]])


@every_stage
def test_gradients_of_nan_in_the_open(autodiff: Arrays, stage: str) -> None:
    track: Any = [[[0], [1]], [[2], [1]], [[NOT], [3]]]
    sure = autodiff.make([[1, 1]] * 3)
    for given in ({}, {"confidences": sure}, {"epsilon": 1.0, "confidences": sure}):
        value, slope = _gradient(autodiff, stage, track, **given)
        assert (value, slope[0]) == (NAN, [[-1.0], [0.0]])
        assert (slope[1][0], slope[2]) == ([NAN], [[NAN], [1.0]])
