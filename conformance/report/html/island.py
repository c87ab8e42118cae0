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
    from collections.abc import Iterable

    from conformance.model import Case
    from conformance.report.summary import Summary

SHOWN = 192
"""Elements of an array that are on the page: the largest have 20,000."""
_ESCAPED = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
_LARGE = 1e9
_GRADES = ("", "exact", "tight", "budget")
_STATUSES = {status: place for place, status in enumerate(Status)}


def data(summary: Summary) -> str:
    """Return the cases that were asked, once each, and all verdicts in a few numbers each."""
    verdicts = summary.run.verdicts
    shown = [c for c in summary.cases.values() if c.id in summary.asked]
    suspects = sorted({s for v in verdicts for s in v.suspects})
    # Hundreds of verdicts may have one reason.
    reasons = _places(["", *(v.reason for v in verdicts)])
    subjects, ids, names = _places(summary.subjects), _places(c.id for c in shown), _places(suspects)
    island = {
        "statuses": [s.value for s in Status],
        "good": [s.value for s in Status if s in GOOD],
        "grades": _GRADES,
        "clauses": CLAUSES,
        "flags": FLAGS,
        "mistakes": {name: mutants()[name].description for name in suspects},
        "suspects": suspects,
        "subjects": [{"name": s.name, "rerun": s.rerun} for s in summary.header.subjects],
        "cases": [_case(c) for c in shown],
        "reasons": [*reasons],
        "verdicts": [
            [
                subjects[v.subject],
                ids[v.case],
                _STATUSES[v.status],
                *map(_number, (v.worst, v.ulp, v.spread)),
                round(v.seconds, 4),
                _GRADES.index(v.grade),
                reasons[v.reason],
                *(names[s] for s in v.suspects),
            ]
            for v in verdicts
        ],
    }
    text = json.dumps(island, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_ESCAPED)


def _places(words: Iterable[str]) -> dict[str, int]:
    return {word: place for place, word in enumerate(dict.fromkeys(words))}


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
