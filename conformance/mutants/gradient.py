"""The gradient, most of it at a kink; the loss is right."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from conformance.model import Op
from conformance.mutants.registry import mutant
from conformance.oracle import fixed

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.oracle import Definition, Entry, Exact, Output, Solution
    from conformance.oracle.fixed import Number

gradient = partial(mutant, ops=(Op.GRADIENT,))
NONE, HALF, WHOLE = Fraction(0), Fraction(1, 2), Fraction(1)


def live(entry: Entry) -> bool:
    """Whether the entry is neither masked nor a join."""
    return not entry.joins and not entry.hidden


def sloped(
    what: str,
    where: Callable[[Entry, Number], bool],
    slope: Callable[[Entry, Number], Exact],
    *,
    needs: str = "anything",
) -> None:
    """Declare a slope that is wrong where an entry and its epsilon are so and so."""

    def rule(truth: Definition, entry: Entry, epsilon: Number) -> Exact:
        return slope(entry, epsilon) if where(entry, epsilon) else truth.slope(entry, epsilon)

    gradient(what, needs=needs, slope=rule)


def at_rest(what: str, unit: Exact, where: Callable[[Entry], bool]) -> None:
    """Declare a derivative where a keypoint does not move."""

    def slope(truth: Definition, entry: Entry, epsilon: Number) -> Exact:
        return unit if entry.length == 0 and where(entry) else truth.slope(entry, epsilon)

    def direction(truth: Definition, s: Solution, entry: Entry) -> tuple[Exact, ...]:
        return truth.direction(s, entry) if entry.length else (WHOLE,) * len(entry.step)

    gradient(what, slope=slope, direction=direction)


at_rest("gradient-nan-at-rest: Gives NaN where nothing moves, as the root of 0 does.", math.nan, live)
at_rest(
    "gradient-half-at-rest: Gives one half where nothing moves, as hypot does in some libraries.", HALF, live
)
at_rest(
    "gradient-nan-at-masked-rest: "
    "Gives NaN where a masked keypoint does not move: 0 times the infinite slope of the root.",
    math.nan,
    lambda entry: entry.hidden,
)


def _tied(entry: Entry, epsilon: Number) -> bool:
    return live(entry) and entry.length == epsilon and entry.length != 0


sloped(
    "gradient-half-at-tie: "
    "Gives half the slope where the length equals epsilon, as maximum does in some libraries.",
    _tied,
    lambda _, __: HALF,
)
sloped(
    "gradient-full-at-tie: Gives the full slope where the length equals epsilon, as clamp does.",
    _tied,
    lambda _, __: WHOLE,
)
sloped(
    "gradient-past-epsilon: Lets the gradient through below epsilon.",
    lambda entry, _: live(entry) and isinstance(entry.length, int) and entry.length > 0,
    lambda _, __: WHOLE,
)


def _unmasked(entry: Entry, epsilon: Number) -> Exact:
    return WHOLE if isinstance(entry.length, int) and entry.length > epsilon else NONE


sloped(
    "gradient-past-mask: Lets the gradient through the confidence mask.",
    lambda entry, _: entry.hidden and not entry.joins,
    _unmasked,
    needs="confidences",
)
sloped(
    "gradient-past-joins: Lets the gradient through between segments.",
    lambda entry, _: entry.joins and not entry.hidden,
    _unmasked,
    needs="segment_ids",
)
sloped(
    "gradient-nan-where-masked: Gives NaN where masked keypoints are NaN: 0 times NaN.",
    lambda entry, _: not live(entry) and fixed.is_nan(entry.length),
    lambda _, __: math.nan,
    needs="special",
)
sloped(
    "gradient-nan-where-masked-infinite: Gives NaN where masked keypoints are infinite: 0 times infinity.",
    lambda entry, _: not live(entry) and entry.length == math.inf,
    lambda _, __: math.nan,
    needs="special",
)
sloped(
    "gradient-nan-hidden: Gives 0 for an unmasked NaN step.",
    lambda entry, _: fixed.is_nan(entry.length),
    lambda _, __: NONE,
    needs="special",
)


def _scaled_by_excess(truth: Definition, entry: Entry, epsilon: Number) -> Exact:
    slope = truth.slope(entry, epsilon)
    if slope == 0 or not isinstance(entry.length, int):
        return slope
    return Fraction(int(entry.rectified), entry.length)


gradient(
    "gradient-scaled-by-excess: Scales the gradient by how far the length is above epsilon.",
    slope=_scaled_by_excess,
)


def _seen(truth: Definition, entry: Entry, epsilon: Number) -> Exact:
    return WHOLE if live(entry) and fixed.is_nan(entry.length) else truth.slope(entry, epsilon)


def _nan_alone(truth: Definition, s: Solution, entry: Entry) -> tuple[Exact, ...]:
    if not fixed.is_nan(entry.length):
        return truth.direction(s, entry)
    return tuple(math.nan if fixed.is_nan(d) else NONE for d in entry.step)


gradient(
    "gradient-nan-in-its-axis-only: "
    "Gives NaN to the coordinate that is NaN, and 0 to the others of the keypoint.",
    needs="special",
    slope=_seen,
    direction=_nan_alone,
)


def _nan_everywhere(truth: Definition, s: Solution) -> Output:
    output = truth.gradient(s)
    nan = any(isinstance(v, float) for v in s.outputs["loss"].values)
    return replace(output, values=(math.nan,) * len(output.values)) if nan else output


gradient(
    "gradient-nan-everywhere: Gives NaN for every keypoint where the loss is NaN.",
    needs="special",
    gradient=_nan_everywhere,
)
gradient(
    "gradient-sign-flipped: Gives the negative gradient.",
    push=lambda _, slot, part: slot - part,
    pull=lambda _, slot, part: slot + part,
)
gradient(
    "gradient-of-later-frame: Moves only the frame a step ends in, as if the earlier one were a constant.",
    pull=lambda _, slot, __: slot,
)
gradient(
    "gradient-of-earlier-frame: "
    "Moves only the frame a step starts from, as if the later one were a constant.",
    push=lambda _, slot, __: slot,
)
gradient(
    "gradient-overwritten: Writes each frame's gradient and does not add the two steps it takes part in.",
    push=lambda _, __, part: part,
    pull=lambda _, __, part: -part,
)


def _without_last_frame(truth: Definition, s: Solution) -> Output:
    output, p = truth.gradient(s), s.problem
    last = [i // (p.keypoints * p.axes) % p.frames == p.frames - 1 for i in range(len(output.values))]
    values = (NONE if end else v for v, end in zip(output.values, last, strict=True))
    return replace(output, values=tuple(values))


gradient(
    "gradient-without-last-frame: Gives 0 for the last frame of a sequence.", gradient=_without_last_frame
)


def _in_pairs(truth: Definition, s: Solution) -> Output:
    p = s.problem
    return replace(truth.gradient(s), shape=(p.frames, p.keypoints, p.axes))


gradient(
    "gradient-in-pairs: Gives the gradient of flat columns as (T, K, 2).", needs="flat", gradient=_in_pairs
)
gradient("gradient-of-sum: Forgets to divide the gradient by the count.", share=lambda _, __: Fraction(1))


def _share_of(count: Callable[[Entry], bool], reduction: str) -> Callable[..., Fraction]:
    """Rule by which the gradient of one reduction is divided by other entries."""

    def share(truth: Definition, s: Solution) -> Fraction:
        if s.problem.reduction != reduction:
            return truth.share(s)
        return Fraction(1, max(sum(map(count, s.entries)), 1))

    return share


gradient(
    "gradient-divided-by-unmasked: Divides the gradient of a plain mean by the unmasked entries only.",
    share=_share_of(live, "mean"),
)
gradient(
    "gradient-divided-by-masked-too: "
    "Divides the gradient of a valid_mean by all transitions, masked ones included.",
    share=_share_of(lambda entry: not entry.joins, "valid_mean"),
)
gradient(
    "gradient-of-squares: Gives the gradient of the squared length.",
    direction=lambda _, s, entry: tuple(2 * s.scale.exact(d) for d in entry.step),
)


def _damped(truth: Definition, s: Solution, entry: Entry) -> tuple[Exact, ...]:
    length = s.scale.exact(entry.length)
    if not isinstance(length, Fraction):
        return truth.direction(s, entry)
    return tuple(s.scale.exact(d) / (length + Fraction(1, 10**8)) for d in entry.step)


gradient("gradient-damped: Adds 1e-8 to the length it divides by.", direction=_damped)
