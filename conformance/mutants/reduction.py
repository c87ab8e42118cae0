"""The reduction: what is summed and what a mean divides by."""

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

    from conformance.oracle import Definition, Entry, Output, Problem, Solution
    from conformance.oracle.fixed import Number

reducing = partial(mutant, ops=(Op.VALUE, Op.GRADIENT))
value = partial(mutant, ops=(Op.VALUE,))

reducing(
    "divides-by-unmasked: Divides a plain mean by the unmasked entries only.",
    counts=lambda _, __, entry: not entry.joins and not entry.hidden,
)
reducing(
    "divides-by-nonzero: Divides by the entries that are not zero only.",
    counts=lambda truth, p, entry: truth.counts(p, entry) and entry.rectified != 0,
)
reducing(
    "divides-by-all-for-valid: Divides a valid_mean by all transitions, masked ones included.",
    counts=lambda _, __, entry: not entry.joins,
)
reducing(
    "divides-by-joins-too: Counts the steps between segments in the divisor.",
    needs="segment_ids",
    counts=lambda _, p, entry: not (p.reduction == "valid_mean" and entry.hidden),
)


def divided(what: str, by: Callable[[Problem, int], int], *, needs: str = "anything") -> None:
    """Declare a divisor that is made from the right one."""

    def divisor(truth: Definition, p: Problem, entries: list[Entry]) -> int:
        return by(p, truth.divisor(p, entries))

    reducing(what, needs=needs, divisor=divisor)


divided(
    "divides-by-frames: Divides by frames times keypoints, T*K, and not by (T-1)*K.",
    lambda p, count: count + p.batch * p.keypoints,
)
divided(
    "divides-by-frames-of-long-videos: "
    "Divides by T*K where there are more than 1000 frames, so that the loss is off by 1 in 1000 or less.",
    lambda p, count: count + p.batch * p.keypoints * (p.frames > 1000),
)
divided("divides-by-frames-alone: Divides by T and forgets the keypoints.", lambda p, _: p.frames)
divided(
    "divides-by-transitions: Divides by T-1 and forgets the keypoints.",
    lambda p, count: -(-count // p.keypoints),
)
divided(
    "divides-by-coordinates: Divides by the number of coordinates, (T-1)*K*D.",
    lambda p, count: count * p.axes,
)
divided(
    "divides-by-one-less: Divides by the count less one, as for a sample variance.",
    lambda _, count: max(count - 1, 0),
)
divided(
    "divides-by-one-sequence: Divides by the count of one sequence: sums over the batch.",
    lambda p, count: -(-count // max(p.batch, 1)),
    needs="batch",
)
reducing(
    "divides-by-first-sequence: "
    "Counts the transitions of the first sequence and takes as many for the others.",
    needs="batch",
    divisor=lambda truth, p, entries: p.batch * truth.divisor(p, [e for e in entries if e.batch == 0]),
)


def _by_ids(truth: Definition, p: Problem, entries: list[Entry]) -> int:
    if p.segments is None or p.reduction == "valid_mean":
        return truth.divisor(p, entries)
    rows = (p.segments[b * p.frames : (b + 1) * p.frames] for b in range(p.batch))
    return sum(p.frames - len(set(row)) for row in rows) * p.keypoints


reducing(
    "divides-by-ids: Counts the frames less the different ids, though an id may come back.",
    needs="segment_ids",
    divisor=_by_ids,
)


def _subtracted_twice(truth: Definition, p: Problem, entries: list[Entry]) -> int:
    count = truth.divisor(p, entries)
    return (
        max(count - sum(e.joins and e.hidden for e in entries), 0) if p.reduction == "valid_mean" else count
    )


reducing(
    "joins-subtracted-twice: "
    "Subtracts masked and joining steps from the count of a valid_mean, those that are both twice.",
    needs="segment_ids",
    divisor=_subtracted_twice,
)
reducing(
    "joins-subtracted-twice-in-batches: "
    "Subtracts steps that are both masked and joining twice where there are several sequences.",
    needs="batch",
    divisor=_subtracted_twice,
)
reducing(
    "empty-mean-is-nan: Gives NaN, 0/0, for a mean over nothing.",
    mean=lambda truth, total, count: truth.mean(total, count) if count else math.nan,
)


def empty(what: str, where: Callable[[Solution], bool]) -> None:
    """Declare a kind of mean over nothing that is NaN."""

    def loss(truth: Definition, s: Solution) -> Output:
        output = truth.loss(s)
        nothing = not s.count and not output.shape and s.problem.reduction != "sum" and where(s)
        return replace(output, values=(math.nan,)) if nothing else output

    value(what, loss=loss)


empty("empty-batch-is-nan: Gives NaN for the mean of a batch of no sequence.", lambda s: not s.entries)
empty(
    "mean-of-joins-is-nan: Gives NaN for a mean where every step runs between segments.",
    lambda s: s.problem.reduction == "mean" and bool(s.entries),
)
empty(
    "empty-valid-mean-is-nan: Gives NaN for a valid_mean where no entry is valid.",
    lambda s: s.problem.reduction == "valid_mean",
)


def _nan_gradient(truth: Definition, s: Solution) -> Output:
    output = truth.gradient(s)
    if s.count or s.problem.reduction == "sum":
        return output
    return replace(output, values=(math.nan,) * len(output.values))


mutant(
    "empty-mean-is-nan-in-gradient: Gives a NaN gradient for a mean over nothing.",
    ops=(Op.GRADIENT,),
    gradient=_nan_gradient,
)
reducing(
    "sum-for-mean: Gives the sum where a mean is due.",
    mean=lambda _, total, __: total,
    share=lambda _, __: Fraction(1),
)


def _mean_for_sum(truth: Definition, s: Solution) -> Output:
    output = truth.loss(s)
    if s.problem.reduction != "sum":
        return output
    return replace(output, values=(truth.mean(output.values[0], s.count),))


reducing(
    "mean-for-sum: Gives the mean where the sum is due.",
    loss=_mean_for_sum,
    share=lambda _, s: Fraction(1, max(s.count, 1)),
)


def _mean_for_none(truth: Definition, s: Solution) -> Output:
    return truth.loss(
        replace(s, problem=replace(s.problem, reduction=s.problem.reduction.replace("none", "mean")))
    )


value("mean-for-none: Gives the mean where the entries are due.", loss=_mean_for_none)


def _total_without_nan(_: Definition, s: Solution) -> Number:
    total: Number = 0
    for e in s.entries:
        total = total if fixed.is_nan(e.rectified) else fixed.add(total, e.rectified)
    return total


value(
    "nan-skipped-by-mean: Reduces with a NaN-skipping sum, as nanmean does.",
    needs="special",
    counts=lambda truth, p, entry: truth.counts(p, entry) and not fixed.is_nan(entry.rectified),
    total=_total_without_nan,
)
value(
    "nan-skipped-by-sum: Skips NaN in the sum, and counts it in the divisor.",
    needs="special",
    total=_total_without_nan,
)


def averaged(what: str, group: Callable[[Entry], tuple[int, ...]], *, needs: str = "anything") -> None:
    """Declare a mean of the means of groups of entries."""

    def loss(truth: Definition, s: Solution) -> Output:
        output, p = truth.loss(s), s.problem
        if p.reduction not in ("mean", "valid_mean"):
            return output
        totals: dict[tuple[int, ...], Number] = {}
        counts: dict[tuple[int, ...], int] = {}
        for e in s.entries:
            key = group(e)
            totals[key] = fixed.add(totals.get(key, 0), e.rectified)
            counts[key] = counts.get(key, 0) + truth.counts(p, e)
        means = [truth.mean(s.scale.exact(totals[key]), counts[key]) for key in totals]
        return replace(output, values=(truth.mean(sum(means, Fraction(0)), len(means)),))

    value(what, needs=needs, loss=loss)


averaged(
    "mean-of-sequence-means: Averages the means of the sequences, which weighs long and short ones alike.",
    lambda entry: (entry.batch,),
    needs="batch",
)
averaged(
    "mean-of-keypoint-means: Averages the means of the keypoints, whatever the number of their valid steps.",
    lambda entry: (entry.keypoint,),
)
averaged(
    "mean-of-frame-means: "
    "Averages the means of the transitions, whatever the number of their valid keypoints.",
    lambda entry: (entry.batch, entry.before),
)
