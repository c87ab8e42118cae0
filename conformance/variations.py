"""Other ways to ask for the same: in another layout, among other calls, below something else."""

from __future__ import annotations

import zlib
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from conformance import bits, oracle
from conformance.budget import ceiling
from conformance.model import Array, Expected, Op

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.model import Case

LAYOUTS: Mapping[str, str] = {
    "strided": "with a strided copy of each input",
    "reversed": "with a reversed copy of each input, its strides negative",
    "column-major": "with a column-major copy of each input",
    "read-only": "with a read-only copy of each input",
}
STATES: Mapping[str, str] = {
    "refilled": "with arrays and lists that held other numbers in the call before",
    "kept": "read after arrays and lists were changed and another call was made",
    "threads": "beside calls with other numbers in a second thread",
}
DERIVATIVES: Mapping[str, str] = {
    "upstream": "of -4 times the loss",
    "inner": "by keypoints that were computed from others",
    "by-epsilon": "by an array of epsilons",
}
CLASS: Mapping[str, str] = {
    "weighted": "through TemporalLoss, times its weight, with an array log_weight of 0",
    "by-log-weight": "by the log_weight of TemporalLoss, of the loss times its weight",
}
WORDS: Mapping[str, str] = {**LAYOUTS, **STATES, **DERIVATIVES, **CLASS}
"""Every variation, and how a verdict tells of it."""

UPSTREAM = -4.0
"""A power of two, by which every budget and every rounding grows exactly."""
_WEIGHT = 0.5
_LARGE = 2**16
"""Numbers in the keypoints beyond which a case is about its size, and is asked in the plain way alone."""


_THREADS, _COSTLY = 4, 8
"""Of so many cases one is asked beside a second thread, and in any variation where all are costly."""


def has_turn(case: Case, variation: str, *, costly: bool) -> bool:
    """Tell whether a case is one of those that are asked in a variation: all, or another part for each."""
    part = _COSTLY if costly else _THREADS if variation == "threads" else 1
    return zlib.crc32(f"{variation} {case.id}".encode()) % part == 0


def due(case: Case, variation: str) -> Case | None:
    """Return the case as it is asked and judged in a variation, or None where it cannot be asked so."""
    of_gradients = variation in {**DERIVATIVES, **CLASS}
    if case.error is not None or (of_gradients and case.op is not Op.GRADIENT):
        return None
    if len(case.inputs["keypoints"].values) > _LARGE:
        return None
    if variation == "by-epsilon":
        return _by_epsilon(case)
    if variation in CLASS:
        return _weighted(case, by_weight=variation == "by-log-weight")
    return _times(case, UPSTREAM) if variation == "upstream" else case


def _times(case: Case, factor: float) -> Case:
    return replace(case, expected={name: _scaled(e, factor) for name, e in case.expected.items()})


def _scaled(expected: Expected, factor: float) -> Expected:
    array = replace(expected.array, values=tuple(factor * v for v in expected.array.values))
    budget, tight = (tuple(abs(factor) * b for b in bound) for bound in (expected.budget, expected.tight))
    return Expected(array, budget, tight)


def _weighted(case: Case, *, by_weight: bool) -> Case:
    """Judge the loss times its weight, 1 / (2 exp(0)); its derivative by log_weight is its negative."""
    case = _times(case, _WEIGHT)
    loss = case.expected["loss"]
    log_weight = Array(loss.array.dtype, (), (0.0,))
    due = {**case.expected, "gradient": _scaled(loss, -1.0)} if by_weight else case.expected
    return replace(case, inputs={**case.inputs, "log_weight": log_weight}, expected=due)


def _by_epsilon(case: Case) -> Case | None:
    """Judge the derivative by epsilon (TL-8.1), which is handed over as an array if it was none."""
    epsilon = case.inputs.get("epsilon")
    if epsilon is None:
        given = case.params.get("epsilon", 0.0)
        numbers = given if isinstance(given, list) else [given]
        dtype = case.expected["loss"].array.dtype
        shape = (len(numbers),) if isinstance(given, list) else ()
        epsilon = Array(dtype, shape, tuple(bits.round_to(Fraction(n), dtype) for n in numbers))
    if epsilon.dtype not in bits.FORMATS:
        return None
    params = {name: v for name, v in case.params.items() if name != "epsilon"}
    case = replace(case, inputs={**case.inputs, "epsilon": epsilon}, params=params)
    derivative = _derivative(case, epsilon)
    if derivative is None:
        return None
    return replace(case, expected={**case.expected, "gradient": derivative})


def _derivative(case: Case, epsilon: Array) -> Expected | None:
    solution = oracle.solve(case.request)
    if not all(isinstance(e.masked, int) for e in solution.entries):
        # Of NaN and infinity in the open the clause says nothing.
        return None
    longer = [e.keypoint for e in solution.entries if e.rectified > 0]
    counts = [longer.count(k) for k in range(len(epsilon.values))] if epsilon.shape else [len(longer)]
    share = oracle.Definition().share(solution)
    u = Fraction(bits.FORMATS[case.expected["loss"].array.dtype].unit_roundoff)
    values, bounds = [], []
    for count in counts:
        value = bits.round_to(-count * share, epsilon.dtype)
        # The share and its rounding, a sum of so many, and the rounding of what is expected.
        roundings = (count + 3) * u
        bound = count * share * roundings / (1 - roundings)
        values.append(value)
        bounds.append(ceiling(bound + (Fraction(bits.ulp(value, epsilon.dtype)) if count else 0)))
    return Expected(Array(epsilon.dtype, epsilon.shape, tuple(values)), tuple(bounds), tuple(bounds))
