"""The data of the page's drill-down, as JSON that cannot end the element it stands in."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from conformance.clauses import CLAUSES, FLAGS
from conformance.model import Array, Status
from conformance.mutants import mutants
from conformance.results import GOOD

if TYPE_CHECKING:
    from conformance.model import Case, Verdict
    from conformance.results import Run

SHOWN = 192
"""Elements of an array that are on the page: the largest have 20,000."""
_ESCAPED = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
_LARGE = 1e9
_GRADES = ("", "exact", "tight", "budget")


def data(run: Run, cases: list[Case]) -> str:
    """Return the cases that were asked, once each, and all verdicts in a few numbers each."""
    asked = {v.case for v in run.verdicts}
    shown = [c for c in cases if c.id in asked]
    reasons = _Words()
    suspects = sorted({s for v in run.verdicts for s in v.suspects})
    place = {c.id: i for i, c in enumerate(shown)}
    subject = {s.name: i for i, s in enumerate(run.header.subjects)}
    verdicts = [_verdict(v, subject[v.subject], place[v.case], reasons, suspects) for v in run.verdicts]
    island = {
        "statuses": [s.value for s in Status],
        "good": [s.value for s in Status if s in GOOD],
        "grades": _GRADES,
        "clauses": CLAUSES,
        "flags": FLAGS,
        "mistakes": {name: mutants()[name].description for name in suspects},
        "suspects": suspects,
        "subjects": [{"name": s.name, "rerun": s.rerun} for s in run.header.subjects],
        "cases": [_case(c) for c in shown],
        "reasons": reasons.found,
        "verdicts": verdicts,
    }
    text = json.dumps(island, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_ESCAPED)


class _Words:
    """Texts by number: hundreds of verdicts may have one reason."""

    def __init__(self) -> None:
        self.found: list[str] = [""]
        self._places = {"": 0}

    def place(self, text: str) -> int:
        if text not in self._places:
            self._places[text] = len(self.found)
            self.found.append(text)
        return self._places[text]


def _verdict(verdict: Verdict, subject: int, case: int, reasons: _Words, suspects: list[str]) -> list[Any]:
    fields: list[Any] = [
        subject,
        case,
        list(Status).index(verdict.status),
        _number(verdict.worst),
        _number(verdict.ulp),
        _number(verdict.spread),
        round(verdict.seconds, 4),
        _GRADES.index(verdict.grade),
        reasons.place(verdict.reason),
        *(suspects.index(s) for s in verdict.suspects),
    ]
    return fields


def _number(value: float | None) -> float | str | None:
    """Four digits are enough to see; what JSON lacks gets the name that JavaScript has for it."""
    if value is None:
        return None
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity"
    short = float(f"{value:.4g}")
    return int(short) if short.is_integer() and short < _LARGE else short


def _case(case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
        "about": case.description,
        "clauses": case.clauses,
        "flags": case.flags,
        "op": case.op.value,
        "dtype": case.dtype,
        "inputs": [_array(name, a) for name, a in case.inputs.items()],
        "params": [[name, repr(value)] for name, value in case.params.items()],
        "expected": [
            _array(name, due.array) | {"budget": due.budget[:SHOWN]} for name, due in case.expected.items()
        ],
        "error": case.error,
    }


def _array(name: str, array: Array) -> dict[str, Any]:
    first = Array(array.dtype, array.shape, array.values[:SHOWN])
    return {
        "name": name,
        "dtype": array.dtype,
        "shape": array.shape,
        "total": len(array.values),
        "text": " ".join(first.text),
        "bits": " ".join(first.bits),
    }
