"""Mistakes in where the quantile of `estimate_epsilon` is placed."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from conformance.mistakes.registry import Wrong
from conformance.model import Op

if TYPE_CHECKING:
    from conformance.oracle import Exact, Output, Problem, Solution


class _Quantile(Wrong):
    """Base of the mistakes about the quantile."""

    ops = (Op.EPSILON,)


class QuantileLower(_Quantile):
    """Takes the lower order statistic and does not interpolate."""

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        return steps[math.floor(Fraction(q) * (len(steps) - 1))] if steps else math.nan


class QuantileHigher(_Quantile):
    """Takes the upper order statistic and does not interpolate."""

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        return steps[math.ceil(Fraction(q) * (len(steps) - 1))] if steps else math.nan


class QuantileNearest(_Quantile):
    """Takes the nearest order statistic, half way the even one, and does not interpolate."""

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        return steps[round(Fraction(q) * (len(steps) - 1))] if steps else math.nan


class QuantileHalfUp(_Quantile):
    """Takes the nearest order statistic, half way the upper one, and does not interpolate."""

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        return steps[math.floor(Fraction(q) * (len(steps) - 1) + Fraction(1, 2))] if steps else math.nan


class QuantileMidpoint(_Quantile):
    """Takes the middle between the two order statistics."""

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        place = Fraction(q) * (len(steps) - 1)
        return (steps[math.floor(place)] + steps[math.ceil(place)]) / 2 if steps else math.nan


class QuantileNearestRank(_Quantile):
    """Takes step number ceil(q*n), the nearest rank, and does not interpolate."""

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        return steps[max(math.ceil(Fraction(q) * len(steps)) - 1, 0)] if steps else math.nan


class QuantileIndexCut(_Quantile):
    """Takes the step at index q*n, cut to a whole number."""

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        return steps[min(math.floor(Fraction(q) * len(steps)), len(steps) - 1)] if steps else math.nan


class _Placed(_Quantile):
    """Base of the mistakes that interpolate at another place."""

    def place(self, q: Fraction, count: int) -> Fraction:
        raise NotImplementedError

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        if not steps:
            return math.nan
        last = len(steps) - 1
        place = min(max(self.place(Fraction(q), len(steps)), Fraction(0)), Fraction(last))
        low = math.floor(place)
        if place == low:
            return steps[low]
        return steps[low] + (steps[low + 1] - steps[low]) * (place - low)


class QuantileOfCount(_Placed):
    """Places the quantile at q*n and not at q*(n-1)."""

    def place(self, q: Fraction, count: int) -> Fraction:
        return q * count


class QuantileExclusive(_Placed):
    """Places the quantile at q*(n+1) - 1, as if the smallest and largest step were not the ends."""

    def place(self, q: Fraction, count: int) -> Fraction:
        return q * (count + 1) - 1


class QuantileMidway(_Placed):
    """Places the quantile at q*n - 1/2, half way between steps where the text has steps."""

    def place(self, q: Fraction, count: int) -> Fraction:
        return q * count - Fraction(1, 2)


class QuantileFromAbove(_Quantile):
    """Takes the quantile 1 - q."""

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        return super().quantile(steps, float(1 - Fraction(q)))


class QuantileIgnored(_Quantile):
    """Uses 0.99 whatever quantile is asked for."""

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        return super().quantile(steps, 0.99)


class QuantileIsLargest(_Quantile):
    """Gives the largest step."""

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        return super().quantile(steps, 1.0)


class QuantileOfNothingIsZero(_Quantile):
    """Gives 0 and not NaN where no step is left."""

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        return super().quantile(steps, q) if steps else Fraction(0)


class QuantileMeanOfSequences(_Quantile):
    """Averages the quantiles of the sequences of a batch."""

    needs = "batch"

    def quantiles(self, s: Solution) -> Output:
        output = super().quantiles(s)
        p: Problem = s.problem
        if p.batch < 2:
            return output
        parts = [
            super(QuantileMeanOfSequences, self)
            .quantiles(replace(s, entries=[e for e in s.entries if e.batch == b]))
            .values
            for b in range(p.batch)
        ]
        total: list[Exact] = [Fraction(0)] * p.keypoints
        for part in parts:
            total = [a + b for a, b in zip(total, part, strict=True)]
        means = tuple(v / p.batch for v in total)
        return replace(output, values=means)
