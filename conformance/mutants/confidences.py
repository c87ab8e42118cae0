"""How confidences mask: which frames count, what an odd confidence means, and with what it is compared."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

from conformance import bits
from conformance.model import ErrorKind, Op
from conformance.mutants.numbers import cut, scaled, subnormal, ties_away
from conformance.mutants.refusals import refuses
from conformance.mutants.registry import mutant
from conformance.oracle.problem import HALVES

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.oracle import Definition, Entry, Problem
    from conformance.oracle.fixed import Fixed, Number

MASKING = (Op.VALUE, Op.STAGES, Op.GRADIENT, Op.EPSILON)


def confidence(p: Problem, b: int, t: int, k: int) -> float:
    """Confidence of a keypoint, where there are some."""
    return (p.confidences or ())[p.cell(b, t, k)]


def by_pair(what: str, low: Callable[[float, float, float], bool]) -> None:
    """Declare a rule for the two confidences of a step, earlier and later, and the threshold."""

    def doubted(_: Definition, p: Problem, b: int, before: int, after: int, k: int) -> bool:
        return low(confidence(p, b, before, k), confidence(p, b, after, k), p.threshold)

    mutant(what, ops=MASKING, needs="confidences", doubted=doubted)


def by_each(what: str, low: Callable[[float, float], bool]) -> None:
    """Declare a rule for one confidence and the threshold; it masks where either frame's is low."""
    by_pair(what, lambda a, b, least: low(a, least) or low(b, least))


by_pair(
    "mask-by-earlier-frame: Looks at the confidence of the earlier frame only.", lambda a, _, least: a < least
)
by_pair(
    "mask-by-later-frame: Looks at the confidence of the later frame only.", lambda _, b, least: b < least
)
by_pair(
    "mask-needs-both-low: Masks only where the confidence is low in both frames.",
    lambda a, b, least: a < least and b < least,
)
by_pair(
    "mask-by-mean-confidence: Compares the mean of the two confidences with the threshold.",
    lambda a, b, least: (a + b) / 2 < least,
)
by_each("mask-not-strict: Masks a confidence that equals the threshold.", lambda c, least: c <= least)
by_pair(
    "mask-inverted: Keeps the low-confidence entries and masks the others.",
    lambda a, b, least: not (a < least or b < least),
)
by_each("mask-ignored: Ignores the confidences.", lambda _, __: False)
by_each(
    "nan-confidence-is-low: Masks a NaN confidence: asks `not (c >= p)` and not `c < p`.",
    lambda c, least: not c >= least,
)
by_pair(
    "nan-confidence-poisons: "
    "Takes the smaller confidence with a NaN-spreading minimum, so one NaN hides the other's low value.",
    lambda a, b, least: not (math.isnan(a) or math.isnan(b)) and min(a, b) < least,
)
by_each(
    "nan-confidence-is-one: Replaces a NaN confidence by 1, which a higher threshold masks.",
    lambda c, least: (1.0 if math.isnan(c) else c) < least,
)
by_each(
    "infinite-confidence-masks-nothing: "
    "Takes an infinite confidence for a missing one, so that -inf masks nothing.",
    lambda c, least: math.isfinite(c) and c < least,
)
by_each(
    "infinite-confidence-is-low: Masks an infinite confidence, +inf too.",
    lambda c, least: c < least or math.isinf(c),
)
by_each(
    "confidences-clamped: Clamps confidences to 0..1 before it compares them.",
    lambda c, least: not math.isnan(c) and min(max(c, 0.0), 1.0) < least,
)


def reordered(what: str, needs: str, place: Callable[[Problem, int, int, int], int]) -> None:
    """Declare a rule for where the confidence of a sequence, frame and keypoint is found."""

    def prepare(_: Definition, p: Problem) -> Problem:
        given = p.confidences
        cells = product(range(p.batch), range(p.frames), range(p.keypoints))
        return replace(p, confidences=given and tuple(given[place(p, *cell)] for cell in cells))

    mutant(what, ops=MASKING, needs=needs, prepare=prepare)


reordered(
    "confidences-transposed: Reads confidences as (..., K, T).",
    "confidences",
    lambda p, b, t, k: (b * p.keypoints + k) * p.frames + t,
)
reordered(
    "confidences-of-first-sequence: Uses the confidences of the first sequence for all.",
    "batch",
    lambda p, _, t, k: p.cell(0, t, k),
)


def _weighted(truth: Definition, p: Problem, scale: Fixed, entry: Entry) -> Number:
    kept = truth.mask(p, scale, entry)
    weight = min(confidence(p, entry.batch, t, entry.keypoint) for t in (entry.before, entry.after))
    if math.isfinite(weight):
        return scaled(kept, Fraction(weight))
    return weight * (float(kept != 0) if isinstance(kept, int) else kept)


mutant(
    "weighted-by-confidence: Multiplies each kept length by the smaller confidence.",
    ops=(Op.VALUE, Op.STAGES),
    needs="confidences",
    mask=_weighted,
)


def _whole_frames(truth: Definition, p: Problem, b: int, before: int, after: int, _: int) -> bool:
    return any(truth.doubted(p, b, before, after, k) for k in range(p.keypoints))


mutant(
    "mask-whole-frames: Masks every keypoint of a frame in which one has a low confidence.",
    ops=MASKING,
    needs="confidences",
    doubted=_whole_frames,
)


def _at_origin(_: Definition, p: Problem) -> Problem:
    low = [c < p.threshold for c in p.confidences or () for _ in range(p.axes)]
    x = tuple(0.0 if unsure else v for v, unsure in zip(p.x, low, strict=True))
    return replace(p, x=x, confidences=None)


mutant(
    "low-confidence-at-origin: "
    "Puts low-confidence keypoints at the origin, and measures the steps there and back.",
    ops=(Op.VALUE, Op.STAGES, Op.EPSILON),
    needs="confidences",
    prepare=_at_origin,
)
mutant(
    "no-confidences-are-zero: Takes absent confidences for 0, which a threshold masks.",
    ops=MASKING,
    doubted=lambda truth, p, *cell: p.threshold > 0 if p.confidences is None else truth.doubted(p, *cell),
)

# The threshold ------------------------------------------------------------------------------


def by_threshold(what: str, threshold: Callable[[float, str], float]) -> None:
    """Declare another threshold, of the one asked for and the dtype of the confidences."""

    def doubted(_: Definition, p: Problem, b: int, before: int, after: int, k: int) -> bool:
        given = float(p.asked.params.get("prob_threshold", 0.0))
        least = threshold(given, p.asked.inputs["confidences"].dtype)
        return any(confidence(p, b, t, k) < least for t in (before, after))

    mutant(what, ops=MASKING, needs="confidences", doubted=doubted)


by_threshold(
    "threshold-not-rounded: "
    "Compares in float64 with a threshold that was not converted to the confidences' dtype.",
    lambda given, _: given,
)
by_threshold(
    "threshold-in-float32: Compares float64 confidences with a threshold rounded to float32.",
    lambda given, _: bits.round_to(given, "float32"),
)
by_threshold(
    "threshold-rounded-twice: "
    "Rounds the threshold to float32 first, and then to the half precision of the confidences.",
    lambda given, own: bits.round_to(bits.round_to(given, "float32") if own in HALVES else given, own),
)
by_threshold(
    "threshold-ties-away: "
    "Rounds a threshold half way between two numbers away from 0, and not to the even one.",
    ties_away,
)
by_threshold(
    "threshold-cut: Cuts the digits of the threshold that the confidences' dtype lacks, and does not round.",
    cut,
)
by_threshold(
    "threshold-clamped: Clamps the threshold to 0..1.",
    lambda given, own: bits.round_to(min(max(given, 0.0), 1.0), own),
)
by_threshold(
    "negative-threshold-masks-nothing: "
    "Skips the mask where the threshold is not above 0, though a confidence may be below it.",
    lambda given, own: bits.round_to(given, own) if given > 0 else -math.inf,
)
by_threshold(
    "zero-threshold-masks-nothing: "
    "Skips the mask where the threshold is 0, though a confidence may be negative.",
    lambda given, own: bits.round_to(given, own) if given else -math.inf,
)
by_threshold(
    "threshold-below-zero-masks-nothing: "
    "Skips the mask where the threshold is negative, though a confidence may be lower still.",
    lambda given, own: bits.round_to(given, own) if given >= 0 else -math.inf,
)


def by_small_threshold(what: str, threshold: Callable[[float, str], float]) -> None:
    """Declare another threshold where the one asked for is below the normal numbers of the confidences."""
    by_threshold(
        what,
        lambda given, own: threshold(given, own) if subnormal(given, own) else bits.round_to(given, own),
    )


def _to_its_digits(value: float, dtype: str) -> float:
    """Round to as many binary digits as normal numbers of the dtype have, however small the number is."""
    digits, exponent = math.frexp(value)
    precision = bits.FORMATS[dtype].precision
    return math.ldexp(round(math.ldexp(digits, precision)), exponent - precision)


by_small_threshold(
    "small-threshold-cut: Cuts the digits of a threshold that is below the confidences' normal numbers.", cut
)
by_small_threshold(
    "small-threshold-flushed: Takes a threshold below the confidences' normal numbers for 0.", lambda *_: 0.0
)
by_small_threshold(
    "small-threshold-as-normal: "
    "Rounds a threshold below the confidences' normal numbers to as many digits as those have.",
    _to_its_digits,
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
