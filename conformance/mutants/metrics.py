"""`temporal_norm`, and the steps that `estimate_epsilon` looks at."""

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

observed = partial(mutant, ops=(Op.EPSILON,))


def _of_all(truth: Definition, s: Solution, _: int) -> list[Exact]:
    return sorted(v for k in range(s.problem.keypoints) for v in truth.observed(s, k))


observed("quantile-over-all-keypoints: Takes one quantile over the steps of all keypoints.", observed=_of_all)


def counted(what: str, which: Callable[[Entry], bool], size: Exact, *, needs: str = "anything") -> None:
    """Declare a mutant that takes steps which do not count for steps of some size."""

    def rule(truth: Definition, s: Solution, keypoint: int) -> list[Exact]:
        more = [size for e in s.entries if e.keypoint == keypoint and which(e)]
        return sorted([*truth.observed(s, keypoint), *more])

    observed(what, needs=needs, observed=rule)


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

    observed(what, needs=needs, observed=rule)


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
observed(
    "quantile-drops-infinity: Leaves infinite steps out.",
    needs="special",
    observed=lambda truth, s, k: [v for v in truth.observed(s, k) if v != math.inf],
)
observed(
    "quantile-skips-rest: Leaves steps of length 0 out.",
    observed=lambda truth, s, k: [v for v in truth.observed(s, k) if v != 0],
)


def _coordinates(_: Definition, s: Solution, keypoint: int) -> list[Exact]:
    kept = (e for e in s.entries if e.keypoint == keypoint and not e.hidden)
    return sorted(s.scale.exact(abs(d)) for e in kept for d in e.step if not fixed.is_nan(d))


observed(
    "quantile-of-coordinates: Takes the quantile over coordinate differences and not over lengths.",
    observed=_coordinates,
)
