"""Numbers as reports show them, and which of two is worse."""

from __future__ import annotations

import math


def size(value: float | None) -> float:
    """Make a number to sort by: no number comes first, NaN last."""
    if value is None:
        return -1.0
    return math.inf if math.isnan(value) else value


def ratio(value: float | None) -> str:
    """Error over budget: two digits are enough to see how close it is."""
    return _short(value, 2, 100)


FAR = 1e9
"""Distance in ULP from which on it is not counted out: from 0 to most numbers, from one sign to the other."""


def ulps(value: float | None) -> str:
    """Distance in units in the last place."""
    return f">{FAR:.0e}".replace("+0", "") if FAR < size(value) < math.inf else _short(value, 0, 1e6)


def _short(value: float | None, digits: int, large: float) -> str:
    if value is None:
        return "-"
    if math.isinf(value):
        return "∞"
    return f"{value:.{digits}f}" if value < large else f"{value:.1e}"
