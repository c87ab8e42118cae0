"""Which verdict is worse than which."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conformance.results import GOOD

if TYPE_CHECKING:
    from conformance.model import Verdict


def failed(verdict: Verdict) -> bool:
    """Whether the verdict fails the run."""
    return verdict.status not in GOOD


def size(verdict: Verdict) -> float:
    """Error over budget as a number to sort by: no number comes first, NaN last."""
    if verdict.worst is None:
        return -1.0
    return math.inf if math.isnan(verdict.worst) else verdict.worst
