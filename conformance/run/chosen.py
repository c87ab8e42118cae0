"""Which cases run in a mode that takes seconds to compile each, or that is about gradients alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.model import Op
from conformance.subjects.backends.protocol import AUTODIFF

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.model import Case

SLOW_MODES = {"inductor"}


def cases_for(mode: str, cases: Sequence[Case], *, every: bool = False) -> list[Case]:
    """Cases that run in a mode: all of them, or those chosen for a slow one unless `every` one is wanted."""
    if mode.endswith(AUTODIFF):
        # What the array library's own differentiation has no part in, the mode's first form shows.
        mode, cases = mode.removesuffix(AUTODIFF), [case for case in cases if case.op is Op.GRADIENT]
    if every or mode not in SLOW_MODES:
        return list(cases)
    seen: set[tuple[object, ...]] = set()
    chosen = []
    for case in cases:
        kind = _kind(case)
        if kind is not None and kind not in seen:
            seen.add(kind)
            chosen.append(case)
    return chosen


def _kind(case: Case) -> tuple[object, ...] | None:
    # Generated code differs by operation, dtype, masks and reduction, and not by the numbers.
    if case.error is not None:
        return None
    masks = tuple(n for n in ("confidences", "segment_ids") if n in case.inputs)
    if case.op in {Op.VALUE, Op.GRADIENT}:
        return case.op, case.dtype, masks if case.dtype == "float32" else bool(masks)
    return (case.op,)
