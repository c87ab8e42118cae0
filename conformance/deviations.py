"""Declared deviations: failures a subject is known for, shown as such and never as green."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from conformance.model import Status, Verdict
from conformance.subjects.base import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

DECLARABLE = (
    Status.FAIL,
    Status.WRONGLY_ACCEPTED,
    Status.WRONGLY_REJECTED,
    Status.CRASH,
    Status.TIMEOUT,
    Status.PROTOCOL,
)
_REQUIRED = {"id", "status", "reason", "link"}


@dataclass(frozen=True)
class Deviation:
    """One known failure: the case, the verdict it gets, why, and where that is discussed.

    `subject` is a pattern with * of the subjects it holds for.
    """

    id: str
    status: Status
    reason: str
    link: str
    subject: str = "*"


def read(path: Path, case_ids: Collection[str]) -> list[Deviation]:
    """Read a TOML file of [[deviation]] tables, or a JSON file {"deviation": [...]}.

    Raises
    ------
    UsageError
        The file cannot be read, or a deviation is incomplete or names an unknown case.
    """
    try:
        text = path.read_text(encoding="utf-8")
        data: Any = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        message = f"--deviations {path}: {error}"
        raise UsageError(message) from error
    entries = data.get("deviation") if isinstance(data, dict) else None
    if not isinstance(entries, list) or len(data) != 1:
        message = f"--deviations {path}: expected a list named `deviation` and nothing else"
        raise UsageError(message)
    return [_deviation(path, number, entry, case_ids) for number, entry in enumerate(entries, 1)]


def _deviation(path: Path, number: int, entry: Any, case_ids: Collection[str]) -> Deviation:
    where = f"--deviations {path}, deviation {number}"
    if not isinstance(entry, dict) or not all(isinstance(v, str) and v for v in entry.values()):
        message = f"{where}: every field is a text"
        raise UsageError(message)
    wrong = (_REQUIRED - entry.keys()) | (entry.keys() - _REQUIRED - {"subject"})
    if wrong:
        message = (
            f"{where}: it takes {', '.join(sorted(_REQUIRED))} and maybe subject; "
            f"missing or too much: {', '.join(sorted(wrong))}"
        )
        raise UsageError(message)
    if entry["id"] not in case_ids:
        message = f"{where}: there is no case {entry['id']!r}"
        raise UsageError(message)
    if entry["status"] not in list(DECLARABLE):
        message = f"{where}: status {entry['status']!r} is none of {', '.join(DECLARABLE)}"
        raise UsageError(message)
    return Deviation(**{**entry, "status": Status(entry["status"])})


def declare(verdict: Verdict, deviations: Sequence[Deviation]) -> Verdict:
    """Turn a declared failure into xfail, and a pass where a failure was declared into xpass."""
    for known in deviations:
        if known.id != verdict.case or not fnmatchcase(verdict.subject, known.subject):
            continue
        if verdict.status is Status.PASS:
            reason = f"passes, though declared as {known.status} ({known.link}): take it off the list"
            return replace(verdict, status=Status.XPASS, reason=reason)
        if verdict.status is known.status:
            reason = f"{known.reason} ({known.link}): {verdict.reason}"
            return replace(verdict, status=Status.XFAIL, reason=reason)
    return verdict
