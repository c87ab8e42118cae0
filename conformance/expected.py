"""From a request to a case: expected values, budgets and flags, all computed."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from conformance import budget, oracle
from conformance.features import FEATURES
from conformance.model import Case, Expected, Op
from conformance.oracle.problem import HALVES

if TYPE_CHECKING:
    from collections.abc import Sequence

MARGIN = 2.0**-10
"""Relative distance that every length keeps from its epsilon, exact ties aside."""


class OpenQuestionError(ValueError):
    """The text leaves the answer open, or it hangs on a rounding."""


def expect(case: Case) -> Case:
    """Compute what is due for a case that is free of faults.

    Raises
    ------
    OpenQuestionError
        Sound implementations may give different answers.
    """
    if case.op is Op.ECHO:
        exact = {name: Expected(array, (0.0,), (0.0,)) for name, array in oracle.echo(case.request).items()}
        return replace(case, expected=exact, flags=flags(case, {}))
    solution = oracle.solve(case.request)
    keep_off_the_kink(case.id, solution)
    keep_to_the_text(case.id, solution)
    wide, tight = (budget.budgets(solution, m) for m in (budget.BUDGET, budget.TIGHT))
    expected = {
        name: Expected(oracle.rounded(output), short(wide[name]), short(tight[name]))
        for name, output in solution.outputs.items()
    }
    return replace(case, expected=expected, flags=flags(case, wide))


def flags(case: Case, bounds: dict[str, tuple[float, ...]]) -> tuple[str, ...]:
    """Give the flags of the case: those it was given, and those that can be seen from it."""
    exact = not any(b for bound in bounds.values() for b in bound)
    if "exact" in case.flags and not exact:
        message = f"{case.id}: meant to be exact, but has a budget"
        raise ValueError(message)
    told = {name: FEATURES[name].of(case.request) for name in ("layout", "dtype", "segments")}
    seen = {
        "batch": told["layout"] in ("batch", "deep"),
        "exact": exact,
        "half": told["dtype"] in HALVES,
        "segments": told["segments"] == "given",
    }
    return tuple(sorted({*case.flags, *(flag for flag, here in seen.items() if here)}))


def short(bounds: Sequence[float]) -> tuple[float, ...]:
    """One bound for all where all are the same."""
    return (bounds[0],) if bounds and len(set(bounds)) == 1 else tuple(bounds)


def keep_off_the_kink(name: str, solution: oracle.Solution) -> None:
    """Refuse a case whose outcome hangs on a rounding: an inexact length close to its epsilon."""
    for entry in solution.entries:
        length, epsilon = (solution.scale.exact(n) for n in (entry.length, solution.epsilon[entry.keypoint]))
        if entry.masked == 0 or not isinstance(length, Fraction) or not isinstance(epsilon, Fraction):
            continue
        exact = budget.exact_length(entry.step, entry.length, solution.scale, solution.problem.result)
        if not exact and abs(length - epsilon) <= MARGIN * max(length, epsilon):
            message = (
                f"{name}: frame {entry.before}, keypoint {entry.keypoint}: {float(length)} is near epsilon"
            )
            raise OpenQuestionError(message)


def keep_to_the_text(name: str, solution: oracle.Solution) -> None:
    """Refuse a case of which the text leaves the answer open."""
    for entry in solution.entries:
        special = [d for d in entry.step if isinstance(d, float)]
        if entry.masked == 0 or not special:
            continue
        if any(map(math.isnan, special)) and any(map(math.isinf, special)):
            message = f"{name}: frame {entry.before}: a step that is both NaN and infinite"
            raise OpenQuestionError(message)
        if solution.problem.op is Op.GRADIENT and any(map(math.isinf, special)):
            message = f"{name}: frame {entry.before}: the gradient of an infinite step"
            raise OpenQuestionError(message)
