"""Where the quantile of `estimate_epsilon` is placed."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from conformance.model import Op
from conformance.mutants.registry import mutant

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.oracle import Definition, Exact, Output, Solution

estimate = partial(mutant, ops=(Op.EPSILON,))


def placed(what: str, place: Callable[[Fraction, int], Fraction | int]) -> None:
    """Declare another place among the steps in rising order, of the quantile and the number of steps."""

    def quantile(_: Definition, steps: list[Exact], q: float) -> Exact:
        if not steps:
            return math.nan
        at = min(max(place(Fraction(q), len(steps)), 0), len(steps) - 1)
        low = math.floor(at)
        return steps[low] if at == low else steps[low] + (steps[low + 1] - steps[low]) * (at - low)

    estimate(what, quantile=quantile)


placed(
    "quantile-lower: Takes the lower order statistic and does not interpolate.",
    lambda q, n: math.floor(q * (n - 1)),
)
placed(
    "quantile-higher: Takes the upper order statistic and does not interpolate.",
    lambda q, n: math.ceil(q * (n - 1)),
)
placed(
    "quantile-nearest: Takes the nearest order statistic, half way the even one, and does not interpolate.",
    lambda q, n: round(q * (n - 1)),
)
placed(
    "quantile-half-up: Takes the nearest order statistic, half way the upper one, and does not interpolate.",
    lambda q, n: math.floor(q * (n - 1) + Fraction(1, 2)),
)
placed(
    "quantile-nearest-rank: Takes step number ceil(q*n), the nearest rank, and does not interpolate.",
    lambda q, n: math.ceil(q * n) - 1,
)
placed(
    "quantile-index-cut: Takes the step at index q*n, cut to a whole number.", lambda q, n: math.floor(q * n)
)
placed("quantile-of-count: Places the quantile at q*n and not at q*(n-1).", lambda q, n: q * n)
placed(
    "quantile-exclusive: "
    "Places the quantile at q*(n+1) - 1, as if the smallest and largest step were not the ends.",
    lambda q, n: q * (n + 1) - 1,
)
placed(
    "quantile-midway: Places the quantile at q*n - 1/2, half way between steps where the text has steps.",
    lambda q, n: q * n - Fraction(1, 2),
)
placed("quantile-from-above: Takes the quantile 1 - q.", lambda q, n: (1 - q) * (n - 1))
placed("quantile-ignored: Uses 0.99 whatever quantile is asked for.", lambda _, n: Fraction(0.99) * (n - 1))
placed("quantile-is-largest: Gives the largest step.", lambda _, n: n - 1)


def _between(_: Definition, steps: list[Exact], q: float) -> Exact:
    place = Fraction(q) * (len(steps) - 1)
    return (steps[math.floor(place)] + steps[math.ceil(place)]) / 2 if steps else math.nan


estimate("quantile-midpoint: Takes the middle between the two order statistics.", quantile=_between)
estimate(
    "quantile-of-nothing-is-zero: Gives 0 and not NaN where no step is left.",
    quantile=lambda truth, steps, q: truth.quantile(steps, q) if steps else Fraction(0),
)


def _mean_of_sequences(truth: Definition, s: Solution) -> Output:
    batch = range(s.problem.batch)
    apart = [truth.quantiles(replace(s, entries=[e for e in s.entries if e.batch == b])) for b in batch]
    if len(apart) < 2:
        return truth.quantiles(s)
    columns = zip(*(output.values for output in apart), strict=True)
    return replace(apart[0], values=tuple(sum(column, Fraction(0)) / len(apart) for column in columns))


estimate(
    "quantile-mean-of-sequences: Averages the quantiles of the sequences of a batch.",
    needs="batch",
    quantiles=_mean_of_sequences,
)


def _by_default_95(truth: Definition, s: Solution) -> Output:
    asked = s.problem.asked.params.get("quantile", 0.95)
    return truth.quantiles(replace(s, problem=replace(s.problem, quantile=asked)))


estimate("quantile-default-is-95: Takes the quantile 0.95 where none is asked for.", quantiles=_by_default_95)
