"""NaN and infinity: leaked through the mask, or hidden in the open."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from conformance.model import Op
from conformance.mutants.registry import mutant
from conformance.oracle import fixed

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.oracle import Definition, Entry, Exact, Problem, Solution
    from conformance.oracle.fixed import Fixed, Number

special = partial(mutant, needs="special")


def multiplied(what: str, needs: str, masked: Callable[[Entry], bool]) -> None:
    """Declare a mutant that multiplies entries by 0, which of NaN and infinity makes NaN."""

    def spoilt(entry: Entry) -> bool:
        return masked(entry) and not isinstance(entry.length, int)

    def mask(truth: Definition, p: Problem, scale: Fixed, entry: Entry) -> Number:
        return math.nan if spoilt(entry) else truth.mask(p, scale, entry)

    def slope(truth: Definition, entry: Entry, epsilon: Number) -> Exact:
        return math.nan if spoilt(entry) else truth.slope(entry, epsilon)

    ops = (Op.VALUE, Op.STAGES, Op.GRADIENT)
    mutant(what, ops=ops, needs=needs, mask=mask, slope=slope)


multiplied(
    "mask-multiplies: Masks by multiplying with 0, so a masked NaN or infinity gives NaN.",
    "special",
    lambda entry: entry.hidden or entry.joins,
)
multiplied(
    "joins-multiply: Multiplies the steps between segments with 0, where NaN and infinity give NaN.",
    "segment_ids",
    lambda entry: entry.joins,
)


def _nan_is_zero(truth: Definition, p: Problem, scale: Fixed, entry: Entry) -> Number:
    kept = truth.mask(p, scale, entry)
    return 0 if fixed.is_nan(kept) else kept


special(
    "nan-hidden-by-mask: Turns an unmasked NaN length into 0, as `where(s > 0, sqrt(s), 0)` does.",
    ops=(Op.VALUE, Op.STAGES, Op.GRADIENT),
    mask=_nan_is_zero,
)


def _cleaned(truth: Definition, p: Problem, *cell: int) -> bool:
    b, before, after, k = cell
    missing = any(math.isnan(v) for t in (before, after) for v in p.x[p.point(b, t, k) :][: p.axes])
    return truth.doubted(p, *cell) or (p.confidences is not None and missing)


special(
    "nan-cleaned-beside-confidences: "
    "Masks NaN keypoints together with low confidences, wherever confidences are given.",
    ops=(Op.VALUE, Op.STAGES, Op.GRADIENT),
    doubted=_cleaned,
)


def _not_finite_is_zero(truth: Definition, p: Problem, scale: Fixed, entry: Entry) -> Number:
    kept = truth.mask(p, scale, entry)
    return kept if isinstance(kept, int) else 0


special(
    "infinity-hidden: Turns a length that is not finite into 0.",
    ops=(Op.VALUE, Op.STAGES),
    mask=_not_finite_is_zero,
)


def _infinity_first(truth: Definition, s: Solution) -> Number:
    return math.inf if any(e.rectified == math.inf for e in s.entries) else truth.total(s)


special(
    "nan-behind-infinity: "
    "Gives an infinite loss as soon as one step is infinite, whatever NaN there is beside it.",
    ops=(Op.VALUE,),
    total=_infinity_first,
)


def _finite_or_nan(truth: Definition, p: Problem, scale: Fixed, step: tuple[Number, ...]) -> Number:
    length = truth.length(p, scale, step)
    return length if isinstance(length, int) else math.nan


special(
    "infinity-is-nan: Turns an infinite length into NaN, as scaling by the largest coordinate does.",
    ops=(Op.VALUE, Op.STAGES, Op.NORM),
    length=_finite_or_nan,
)
