"""Known mistakes: how each is named, computed, and told from the truth."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

from conformance.model import Array, Case, ErrorKind, Op
from conformance.oracle import Definition, read, refusal, rounded
from conformance.oracle.problem import HALVES

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from conformance.model import Request
    from conformance.oracle.fixed import Number

MODULES = (
    "confidences",
    "epsilon",
    "gradient",
    "layout",
    "mask",
    "metrics",
    "norm",
    "omit",
    "precision",
    "quantile",
    "reduction",
    "refusals",
    "segments",
    "threshold",
)
APART = 4
"""How many budgets a wrong answer must stand off the truth for a case to tell them apart."""


class Wrong(Definition):
    """A mistake: the truth with a rule replaced. The docstring says in one line what it does."""

    guard = 96
    ops: ClassVar[tuple[Op, ...]] = tuple(Op)
    """The operations whose answer it may change."""
    needs: ClassVar[str] = "anything"
    """What a case must have, by the names of `NEEDS`, for its answer to differ from the truth."""
    computes: ClassVar[bool] = True
    """Whether it may compute something wrong, and not only refuse wrongly."""
    accepts: ClassVar[tuple[str, ...]] = ()
    """Faults, by the names of `conformance.oracle.refusals`, that it does not refuse."""

    def refuses(self, request: Request) -> ErrorKind | None:
        """Kind of its refusal, right or wrong."""
        return refusal(request, self.accepts)


def scaled(number: Number, by: Fraction) -> Number:
    """Give a number times a fraction, cut at the last unit."""
    return number * by.numerator // by.denominator if isinstance(number, int) else number


def _special(case: Case) -> bool:
    return not all(map(math.isfinite, case.inputs["keypoints"].values))


def _epsilon(case: Case) -> bool:
    return "epsilon" in case.inputs or case.params.get("epsilon", 0) != 0


NEEDS: dict[str, Callable[[Case], bool]] = {
    "anything": lambda _: True,
    "batch": lambda case: len(case.inputs["keypoints"].shape) > 3,
    "confidences": lambda case: "confidences" in case.inputs,
    "double": lambda case: case.dtype == "float64",
    "epsilon": _epsilon,
    "flat": lambda case: len(case.inputs["keypoints"].shape) == 2,
    "half": lambda case: case.dtype in HALVES,
    "omit": lambda case: case.params.get("nan_policy") == "omit",
    "segment_ids": lambda case: "segment_ids" in case.inputs,
    "space": lambda case: case.inputs["keypoints"].shape[-1] > 2,
    "special": _special,
}


def concerns(kind: type[Wrong], case: Case) -> bool:
    """Whether the mistake can matter to a case that is no refusal; if not, its answer is the truth."""
    if kind.computes:
        return case.op in kind.ops and NEEDS[kind.needs](case)
    return kind().refuses(case.request) is not None


@dataclass(frozen=True)
class Mistake:
    """A known mistake."""

    name: str
    description: str
    definition: type[Wrong]


@cache
def mistakes() -> dict[str, Mistake]:
    """All known mistakes by name."""
    found: dict[str, Mistake] = {}
    for module in MODULES:
        for kind in vars(import_module(f"conformance.mistakes.{module}")).values():
            here = isinstance(kind, type) and kind.__module__.endswith(f".{module}")
            if here and issubclass(kind, Wrong) and not kind.__name__.startswith("_"):
                name = re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()
                found[name] = Mistake(name, (kind.__doc__ or "").strip(), kind)
    return found


def wrong_answer(mistake: Mistake, case: Case) -> dict[str, Array] | ErrorKind | None:
    """Give the outputs or the refusal of an implementation with this mistake.

    None means an answer where a refusal is due: some value, not worth computing.
    """
    wrong = mistake.definition()
    request = case.request
    kind = wrong.refuses(request)
    if kind is not None:
        return kind
    if refusal(request) is not None:
        return None
    return {name: rounded(output) for name, output in wrong.solve(read(request)).outputs.items()}


def tells(case: Case, answer: dict[str, Array] | ErrorKind | None) -> bool:
    """Whether the case tells this answer from the truth, with `APART` budgets to spare."""
    if answer is None or isinstance(answer, ErrorKind):
        return answer is not case.error
    if case.error is not None:
        return True
    return any(_differs(case, name, answer.get(name)) for name in case.expected)


def _differs(case: Case, name: str, got: Array | None) -> bool:
    due = case.expected[name]
    if got is None or (got.dtype, got.shape) != (due.array.dtype, due.array.shape):
        return True
    bounds = due.budget * len(got.values) if len(due.budget) == 1 else due.budget
    return any(_apart(a, b, bound) for a, b, bound in zip(got.values, due.array.values, bounds, strict=True))


def _apart(got: float, due: float, bound: float) -> bool:
    if math.isnan(got) or math.isnan(due):
        return math.isnan(got) != math.isnan(due)
    return got != due and not abs(got - due) <= APART * bound


def killed(case: Case) -> tuple[str, ...]:
    """Names of the mistakes that the case tells from the truth."""
    names = []
    for name, mistake in mistakes().items():
        if case.error is None and not concerns(mistake.definition, case):
            continue
        if tells(case, wrong_answer(mistake, case)):
            names.append(name)
    return tuple(sorted(names))
