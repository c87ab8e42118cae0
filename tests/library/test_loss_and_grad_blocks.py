"""Value and gradient: what is refused, and that blocks give what the whole gives."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from support import NAN, near

from temporal_loss import temporal_loss, temporal_loss_and_grad
from temporal_loss._libraries import blocks

from . import worked
from .refusals import REFUSALS, Refusal, assert_refused, due

if TYPE_CHECKING:
    from support import Arrays

INF, NOT = math.inf, math.nan
REDUCTIONS = ("sum", "mean", "valid_mean")


# Refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", ["none", "median", None])
def test_what_has_no_gradient_is_refused(arrays: Arrays, reduction: Any) -> None:
    refusal = due(ValueError, "reduction", '"mean", "valid_mean", "sum"')
    assert_refused(refusal, temporal_loss_and_grad, arrays.zeros((4, 6)), reduction=reduction)
    with pytest.raises(ValueError, match="reduction") as caught:
        temporal_loss_and_grad(arrays.zeros((4, 6)), reduction=reduction)
    assert '"none"' not in str(caught.value).partition("got")[0]


@pytest.mark.parametrize(
    "refusal", [r for r in REFUSALS if "reduction" not in r.keywords], ids=lambda r: r.id
)
def test_refusals_are_those_of_the_loss(arrays: Arrays, refusal: Refusal) -> None:
    assert_refused(refusal, temporal_loss_and_grad, **refusal.build(arrays), **refusal.keywords)


# Blocks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 4, 8, 12, 20])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_blocks_give_what_the_whole_gives(
    arrays: Arrays, monkeypatch: pytest.MonkeyPatch, reduction: str, *, block: int
) -> None:
    if arrays.name not in {"numpy", "torch"}:
        pytest.skip(f"{arrays.label} takes arrays as a whole")
    monkeypatch.setattr(blocks, "SIZE", block)
    found = worked.loss_and_grad(*worked.given(arrays), reduction=reduction)
    assert worked.read_both(arrays, found) == (worked.expected(reduction), worked.gradient(reduction))
    keypoints, _, segment_ids = worked.given(arrays)
    found = worked.loss_and_grad(keypoints, None, segment_ids)
    assert worked.read_both(arrays, found) == (NAN, worked.unmasked_gradient())


@pytest.mark.parametrize("block", [1, 2, 3, 6])
@pytest.mark.parametrize("bad", [0.0, NOT, INF])
def test_blocks_of_a_batch_and_of_half_precision(
    arrays: Arrays, monkeypatch: pytest.MonkeyPatch, bad: float, *, block: int
) -> None:
    if arrays.name not in {"numpy", "torch"}:
        pytest.skip(f"{arrays.label} takes arrays as a whole")
    monkeypatch.setattr(blocks, "SIZE", block)
    # Two sequences of steps 1 and 2; in the second a masked frame, whose keypoint may be anything.
    keypoints = arrays.make([[[[0]], [[1]], [[3]], [[2]]], [[[0]], [[1]], [[3]], [[bad]]]], "float16")
    confidences = arrays.make([[[1]] * 4, [[1]] * 3 + [[0]]], "float16")
    found = temporal_loss_and_grad(keypoints, confidences, prob_threshold=0.5, reduction="sum")
    first, second = [[-1.0], [0.0], [2.0], [-1.0]], [[-1.0], [0.0], [1.0], [0.0]]
    assert worked.read_both(arrays, found) == (7.0, [[[row] for row in first], [[row] for row in second]])
    assert arrays.dtype_of(found[1]) == "float16"


def test_the_value_is_that_of_the_loss(arrays: Arrays, dtype: str) -> None:
    keypoints = arrays.make([[0.1, 0.7, 5.2, 4.1], [3.3, 4.9, 2.6, 8.4], [1.2, 2.4, 9.7, 1.3]], dtype)
    for reduction in REDUCTIONS:
        options: dict[str, Any] = {"epsilon": 0.3, "reduction": reduction}
        both = arrays.read(temporal_loss_and_grad(keypoints, **options)[0])
        assert both == near(arrays.read(temporal_loss(keypoints, **options)), 2**-22)
