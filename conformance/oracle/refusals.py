"""TL-10: which inputs are refused, and why. Each check knows one fault, so a mutant can drop one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.bits import FORMATS
from conformance.model import Array, ErrorKind, Op, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

_LOSS = ("keypoints", "confidences", "segment_ids", "epsilon", "prob_threshold", "reduction", "nan_policy")
ARGUMENTS = {
    Op.VALUE: _LOSS,
    Op.GRADIENT: _LOSS,
    Op.STAGES: ("keypoints", "confidences", "epsilon", "prob_threshold"),
    Op.NORM: ("keypoints",),
    Op.EPSILON: ("keypoints", "confidences", "prob_threshold", "quantile"),
}
"""What each operation takes, and so may refuse."""
REDUCTIONS = ("mean", "valid_mean", "sum", "none")
POLICIES = ("propagate", "omit")


@dataclass(frozen=True)
class Check:
    """One reason to refuse an argument: `fault` says whether a request gives it."""

    name: str
    argument: str
    kind: ErrorKind
    fault: Callable[[Request], bool]


def _shape(request: Request) -> tuple[int, ...]:
    return request.inputs["keypoints"].shape


def _cells(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Shape (..., T, K) that belongs to keypoints of this shape."""
    return (shape[0], shape[1] // 2) if len(shape) == 2 else shape[:-1]


def _not_real(name: str) -> Callable[[Request], bool]:
    def fault(request: Request) -> bool:
        return name in request.inputs and request.inputs[name].dtype not in FORMATS

    return fault


def _few_axes(request: Request) -> bool:
    return len(_shape(request)) < 2


def _odd_width(request: Request) -> bool:
    shape = _shape(request)
    return len(shape) == 2 and shape[1] % 2 == 1


def _few_frames(request: Request) -> bool:
    return _cells(_shape(request))[-2] < 2


def _no_keypoints(request: Request) -> bool:
    return _cells(_shape(request))[-1] == 0


def _no_axes(request: Request) -> bool:
    shape = _shape(request)
    return len(shape) > 2 and shape[-1] == 0


def _many_axes(request: Request) -> bool:
    shape = _shape(request)
    return len(shape) > 2 and shape[-1] > 3


def _confidences_shape(request: Request) -> bool:
    array = request.inputs.get("confidences")
    return array is not None and array.shape != _cells(_shape(request))


def _segments_shape(request: Request) -> bool:
    array = request.inputs.get("segment_ids")
    return array is not None and array.shape != _cells(_shape(request))[:-1]


def _segments_dtype(request: Request) -> bool:
    array = request.inputs.get("segment_ids")
    return array is not None and array.dtype != "int64"


def _epsilon_dtype(request: Request) -> bool:
    array = request.inputs.get("epsilon")
    return array is not None and array.dtype not in FORMATS and array.dtype != "int64"


def _epsilon_length(request: Request) -> bool:
    given: Any = request.inputs.get("epsilon", request.params.get("epsilon", 0.0))
    keypoints = _cells(_shape(request))[-1]
    if isinstance(given, Array):
        return given.shape not in ((), (keypoints,))
    return isinstance(given, list) and len(given) != keypoints


def _numbers(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _epsilon_number(request: Request) -> bool:
    return not all(_is_number(v) for v in _numbers(request.params.get("epsilon", 0.0)))


def _epsilon_finite(request: Request) -> bool:
    values = _numbers(request.params.get("epsilon", 0.0))
    return any(isinstance(v, int | float) and not math.isfinite(v) for v in values)


def _epsilon_negative(request: Request) -> bool:
    values = _numbers(request.params.get("epsilon", 0.0))
    return any(isinstance(v, int | float) and v < 0 for v in values)


def _threshold_number(request: Request) -> bool:
    return not _is_number(request.params.get("prob_threshold", 0.0))


def _quantile(request: Request) -> bool:
    q = request.params.get("quantile", 0.99)
    return not _is_number(q) or not 0 <= q <= 1


def _reduction(request: Request) -> bool:
    return request.params.get("reduction", "mean") not in REDUCTIONS


def _policy(request: Request) -> bool:
    return request.params.get("nan_policy", "propagate") not in POLICIES


CHECKS = (
    Check("keypoints-dtype", "keypoints", ErrorKind.TYPE, _not_real("keypoints")),
    Check("keypoints-axes", "keypoints", ErrorKind.SHAPE, _few_axes),
    Check("odd-width", "keypoints", ErrorKind.SHAPE, _odd_width),
    Check("coordinate-axis-empty", "keypoints", ErrorKind.SHAPE, _no_axes),
    Check("coordinate-axis-long", "keypoints", ErrorKind.SHAPE, _many_axes),
    Check("no-keypoints", "keypoints", ErrorKind.SHAPE, _no_keypoints),
    Check("few-frames", "keypoints", ErrorKind.SHAPE, _few_frames),
    Check("confidences-dtype", "confidences", ErrorKind.TYPE, _not_real("confidences")),
    Check("confidences-shape", "confidences", ErrorKind.SHAPE, _confidences_shape),
    Check("segments-dtype", "segment_ids", ErrorKind.TYPE, _segments_dtype),
    Check("segments-shape", "segment_ids", ErrorKind.SHAPE, _segments_shape),
    Check("epsilon-dtype", "epsilon", ErrorKind.TYPE, _epsilon_dtype),
    Check("epsilon-length", "epsilon", ErrorKind.SHAPE, _epsilon_length),
    Check("epsilon-not-a-number", "epsilon", ErrorKind.VALUE, _epsilon_number),
    Check("epsilon-not-finite", "epsilon", ErrorKind.VALUE, _epsilon_finite),
    Check("epsilon-negative", "epsilon", ErrorKind.VALUE, _epsilon_negative),
    Check("threshold-not-a-number", "prob_threshold", ErrorKind.VALUE, _threshold_number),
    Check("unknown-reduction", "reduction", ErrorKind.VALUE, _reduction),
    Check("unknown-nan-policy", "nan_policy", ErrorKind.VALUE, _policy),
    Check("quantile-out-of-range", "quantile", ErrorKind.VALUE, _quantile),
)


def refusal(request: Request, without: Collection[str] = ()) -> ErrorKind | None:
    """Kind of the first fault, or None. `without` names faults to let pass."""
    for check in CHECKS:
        if check.fault(request):
            return None if check.name in without else check.kind
    return None


def unasked(requests: Iterable[Request]) -> list[str]:
    """Return the faults that no request has, for each operation that can have them."""
    asked = {(r.op, next((c.name for c in CHECKS if c.fault(r)), "")) for r in requests}
    every = (
        (op, check.name) for check in CHECKS for op, taken in ARGUMENTS.items() if check.argument in taken
    )
    return [f"{op}: no case has the fault {name}" for op, name in every if (op, name) not in asked]
