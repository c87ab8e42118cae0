"""Absolute error budgets, from the first-order analysis in docs/error-budget.md.

Nothing here is fitted to observed errors: each number counts roundings. `Model.budget` allows
every sound way to write the formula, `Model.tight` only the plain one with a pairwise sum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from conformance import bits
from conformance.model import Op
from conformance.oracle import fixed

if TYPE_CHECKING:
    from conformance.oracle import Entry, Exact, Solution
    from conformance.oracle.fixed import Fixed, Number
    from conformance.oracle.problem import Problem

ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class Model:
    """What the arithmetic under test may do."""

    length: Fraction
    """Roundings, in units of u, in a length of two coordinates."""
    pairwise: bool
    """Whether a sum of M terms costs log2(M) roundings per term, and not M - 1."""


BUDGET = Model(length=Fraction(6), pairwise=False)
TIGHT = Model(length=Fraction(3), pairwise=True)


def budgets(solution: Solution, model: Model) -> dict[str, tuple[float, ...]]:
    """Bound on |subject - expected| for every element of every output.

    `expected` is the oracle's output rounded once, so its own rounding is part of the bound.
    """
    analysis = _Analysis(solution, model)
    bounds: dict[str, tuple[Fraction, ...]] = {}
    op = solution.problem.op
    if op is Op.STAGES:
        bounds["differences"] = tuple(analysis.length(e) for e in solution.entries)
        bounds["masked"] = tuple(
            analysis.length(e) if isinstance(e.masked, int) and e.masked else ZERO for e in solution.entries
        )
        bounds["rectified"] = tuple(analysis.rectified(e) for e in solution.entries)
    elif op is Op.NORM:
        bounds["norm"] = analysis.norm()
    elif op is Op.EPSILON:
        bounds["epsilon"] = analysis.epsilon()
    else:
        bounds["loss"] = analysis.loss()
        if op is Op.GRADIENT:
            bounds["gradient"] = analysis.gradient()
    return {name: tuple(ceiling(b) for b in bound) for name, bound in bounds.items()}


def gradient(solution: Solution, model: Model, factor: Fraction) -> tuple[float, ...]:
    """Give the bound on each element of the gradient of a loss times a power of two, up or down."""
    return tuple(map(ceiling, _Analysis(solution, model).gradient(factor)))


def ceiling(bound: Fraction) -> float:
    """Three significant digits, rounded up: short to write, and never below the bound."""
    if bound == 0:
        return 0.0
    # Digits of numerator and denominator place the first digit to within one; no libm in a stored number.
    places = 3 + len(str(bound.denominator)) - len(str(bound.numerator))
    while math.ceil(bound * Fraction(10) ** places) >= 1000:
        places -= 1
    return float(f"{math.ceil(bound * Fraction(10) ** places)}e{-places}")


def representable(value: Exact, dtype: str) -> bool:
    """Whether a value is a number of this dtype."""
    return bits.round_to(value, dtype) == value


def exact_length(step: tuple[Number, ...], length: Number, scale: Fixed, dtype: str) -> bool:
    """Whether every sound way to compute the length is free of rounding.

    Sound ways are: root of the sum of squares, hypot, and either of them after a division by the
    largest coordinate. Axis-parallel and (3, 4, 5)-like dyadic steps are of this kind.
    """
    if not isinstance(length, int) or length == 0:
        return True
    parts: list[Fraction] = [Fraction(abs(d), 1 << scale.bits) for d in step if isinstance(d, int) and d]
    root = Fraction(length, 1 << scale.bits)
    if root * root != sum(p * p for p in parts):
        return False
    largest = max(parts)
    shares: list[Fraction] = [p / largest for p in parts]
    numbers = [*parts, root, *shares, root / largest]
    if not all(representable(n, dtype) for n in numbers):
        return False
    squares = ([p * p for p in parts], [s * s for s in shares])
    return all(exact_sum(terms, dtype) for terms in squares)


def exact_sum(terms: list[Fraction], dtype: str) -> bool:
    """Whether non-negative terms add up without rounding in any order."""
    total = sum(terms, ZERO)
    if total == 0:
        return True
    if not all(representable(t, dtype) for t in terms) or not representable(total, dtype):
        return False
    # Every partial sum is a multiple of the finest last bit and no larger than the total.
    finest = min(_last_bit(t) for t in terms if t)
    return total / finest <= 1 << bits.FORMATS[dtype].precision


def _last_bit(value: Fraction) -> Fraction:
    top = value.numerator
    return Fraction(top & -top, value.denominator)


def half_ulp(value: Fraction, dtype: str) -> Fraction:
    """Return what one rounding of `value` to the dtype can move it by."""
    return Fraction(bits.ulp(bits.round_to(abs(value), dtype), dtype)) / 2


def growth(x: Fraction) -> Fraction:
    """Give what makes a first-order bound x = n u rigorous: ((1 + u)**n - 1) / x is no larger.

    With one part it is the usual 1 / (1 - x). That breaks down as x nears 1, so the roundings are
    split into parts of at most one half: (1 + u)**n <= (1 / (1 - x / parts))**parts.
    """
    parts = max(math.ceil(2 * x), 1)
    return ((1 - x / parts) ** -parts - 1) / x


class _Analysis:
    """The budgets of one solution under one model of the arithmetic."""

    def __init__(self, solution: Solution, model: Model) -> None:
        self.s = solution
        self.p: Problem = solution.problem
        self.model = model
        self.u = Fraction(bits.FORMATS[self.p.result].unit_roundoff)
        # Lengths: half the D - 1 additions and the squares' own roundings on top of the model's.
        self.k = model.length + Fraction(self.p.axes - 2, 2)

    def exact(self, number: Number) -> Fraction:
        """Size of a finite number; 0 stands for NaN and infinity, which no budget applies to."""
        value = self.s.scale.exact(number)
        return value if isinstance(value, Fraction) else ZERO

    def close(self, first_order: Fraction, roundings: Fraction | int) -> Fraction:
        """First-order bound in units of u, made rigorous for any number of roundings."""
        return first_order * self.u * growth((roundings + 1) * self.u)

    def is_exact(self, e: Entry) -> bool:
        return exact_length(e.step, e.length, self.s.scale, self.p.result)

    def length(self, e: Entry) -> Fraction:
        """Length of one step, and the rounding of the expected one."""
        return ZERO if self.is_exact(e) else self.close((self.k + 1) * self.exact(e.length), self.k)

    def near(self, e: Entry) -> Fraction:
        """How far an active or nearly active entry may be off, before the expected one is rounded.

        0 for an entry that is certainly 0: hidden, at rest, or below epsilon by more than its error.
        """
        if e.masked == 0 or not isinstance(e.masked, int):
            return ZERO
        length, epsilon = self.exact(e.length), self.exact(self.s.epsilon[e.keypoint])
        rest = max(length - epsilon, ZERO)
        if self.is_exact(e):
            return ZERO if representable(rest, self.p.result) else self.close(rest, 1)
        error = self.close(self.k * length, self.k)
        if length + error <= epsilon:
            return ZERO
        return error + self.close(rest + error, 1)

    def rectified(self, e: Entry) -> Fraction:
        """One entry after epsilon, and the rounding of the expected one."""
        near = self.near(e)
        return near + half_ulp(self.exact(e.rectified), self.p.result) if near else ZERO

    def loss(self) -> tuple[Fraction, ...]:
        """Each entry, or the sum or mean of all."""
        s, p = self.s, self.p
        if p.reduction == "none":
            return tuple(self.rectified(e) for e in s.entries)
        output = s.outputs["loss"].values[0]
        if not isinstance(output, Fraction):
            return (ZERO,)
        errors = [self.near(e) for e in s.entries]
        terms = [self.exact(e.rectified) for e in s.entries]
        active = sum(1 for e, t in zip(errors, terms, strict=True) if e or t)
        sum_is_exact = not any(errors) and exact_sum(terms, p.result)
        additions = 0 if sum_is_exact or active < 2 else self.additions(active)
        count = 1 if p.reduction == "sum" else s.count
        # A count that is no power of two costs a division, or a reciprocal and a product.
        divisions = 0 if count == 0 or count & (count - 1) == 0 else 2
        if not any(errors) and not additions and (not divisions or output == 0):
            return (ZERO,)
        error = sum(errors, ZERO) / max(count, 1)
        after = additions + divisions
        return (error + self.close((output + error) * after, after) + half_ulp(output, p.result),)

    def additions(self, terms: int) -> int:
        """Give the roundings that one term of a sum passes through."""
        return (terms - 1).bit_length() if self.model.pairwise else terms - 1

    def gradient(self, factor: Fraction = ONE) -> tuple[Fraction, ...]:
        """Each coordinate: the two unit vectors, their difference, and the expected one's rounding."""
        s, p = self.s, self.p
        output = [factor * g for g in s.outputs["gradient"].values]
        errors = [ZERO] * len(output)
        share = abs(factor) / (s.count if p.reduction != "sum" and s.count else 1)
        # The coordinate's own subtraction, the quotient, and the division by the count.
        k = self.k + 3
        for e in s.entries:
            if e.rectified == 0 or not isinstance(e.rectified, int):
                continue
            length = self.exact(e.length)
            i = p.point(e.batch, e.before, e.keypoint)
            j = p.point(e.batch, e.after, e.keypoint)
            for axis, d in enumerate(e.step):
                unit = abs(self.exact(d)) / length
                if unit == 0 or (unit == 1 and self.divides_exactly(e, share)):
                    continue
                error = self.close(k * unit * share, k)
                errors[i + axis] += error
                errors[j + axis] += error
        return tuple(
            ZERO if not isinstance(g, Fraction) else self.settled(g, error)
            for g, error in zip(output, errors, strict=True)
        )

    def divides_exactly(self, e: Entry, share: Fraction) -> bool:
        """Whether a coordinate over its own length, and over the count, is free of rounding.

        Sound ways are: a quotient, and a product with the rounded reciprocal, which gives 1 for most lengths.
        """
        if not self.is_exact(e) or share.denominator.bit_count() != 1:
            return False
        length, dtype = self.exact(e.length), self.p.result
        return bits.round_to(Fraction(bits.round_to(1 / length, dtype)) * length, dtype) == 1

    def settled(self, g: Fraction, error: Fraction) -> Fraction:
        """Add the last subtraction, then the rounding of the expected one or to half precision."""
        p = self.p
        if not error and representable(g, p.result):
            # Rounding to half precision, which may follow, is the same for everybody.
            return ZERO
        error += half_ulp(abs(g) + error, p.result)
        if p.dtype == p.result:
            return error + half_ulp(g, p.dtype)
        # Rounded once from somewhere in this range: to one number, unless the range spans a tie.
        due, low, high = (Fraction(bits.round_to(v, p.dtype)) for v in (g, g - error, g + error))
        return max(due - low, high - due)

    def norm(self) -> tuple[Fraction, ...]:
        """Give a row without a budget for each sequence's first frame, then the lengths."""
        p = self.p
        row = (p.frames - 1) * p.keypoints
        bounds: list[Fraction] = []
        for b in range(p.batch):
            bounds += [ZERO] * p.keypoints
            bounds += [self.length(e) for e in self.s.entries[b * row : (b + 1) * row]]
        return tuple(bounds)

    def epsilon(self) -> tuple[Fraction, ...]:
        """One quantile per keypoint."""
        return tuple(self.quantile(k, value) for k, value in enumerate(self.s.outputs["epsilon"].values))

    def quantile(self, keypoint: int, value: Exact) -> Fraction:
        """Errors of the steps, of the place between them, and of the interpolation."""
        if not isinstance(value, Fraction):
            return ZERO
        p = self.p
        kept = [e for e in self.s.entries if e.keypoint == keypoint and not e.hidden]
        kept = [e for e in kept if not fixed.is_nan(e.length)]
        # Infinite steps come last. They move the place; no finite quantile touches one.
        steps = sorted(self.exact(e.length) for e in kept if isinstance(e.length, int))
        place = Fraction(p.quantile) * (len(kept) - 1)
        low = math.floor(place)
        high = min(low + 1, len(steps) - 1)
        weight = place - low
        if all(map(self.is_exact, kept)) and self.exact_place(place):
            parts = (steps[high] - steps[low], weight * (steps[high] - steps[low]), value)
            ends = (steps[low] * (1 - weight), steps[high] * weight)
            if all(representable(n, p.result) for n in (*parts, *ends)):
                return ZERO
        shift = ZERO if self.exact_place(place) else self.close(2 * place, 2)
        first = max(math.ceil(place - shift) - 1, 0)
        last = min(math.floor(place + shift) + 1, len(steps) - 1)
        steepest = max((steps[i + 1] - steps[i] for i in range(first, last)), default=ZERO)
        # Rounding of the lengths, then 1 - w, two products and a sum, none larger than the upper step.
        error = self.close((self.k + 4) * steps[high], self.k + 4)
        return error + shift * steepest + half_ulp(value, p.result)

    def exact_place(self, place: Fraction) -> bool:
        """Whether q (n - 1) is computed without rounding in the result dtype."""
        return representable(Fraction(self.p.quantile), self.p.result) and representable(place, self.p.result)
