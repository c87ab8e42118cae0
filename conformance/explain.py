"""A failure in full: the case, its clauses, inputs, what was found, and how to run it again."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from conformance.clauses import CLAUSES
from conformance.drawing import draw
from conformance.fresh import is_fresh
from conformance.mutants import mutants
from conformance.text import LONGEST, clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.model import Array, Case, Verdict

_SHOWN = 8
_SHOWN_FRESH = 72
"""All numbers of most: no file has them."""
_SUSPECTS = 3


def failure(case: Case, verdict: Verdict, rerun: str) -> list[tuple[str, str]]:
    """Return labelled lines: what failed, what the text demands, what went in, how to run it again."""
    shrunk = []
    if verdict.smaller is not None:
        shrunk = [("shrunk", f"from {case.description}")]
        case = draw(case.id, verdict.smaller)
    first, *rest = about(case)
    told = [("subject", verdict.subject), ("verdict", f"{verdict.status}: {verdict.reason}")]
    told += [("perhaps", f"{name}: {mutants()[name].description}") for name in verdict.suspects[:_SUSPECTS]]
    return [first, *shrunk, *told, *rest, ("rerun", rerun_command(case.id, rerun))]


def about(case: Case) -> list[tuple[str, str]]:
    """Return labelled lines on a case alone."""
    most = _SHOWN_FRESH if is_fresh(case) else _SHOWN
    lines = [("case", f"{case.id}: {case.description}")]
    lines += [("clause", f"{name} {CLAUSES[name]}") for name in case.clauses]
    lines += [("input", f"{name} {shortened(a, most)}") for name, a in case.inputs.items()]
    if case.params:
        lines.append(("input", ", ".join(f"{k}={v!r}" for k, v in case.params.items())))
    lines += [("expected", f"{name} {shortened(due.array, most)}") for name, due in case.expected.items()]
    if case.error is not None:
        lines.append(("expected", f"a refusal of kind {case.error}"))
    return lines


def rerun_command(case: str, options: str) -> str:
    """Return the command that runs one case with one subject."""
    return clean(f"python -m conformance {options} --case {shlex.quote(case)}", LONGEST)


def shortened(array: Array, most: int = _SHOWN) -> str:
    """Dtype, shape and the first few numbers of an array, readable."""
    shown = ", ".join(f"{v!r}" for v in array.values[:most])
    more = f", … {len(array.values)} in all" if len(array.values) > most else ""
    return f"{array.dtype} {list(array.shape)}: {shown}{more}"


def plain(lines: Sequence[tuple[str, str]]) -> str:
    """Lines as plain text, the labels in a column."""
    width = max(len(label) for label, _ in lines)
    return "\n".join(f"{label:>{width}}  {text}" for label, text in lines)
