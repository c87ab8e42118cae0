"""array-api-strict: nothing beyond the standard, whichever of its options are off."""

from __future__ import annotations

from typing import Any

import pytest
from support import NAN, Arrays, under_test

from conformance.subjects import backends
from temporal_loss import TemporalLoss, estimate_epsilon, temporal_loss, temporal_norm

from . import worked

xp = under_test("strict")
ARRAYS = Arrays("strict", backends.load("strict"))
FLAGS: dict[str, dict[str, Any]] = {
    "no boolean indexing": {"boolean_indexing": False},
    "no shapes from data": {"data_dependent_shapes": False},
    "no extensions": {"enabled_extensions": []},
    "nothing optional": {
        "boolean_indexing": False,
        "data_dependent_shapes": False,
        "enabled_extensions": [],
    },
    # Where Python numbers may stand beside arrays came with this version.
    "2024.12": {"api_version": "2024.12"},
    "2025.12": {"api_version": "2025.12"},
}


def _worked(device: str | None = None) -> tuple[Any, Any, Any]:
    return (
        ARRAYS.make(worked.KEYPOINTS, device=device),
        ARRAYS.make(worked.CONFIDENCES, device=device),
        ARRAYS.make(worked.SEGMENT_IDS, "int32", device=device),
    )


@pytest.mark.parametrize("flags", FLAGS)
def test_flags(flags: str) -> None:
    with xp.ArrayAPIStrictFlags(**FLAGS[flags]):
        given = _worked()
        found = {r: worked.loss(*given, reduction=r) for r in ("none", "sum", "mean", "valid_mean")}
        as_array = worked.loss(*given, epsilon=ARRAYS.make(worked.EPSILON), nan_policy="omit")
        loss = TemporalLoss(epsilon=worked.EPSILON, prob_threshold=0.5)
        value, logs = loss(*given[:2], segment_ids=given[2])
        stages = loss.rectify_epsilon(loss.remove_nans(loss.compute_loss(given[0]), given[1]))
        norm = temporal_norm(given[0])
        epsilon = estimate_epsilon(given[0], given[1], prob_threshold=0.5, quantile=1.0)
        weight = TemporalLoss(log_weight=ARRAYS.make(0.0)).weight
    for reduction, array in found.items():
        assert ARRAYS.read(array) == worked.expected(reduction)
    assert ARRAYS.read(as_array) == 12.0
    assert ARRAYS.read(value) == worked.expected("mean")
    assert [ARRAYS.read(array) for array in (logs[1]["value"], weight)] == [0.5, 0.5]
    assert ARRAYS.read(stages) == [[4.0, 8.0], [0.0, 0.0], [0.0, 3.0], [0.0, 0.0]]
    assert ARRAYS.read(norm)[:2] == [[NAN, NAN], [5.0, 10.0]]
    assert ARRAYS.read(epsilon) == [5.0, 10.0]


@pytest.mark.parametrize("device", ARRAYS.backend.devices())
def test_devices(device: str) -> None:
    for reduction in ("none", "sum", "mean", "valid_mean"):
        found = worked.loss(*_worked(device), reduction=reduction)
        assert ARRAYS.read(found) == worked.expected(reduction)
        assert ARRAYS.backend.device_name(found) == device
    assert ARRAYS.read(temporal_loss(_worked(device)[0], nan_policy="omit")) == (5 + 10 + 5 + 2) / 8
