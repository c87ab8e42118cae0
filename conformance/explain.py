"""A failure in full: the case, its clauses, inputs, what was found, and how to run it again."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from conformance.clauses import CLAUSES
from conformance.mutants import mutants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.model import Array, Case, Verdict

_SHOWN = 8
_SUSPECTS = 3


def failure(case: Case, verdict: Verdict, rerun: str) -> list[tuple[str, str]]:
    """Return labelled lines: what failed, what the text demands, what went in, how to run it again."""
    first, *rest = about(case)
    told = [("subject", verdict.subject), ("verdict", f"{verdict.status}: {verdict.reason}")]
    told += [("perhaps", f"{name}: {mutants()[name].description}") for name in verdict.suspects[:_SUSPECTS]]
    return [first, *told, *rest, ("rerun", rerun_command(case.id, rerun))]


def about(case: Case) -> list[tuple[str, str]]:
    """Return labelled lines on a case alone."""
    lines = [("case", f"{case.id}: {case.description}")]
    lines += [("clause", f"{name} {CLAUSES[name]}") for name in case.clauses]
    lines += [("input", f"{name} {shortened(a)}") for name, a in case.inputs.items()]
    if case.params:
        lines.append(("input", ", ".join(f"{k}={v!r}" for k, v in case.params.items())))
    lines += [("expected", f"{name} {shortened(due.array)}") for name, due in case.expected.items()]
    if case.error is not None:
        lines.append(("expected", f"a refusal of kind {case.error}"))
    return lines


def rerun_command(case: str, options: str) -> str:
    """Return the command that runs one case with one subject."""
    return f"python -m conformance {options} --case {shlex.quote(case)}"


def shortened(array: Array) -> str:
    """Dtype, shape and the first few numbers of an array, readable."""
    shown = ", ".join(f"{v!r}" for v in array.values[:_SHOWN])
    more = f", … {len(array.values)} in all" if len(array.values) > _SHOWN else ""
    return f"{array.dtype} {list(array.shape)}: {shown}{more}"


def plain(lines: Sequence[tuple[str, str]]) -> str:
    """Lines as plain text, the labels in a column."""
    width = max(len(label) for label, _ in lines)
    return "\n".join(f"{label:>{width}}  {text}" for label, text in lines)
