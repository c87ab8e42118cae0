"""The soft threshold: what is subtracted where, and from which keypoint's steps."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from conformance.model import ErrorKind, Op
from conformance.mutants.registry import mutant
from conformance.oracle import fixed, read, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.model import Request
    from conformance.oracle import Definition, Entry, Exact, Output, Problem, Solution
    from conformance.oracle.fixed import Fixed, Number

RECTIFYING = (Op.VALUE, Op.STAGES, Op.GRADIENT)
VALUES = (Op.VALUE, Op.STAGES)
epsilon = partial(mutant, needs="epsilon")

epsilon(
    "epsilon-hard-threshold: Zeroes lengths below epsilon but does not subtract it from the others.",
    ops=RECTIFYING,
    rectify=lambda _, value, least: value if fixed.is_nan(value) or value > least else 0,
)
epsilon("epsilon-ignored: Ignores epsilon.", ops=RECTIFYING, rectify=lambda _, value, __: value)


def _slope_everywhere(truth: Definition, entry: Entry, least: Number) -> Exact:
    if entry.joins or entry.hidden or fixed.is_nan(entry.length):
        return truth.slope(entry, least)
    return Fraction(bool(entry.length))


epsilon(
    "epsilon-not-clamped: Subtracts epsilon and lets the result become negative.",
    ops=RECTIFYING,
    rectify=lambda _, value, least: fixed.sub(value, least),
    slope=_slope_everywhere,
)


def _slope_downwards(truth: Definition, entry: Entry, least: Number) -> Exact:
    slope = truth.slope(entry, least)
    return -slope if entry.length < least else slope


epsilon(
    "epsilon-absolute: Takes the distance of the length from epsilon, |l - epsilon|.",
    ops=RECTIFYING,
    rectify=lambda _, value, least: abs(fixed.sub(value, least)),
    slope=_slope_downwards,
)
epsilon(
    "epsilon-subtracted-twice: Compares with epsilon what it was subtracted from already.",
    ops=RECTIFYING,
    rectify=lambda truth, value, least: truth.rectify(truth.rectify(value, least), least),
)
epsilon(
    "epsilon-relative: Multiplies by 1 - epsilon / l, which is NaN for an infinite length.",
    ops=VALUES,
    rectify=lambda truth, value, least: math.nan if value == math.inf else truth.rectify(value, least),
)
epsilon(
    "nan-hidden-by-epsilon: "
    "Turns an unmasked NaN into 0 in the epsilon stage, as `where(l > e, l - e, 0)` does.",
    ops=RECTIFYING,
    needs="special",
    rectify=lambda truth, value, least: 0 if fixed.is_nan(value) else truth.rectify(value, least),
)


def _below_root(truth: Definition, p: Problem, scale: Fixed, given: tuple[Number, ...]) -> list[Entry]:
    found = truth.entries(p, scale, given)
    for e in found:
        least = given[e.keypoint]
        if isinstance(e.masked, int) and isinstance(least, int):
            e.rectified = math.isqrt(max(e.masked * e.masked - least * least, 0))
    return found


epsilon(
    "epsilon-below-root: Subtracts the square of epsilon from the square of the length, then takes the root.",
    ops=VALUES,
    entries=_below_root,
)


def _after_reduction(truth: Definition, s: Solution) -> Output:
    output = truth.loss(s)
    if output.shape:
        return output
    rest = output.values[0] - s.scale.exact(s.epsilon[0])
    return replace(output, values=(rest if math.isnan(rest) else max(rest, Fraction(0)),))


epsilon(
    "epsilon-after-reduction: Subtracts epsilon from the mean or sum and not from each length.",
    ops=(Op.VALUE,),
    rectify=lambda _, value, __: value,
    loss=_after_reduction,
)


def _before_mask(truth: Definition, s: Solution) -> dict[str, Output]:
    early = [truth.rectify(e.length, s.epsilon[e.keypoint]) for e in s.entries]
    masked: list[Number] = [0 if e.hidden else early[i] for i, e in enumerate(s.entries)]
    return truth.stages(s) | {"masked": truth.array(s, masked), "rectified": truth.array(s, early)}


mutant("epsilon-before-mask: Runs the epsilon stage before the mask.", ops=(Op.STAGES,), stages=_before_mask)


def _masked_in_place(truth: Definition, s: Solution) -> dict[str, Output]:
    found = truth.stages(s)
    return found | {"differences": found["masked"]}


mutant(
    "differences-masked: Masks the differences in place, so that they are lost.",
    ops=(Op.STAGES,),
    needs="confidences",
    stages=_masked_in_place,
)


def handed_out(what: str, hand: Callable[[Problem], tuple[float, ...]]) -> None:
    """Declare a rule for which keypoint gets which epsilon."""
    epsilon(what, ops=RECTIFYING, prepare=lambda _, p: replace(p, epsilon=hand(p)))


handed_out(
    "epsilon-reversed: Hands the epsilons to the keypoints in reverse order.", lambda p: p.epsilon[::-1]
)
handed_out(
    "epsilon-first-for-all: Uses the first epsilon for every keypoint.", lambda p: p.epsilon[:1] * p.keypoints
)
handed_out(
    "epsilon-largest-for-all: Uses the largest epsilon for every keypoint.",
    lambda p: (max(p.epsilon),) * p.keypoints,
)


def _listed(request: Request) -> bool:
    """Whether there is more than one epsilon."""
    array = request.inputs.get("epsilon")
    given = array.values if array else request.params.get("epsilon")
    return isinstance(given, list | tuple) and len(given) > 1


def _one_a_step(request: Request) -> ErrorKind | None:
    kind = refusal(request)
    if kind is None and _listed(request):
        p = read(request)
        return None if p.frames - 1 == p.keypoints else ErrorKind.SHAPE
    return kind


def _along(which: Callable[[Entry], int]) -> Callable[..., list[Entry]]:
    """Rule by which each entry looks up its epsilon at another place."""

    def entries(truth: Definition, p: Problem, scale: Fixed, given: tuple[Number, ...]) -> list[Entry]:
        found = truth.entries(p, scale, given)
        if _listed(p.asked):
            for e in found:
                e.rectified = truth.rectify(e.masked, given[which(e)])
        return found

    return entries


epsilon(
    "epsilon-along-time: "
    "Hands a list of epsilons to the steps and not to the keypoints, where there are as many.",
    ops=RECTIFYING,
    refuses=_one_a_step,
    entries=_along(lambda e: e.before),
)


def _along_sequences(truth: Definition, p: Problem, scale: Fixed, given: tuple[Number, ...]) -> list[Entry]:
    along = _along(lambda e: e.batch if p.lead == (p.keypoints,) else e.keypoint)
    return along(truth, p, scale, given)


epsilon(
    "epsilon-along-sequences: Hands a list of epsilons to the sequences of a batch, where there are as many.",
    ops=VALUES,
    entries=_along_sequences,
)
