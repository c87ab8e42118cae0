"""Mistakes about NaN and infinity: leaked through the mask, or hidden in the open."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conformance.mistakes.registry import Wrong
from conformance.model import ErrorKind, Op
from conformance.oracle import fixed

if TYPE_CHECKING:
    from conformance.model import Request
    from conformance.oracle import Entry, Exact, Problem, Solution
    from conformance.oracle.fixed import Fixed, Number


class MaskMultiplies(Wrong):
    """Masks by multiplying with 0, so a masked NaN or infinity gives NaN."""

    needs = "special"
    ops = (Op.VALUE, Op.STAGES, Op.GRADIENT)

    def mask(self, p: Problem, scale: Fixed, entry: Entry) -> Number:
        if (entry.hidden or entry.joins) and not isinstance(entry.length, int):
            return math.nan
        return super().mask(p, scale, entry)

    def slope(self, entry: Entry, epsilon: Number) -> Exact:
        if (entry.hidden or entry.joins) and not isinstance(entry.length, int):
            return math.nan
        return super().slope(entry, epsilon)


class NanHiddenByMask(Wrong):
    """Turns an unmasked NaN length into 0, as `where(s > 0, sqrt(s), 0)` does."""

    needs = "special"
    ops = (Op.VALUE, Op.STAGES, Op.GRADIENT)

    def mask(self, p: Problem, scale: Fixed, entry: Entry) -> Number:
        kept = super().mask(p, scale, entry)
        return 0 if fixed.is_nan(kept) else kept


class InfinityHidden(Wrong):
    """Turns a length that is not finite into 0."""

    needs = "special"
    ops = (Op.VALUE, Op.STAGES)

    def mask(self, p: Problem, scale: Fixed, entry: Entry) -> Number:
        kept = super().mask(p, scale, entry)
        return kept if isinstance(kept, int) else 0


class NanBehindInfinity(Wrong):
    """Gives an infinite loss as soon as one step is infinite, whatever NaN there is beside it."""

    needs = "special"
    ops = (Op.VALUE,)

    def total(self, s: Solution) -> Number:
        infinite = any(e.rectified == math.inf for e in s.entries)
        return math.inf if infinite else super().total(s)


class InfinityIsNan(Wrong):
    """Turns an infinite length into NaN, as scaling by the largest coordinate does."""

    needs = "special"
    ops = (Op.VALUE, Op.STAGES, Op.NORM)

    def length(self, scale: Fixed, step: tuple[Number, ...]) -> Number:
        length = super().length(scale, step)
        return length if isinstance(length, int) else math.nan


class RefusesNan(Wrong):
    """Refuses keypoints that hold NaN."""

    computes = False

    def refuses(self, request: Request) -> ErrorKind | None:
        if any(math.isnan(v) for v in request.inputs["keypoints"].values):
            return ErrorKind.VALUE
        return super().refuses(request)
