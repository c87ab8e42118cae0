"""Declared deviations: known failures of a subject, shown as such and never as passed."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import msgspec

from conformance.exits import UsageError
from conformance.model import Status, Verdict
from conformance.schema.arrays import Record

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

_Failure = Literal["fail", "wrongly-accepted", "wrongly-rejected", "crash", "timeout", "protocol"]
_Text = Annotated[str, msgspec.Meta(min_length=1)]


class Deviation(Record, frozen=True):
    """One known failure: the case, the verdict it gets, why, and where that is discussed.

    `subject` is a pattern with * of the subjects it holds for.
    """

    id: _Text
    status: _Failure
    reason: _Text
    link: _Text
    subject: _Text = "*"


class _File(Record, frozen=True):
    deviation: list[Deviation]


def read(path: Path, case_ids: Collection[str]) -> list[Deviation]:
    """Read a TOML file of [[deviation]] tables, or a JSON file {"deviation": [...]}.

    Raises
    ------
    UsageError
        The file cannot be read, or a deviation is incomplete or names an unknown case.
    """
    decode = msgspec.json.decode if path.suffix == ".json" else msgspec.toml.decode
    try:
        found = decode(path.read_bytes(), type=_File).deviation
    except msgspec.ValidationError as error:
        statuses = ", ".join(get_args(_Failure))
        takes = f"each [[deviation]] takes id, status ({statuses}), reason, link and maybe subject"
        message = f"--deviations {path}: {error}; {takes}"
        raise UsageError(message) from error
    except (OSError, ValueError) as error:
        message = f"--deviations {path}: {error}"
        raise UsageError(message) from error
    for number, deviation in enumerate(found, 1):
        if deviation.id not in case_ids:
            message = f"--deviations {path}, deviation {number}: there is no case {deviation.id!r}"
            raise UsageError(message)
    return found


def declare(verdict: Verdict, deviations: Sequence[Deviation]) -> Verdict:
    """Turn a declared failure into xfail, and a pass where a failure was declared into xpass."""
    for known in deviations:
        if known.id != verdict.case or not fnmatchcase(verdict.subject, known.subject):
            continue
        if verdict.status is Status.PASS:
            reason = f"passes, though declared as {known.status} ({known.link}): take it off the list"
            return replace(verdict, status=Status.XPASS, reason=reason)
        if verdict.status.value == known.status:
            reason = f"{known.reason} ({known.link}): {verdict.reason}"
            return replace(verdict, status=Status.XFAIL, reason=reason)
    return verdict
