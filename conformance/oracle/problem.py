"""A request laid out for the oracle: flat lists of plain floats and the sizes to read them by."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance import bits
from conformance.model import Array, Op

if TYPE_CHECKING:
    from conformance.model import Request

HALVES = ("float16", "bfloat16")


def result_dtype(dtype: str) -> str:
    """Dtype of every result for keypoints of this dtype (TL-7.1)."""
    return "float32" if dtype in HALVES else dtype


@dataclass(frozen=True)
class Problem:
    """One request; coordinates and confidences in C order of (batch, frame, keypoint[, axis])."""

    op: Op
    dtype: str
    shape: tuple[int, ...]
    lead: tuple[int, ...]
    frames: int
    keypoints: int
    axes: int
    x: tuple[float, ...]
    confidences: tuple[float, ...] | None
    segments: tuple[int, ...] | None
    epsilon: tuple[float, ...]
    threshold: float
    reduction: str
    nan_policy: str
    quantile: float
    asked: Request

    @property
    def batch(self) -> int:
        """Number of sequences."""
        return math.prod(self.lead)

    @property
    def result(self) -> str:
        """Dtype of the results."""
        return result_dtype(self.dtype)

    def point(self, b: int, t: int, k: int) -> int:
        """Index of the first coordinate of a keypoint."""
        return self.cell(b, t, k) * self.axes

    def cell(self, b: int, t: int, k: int) -> int:
        """Index of a (sequence, frame, keypoint)."""
        return (b * self.frames + t) * self.keypoints + k


def read(request: Request) -> Problem:
    """Lay out a request that is free of faults."""
    array = request.inputs["keypoints"]
    shape = array.shape
    flat = len(shape) == 2
    # x0, y0, x1, y1, ... in a row is already the order of (keypoint, axis).
    lead, frames, keypoints, axes = (
        ((), shape[0], shape[1] // 2, 2) if flat else (shape[:-3], shape[-3], shape[-2], shape[-1])
    )
    confidences = request.inputs.get("confidences")
    segments = request.inputs.get("segment_ids")
    params = request.params
    threshold = params.get("prob_threshold", 0.0)
    if confidences is not None:
        threshold = bits.round_to(float(threshold), confidences.dtype)
    return Problem(
        op=request.op,
        dtype=array.dtype,
        shape=shape,
        lead=lead,
        frames=frames,
        keypoints=keypoints,
        axes=axes,
        x=array.values,
        confidences=None if confidences is None else confidences.values,
        segments=None if segments is None else tuple(int(v) for v in segments.values),
        epsilon=_epsilons(request, keypoints, result_dtype(array.dtype)),
        threshold=threshold,
        reduction=params.get("reduction", "mean"),
        nan_policy=params.get("nan_policy", "propagate"),
        quantile=params.get("quantile", 0.99),
        asked=request,
    )


def _epsilons(request: Request, keypoints: int, dtype: str) -> tuple[float, ...]:
    given: Any = request.inputs.get("epsilon", request.params.get("epsilon", 0.0))
    if isinstance(given, Array):
        # Straight from an element: by way of float64 a whole number beyond 2**53 would be rounded twice.
        values = list(given.values)
        single = given.shape == ()
    else:
        single = not isinstance(given, list)
        values = [float(v) for v in ([given] if single else given)]
    rounded = [bits.round_to(v, dtype) for v in values]
    return tuple(rounded * keypoints if single else rounded)
