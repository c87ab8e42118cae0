"""A failure in full: the case, its clauses, inputs, what was found, and how to run it again."""

from __future__ import annotations

import shlex
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from conformance.clauses import CLAUSES
from conformance.drawing import draw
from conformance.fresh import is_fresh
from conformance.mutants import mutants
from conformance.oracle.echo import is_number, number
from conformance.text import LONGEST, clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.model import Array, Case, Verdict

_SHOWN = 8
_SHOWN_FRESH = 72
"""All numbers of most: no file has them."""
_SUSPECTS = 3
_NOT_BY_NUMBERS = {"TL-1.4": "changed its input", "TL-7.3": "copied to the host"}
"""Clauses that no wrong number breaks, and what a verdict says where they are broken."""


def broken(case: Case, verdict: Verdict) -> list[str]:
    """Return the clauses that a failure may have broken: those of the case, but what no number breaks."""
    return [name for name in case.clauses if _NOT_BY_NUMBERS.get(name, "") in verdict.reason]


def failure(case: Case, verdict: Verdict, rerun: str) -> list[tuple[str, str]]:
    """Return labelled lines: what failed, what the text demands, what went in, how to run it again."""
    shrunk = []
    if verdict.smaller is not None:
        shrunk = [("shrunk", f"from {case.description}")]
        case = draw(case.id, verdict.smaller)
    first, *rest = about(replace(case, clauses=tuple(broken(case, verdict))))
    told = [("subject", verdict.subject), ("verdict", f"{verdict.status}: {verdict.reason}")]
    told += [("perhaps", f"{name}: {mutants()[name].description}") for name in verdict.suspects[:_SUSPECTS]]
    return [first, *shrunk, *told, *rest, ("rerun", rerun_command(case.id, rerun))]


def about(case: Case, *, every: bool = False) -> list[tuple[str, str]]:
    """Return labelled lines on a case alone: a few numbers of an array, or `every` one with its bits."""
    most = _SHOWN_FRESH if is_fresh(case) else _SHOWN
    lines = [("case", f"{case.id}: {case.description}")]
    lines += [("clause", f"{name} {CLAUSES[name]}") for name in case.clauses]

    def show(label: str, name: str, array: Array) -> list[tuple[str, str]]:
        return _whole(label, name, array) if every else [(label, f"{name} {shortened(array, most)}")]

    for name, array in case.inputs.items():
        lines += show("input", name, array)
    if case.params:
        lines.append(("input", ", ".join(f"{k}={v!r}" for k, v in case.params.items())))
    for name, value in case.params.items() if every else ():
        if is_number(value):
            lines += _whole("bits", name, number(value))
    for name, due in case.expected.items():
        lines += show("expected", name, due.array)
    if case.error is not None:
        lines.append(("expected", f"a refusal of kind {case.error}"))
    return lines


def _whole(label: str, name: str, array: Array) -> list[tuple[str, str]]:
    """Lines for every number: its place, what it is, and its bits."""
    places = product(*map(range, array.shape))
    rows = zip(places, array.text, array.bits, strict=True)
    head = (label, f"{name} {array.dtype} {list(array.shape)}")
    return [head, *(("", f"  {list(place)} {text}  {digits}") for place, text, digits in rows)]


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
