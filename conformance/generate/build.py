"""From a question to a case: expected values, budgets and kills, all computed."""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from conformance import bits, budget, oracle
from conformance.mistakes import killed
from conformance.model import Array, Case, Expected, Op

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MARGIN = 2.0**-10
"""Relative distance that every length keeps from its epsilon, exact ties aside."""

SHORT = {"float16": "f16", "bfloat16": "bf16", "float32": "f32", "float64": "f64"}
WIDE = ("float32", "float64")
HALF = ("float16", "bfloat16")
ALL = (*WIDE, *HALF)


@dataclass
class Question:
    """A case without its answer. `id` lacks the number, which `numbered` adds."""

    id: str
    clauses: tuple[str, ...]
    description: str
    op: Op
    inputs: dict[str, Array]
    params: dict[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


def array(values: Iterable[float], shape: tuple[int, ...], dtype: str) -> Array:
    """Array of values, each rounded once to the dtype."""
    if dtype in bits.FORMATS:
        return Array(dtype, shape, tuple(bits.round_to(v, dtype) for v in values))
    return Array(dtype, shape, tuple(values))


def dice(name: str) -> Callable[[], float]:
    """Uniform numbers in [0, 1), the same on every Python: only `Random.random` is drawn from."""
    return random.Random(zlib.crc32(name.encode())).random  # noqa: S311 - not for secrets


WITHDRAWN = {"value-random-f64-005", "gradient-random-f64-003"}
"""Ids of cases that are no more; their numbers are given to no other."""


def numbered(questions: Iterable[Question]) -> list[Question]:
    """Append a running number per id. Order is part of the contract: new questions go last."""
    seen: dict[str, int] = {}
    done = []
    for q in questions:
        seen[q.id] = seen.get(q.id, 0) + 1
        while f"{q.id}-{seen[q.id]:03d}" in WITHDRAWN:
            seen[q.id] += 1
        done.append(replace(q, id=f"{q.id}-{seen[q.id]:03d}"))
    return done


def answer(question: Question) -> Case:
    """Compute what is due and which mistakes the case tells from the truth."""
    case = Case(
        id=question.id,
        clauses=question.clauses,
        description=question.description,
        flags=question.flags,
        op=question.op,
        dtype=question.inputs["keypoints"].dtype,
        inputs=question.inputs,
        params=dict(sorted(question.params.items())),
    )
    fault = oracle.refusal(case.request)
    if ("error" in case.id.split("-")) != (fault is not None):
        message = f"{case.id}: refusal is {fault}"
        raise ValueError(message)
    if fault is not None:
        case = replace(case, error=fault)
    else:
        solution = oracle.solve(case.request)
        keep_off_the_kink(case.id, solution)
        wide, tight = (budget.budgets(solution, m) for m in (budget.BUDGET, budget.TIGHT))
        expected = {
            name: Expected(oracle.rounded(output), short(wide[name]), short(tight[name]))
            for name, output in solution.outputs.items()
        }
        case = replace(case, expected=expected, flags=with_exact(case, wide))
    return replace(case, kills=killed(case))


def with_exact(case: Case, bounds: dict[str, tuple[float, ...]]) -> tuple[str, ...]:
    """Give the flags of the case, "exact" among them where no output has any budget, and only there."""
    loose = any(b for bound in bounds.values() for b in bound)
    if loose and "exact" in case.flags:
        message = f"{case.id}: meant to be exact, but has a budget"
        raise ValueError(message)
    return tuple(sorted({*case.flags, *(() if loose else ("exact",))}))


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
            raise ValueError(message)
