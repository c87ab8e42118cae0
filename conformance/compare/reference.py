"""The high-precision value of a recording's loss, and how far from it a sound computation may be."""

from __future__ import annotations

import decimal
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from conformance import bits, budget, oracle
from conformance.compare import pairs, steps
from conformance.model import Array

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from conformance.compare.steps import Question

EXACT_ENTRIES = 1_000_000
"""Up to here the value is exact: about 6 microseconds an entry, in pieces that need little memory."""
_PIECE = 20_000


@dataclass(frozen=True)
class Reference:
    """The value, and the bounds on |subject - value| of `conformance.budget`."""

    dtype: str
    value: Fraction | float
    exact: bool
    budget: float
    tight: float

    @property
    def text(self) -> str:
        """Twenty digits of the value."""
        if not isinstance(self.value, Fraction):
            return str(self.value)
        with decimal.localcontext(prec=20):
            return f"{decimal.Decimal(self.value.numerator) / self.value.denominator:g}"

    @property
    def rounded(self) -> float:
        """The value, rounded once to the dtype."""
        return bits.round_to(self.value, self.dtype)

    def off(self, found: float) -> float:
        """How far a result is from the value: infinite where only one of them is a finite number."""
        if isinstance(self.value, Fraction):
            return float(abs(Fraction(found) - self.value)) if math.isfinite(found) else math.inf
        both_nan = math.isnan(found) and math.isnan(self.value)
        return 0.0 if both_nan or found == self.value else math.inf

    def relative(self, off: float) -> float:
        """Distance as a share of the value."""
        if off in {0.0, math.inf}:
            return off
        return float(Fraction(off) / self.value) if self.value else math.inf

    def ulp(self, off: float) -> float:
        """Distance in units in the last place of the value."""
        return off / bits.ulp(self.rounded, self.dtype) if math.isfinite(off) and off else off


def refer(question: Question, progress: Callable[[float], None]) -> Reference:
    """Compute the value: exactly, or for very many entries in pairs of float64."""
    exact = question.entries <= EXACT_ENTRIES
    value = _exact(question, progress) if exact else pairs.mean_loss(question)
    length, active = steps.active_length(question)
    return Reference(
        dtype=question.dtype,
        value=value,
        exact=exact,
        budget=_allowance(budget.BUDGET, question, value, length, active),
        tight=_allowance(budget.TIGHT, question, value, length, active),
    )


def _exact(question: Question, progress: Callable[[float], None]) -> Fraction | float:
    """Add up the exact sums of pieces that share their border frame."""
    shape = question.keypoints.shape
    points = question.keypoints.reshape(-1, *shape[-3:])
    confidences = None
    if question.confidences is not None:
        confidences = question.confidences.reshape(-1, *shape[-3:-1])
    params = {**question.params, "reduction": "sum"}
    frames = max(1, _PIECE // shape[-2])
    total: Fraction | float = Fraction(0)
    done = 0
    for b, sequence in enumerate(points):
        for start in range(0, shape[-3] - 1, frames):
            part = slice(start, start + frames + 1)
            seen = None if confidences is None else _array(confidences[b, part])
            total += oracle.exact_value(_array(sequence[part], question.dtype), seen, **params)
            done += (len(sequence[part]) - 1) * shape[-2]
            progress(done / question.entries)
    return total / question.entries


def _array(values: NDArray[np.floating[Any]], dtype: str | None = None) -> Array:
    return Array(dtype or values.dtype.name, values.shape, tuple(values.ravel().tolist()))


def _allowance(
    model: budget.Model, question: Question, value: Fraction | float, length: float, active: int
) -> float:
    """Budget of a mean, as docs/error-budget.md derives it, from the sums of a whole recording."""
    if not isinstance(value, Fraction):
        return 0.0
    unit = bits.FORMATS[question.dtype].unit_roundoff
    per_length = float(model.length) + (question.keypoints.shape[-1] - 2) / 2
    additions = max(active - 1, 0)
    if model.pairwise:
        additions = additions.bit_length()
    # Subtracting epsilon; and where the count is no power of two, a division, or a reciprocal and a product.
    after = 1 + additions + (2 if question.entries & (question.entries - 1) else 0)
    # n roundings move a number by no more than exp(n u) - 1 of its size.
    lengths = math.expm1(per_length * unit) * length / question.entries
    return lengths * math.exp(after * unit) + math.expm1(after * unit) * float(value)
