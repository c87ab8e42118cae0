"""JSON lines: a header, one line per verdict as it comes, distances, and a footer that says it is whole."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import msgspec

from conformance.exits import UsageError
from conformance.model import Verdict
from conformance.results import Header, Pair, Run
from conformance.schema.arrays import named
from conformance.text import Clean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FORMAT = 1


@dataclass(frozen=True)
class Footer(Clean):
    """The last line. A report without it was cut short."""

    planned: int
    run: int
    counts: dict[str, int]
    faults: list[str]
    exit: int


class Writer:
    """Writes lines as the run goes on, so that a killed run leaves what it had, and no footer."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._problem = ""

    def planned(self, total: int) -> None:
        """Wait for the footer, which has the final number."""

    def header(self, header: Header) -> None:
        """Write the first line."""
        self._line("header", header, format=_FORMAT)

    def verdict(self, verdict: Verdict) -> None:
        """Write one verdict."""
        self._line("verdict", verdict)

    def footer(self, run: Run) -> None:
        """Write the distances and the last line."""
        for pair in run.pairs:
            self._line("pair", pair)
        counts = {status.value: n for status, n in run.counts.items()}
        self._line("footer", Footer(run.planned, len(run.verdicts), counts, run.faults, int(run.exit_code)))

    def check(self) -> None:
        """Raise UsageError if a line could not be written; none was written after it."""
        if self._problem:
            message = f"--jsonl: {self._problem}: the report is not whole"
            raise UsageError(message)

    def _line(self, kind: str, record: object, **more: int) -> None:
        data = {"type": kind, **more, **named(msgspec.to_builtins(record))}
        if not self._problem:
            try:
                self._stream.write(json.dumps(data, allow_nan=False, ensure_ascii=False) + "\n")
                self._stream.flush()
            except OSError as error:
                # The run goes on, and what it finds is told; `check` tells this.
                self._problem = error.strerror or str(error)


@contextmanager
def written(run: Run, path: Path | None) -> Iterator[list[Writer]]:
    """Write the lines that come before and after the verdicts; those come in between, if there is a path."""
    if path is None:
        yield []
        return
    stream = path.open("w", encoding="utf-8")
    try:
        writer = Writer(stream)
        writer.header(run.header)
        writer.check()
        yield [writer]
        writer.footer(run)
    finally:
        # What is not written by now, `check` tells.
        with suppress(OSError):
            stream.close()


def read(path: Path) -> Run:
    """Read a report.

    Raises
    ------
    UsageError
        The file cannot be read, is no report, or has no footer.
    """
    try:
        lines = [json.loads(line) for line in _lines_of(path)]
    except OSError as error:
        message = f"{path}: {error.strerror or error}"
        raise UsageError(message) from error
    except (ValueError, RecursionError) as error:
        message = f"{path}: not a report of this suite, or one that was cut short (make one with --jsonl)"
        raise UsageError(message) from error
    if not all(isinstance(line, dict) for line in lines) or not lines or lines[0].get("type") != "header":
        message = f"{path}: not a report of this suite (make one with --jsonl)"
        raise UsageError(message)
    if lines[-1].get("type") != "footer":
        message = f"{path}: no footer, so the run was cut short; run it again"
        raise UsageError(message)
    if lines[0].get("format") != _FORMAT:
        message = f"{path}: written by another version of the suite"
        raise UsageError(message)
    try:
        return _run(lines)
    except msgspec.ValidationError as error:
        message = f"{path}: not a report of this suite: {error}"
        raise UsageError(message) from error


def _lines_of(path: Path) -> list[str]:
    # Other ends of lines may be part of what a subject said.
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def _run(lines: list[dict[str, Any]]) -> Run:
    kinds = {kind: [line for line in lines if line.get("type") == kind] for kind in ("verdict", "pair")}
    # Not strict: JSON has no infinity, which is written by its name.
    footer = msgspec.convert(lines[-1], Footer, strict=False)
    return Run(
        msgspec.convert(lines[0], Header, strict=False),
        footer.planned,
        msgspec.convert(kinds["verdict"], list[Verdict], strict=False),
        msgspec.convert(kinds["pair"], list[Pair], strict=False),
        footer.faults,
    )
