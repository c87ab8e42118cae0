"""TL-6: a subclass that overrides stages, by calling the original ones, keeps every value and gradient."""

from __future__ import annotations

import math
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from support import NAN, select

from conformance import suite
from conformance.judge import judge
from conformance.model import Op, Status
from conformance.subjects import backends
from conformance.subjects.native import NativeSubject
from temporal_loss import TemporalLoss

if TYPE_CHECKING:
    from collections.abc import Callable

    from support import Arrays

    from conformance.model import Request

STAGES = ("compute_loss", "remove_nans", "rectify_epsilon", "reduce_loss")
CASES = [case for case in suite.load_cases() if case.op is Op.GRADIENT and case.error is None]


def _subclass(stage: str, calls: Counter[str]) -> Callable[..., TemporalLoss]:
    """Return a class with one stage overridden; it notes that it was called, and calls the original."""

    class Overrides(TemporalLoss):
        pass

    def overridden(self: TemporalLoss, *args: Any, **keywords: Any) -> Any:
        calls[stage] += 1
        return getattr(super(Overrides, self), stage)(*args, **keywords)

    setattr(Overrides, stage, overridden)
    return Overrides


def _instance(stage: str, calls: Counter[str], **options: Any) -> TemporalLoss:
    """Return an object with one stage overridden by an attribute."""
    loss = TemporalLoss(**options)
    original = getattr(loss, stage)

    def overridden(*args: Any, **keywords: Any) -> Any:
        calls[stage] += 1
        return original(*args, **keywords)

    setattr(loss, stage, overridden)
    return loss


def _made(kind: str, stage: str, calls: Counter[str]) -> Callable[..., TemporalLoss]:
    return _subclass(stage, calls) if kind == "subclass" else partial(_instance, stage, calls)


class _Staged(NativeSubject):
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


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("kind", ["subclass", "attribute"])
@pytest.mark.parametrize("name", [n for n in ("torch", "jax") if n in select().names])
def test_every_gradient_of_the_suite(name: str, kind: str, stage: str) -> None:
    calls: Counter[str] = Counter()
    failed = {}
    with _Staged(name, _made(kind, stage, calls)) as subject:
        for case in CASES:
            verdict = judge(case, subject.answer(case.request), device=subject.device)
            if verdict.status is not Status.PASS:
                failed[case.id] = f"{verdict.status}: {verdict.reason}"
    assert failed == {}
    # Cases without confidences have no second stage.
    least = sum("confidences" in case.inputs for case in CASES) if stage == "remove_nans" else len(CASES)
    assert calls[stage] >= least > 20


NOT = math.nan


def _gradient(arrays: Arrays, kind: str, stage: str, keypoints: Any, **given: Any) -> tuple[Any, Any]:
    confidences, segment_ids = given.pop("confidences", None), given.pop("segment_ids", None)
    loss = _made(kind, stage, Counter())(prob_threshold=0.5, reduction="sum", **given)
    value, slope = arrays.loss_and_gradient(
        lambda k: loss(k, confidences, segment_ids=segment_ids)[0], arrays.make(keypoints)
    )
    return arrays.read(value), arrays.read(slope)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("kind", ["subclass", "attribute"])
def test_masked_nan(autodiff: Arrays, kind: str, stage: str) -> None:
    for bad in (NOT, math.inf):
        track = [[[0]], [[2]], [[bad]], [[bad]], [[7]], [[9]]]
        sure = autodiff.make([[1], [1], [0.25], [0.25], [1], [1]])
        found = _gradient(autodiff, kind, stage, track, confidences=sure)
        assert found == (4.0, [[[-1.0]], [[1.0]], [[0.0]], [[0.0]], [[-1.0]], [[1.0]]])


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("kind", ["subclass", "attribute"])
def test_omitted_nan(autodiff: Arrays, kind: str, stage: str) -> None:
    track = [[[0]], [[2]], [[NOT]], [[7]], [[9]]]
    found = _gradient(autodiff, kind, stage, track, nan_policy="omit")
    assert found == (4.0, [[[-1.0]], [[1.0]], [[0.0]], [[-1.0]], [[1.0]]])


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("kind", ["subclass", "attribute"])
def test_nan_across_a_border_of_segments(autodiff: Arrays, kind: str, stage: str) -> None:
    # Both frames at the border count, each for its other step, or would but for its NaN.
    ids = autodiff.make([0, 0, 1, 1, 2, 2], "int32")
    track: Any = [[[0]], [[2]], [[NOT]], [[7]], [[9]], [[8]]]
    found = _gradient(autodiff, kind, stage, track, segment_ids=ids)
    # The step from NaN to 7 is in the open; that from 2 to NaN leads into another segment.
    assert found == (NAN, [[[-1.0]], [[1.0]], [[NAN]], [[NAN]], [[1.0]], [[-1.0]]])
    sure = autodiff.make([[1], [1], [0.25], [1], [1], [1]])
    found = _gradient(autodiff, kind, stage, track, segment_ids=ids, confidences=sure)
    assert found == (3.0, [[[-1.0]], [[1.0]], [[0.0]], [[0.0]], [[1.0]], [[-1.0]]])


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("kind", ["subclass", "attribute"])
def test_nan_in_the_open(autodiff: Arrays, kind: str, stage: str) -> None:
    track: Any = [[[0], [1]], [[2], [1]], [[NOT], [3]]]
    sure = autodiff.make([[1, 1]] * 3)
    for given in ({}, {"confidences": sure}, {"epsilon": 1.0, "confidences": sure}):
        value, slope = _gradient(autodiff, kind, stage, track, **given)
        assert (value, slope[0]) == (NAN, [[-1.0], [0.0]])
        assert (slope[1][0], slope[2]) == ([NAN], [[NAN], [1.0]])


@pytest.mark.parametrize("reduction", ["mean", "valid_mean", "sum"])
def test_all_stages_overridden_at_once(autodiff: Arrays, reduction: str) -> None:
    from . import worked  # noqa: PLC0415

    loss = TemporalLoss(epsilon=worked.EPSILON, prob_threshold=worked.THRESHOLD, reduction=reduction)
    for stage in STAGES:
        setattr(loss, stage, getattr(loss, stage))
    confidences = autodiff.make(worked.CONFIDENCES)
    ids = autodiff.make(worked.SEGMENT_IDS, "int32")
    value, slope = autodiff.loss_and_gradient(
        lambda k: loss(k, confidences, segment_ids=ids)[0], autodiff.make(worked.KEYPOINTS)
    )
    assert autodiff.read(value) == worked.expected(reduction)
    assert autodiff.read(slope) == worked.gradient(reduction)
