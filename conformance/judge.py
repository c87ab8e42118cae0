"""The verdict on one answer: a pure function of the case and the answer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat
from typing import TYPE_CHECKING

from conformance.distance import ulps_apart
from conformance.model import (
    Answer,
    Array,
    Case,
    Errored,
    Expected,
    Outputs,
    Rejected,
    Status,
    Unsupported,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


def judge(case: Case, answer: Answer, *, subject: str = "", device: str | None = None) -> Verdict:
    """Judge an answer.

    Parameters
    ----------
    case : Case
    answer : Answer
    subject : str
        Name to put into the verdict.
    device : str, optional
        Where the results have to be; None where nobody can tell.

    Returns
    -------
    Verdict
        Its `reason` says what is wrong, where, and by how much.
    """
    if isinstance(answer, Unsupported):
        return Verdict(case.id, subject, Status.UNSUPPORTED, answer.reason)
    if isinstance(answer, Errored):
        return Verdict(case.id, subject, answer.status, answer.message)
    if isinstance(answer, Rejected):
        status, reason = _judge_refusal(case, answer)
        return Verdict(case.id, subject, status, reason)
    if case.error is not None:
        reason = f"computed a result where a refusal of kind {case.error} is due"
        return Verdict(case.id, subject, Status.WRONGLY_ACCEPTED, reason)
    return _judge_outputs(case, answer, subject, device)


def _judge_refusal(case: Case, answer: Rejected) -> tuple[Status, str]:
    said = f"{answer.kind}: {answer.message}" if answer.message else str(answer.kind)
    if case.error is None:
        return Status.WRONGLY_REJECTED, f"refused a good input ({said})"
    if case.error in {answer.kind, *answer.also}:
        return Status.PASS, ""
    return Status.FAIL, f"refused for another reason than kind {case.error} ({said})"


@dataclass(frozen=True)
class Comparison:
    """One output against its expected array; `problem` is empty where it conforms."""

    problem: str = ""
    worst: float | None = None
    ulp: float | None = None
    grade: str = ""


_GRADES = ("exact", "tight", "budget", "")


def _judge_outputs(case: Case, answer: Outputs, subject: str, device: str | None) -> Verdict:
    problems = []
    missing = [name for name in case.expected if name not in answer.arrays]
    unasked = [name for name in answer.arrays if name not in case.expected]
    if missing:
        problems.append(f"no output {', '.join(missing)}")
    if unasked:
        problems.append(f"outputs that nobody asked for: {', '.join(unasked)}")
    if device is not None and answer.device != device and not missing:
        problems.append(f"result is on device {answer.device or 'unknown'}, its input on {device}")
    compared = [
        compare(name, expected, answer.arrays[name])
        for name, expected in case.expected.items()
        if name in answer.arrays
    ]
    problems += [c.problem for c in compared if c.problem]
    if answer.mutated:
        problems.append(f"changed its input {', '.join(answer.mutated)}")
    return Verdict(
        case.id,
        subject,
        Status.FAIL if problems else Status.PASS,
        "; ".join(problems),
        worst=_largest(c.worst for c in compared),
        ulp=_largest(c.ulp for c in compared),
        grade="" if problems else max((c.grade for c in compared), key=_GRADES.index, default=""),
    )


def _largest(numbers: Iterable[float | None]) -> float | None:
    return max((n for n in numbers if n is not None), default=None)


def compare(name: str, expected: Expected, got: Array) -> Comparison:
    """Hold one output against its expected array, exactly."""
    want = expected.array
    if got.dtype != want.dtype:
        return Comparison(f"{name} has dtype {got.dtype}, expected {want.dtype}")
    if got.shape != want.shape:
        return Comparison(f"{name} has shape {list(got.shape)}, expected {list(want.shape)}")
    if len(got.values) != math.prod(want.shape):
        return Comparison(f"{name} has {len(got.values)} elements for shape {list(got.shape)}")
    if got.values == want.values:
        return Comparison(worst=0.0, ulp=0.0, grade="exact")
    return _compare_elements(name, expected, got)


def _compare_elements(name: str, expected: Expected, got: Array) -> Comparison:
    worst, place, failed, tight = 0.0, 0, 0, True
    columns = zip(
        got.values, expected.array.values, _spread(expected.budget), _spread(expected.tight), strict=False
    )
    for index, (value, truth, budget, narrow) in enumerate(columns):
        if value == truth:
            continue
        ratio, within = over_budget(value, truth, budget)
        failed += not within
        tight = tight and over_budget(value, truth, narrow)[1]
        if ratio > worst:
            worst, place = ratio, index
    ulp = ulps_apart(got, expected.array)
    if not failed:
        return Comparison(worst=worst, ulp=ulp, grade="exact" if not ulp else "tight" if tight else "budget")
    return Comparison(_explain(name, expected, got, place, failed), worst, ulp)


def _spread(bounds: tuple[float, ...]) -> Iterable[float]:
    return repeat(bounds[0]) if len(bounds) == 1 else bounds


def over_budget(value: float, truth: float, budget: float) -> tuple[float, bool]:
    """Error over budget, and whether it is within, decided without rounding.

    NaN is within only for NaN, an infinity only for itself, and for budget 0 only the number itself.
    """
    if math.isnan(value) and math.isnan(truth):
        return 0.0, True
    if not (math.isfinite(value) and math.isfinite(truth)):
        return (0.0, True) if value == truth else (math.inf, False)
    error = abs(value - truth)
    if budget == 0:
        return (math.inf, False) if error else (0.0, True)
    ratio = error / budget
    # One subtraction and one division: the quotient is right to within a few units of 2^-53.
    if 0.999 < ratio < 1.001 or math.isinf(ratio):
        exact = abs(Fraction(value) - Fraction(truth)) / Fraction(budget)
        return ratio, exact <= 1
    return ratio, ratio <= 1


def _explain(name: str, expected: Expected, got: Array, place: int, failed: int) -> str:
    want = expected.array
    budget = expected.budget[0 if len(expected.budget) == 1 else place]
    value, truth = got.values[place], want.values[place]
    ratio, _ = over_budget(value, truth, budget)
    where = f"{name}{list(_index(place, want.shape))}" if want.shape else name
    many = f" ({failed} of {len(want.values)} elements are off)" if failed > 1 else ""
    size = "the budget is 0" if budget == 0 else f"{ratio:.3g} times the budget {budget:.3g}"
    return f"{where} is {value!r}, expected {truth!r}: error {abs(value - truth):.3g}, {size}{many}"


def _index(place: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    index = []
    for length in reversed(shape):
        place, rest = divmod(place, length)
        index.append(rest)
    return tuple(reversed(index))
