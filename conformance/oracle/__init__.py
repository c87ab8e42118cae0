"""The oracle: exact answers, independent of every array library and of `temporal_loss`.

Lengths are integer square roots with more than 256 good bits; all else is exact. Each output is
rounded once, to nearest, to the dtype of the result.
"""

from __future__ import annotations

from typing import Any

from conformance import bits
from conformance.model import Array, ErrorKind, Op, Request
from conformance.oracle.definition import Definition, Entry, Output, Solution
from conformance.oracle.echo import echo
from conformance.oracle.fixed import Exact
from conformance.oracle.problem import Problem, read, result_dtype
from conformance.oracle.refusals import refusal

__all__ = [
    "Definition",
    "Entry",
    "Exact",
    "Output",
    "Problem",
    "Solution",
    "answer",
    "echo",
    "estimate_epsilon",
    "exact_value",
    "gradient",
    "read",
    "refusal",
    "result_dtype",
    "rounded",
    "solve",
    "stages",
    "temporal_norm",
    "value",
]


def solve(request: Request) -> Solution:
    """Give the exact answer to a request that is free of faults, with all that led to it."""
    return Definition().solve(read(request))


def rounded(output: Output) -> Array:
    """Round an exact output once, to its dtype."""
    return Array(output.dtype, output.shape, tuple(bits.round_to(v, output.dtype) for v in output.values))


def answer(request: Request) -> dict[str, Array] | ErrorKind:
    """Give the outputs due for a request, each rounded once, or the kind of refusal that is due."""
    fault = refusal(request)
    if fault is not None:
        return fault
    if request.op is Op.ECHO:
        return echo(request)
    return {name: rounded(output) for name, output in solve(request).outputs.items()}


def exact_value(keypoints: Array, confidences: Array | None = None, **keywords: Any) -> Exact:
    """Give the scalar loss before rounding; a float only where it is NaN or infinite."""
    return solve(_request(Op.VALUE, keypoints, confidences, keywords)).outputs["loss"].values[0]


def value(keypoints: Array, confidences: Array | None = None, **keywords: Any) -> Array:
    """Give the loss. Keywords as for `temporal_loss`; `segment_ids` and `epsilon` may be arrays."""
    return _run(Op.VALUE, keypoints, confidences, keywords)["loss"]


def stages(keypoints: Array, confidences: Array | None = None, **keywords: Any) -> dict[str, Array]:
    """Give the per-entry arrays `differences`, `masked` and `rectified`."""
    return _run(Op.STAGES, keypoints, confidences, keywords)


def gradient(keypoints: Array, confidences: Array | None = None, **keywords: Any) -> Array:
    """Give the derivative of the scalar loss by the keypoints."""
    return _run(Op.GRADIENT, keypoints, confidences, keywords)["gradient"]


def temporal_norm(keypoints: Array) -> Array:
    """Give the length of the step into each frame, NaN for the first."""
    return _run(Op.NORM, keypoints, None, {})["norm"]


def estimate_epsilon(keypoints: Array, confidences: Array | None = None, **keywords: Any) -> Array:
    """Give the per-keypoint quantile of the observed steps."""
    return _run(Op.EPSILON, keypoints, confidences, keywords)["epsilon"]


def _run(op: Op, keypoints: Array, confidences: Array | None, keywords: dict[str, Any]) -> dict[str, Array]:
    solution = solve(_request(op, keypoints, confidences, keywords))
    return {name: rounded(output) for name, output in solution.outputs.items()}


def _request(op: Op, keypoints: Array, confidences: Array | None, keywords: dict[str, Any]) -> Request:
    """Split keywords into arrays and plain parameters; refuse what the clauses refuse."""
    inputs = {"keypoints": keypoints}
    if confidences is not None:
        inputs["confidences"] = confidences
    inputs |= {name: v for name, v in keywords.items() if isinstance(v, Array)}
    params = {
        name: list(v) if isinstance(v, tuple) else v
        for name, v in keywords.items()
        if v is not None and not isinstance(v, Array)
    }
    request = Request("", op, inputs, params)
    fault = refusal(request)
    if fault is not None:
        message = f"the oracle refuses this input: {fault.value}"
        raise ValueError(message)
    return request
