"""The length of a step."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, Any

from conformance import bits
from conformance.model import Op
from conformance.mutants.numbers import scaled
from conformance.mutants.registry import mutant
from conformance.oracle import fixed

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.oracle import Definition, Entry, Exact, Problem, Solution
    from conformance.oracle.fixed import Fixed, Number

    Step = tuple[Number, ...]

FORWARDS = (Op.VALUE, Op.STAGES, Op.NORM, Op.EPSILON)


def directed(of: Callable[[Solution, Entry], tuple[Exact, ...]]) -> Callable[..., tuple[Exact, ...]]:
    """Rule for the derivative of a finite length by the coordinates."""

    def direction(truth: Definition, s: Solution, entry: Entry) -> tuple[Exact, ...]:
        return of(s, entry) if isinstance(entry.length, int) else truth.direction(s, entry)

    return direction


def _sign(d: Number) -> Fraction:
    return Fraction((d > 0) - (d < 0))


def _square(truth: Definition, p: Problem, scale: Fixed, step: Step) -> Number:
    root = truth.length(p, scale, step)
    return root * root >> scale.bits if isinstance(root, int) else root * root


mutant(
    "squared-length: Sums squares and takes no root.",
    length=_square,
    direction=directed(lambda s, entry: tuple(2 * s.scale.exact(d) for d in entry.step)),
)
mutant(
    "city-block-length: Adds absolute differences (L1) in place of the Euclidean norm.",
    length=lambda _, __, ___, step: reduce(fixed.add, (abs(d) for d in step)),
    direction=directed(lambda _, entry: tuple(map(_sign, entry.step))),
)


def _largest(_: Definition, __: Problem, ___: Fixed, step: Step) -> Number:
    return math.nan if any(map(fixed.is_nan, step)) else max(map(abs, step))


mutant(
    "largest-coordinate: Takes the largest absolute difference in place of the Euclidean norm.",
    length=_largest,
    direction=directed(lambda _, entry: tuple(_sign(d) * (abs(d) == entry.length) for d in entry.step)),
)


def rooted(what: str, squares: Callable[[int, int, Fixed], Number], **rules: Any) -> None:
    """Declare another number under the root, of the sum of squares, the number of axes and the scale."""

    def length(truth: Definition, p: Problem, scale: Fixed, step: Step) -> Number:
        whole = [d for d in step if isinstance(d, int)]
        if len(whole) < len(step):
            return truth.length(p, scale, step)
        return math.isqrt(int(squares(sum(d * d for d in whole), len(step), scale)))

    mutant(what, length=length, **rules)


def _mean_direction(truth: Definition, s: Solution, entry: Entry) -> tuple[Exact, ...]:
    return tuple(unit / len(entry.step) for unit in truth.direction(s, entry))


rooted(
    "root-mean-square: Takes the mean of the squares, and not their sum, under the root.",
    lambda total, axes, _: total // axes,
    direction=_mean_direction,
)
rooted(
    "tiny-under-the-root: "
    "Adds 1e-12 under the root to dodge the gradient at rest: still keypoints get a length of 1e-6.",
    lambda total, _, scale: total + scaled(1 << (2 * scale.bits), Fraction(1, 10**12)),
)


def _first_direction(truth: Definition, s: Solution, entry: Entry) -> tuple[Exact, ...]:
    return (*truth.direction(s, entry)[:1], *((Fraction(0),) * (len(entry.step) - 1)))


mutant(
    "first-axis-alone: Takes the difference of the first coordinate alone.",
    length=lambda truth, p, scale, step: truth.length(p, scale, step[:1]),
    direction=_first_direction,
)


def _seen(step: Step) -> Step:
    return tuple(0 if fixed.is_nan(d) else d for d in step)


mutant(
    "nan-seen-as-zero: Sums squares with a NaN-skipping sum: a NaN coordinate counts as no motion.",
    needs="special",
    length=lambda truth, p, scale, step: truth.length(p, scale, _seen(step)),
    direction=lambda truth, s, entry: truth.direction(s, replace(entry, step=_seen(entry.step))),
)
mutant(
    "sign-of-one-axis: Leaves the sign of the difference where there is one coordinate.",
    ops=FORWARDS,
    length=lambda truth, p, scale, step: step[0] if len(step) == 1 else truth.length(p, scale, step),
)


def _short_is_rest(truth: Definition, p: Problem, scale: Fixed, step: Step) -> Number:
    length = truth.length(p, scale, step)
    return 0 if length < scaled(1 << scale.bits, Fraction(1, 10**8)) else length


mutant("short-steps-are-rest: Takes steps below 1e-8 for rest.", length=_short_is_rest)


def _by_fourth_power(truth: Definition, p: Problem, scale: Fixed, step: Step) -> Number:
    length = truth.length(p, scale, step)
    exact = scale.exact(length)
    if not isinstance(exact, Fraction):
        return length
    fourth = bits.round_to(exact**4, p.result)
    return math.inf if math.isinf(fourth) else length if fourth else 0


mutant(
    "fourth-power: Squares the squares and takes the root twice: overflows, and underflows, half way.",
    ops=FORWARDS,
    length=_by_fourth_power,
)


def _expanded(truth: Definition, p: Problem, scale: Fixed, start: Step, end: Step) -> Step:
    step = truth.step(p, scale, start, end)
    if not all(isinstance(v, int) for v in (*start, *end)):
        return step
    total = Fraction(0)
    for a, b in zip(start, end, strict=True):
        x, y = Fraction(int(a), 1 << scale.bits), Fraction(int(b), 1 << scale.bits)
        for term in (x * x, -2 * x * y, y * y):
            total = Fraction(bits.round_to(total + Fraction(bits.round_to(term, p.result)), p.result))
    side = math.isqrt(int(max(total, Fraction(0)) * (1 << (2 * scale.bits))))
    return (side, *((0,) * (len(step) - 1)))


mutant(
    "square-expanded: Computes the squared length as a*a - 2*a*b + b*b, which cancels far from the origin.",
    ops=FORWARDS,
    step=_expanded,
)
