"""The threshold: how it is rounded, and which thresholds are thought possible."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conformance import bits
from conformance.model import ErrorKind
from conformance.mutants.confidences import MASKING, confidence
from conformance.mutants.numbers import cut, ties_away
from conformance.mutants.refusals import refuses
from conformance.mutants.registry import mutant
from conformance.oracle.problem import HALVES

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.oracle import Definition, Problem


def compared(what: str, threshold: Callable[[float, str], float]) -> None:
    """Declare another threshold, of the one asked for and the dtype of the confidences."""

    def doubted(_: Definition, p: Problem, b: int, before: int, after: int, k: int) -> bool:
        given = float(p.asked.params.get("prob_threshold", 0.0))
        least = threshold(given, p.asked.inputs["confidences"].dtype)
        return any(confidence(p, b, t, k) < least for t in (before, after))

    mutant(what, ops=MASKING, needs="confidences", doubted=doubted)


compared(
    "threshold-not-rounded: "
    "Compares in float64 with a threshold that was not converted to the confidences' dtype.",
    lambda given, _: given,
)
compared(
    "threshold-in-float32: Compares float64 confidences with a threshold rounded to float32.",
    lambda given, _: bits.round_to(given, "float32"),
)
compared(
    "threshold-rounded-twice: "
    "Rounds the threshold to float32 first, and then to the half precision of the confidences.",
    lambda given, own: bits.round_to(bits.round_to(given, "float32") if own in HALVES else given, own),
)
compared(
    "threshold-ties-away: "
    "Rounds a threshold half way between two numbers away from 0, and not to the even one.",
    ties_away,
)
compared(
    "threshold-cut: Cuts the digits of the threshold that the confidences' dtype lacks, and does not round.",
    cut,
)
compared(
    "threshold-clamped: Clamps the threshold to 0..1.",
    lambda given, own: bits.round_to(min(max(given, 0.0), 1.0), own),
)
compared(
    "negative-threshold-masks-nothing: "
    "Skips the mask where the threshold is not above 0, though a confidence may be below it.",
    lambda given, own: bits.round_to(given, own) if given > 0 else -math.inf,
)
compared(
    "zero-threshold-masks-nothing: "
    "Skips the mask where the threshold is 0, though a confidence may be negative.",
    lambda given, own: bits.round_to(given, own) if given else -math.inf,
)
compared(
    "threshold-below-zero-masks-nothing: "
    "Skips the mask where the threshold is negative, though a confidence may be lower still.",
    lambda given, own: bits.round_to(given, own) if given >= 0 else -math.inf,
)


def _in_keypoints_dtype(_: Definition, p: Problem, b: int, before: int, after: int, k: int) -> bool:
    least = bits.round_to(float(p.asked.params.get("prob_threshold", 0.0)), p.dtype)
    return any(bits.round_to(float(confidence(p, b, t, k)), p.dtype) < least for t in (before, after))


mutant(
    "threshold-in-keypoints-dtype: "
    "Rounds confidences and threshold to the keypoints' dtype before comparing.",
    ops=MASKING,
    needs="confidences",
    doubted=_in_keypoints_dtype,
)
mutant(
    "threshold-above-one-masks-all: Masks everything where the threshold is above 1, NaN confidences too.",
    ops=MASKING,
    needs="confidences",
    doubted=lambda truth, p, *cell: p.threshold > 1 or truth.doubted(p, *cell),
)


def _no_probability(threshold: object) -> bool:
    return isinstance(threshold, int | float) and not 0 <= threshold <= 1


refuses(
    "threshold-must-be-probability: Refuses a threshold outside 0..1.",
    ErrorKind.VALUE,
    lambda request: _no_probability(request.params.get("prob_threshold", 0.0)),
)
