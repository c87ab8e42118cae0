"""What each operation of the suite means as a call, for this library and for any Python callable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import temporal_loss
from conformance.model import Op

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.subjects.backends.protocol import Function, Inputs

DEFAULTS: Mapping[str, object] = {
    "epsilon": 0.0,
    "prob_threshold": 0.0,
    "reduction": "mean",
    "nan_policy": "propagate",
}
_PLACED = ("keypoints", "confidences")


def _placed(inputs: Inputs) -> list[Any]:
    # A callable of keypoints alone is a subject too, so confidences are handed over only if there are any.
    return [inputs[name] for name in _PLACED if name in inputs]


def library_function(op: Op, params: Mapping[str, Any]) -> Function:
    """Return the function of native arrays that this library computes for `op`."""
    if op is Op.NORM:
        return lambda inputs: {"norm": temporal_loss.temporal_norm(inputs["keypoints"])}
    if op is Op.EPSILON:
        return lambda inputs: {
            "epsilon": temporal_loss.estimate_epsilon(
                inputs["keypoints"], inputs.get("confidences"), **params
            )
        }
    if op is Op.STAGES:
        return lambda inputs: _library_stages(inputs, params)
    if op is Op.GRADIENT:
        return _gradient_function(params)
    return value_function(temporal_loss.temporal_loss, params)


def value_function(loss: Callable[..., Any], params: Mapping[str, Any]) -> Function:
    """Return the function of native arrays that calls `loss` once."""

    def run(inputs: Inputs) -> dict[str, Any]:
        named = {k: v for k, v in inputs.items() if k not in _PLACED}
        return {"loss": loss(*_placed(inputs), **params, **named)}

    return run


def _gradient_function(params: Mapping[str, Any]) -> Function:
    def run(inputs: Inputs) -> dict[str, Any]:
        options = {**params, **{k: v for k, v in inputs.items() if k not in _PLACED}}
        loss, gradient = temporal_loss.temporal_loss_and_grad(*_placed(inputs), **options)
        return {"loss": loss, "gradient": gradient}

    return run


def weighted_function(params: Mapping[str, Any]) -> Function:
    """Return the function that calls the class as training does, with its input `log_weight`."""

    def run(inputs: Inputs) -> dict[str, Any]:
        options = {k: v for k, v in inputs.items() if k in {"epsilon", "log_weight"}}
        segments = {k: v for k, v in inputs.items() if k == "segment_ids"}
        term = temporal_loss.TemporalLoss(**params, **options)
        loss, _ = term(*_placed(inputs), **segments)
        return {"loss": term.weight * loss}

    return run


def stages_function(loss: Callable[..., Any], params: Mapping[str, Any]) -> Function:
    """Return the three stages of a callable, told apart by what it is given.

    A callable has no stages to look into, but without confidences and epsilon its entries are
    the differences, and with confidences alone the masked ones.
    """

    def run(inputs: Inputs) -> dict[str, Any]:
        placed = _placed(inputs)
        shared = {k: v for k, v in params.items() if k not in {"epsilon", "prob_threshold"}}
        shared |= {"reduction": "none"}
        shared |= {k: v for k, v in inputs.items() if k == "segment_ids"}
        masking = {k: v for k, v in params.items() if k == "prob_threshold"}
        full = {k: v for k, v in {**params, **inputs}.items() if k == "epsilon"}
        return {
            "differences": loss(placed[0], **shared),
            "masked": loss(*placed, **shared, **masking),
            "rectified": loss(*placed, **shared, **masking, **full),
        }

    return run


def _library_stages(inputs: Inputs, params: Mapping[str, Any]) -> dict[str, Any]:
    options = {k: v for k, v in {**params, **inputs}.items() if k in {"epsilon", "prob_threshold"}}
    stages = temporal_loss.TemporalLoss(**options)
    differences = stages.compute_loss(inputs["keypoints"])
    masked = differences
    if "confidences" in inputs:
        masked = stages.remove_nans(differences, inputs["confidences"])
    return {"differences": differences, "masked": masked, "rectified": stages.rectify_epsilon(masked)}
