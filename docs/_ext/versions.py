"""The versions that were tried, oldest and newest: kept as one small file, shown on a page.

`python docs/_ext/versions.py` puts into docs/results/versions.jsonl what `nox -s lowest newest` has found
since; a session leaves a report only where the library's own tests passed before.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from conformance.report.load import load

DOCS = Path(__file__).parents[1]
REPORTS = DOCS / "_build" / "versions"
KEPT = DOCS / "results" / "versions.jsonl"


def condensed(report: Path) -> dict[str, Any]:
    """Return what is kept of a report."""
    run = load(report)
    return {
        "session": report.stem,
        "python": run.header.python,
        "versions": run.header.versions,
        "date": run.header.started[:10],
        "verdicts": len(run.verdicts),
        "exit": int(run.exit_code),
    }


def keep(reports: Path, kept: Path) -> list[str]:
    """Put the reports of a folder in place of older ones, and return the sessions they are of."""
    rows = {row["session"]: row for row in _read(kept)}
    new = {row["session"]: row for row in map(condensed, sorted(reports.glob("*.jsonl")))}
    lines = [json.dumps(row) for _, row in sorted((rows | new).items())]
    kept.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return [*new]


def _read(kept: Path) -> list[dict[str, Any]]:
    lines = kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []
    return [json.loads(line) for line in lines]


def markdown(kept: Path) -> str:
    """Return the table of what is kept."""
    lines = ["| Session | Python | Versions | Date | Result |", "|---|---|---|---|---|"]
    for row in _read(kept):
        versions = {name: version for name, version in row["versions"].items() if name != "temporal-loss"}
        # The suite's word for array-api-strict is its backend's.
        told = ", ".join(
            f"{'array-api-strict' if name == 'strict' else name} {v}" for name, v in versions.items()
        )
        result = f"{'conforms' if row['exit'] == 0 else 'does not conform'}, {row['verdicts']} verdicts"
        lines.append(f"| `{row['session']}` | {row['python']} | {told} | {row['date']} | {result} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print("kept:", ", ".join(keep(REPORTS, KEPT)) or "nothing new")  # noqa: T201 - its only output
