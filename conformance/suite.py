"""The committed cases: read, selected, and identified by one hash."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from conformance.model import Case
from conformance.schema.arrays import named, numbers
from conformance.schema.cases import CaseFile, ExpectedArray, WrittenArray, WrittenCase

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.resources.abc import Traversable


def case_files() -> list[Traversable]:
    """Return the JSON files that hold the cases, by name."""
    found = (f for f in files("conformance").joinpath("cases").iterdir() if f.name.endswith(".json"))
    return sorted(found, key=lambda f: f.name)


def case_to_json(case: Case) -> dict[str, Any]:
    """JSON form of a case; absent parts are left out."""
    inputs = {n: WrittenArray(a.dtype, a.shape, a.bits, a.text) for n, a in case.inputs.items()}
    expected = {
        n: ExpectedArray(a.dtype, a.shape, a.bits, a.text, due.budget, due.tight)
        for n, due in case.expected.items()
        for a in [due.array]
    }
    data: dict[str, Any] = msgspec.to_builtins(
        WrittenCase(
            id=case.id,
            clauses=case.clauses,
            description=case.description,
            flags=case.flags,
            op=case.op,
            dtype=case.dtype,
            inputs=inputs,
            params=named(case.params),
            expected=UNSET if case.error else expected,
            error=case.error or UNSET,
        )
    )
    return data


def case_of(written: WrittenCase, kills: Iterable[str] = ()) -> Case:
    """Read the JSON form of a case; what it kills is written elsewhere."""
    return Case(
        id=written.id,
        clauses=written.clauses,
        description=written.description,
        flags=written.flags,
        op=written.op,
        dtype=written.dtype,
        inputs={name: array.array for name, array in written.inputs.items()},
        params=numbers(written.params),
        expected={name: due.expected for name, due in (written.expected or {}).items()},
        error=written.error or None,
        kills=tuple(kills),
    )


def kills_file() -> Traversable:
    """Return the JSON file that says by mutant which cases tell it from the truth."""
    return files("conformance").joinpath("kills.json")


@cache
def _cases() -> tuple[Case, ...]:
    kills: dict[str, list[str]] = {}
    for mutant, ids in msgspec.json.decode(kills_file().read_bytes(), type=dict[str, list[str]]).items():
        for name in ids:
            kills.setdefault(name, []).append(mutant)
    read = (msgspec.json.decode(f.read_bytes(), type=CaseFile) for f in case_files())
    return tuple(case_of(written, kills.get(written.id, ())) for file in read for written in file.cases)


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


@cache
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
