"""Every public call as CuPy's tests make it, and the worked example on each device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support import under_test

from temporal_loss import (
    TemporalLoss,
    estimate_epsilon,
    temporal_loss,
    temporal_loss_and_grad,
    temporal_norm,
)

from . import worked

if TYPE_CHECKING:
    from collections.abc import Callable

cp = under_test("cupy", "cupy-stand-in")

Given = tuple[Any, Any, Any]


class Doubled(TemporalLoss):
    """Overrides a stage, so that each runs by itself."""

    def rectify_epsilon(self, loss: Any) -> Any:
        return 2 * super().rectify_epsilon(loss)


def _class(given: Given, kind: type[TemporalLoss] = TemporalLoss, **options: Any) -> tuple[Any, Any]:
    keypoints, confidences, segment_ids = given
    loss, logs = kind(**options)(keypoints, confidences, segment_ids=segment_ids, stage="val")
    return loss, logs[1]["value"]


def _here(keypoints: Any, numbers: Any) -> Any:
    with keypoints.device:
        return cp.asarray(numbers, dtype=cp.float32)


STAGES = TemporalLoss(epsilon=worked.EPSILON, prob_threshold=worked.THRESHOLD)
CALLS: dict[str, Callable[[Given], Any]] = {
    "none": lambda given: worked.loss(*given, reduction="none"),
    "sum": lambda given: worked.loss(*given, reduction="sum"),
    "mean": lambda given: worked.loss(*given, reduction="mean"),
    "valid_mean": lambda given: worked.loss(*given, reduction="valid_mean"),
    "keypoints alone": lambda given: temporal_loss(given[0][:3], reduction="none"),
    "half": lambda given: temporal_loss(_half(given[0]), epsilon=0.3),
    "spatial": lambda given: temporal_loss(given[0].reshape(5, 2, 2), given[1], prob_threshold=0.5),
    "epsilon as a number": lambda given: worked.loss(*given, epsilon=1.5),
    "epsilon as an array": lambda given: worked.loss(*given, epsilon=_here(given[0], [1.0, 2.0])),
    "epsilon as a scalar": lambda given: worked.loss(*given, epsilon=_here(given[0], 1.0)),
    "NaN left out": lambda given: temporal_loss(given[0], nan_policy="omit", reduction="valid_mean"),
    "temporal_norm": lambda given: temporal_norm(given[0]),
    "estimate_epsilon": lambda given: estimate_epsilon(given[0], given[1], prob_threshold=0.5),
    "value and gradient": lambda given: worked.loss_and_grad(*given),
    "gradient of half": lambda given: temporal_loss_and_grad(_half(given[0]), epsilon=0.3),
    "the class": lambda given: _class(given, epsilon=worked.EPSILON, prob_threshold=0.5, log_weight=1.0),
    "a subclass": lambda given: _class(given, Doubled, epsilon=worked.EPSILON, prob_threshold=0.5),
    "compute_loss": lambda given: STAGES.compute_loss(given[0]),
    "remove_nans": lambda given: STAGES.remove_nans(given[0][1:, :2], given[1]),
    "rectify_epsilon": lambda given: STAGES.rectify_epsilon(given[0][1:, :2]),
    "reduce_loss": lambda given: STAGES.reduce_loss(given[0][:3]),
    "log_loss": lambda given: STAGES.log_loss(given[0][0, 0])[1]["value"],
    "weight": lambda given: TemporalLoss(log_weight=_here(given[0], 1.0)).weight,
}


def _half(keypoints: Any) -> Any:
    with keypoints.device:
        return keypoints.astype(cp.float16)


def given_on(device: int) -> Given:
    """Worked example on a device, and all there."""
    with cp.cuda.Device(device) as place:
        given = (
            cp.asarray(worked.KEYPOINTS, dtype=cp.float32),
            cp.asarray(worked.CONFIDENCES, dtype=cp.float32),
            cp.asarray(worked.SEGMENT_IDS),
        )
        place.synchronize()
    return given
