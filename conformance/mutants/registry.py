"""How a mutant is declared, what it answers, and whether a case kills it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from conformance import oracle
from conformance.model import COMPUTED, Array, Case, ErrorKind, Op, Request
from conformance.oracle import Definition, read, rounded
from conformance.oracle.problem import HALVES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

THEMES = (
    "confidences",
    "epsilon",
    "epsilon_rounding",
    "gradient",
    "layout",
    "mask",
    "metrics",
    "norm",
    "omit",
    "precision",
    "reduction",
    "refusals",
    "segments",
    "transport",
)
APART = 4
"""How many budgets a wrong answer must stand off the truth for a case to kill it."""
_GUARD = 96
"""Good bits beyond the finest input: fewer than the oracle's, and enough to be `APART` budgets off."""


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


@dataclass(frozen=True, eq=False)
class Mutant:
    """A wrong implementation: the exact definition with a rule or two replaced.

    Attributes
    ----------
    name : str
        Its id. Cases list the mutants that they kill by it, so it never changes.
    description : str
        What is wrong with it, in one sentence.
    rules : mapping of str to callable
        What stands in the place of which method of `Definition`. It is called as the method is, with the
        right definition before all other arguments.
    ops : tuple of Op
        The operations in which it is wrong.
    needs : str
        What a case must have, by the names of `NEEDS`, for it to be wrong there.
    refuses : callable, optional
        Gives the kind of its refusal; by default it refuses what it should.
    reads : callable, optional
        Gives the request that it takes a request for; it answers that one rightly.
    """

    name: str
    description: str
    rules: Mapping[str, Callable[..., Any]]
    ops: tuple[Op, ...]
    needs: str
    refuses: Callable[[Request], ErrorKind | None] | None
    reads: Callable[[Request], Request] | None = None

    def concerns(self, case: Case) -> bool:
        """Whether it may be wrong here; elsewhere its answer is the truth."""
        if self.reads is not None:
            return repr(self.reads(case.request)) != repr(case.request)
        if self.refuses is not None and self.refuses(case.request) is not case.error:
            return True
        return bool(self.rules) and case.error is None and case.op in self.ops and NEEDS[self.needs](case)

    def definition(self) -> Definition:
        """Make the definition that it follows."""
        truth, wrong = Definition(), Definition()
        truth.guard = wrong.guard = _GUARD
        for rule, replacement in self.rules.items():
            setattr(wrong, rule, partial(replacement, truth))
        return wrong


_declared: dict[str, Mutant] = {}


def mutant(
    what: str,
    *,
    ops: tuple[Op, ...] = COMPUTED,
    needs: str = "anything",
    refuses: Callable[[Request], ErrorKind | None] | None = None,
    reads: Callable[[Request], Request] | None = None,
    **rules: Callable[..., Any],
) -> None:
    """Declare a mutant: "name: What is wrong with it.", and the rules that it replaces by keyword."""
    name, _, description = what.partition(": ")
    if name in _declared:
        message = f"two mutants are called {name}"
        raise ValueError(message)
    _declared[name] = Mutant(name, description, rules, ops, needs, refuses, reads)


@cache
def mutants() -> dict[str, Mutant]:
    """All mutants by name."""
    for theme in THEMES:
        import_module(f"conformance.mutants.{theme}")
    return dict(_declared)


def wrong_answer(mutant: Mutant, case: Case) -> dict[str, Array] | ErrorKind | None:
    """Give the outputs or the refusal of a mutant.

    None means an answer where a refusal is due: some value, not worth computing.
    """
    if mutant.reads is not None:
        return _answer_to(mutant.reads(case.request), case)
    kind = case.error if mutant.refuses is None else mutant.refuses(case.request)
    if kind is not None or case.error is not None:
        return kind
    if not mutant.concerns(case):
        return {name: due.array for name, due in case.expected.items()}
    solution = mutant.definition().solve(read(case.request))
    return {name: rounded(output) for name, output in solution.outputs.items()}


def _answer_to(misread: Request, case: Case) -> dict[str, Array] | ErrorKind | None:
    kind = oracle.refusal(misread)
    if kind is not None or case.error is not None:
        return kind
    if misread.op is Op.ECHO:
        return oracle.echo(misread)
    rules = Definition()
    rules.guard = _GUARD
    return {name: rounded(output) for name, output in rules.solve(read(misread)).outputs.items()}


def kills(case: Case, answer: dict[str, Array] | ErrorKind | None) -> bool:
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
    """Names of the mutants that the case kills."""
    concerned = (m for m in mutants().values() if m.concerns(case))
    return tuple(sorted(m.name for m in concerned if kills(case, wrong_answer(m, case))))
