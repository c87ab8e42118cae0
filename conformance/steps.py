"""The steps in which a port is written: each case belongs to the last one whose matter it needs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conformance.model import Op

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.model import Case

_HALF = {"float16", "bfloat16"}
_FAR = {"cancellation", "large", "range", "real-shape"}


def _special(case: Case) -> bool:
    return not all(map(math.isfinite, case.inputs["keypoints"].values))


_NEEDS: Mapping[str, Callable[[Case], bool]] = {
    "echo": lambda _: True,
    "plain": lambda _: True,
    "mask": lambda c: not {"confidences", "epsilon", "prob_threshold"}.isdisjoint({*c.inputs, *c.params}),
    "special": _special,
    "stages": lambda c: c.op is Op.STAGES,
    "batch": lambda c: len(c.inputs["keypoints"].shape) > 3 or "segment_ids" in c.inputs,
    "policy": lambda c: "nan_policy" in c.params or c.params.get("reduction") == "valid_mean",
    "far": lambda c: not _FAR.isdisjoint(c.flags),
    "refusals": lambda c: c.error is not None,
    "gradient": lambda c: c.op is Op.GRADIENT,
    "half": lambda c: not _HALF.isdisjoint({a.dtype for a in c.inputs.values()}),
    "metrics": lambda c: c.op in {Op.NORM, Op.EPSILON},
}
STEPS = tuple(_NEEDS)
"""Every step, in the order in which they build on each other."""


def step_of(case: Case) -> str:
    """Name the step after which a port can answer a case."""
    # What is lost on the way is found before all arithmetic, whatever else the case holds.
    return "echo" if case.op is Op.ECHO else [name for name in STEPS if _NEEDS[name](case)][-1]
