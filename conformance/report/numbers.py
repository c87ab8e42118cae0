"""Numbers as reports show them."""

from __future__ import annotations

import math


def ratio(value: float | None) -> str:
    """Error over budget: two digits are enough to see how close it is."""
    if value is None:
        return "-"
    if math.isinf(value):
        return "∞"
    return f"{value:.2f}" if value < 100 else f"{value:.1e}"


def ulps(value: float | None) -> str:
    """Distance in units in the last place."""
    if value is None:
        return "-"
    if math.isinf(value):
        return "∞"
    return f"{value:.0f}" if value < 1e6 else f"{value:.1e}"
