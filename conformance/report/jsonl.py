"""JSON lines: a header, one line per verdict as it comes, distances, and a footer that says it is whole."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any

from conformance.model import Status, Verdict
from conformance.report.run import FORMAT, Header, Run
from conformance.run.pairs import Pair
from conformance.subjects.base import UsageError

if TYPE_CHECKING:
    from pathlib import Path


class Writer:
    """Writes lines as the run goes on, so that a killed run leaves what it had, and no footer."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def planned(self, total: int) -> None:
        """Wait for the footer, which has the final number."""

    def header(self, header: Header) -> None:
        """Write the first line."""
        self._line({"type": "header", "format": FORMAT, **header.to_json()})

    def verdict(self, verdict: Verdict) -> None:
        """Write one verdict."""
        self._line({"type": "verdict", **asdict(verdict)})

    def footer(self, run: Run) -> None:
        """Write the distances and the last line."""
        for pair in run.pairs:
            self._line({"type": "pair", **asdict(pair)})
        counts = {status.value: n for status, n in run.counts.items()}
        self._line(
            {
                "type": "footer",
                "planned": run.planned,
                "run": len(run.verdicts),
                "counts": counts,
                "faults": run.faults,
                "exit": int(run.exit_code),
            }
        )

    def _line(self, data: dict[str, Any]) -> None:
        plain = {k: _named(v) for k, v in data.items()}
        self._stream.write(json.dumps(plain, allow_nan=False, ensure_ascii=False) + "\n")
        self._stream.flush()


def _named(value: Any) -> Any:
    # JSON has no infinity.
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, str) else value


def read(path: Path) -> Run:
    """Read a report.

    Raises
    ------
    UsageError
        The file cannot be read, is no report, or has no footer.
    """
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except OSError as error:
        message = f"{path}: {error.strerror or error}"
        raise UsageError(message) from error
    except ValueError as error:
        message = f"{path}: not a report of this suite, or one that was cut short (make one with --jsonl)"
        raise UsageError(message) from error
    if not lines or not isinstance(lines[0], dict) or lines[0].get("type") != "header":
        message = f"{path}: not a report of this suite (make one with --jsonl)"
        raise UsageError(message)
    if lines[-1].get("type") != "footer":
        message = f"{path}: no footer, so the run was cut short; run it again"
        raise UsageError(message)
    header = {k: v for k, v in lines[0].items() if k != "type"}
    if header.pop("format", None) != FORMAT:
        message = f"{path}: written by another version of the suite"
        raise UsageError(message)
    run = Run(Header.from_json(header), planned=lines[-1]["planned"], faults=lines[-1]["faults"])
    for line in lines[1:-1]:
        fields = {k: v for k, v in line.items() if k != "type"}
        if line["type"] == "verdict":
            numbers = {k: _number(fields[k]) for k in ("worst", "ulp", "spread")}
            words = {"status": Status(fields["status"]), "suspects": tuple(fields["suspects"])}
            run.verdicts.append(Verdict(**{**fields, **numbers, **words}))
        elif line["type"] == "pair":
            run.pairs.append(Pair(**{**fields, "ulp": _number(fields["ulp"])}))
    return run
