"""The loss as its clauses define it, one entry at a time, in exact arithmetic.

An entry is one keypoint of one transition. Each rule of the normative text is a method, so that
a mutant is the definition with one of them replaced.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from conformance.model import Op
from conformance.oracle import fixed
from conformance.oracle.fixed import Exact, Fixed, Number

if TYPE_CHECKING:
    from conformance.oracle.problem import Problem


@dataclass(slots=True)
class Entry:
    """One keypoint of one transition, from frame `before` to frame `after`."""

    batch: int
    before: int
    after: int
    keypoint: int
    step: tuple[Number, ...]
    length: Number
    joins: bool
    hidden: bool
    masked: Number
    rectified: Number


@dataclass(frozen=True)
class Output:
    """One exact result, before its only rounding."""

    dtype: str
    shape: tuple[int, ...]
    values: tuple[Exact, ...]


@dataclass
class Solution:
    """All the oracle found on the way to its outputs."""

    problem: Problem
    scale: Fixed
    entries: list[Entry]
    epsilon: tuple[Number, ...]
    count: int
    outputs: dict[str, Output]


class Definition:
    """The truth. `guard` is the number of good bits beyond the finest input."""

    guard = 264

    def solve(self, problem: Problem) -> Solution:
        """Compute every entry and the outputs asked for."""
        p = self.prepare(problem)
        scale = Fixed.fitting((*p.x, *p.epsilon), self.guard)
        epsilon = tuple(scale.read(e) for e in p.epsilon)
        entries = self.entries(p, scale, epsilon)
        s = Solution(p, scale, entries, epsilon, self.divisor(p, entries), {})
        if p.op is Op.STAGES:
            s.outputs = self.stages(s)
        elif p.op is Op.NORM:
            s.outputs = {"norm": self.norm(s)}
        elif p.op is Op.EPSILON:
            s.outputs = {"epsilon": self.quantiles(s)}
        else:
            s.outputs = {"loss": self.loss(s)}
            if p.op is Op.GRADIENT:
                s.outputs["gradient"] = self.gradient(s)
        return s

    def prepare(self, p: Problem) -> Problem:
        """Lay out the inputs."""
        return p

    def pairs(self, p: Problem) -> list[tuple[int, int]]:
        """TL-2: each frame with the next."""
        return [(t, t + 1) for t in range(p.frames - 1)]

    def entries(self, p: Problem, scale: Fixed, epsilon: tuple[Number, ...]) -> list[Entry]:
        """Every entry, in the order of the result."""
        x = [scale.read(v) for v in p.x]
        found = []
        for b in range(p.batch):
            for before, after in self.pairs(p):
                joins = self.joins(p, b, before, after)
                for k in range(p.keypoints):
                    i, j = p.point(b, before, k), p.point(b, after, k)
                    step = self.step(p, scale, tuple(x[i : i + p.axes]), tuple(x[j : j + p.axes]))
                    length = self.length(p, scale, step)
                    hidden = self.hidden(p, b, before, after, k)
                    entry = Entry(b, before, after, k, step, length, joins, hidden, 0, 0)
                    entry.masked = self.mask(p, scale, entry)
                    entry.rectified = self.rectify(entry.masked, epsilon[k])
                    found.append(entry)
        return found

    def step(
        self, p: Problem, scale: Fixed, start: tuple[Number, ...], end: tuple[Number, ...]
    ) -> tuple[Number, ...]:
        """TL-2: end minus start, coordinate by coordinate."""
        return tuple(map(fixed.sub, end, start))

    def length(self, p: Problem, scale: Fixed, step: tuple[Number, ...]) -> Number:
        """TL-2: Euclidean norm."""
        return scale.root_of_squares(step)

    def joins(self, p: Problem, b: int, before: int, after: int) -> bool:
        """TL-2.1: whether the step runs from one segment to another."""
        if p.segments is None:
            return False
        row = b * p.frames
        return p.segments[row + before] != p.segments[row + after]

    def hidden(self, p: Problem, b: int, before: int, after: int, k: int) -> bool:
        """TL-3: whether the entry is masked, by confidence or by the NaN policy."""
        return self.doubted(p, b, before, after, k) or self.omitted(p, b, before, after, k)

    def doubted(self, p: Problem, b: int, before: int, after: int, k: int) -> bool:
        """TL-3.1: low confidence in either frame."""
        if p.confidences is None:
            return False
        first, second = p.confidences[p.cell(b, before, k)], p.confidences[p.cell(b, after, k)]
        return first < p.threshold or second < p.threshold

    def omitted(self, p: Problem, b: int, before: int, after: int, k: int) -> bool:
        """TL-3.5: a NaN coordinate in either frame, where the policy is "omit"."""
        if p.nan_policy != "omit":
            return False
        return any(
            math.isnan(v) for i in (p.point(b, before, k), p.point(b, after, k)) for v in p.x[i : i + p.axes]
        )

    def mask(self, p: Problem, scale: Fixed, entry: Entry) -> Number:
        """TL-2.1, TL-3.1, TL-3.4: exactly 0, whatever the keypoints hold."""
        return 0 if entry.joins or entry.hidden else entry.length

    def rectify(self, value: Number, epsilon: Number) -> Number:
        """TL-4: max(value - epsilon, 0), NaN stays NaN."""
        rest = fixed.sub(value, epsilon)
        return rest if fixed.is_nan(rest) or rest > 0 else 0

    def counts(self, p: Problem, entry: Entry) -> bool:
        """TL-5: whether the entry is part of the divisor."""
        return not entry.joins and not (p.reduction == "valid_mean" and entry.hidden)

    def divisor(self, p: Problem, entries: list[Entry]) -> int:
        """TL-5: number of entries that a mean divides by."""
        return sum(self.counts(p, e) for e in entries)

    def stages(self, s: Solution) -> dict[str, Output]:
        """Each stage's array."""
        return {
            "differences": self.array(s, [e.length for e in s.entries]),
            "masked": self.array(s, [e.masked for e in s.entries]),
            "rectified": self.array(s, [e.rectified for e in s.entries]),
        }

    def array(self, s: Solution, numbers: list[Number]) -> Output:
        """Per-entry numbers as (..., T-1, K)."""
        p = s.problem
        shape = (*p.lead, len(self.pairs(p)), p.keypoints)
        return Output(p.result, shape, tuple(map(s.scale.exact, numbers)))

    def loss(self, s: Solution) -> Output:
        """TL-5: the reduction."""
        p = s.problem
        if p.reduction == "none":
            return self.array(s, [e.rectified for e in s.entries])
        total = s.scale.exact(self.total(s))
        if p.reduction != "sum":
            total = self.mean(total, s.count)
        return Output(p.result, (), (total,))

    def total(self, s: Solution) -> Number:
        """Sum of all entries."""
        total: Number = 0
        for e in s.entries:
            total = fixed.add(total, e.rectified)
        return total

    def mean(self, total: Exact, count: int) -> Exact:
        """TL-5.3: a mean over nothing is 0."""
        return total / count if count else Fraction(0)

    def gradient(self, s: Solution) -> Output:
        """TL-8: derivative of the scalar loss by every coordinate."""
        p = s.problem
        share = self.share(s)
        slots: list[Exact] = [Fraction(0)] * len(p.x)
        sizes = [Fraction(0)] * len(p.x)
        for e in s.entries:
            slope = self.slope(e, s.epsilon[e.keypoint])
            if slope == 0:
                continue
            i, j = p.point(e.batch, e.before, e.keypoint), p.point(e.batch, e.after, e.keypoint)
            for axis, unit in enumerate(self.direction(s, e)):
                part = slope * unit * share
                slots[j + axis] = self.push(slots[j + axis], part)
                slots[i + axis] = self.pull(slots[i + axis], part)
                if isinstance(part, Fraction):
                    sizes[j + axis] += abs(part)
                    sizes[i + axis] += abs(part)
        # Two equal directions cancel to 0; the last bit of an irrational length must not say otherwise.
        fuzz = Fraction(1, 1 << (self.guard - 24))
        values = (
            Fraction(0) if isinstance(g, Fraction) and abs(g) <= z * fuzz else g
            for g, z in zip(slots, sizes, strict=True)
        )
        return Output(p.dtype, p.shape, tuple(values))

    def share(self, s: Solution) -> Fraction:
        """Give the derivative of the scalar by one entry."""
        if s.problem.reduction == "sum":
            return Fraction(1)
        return Fraction(1, s.count) if s.count else Fraction(0)

    def slope(self, entry: Entry, epsilon: Number) -> Exact:
        """TL-8.2, TL-8.3: derivative of the rectified entry by its length."""
        if entry.joins or entry.hidden:
            return Fraction(0)
        if fixed.is_nan(entry.rectified):
            return math.nan
        return Fraction(1 if entry.rectified > 0 else 0)

    def direction(self, s: Solution, entry: Entry) -> tuple[Exact, ...]:
        """TL-8.1: the unit vector of the step; none at rest."""
        length = entry.length
        if not isinstance(length, int):
            return (math.nan,) * len(entry.step)
        if length == 0:
            return (Fraction(0),) * len(entry.step)
        return tuple(Fraction(d, length) if isinstance(d, int) else math.nan for d in entry.step)

    def push(self, gradient: Exact, part: Exact) -> Exact:
        """Gradient of the frame a step ends in."""
        return gradient + part

    def pull(self, gradient: Exact, part: Exact) -> Exact:
        """Gradient of the frame a step starts from."""
        return gradient - part

    def norm(self, s: Solution) -> Output:
        """TL-12: the length of the step into each frame; none into the first."""
        p = s.problem
        values: list[Exact] = []
        row = (p.frames - 1) * p.keypoints
        for b in range(p.batch):
            values += [math.nan] * p.keypoints
            values += [s.scale.exact(e.length) for e in s.entries[b * row : (b + 1) * row]]
        return Output(p.result, (*p.lead, p.frames, p.keypoints), tuple(values))

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        """TL-13.1: the steps of a keypoint that count, in rising order."""
        kept = (e for e in s.entries if e.keypoint == keypoint and not e.hidden)
        return sorted(s.scale.exact(e.length) for e in kept if not fixed.is_nan(e.length))

    def quantiles(self, s: Solution) -> Output:
        """TL-13: one quantile per keypoint."""
        p = s.problem
        found = tuple(self.quantile(self.observed(s, k), p.quantile) for k in range(p.keypoints))
        return Output(p.result, (p.keypoints,), found)

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        """TL-13.2: linear interpolation between order statistics."""
        if not steps:
            return math.nan
        place = Fraction(q) * (len(steps) - 1)
        low = math.floor(place)
        if place == low:
            return steps[low]
        return steps[low] + (steps[low + 1] - steps[low]) * (place - low)
