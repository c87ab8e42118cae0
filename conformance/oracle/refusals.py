"""TL-10: which inputs are refused, and why. Each check knows one fault, so a mutant can drop one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.bits import FORMATS
from conformance.model import Array, ErrorKind, Op, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

KEYWORDS = {
    Op.VALUE: {"epsilon", "prob_threshold", "reduction", "nan_policy"},
    Op.GRADIENT: {"epsilon", "prob_threshold", "reduction", "nan_policy"},
    Op.STAGES: {"epsilon", "prob_threshold"},
    Op.NORM: set(),
    Op.EPSILON: {"prob_threshold", "quantile"},
}
REDUCTIONS = ("mean", "valid_mean", "sum", "none")
POLICIES = ("propagate", "omit")


@dataclass(frozen=True)
class Check:
    """One reason to refuse: `fault` says whether a request gives it."""

    name: str
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
    Check("keypoints-dtype", ErrorKind.TYPE, _not_real("keypoints")),
    Check("keypoints-axes", ErrorKind.SHAPE, _few_axes),
    Check("odd-width", ErrorKind.SHAPE, _odd_width),
    Check("coordinate-axis-empty", ErrorKind.SHAPE, _no_axes),
    Check("coordinate-axis-long", ErrorKind.SHAPE, _many_axes),
    Check("no-keypoints", ErrorKind.SHAPE, _no_keypoints),
    Check("few-frames", ErrorKind.SHAPE, _few_frames),
    Check("confidences-dtype", ErrorKind.TYPE, _not_real("confidences")),
    Check("confidences-shape", ErrorKind.SHAPE, _confidences_shape),
    Check("segments-dtype", ErrorKind.TYPE, _segments_dtype),
    Check("segments-shape", ErrorKind.SHAPE, _segments_shape),
    Check("epsilon-dtype", ErrorKind.TYPE, _epsilon_dtype),
    Check("epsilon-length", ErrorKind.SHAPE, _epsilon_length),
    Check("epsilon-not-a-number", ErrorKind.VALUE, _epsilon_number),
    Check("epsilon-not-finite", ErrorKind.VALUE, _epsilon_finite),
    Check("epsilon-negative", ErrorKind.VALUE, _epsilon_negative),
    Check("threshold-not-a-number", ErrorKind.VALUE, _threshold_number),
    Check("unknown-reduction", ErrorKind.VALUE, _reduction),
    Check("unknown-nan-policy", ErrorKind.VALUE, _policy),
    Check("quantile-out-of-range", ErrorKind.VALUE, _quantile),
)


def refusal(request: Request, without: Collection[str] = ()) -> ErrorKind | None:
    """Kind of the first fault, or None. `without` names faults to let pass."""
    for check in CHECKS:
        if check.fault(request):
            return None if check.name in without else check.kind
    return None
