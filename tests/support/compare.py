"""Words for expected values, to stand in nested lists beside exact numbers."""

from __future__ import annotations

import math
from typing import Any

import pytest

NAN: Any = pytest.approx(math.nan, nan_ok=True)
"""Equals any NaN and nothing else."""


def near(value: float, rel: float = 2**-20) -> Any:
    """Equal up to eight roundings of float32, as a hand-worked number that is not dyadic has to be."""
    return pytest.approx(value, rel=rel, abs=0.0)
