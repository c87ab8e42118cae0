"""The loss in pairs of float64, for recordings with too many entries for exact arithmetic.

A number is an unevaluated sum of two float64, so about 106 bits. The operations are Dekker's and
Knuth's; each is off by less than 2**-100 of its result as long as squares neither overflow nor
underflow, which holds for steps within [2**-400, 2**400].
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.compare import steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from conformance.compare.steps import Question

    Floats = NDArray[np.float64]
    Pair = tuple[Floats, Floats]

_SPLITTER = 2.0**27 + 1
_FRAMES = 50_000


def mean_loss(question: Question) -> Fraction | float:
    """Mean over all entries; a float where it is NaN or infinite."""
    points = question.keypoints.reshape(-1, *question.keypoints.shape[-3:])
    out = steps.hidden(question).reshape(points.shape[0], points.shape[1] - 1, points.shape[2])
    total: Fraction | float = Fraction(0)
    for sequence, marks in zip(points, out, strict=True):
        for start in range(0, len(marks), _FRAMES):
            part = sequence[start : start + _FRAMES + 1]
            total += _sum(part, marks[start : start + _FRAMES], question.rounded_epsilon)
    return total / question.entries


def _sum(points: Floats, out: NDArray[np.bool_], epsilon: Floats) -> Fraction | float:
    with np.errstate(invalid="ignore", over="ignore"):
        high, low = _length(points)
        # Infinity less its own rounding error is NaN; plain arithmetic knows better.
        plain = steps.lengths(points)
        odd = ~np.isfinite(plain)
        high, low = np.where(odd, plain, high), np.where(odd, 0.0, low)
        rest, error = _two_sum(high, -epsilon)
        total, left = _quick_two_sum(rest, error + low)
        high, low = np.where(odd, rest, total), np.where(odd, 0.0, left)
    keep = ~out & ~((high < 0) | ((high == 0) & (low <= 0)))
    return _exact_sum(high[keep]) + _exact_sum(low[keep])


def _length(points: Floats) -> Pair:
    squares: Pair | None = None
    for axis in range(points.shape[-1]):
        step = _two_sum(points[1:, :, axis], -points[:-1, :, axis])
        square = _square(*step)
        squares = square if squares is None else _add(squares, square)
    if squares is None:
        message = "keypoints without coordinates"
        raise ValueError(message)
    high, low = squares
    root = np.sqrt(high)
    product, error = _two_product(root, root)
    # One step of Newton's method in twice the precision.
    correction = ((high - product) - error + low) / np.where(root > 0, 2 * root, 1.0)
    return root, correction


def _two_sum(a: Any, b: Any) -> Pair:
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _quick_two_sum(a: Floats, b: Floats) -> Pair:
    total = a + b
    return total, b - (total - a)


def _two_product(a: Floats, b: Floats) -> Pair:
    product = a * b
    (a1, a2), (b1, b2) = _split(a), _split(b)
    return product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2


def _split(a: Floats) -> Pair:
    scaled = _SPLITTER * a
    top = scaled - (scaled - a)
    return top, a - top


def _square(high: Floats, low: Floats) -> Pair:
    product, error = _two_product(high, high)
    return _quick_two_sum(product, error + (2 * high * low + low * low))


def _add(a: Pair, b: Pair) -> Pair:
    high, error = _two_sum(a[0], b[0])
    return _quick_two_sum(high, error + (a[1] + b[1]))


def _exact_sum(values: Floats) -> Fraction | float:
    """Sum to twice the precision of float64: what `fsum` rounds off is summed once more."""
    numbers = values.tolist()
    total = math.fsum(numbers)
    if not math.isfinite(total):
        return total
    return Fraction(total) + Fraction(math.fsum([*numbers, -total]))
