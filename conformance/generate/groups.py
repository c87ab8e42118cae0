"""The groups of cases: one JSON file each, in this order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.generate import (
    errors,
    exact,
    grouped,
    kinks,
    measures,
    precise,
    scattered,
    shapes,
    slopes,
    special,
    steps,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conformance.generate.build import Question

GROUPS: dict[str, Callable[[], Iterable[Question]]] = {
    "exact": exact.questions,
    "random": scattered.questions,
    "shapes": shapes.questions,
    "kinks": kinks.questions,
    "special": special.questions,
    "precision": precise.questions,
    "batches": grouped.batches,
    "segments": grouped.segments,
    "valid": grouped.valid,
    "stages": steps.questions,
    "gradients": slopes.questions,
    "norm": measures.norms,
    "estimate": measures.estimates,
    "errors": errors.questions,
}
