"""`temporal_norm`, and `estimate_epsilon`: the steps it looks at, and where its quantile is placed."""

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

    Rows = list[tuple[Exact, ...]]

ZERO = Fraction(0)


def rowed(what: str, rows: Callable[[Rows, int], Rows], *, needs: str = "anything") -> None:
    """Declare other rows of lengths for a sequence, of the right ones and its place in the batch."""

    def norm(truth: Definition, s: Solution) -> Output:
        output, p = truth.norm(s), s.problem
        due = [output.values[i : i + p.keypoints] for i in range(0, len(output.values), p.keypoints)]
        wrong = [rows(due[b * p.frames : (b + 1) * p.frames], b) for b in range(p.batch)]
        count = len(wrong[0]) if wrong else p.frames
        values = tuple(v for sequence in wrong for row in sequence for v in row)
        return replace(output, shape=(*p.lead, count, p.keypoints), values=values)

    mutant(what, ops=(Op.NORM,), needs=needs, norm=norm)


rowed(
    "norm-first-row-zero: Sets the first row to 0 and not to NaN.",
    lambda rows, _: [(ZERO,) * len(rows[0]), *rows[1:]],
)
rowed(
    "norm-nan-row-last: Puts the NaN row at the end: each length beside the frame its step starts from.",
    lambda rows, _: [*rows[1:], rows[0]],
)
rowed("norm-without-nan-row: Leaves the first row out.", lambda rows, _: rows[1:])
rowed(
    "norm-first-row-repeated: Repeats the first length in place of the NaN row.",
    lambda rows, _: [rows[1], *rows[1:]],
)
rowed(
    "norm-nan-row-of-first-sequence: Starts the first sequence of a batch with NaN, and the others with 0.",
    lambda rows, b: [(ZERO,) * len(rows[0]), *rows[1:]] if b else rows,
    needs="batch",
)
rowed(
    "norm-hides-nan: Gives 0 where a keypoint is NaN.",
    lambda rows, _: [rows[0], *(tuple(ZERO if math.isnan(v) else v for v in row) for row in rows[1:])],
    needs="special",
)

estimate = partial(mutant, ops=(Op.EPSILON,))


def _of_all(truth: Definition, s: Solution, _: int) -> list[Exact]:
    return sorted(v for k in range(s.problem.keypoints) for v in truth.observed(s, k))


estimate("quantile-over-all-keypoints: Takes one quantile over the steps of all keypoints.", observed=_of_all)


def counted(what: str, which: Callable[[Entry], bool], size: Exact, *, needs: str = "anything") -> None:
    """Declare a mutant that takes steps which do not count for steps of some size."""

    def rule(truth: Definition, s: Solution, keypoint: int) -> list[Exact]:
        more = [size for e in s.entries if e.keypoint == keypoint and which(e)]
        return sorted([*truth.observed(s, keypoint), *more])

    estimate(what, needs=needs, observed=rule)


def _lost(entry: Entry) -> bool:
    return not entry.hidden and fixed.is_nan(entry.length)


counted(
    "quantile-counts-masked-as-zero: Takes masked steps for steps of length 0.",
    lambda entry: entry.hidden,
    ZERO,
    needs="confidences",
)
counted("quantile-counts-nan-as-zero: Takes NaN steps for steps of length 0.", _lost, ZERO, needs="special")
counted(
    "quantile-counts-nan-as-infinite: Sorts NaN steps to the end and counts them.",
    _lost,
    math.inf,
    needs="special",
)


def spoilt(what: str, which: Callable[[Entry], bool], *, needs: str = "anything") -> None:
    """Declare a mutant that gives NaN as soon as there is a certain step."""

    def rule(truth: Definition, s: Solution, keypoint: int) -> list[Exact]:
        bad = any(which(e) for e in s.entries if e.keypoint == keypoint)
        return [] if bad else truth.observed(s, keypoint)

    estimate(what, needs=needs, observed=rule)


spoilt("quantile-leaks-nan: Gives NaN as soon as one step is NaN.", _lost, needs="special")
spoilt(
    "quantile-leaks-masked-nan: Gives NaN as soon as one step is NaN, masked ones included.",
    lambda entry: fixed.is_nan(entry.length),
    needs="special",
)
spoilt(
    "quantile-leaks-masked: Gives NaN as soon as one step is masked or NaN.",
    lambda entry: entry.hidden or fixed.is_nan(entry.length),
)
spoilt(
    "quantile-spoilt-by-infinity: Gives NaN as soon as one step is infinite: 0 times infinity.",
    lambda entry: not entry.hidden and entry.length == math.inf,
    needs="special",
)
estimate(
    "quantile-drops-infinity: Leaves infinite steps out.",
    needs="special",
    observed=lambda truth, s, k: [v for v in truth.observed(s, k) if v != math.inf],
)
estimate(
    "quantile-skips-rest: Leaves steps of length 0 out.",
    observed=lambda truth, s, k: [v for v in truth.observed(s, k) if v != 0],
)


def _coordinates(_: Definition, s: Solution, keypoint: int) -> list[Exact]:
    kept = (e for e in s.entries if e.keypoint == keypoint and not e.hidden)
    return sorted(s.scale.exact(abs(d)) for e in kept for d in e.step if not fixed.is_nan(d))


estimate(
    "quantile-of-coordinates: Takes the quantile over coordinate differences and not over lengths.",
    observed=_coordinates,
)

# Where the quantile is placed ---------------------------------------------------------------


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
