"""The committed cases: read, selected, and identified by one hash."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from conformance.model import (
    Array,
    Case,
    ErrorKind,
    Expected,
    Op,
    params_from_json,
    params_to_json,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.resources.abc import Traversable


def case_files() -> list[Traversable]:
    """Return the JSON files that hold the cases, by name."""
    found = (f for f in files("conformance").joinpath("cases").iterdir() if f.name.endswith(".json"))
    return sorted(found, key=lambda f: f.name)


def case_to_json(case: Case) -> dict[str, Any]:
    """JSON form of a case; absent parts are left out."""
    data: dict[str, Any] = {
        "id": case.id,
        "clauses": list(case.clauses),
        "description": case.description,
        "flags": list(case.flags),
        "op": case.op.value,
        "dtype": case.dtype,
        "inputs": {name: array.to_json() for name, array in case.inputs.items()},
        "params": params_to_json(case.params),
    }
    if case.error is not None:
        data["error"] = case.error.value
    else:
        data["expected"] = {
            name: due.array.to_json() | {"budget": list(due.budget), "tight": list(due.tight)}
            for name, due in case.expected.items()
        }
    return data


def case_from_json(data: dict[str, Any], kills: Iterable[str] = ()) -> Case:
    """Read the JSON form of a case; what it kills is written elsewhere."""
    return Case(
        id=data["id"],
        clauses=tuple(data["clauses"]),
        description=data["description"],
        flags=tuple(data["flags"]),
        op=Op(data["op"]),
        dtype=data["dtype"],
        inputs={name: Array.from_json(array) for name, array in data["inputs"].items()},
        params=params_from_json(data["params"]),
        expected={
            name: Expected(Array.from_json(due), tuple(due["budget"]), tuple(due["tight"]))
            for name, due in data.get("expected", {}).items()
        },
        error=ErrorKind(data["error"]) if "error" in data else None,
        kills=tuple(kills),
    )


def kills_file() -> Traversable:
    """Return the JSON file that says by mutant which cases tell it from the truth."""
    return files("conformance").joinpath("kills.json")


@cache
def _cases() -> tuple[Case, ...]:
    kills: dict[str, list[str]] = {}
    for mutant, ids in json.loads(kills_file().read_bytes()).items():
        for name in ids:
            kills.setdefault(name, []).append(mutant)
    found = [c for f in case_files() for c in json.loads(f.read_bytes())["cases"]]
    return tuple(case_from_json(c, kills.get(c["id"], ())) for c in found)


def load_cases() -> list[Case]:
    """Return all cases, in the order of their files. Read once per process."""
    return list(_cases())


def select(*ids: str, cases: Iterable[Case] | None = None) -> list[Case]:
    """Return the cases with these ids, in the order asked for; an unknown id is a KeyError."""
    known = {case.id: case for case in (_cases() if cases is None else cases)}
    missing = [i for i in ids if i not in known]
    if missing:
        message = f"no such case: {', '.join(missing)}"
        raise KeyError(message)
    return [known[i] for i in ids]


def suite_hash() -> str:
    """Return the SHA-256 of all case files, names included: two runs with one hash asked the same.

    What the cases kill is no part of it: another mutant changes no question and no verdict.
    """
    digest = hashlib.sha256()
    for f in case_files():
        body = f.read_bytes()
        digest.update(f"{f.name} {len(body)}\n".encode())
        digest.update(body)
    return digest.hexdigest()
