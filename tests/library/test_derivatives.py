"""Derivatives of the two results of `temporal_loss_and_grad`, where the library differentiates."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from temporal_loss import temporal_loss_and_grad

if TYPE_CHECKING:
    from collections.abc import Callable

    from support import Arrays


def test_the_first_result_can_be_differentiated(autodiff: Arrays) -> None:
    keypoints = autodiff.make([[0, 0, 7, 7], [3, 4, 7, 7]])
    slope = autodiff.gradient(lambda k: 3 * temporal_loss_and_grad(k, reduction="sum")[0], keypoints)
    assert slope == [pytest.approx([-1.8, -2.4, 0, 0]), pytest.approx([1.8, 2.4, 0, 0])]


def _second(arrays: Arrays, function: Callable[[Any], Any], weights: Any, keypoints: Any) -> Any:
    """Derivative of the gradient in a direction."""
    return arrays.gradient(lambda k: (function(k)[1] * weights).sum(), keypoints)


@pytest.mark.parametrize("bad", [3.0, math.nan, math.inf])
def test_the_second_result_where_nothing_counts(autodiff: Arrays, bad: float) -> None:
    # At rest, below epsilon, at the tie, masked whatever is there, and across segments.
    keypoints = autodiff.make([[7, 9, 0, 0, 0, 0, 0, 0], [7, 9, 1, 1, 3, 4, bad, 4], [bad] * 8])
    confidences = autodiff.make([[1, 1, 1, 1], [1, 1, 1, 0.25], [1, 1, 1, 0.25]])
    options: dict[str, Any] = {
        "confidences": confidences,
        "prob_threshold": 0.5,
        "epsilon": [0.0, 2.0, 5.0, 0.0],
        "segment_ids": autodiff.make([0, 0, 1], "int32"),
        "reduction": "sum",
    }
    weights = autodiff.make([[float(n + 8 * t) for n in range(8)] for t in range(3)])
    found = _second(autodiff, lambda k: temporal_loss_and_grad(k, **options), weights, keypoints)
    assert found == [[0.0] * 8] * 3
