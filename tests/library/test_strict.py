"""array-api-strict: nothing beyond the standard, whichever of its options are off."""

from __future__ import annotations

from typing import Any

import pytest
from support import NAN, Arrays, under_test

from conformance.subjects import backends
from temporal_loss import TemporalLoss, estimate_epsilon, temporal_norm

from . import worked

xp = under_test("strict")
ARRAYS = Arrays("strict", backends.load("strict"))
FLAGS: list[dict[str, Any]] = [
    {"boolean_indexing": False},
    {"data_dependent_shapes": False},
    {"enabled_extensions": []},
    {"boolean_indexing": False, "data_dependent_shapes": False, "enabled_extensions": []},
    # Where Python numbers may stand beside arrays came with the first of these; the other is the newest.
    *({"api_version": version} for version in sorted({"2024.12", xp.__array_api_version__})),
]


@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_flags(flags: dict[str, Any]) -> None:
    given = keypoints, confidences, segment_ids = worked.given(ARRAYS)
    with xp.ArrayAPIStrictFlags(**flags):
        found = {reduction: worked.loss(*given, reduction=reduction) for reduction in worked.REDUCTIONS}
        both = worked.loss_and_grad(*given)
        as_array = worked.loss(*given, epsilon=ARRAYS.make(worked.EPSILON), nan_policy="omit")
        loss = TemporalLoss(epsilon=worked.EPSILON, prob_threshold=0.5, log_weight=ARRAYS.make(0.0))
        value, logs = loss(keypoints, confidences, segment_ids=segment_ids)
        stages = loss.rectify_epsilon(loss.remove_nans(loss.compute_loss(keypoints), confidences))
        norm = temporal_norm(keypoints)
        epsilon = estimate_epsilon(keypoints, confidences, prob_threshold=0.5, quantile=1.0)
    assert {reduction: ARRAYS.read(array) for reduction, array in found.items()} == {
        reduction: worked.expected(reduction) for reduction in worked.REDUCTIONS
    }
    assert worked.read_both(ARRAYS, both) == (12.0, worked.gradient())
    assert [ARRAYS.read(array) for array in (as_array, value, logs[1]["value"])] == [
        12.0,
        worked.expected("mean"),
        0.5,
    ]
    assert ARRAYS.read(stages) == [[4.0, 8.0], [0.0, 0.0], [0.0, 3.0], [0.0, 0.0]]
    assert ARRAYS.read(norm)[:2] == [[NAN, NAN], [5.0, 10.0]]
    assert ARRAYS.read(epsilon) == [5.0, 10.0]
