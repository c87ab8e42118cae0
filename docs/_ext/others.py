"""Other array libraries and what the suite found on them: a table on their page, made of reports.

`python docs/_ext/others.py REPORT.jsonl` puts a report of `python -m conformance --jsonl` on one backend into
docs/others.json, in the place of the last one on it, and writes the page's table anew.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from conformance import suite
from conformance.exits import Exit
from conformance.model import Status
from conformance.report.load import load
from conformance.results import GOOD

if TYPE_CHECKING:
    from conformance.results import Run

DOCS = Path(__file__).parents[1]
KEPT = DOCS / "others.json"
PAGE = DOCS / "howto" / "other-libraries.md"
COLUMNS = ("Library", "Date", "Python", "Verdict", "Cases passed", "What does not")
_BLOCK = re.compile(r"(?<=<!-- others -->\n).*?(?=<!-- end of others -->)", re.DOTALL)


def row(report: Path) -> list[str]:
    """Say in a row of the table what a report found."""
    run = load(report)
    header = run.header
    whole = len(run.verdicts) == header.cases and not run.faults
    if not whole or header.suite != suite.suite_hash():
        message = f"{report}: not a run of one backend on all cases that are here"
        raise click.ClickException(message)
    (backend,) = {subject.name.partition("/")[0] for subject in header.subjects}
    versions = header.versions
    passed = f"{run.counts[Status.PASS]} of {len(run.verdicts)}"
    name = f"{backend} {versions[backend]}"
    return [name, header.started[:10], header.python, _verdict(run), passed, _what_does_not(run)]


def _verdict(run: Run) -> str:
    if not run.failures:
        return "conforms" if run.exit_code == Exit.CONFORMS else "conforms in part"
    good = {case.id for case in suite.load_cases() if case.error is None}
    refused = all(v.status is Status.WRONGLY_REJECTED for v in run.verdicts if v.case in good)
    return "refused" if refused else "does not conform"


def _what_does_not(run: Run) -> str:
    """Say what is declared not to be there, or else what fails, and why most of it does."""
    if not run.failures:
        lacking = Counter(v.reason for v in run.verdicts if v.status is not Status.PASS)
        return "; ".join(lacking)
    failed = Counter((v.status, v.reason) for v in run.verdicts if v.status not in GOOD)
    (status, reason), times = failed.most_common(1)[0]
    return f"{failed.total()} cases; {times} of them {status}: {reason}"


def table(rows: list[list[str]]) -> str:
    """Return the table in Markdown."""
    lines = [COLUMNS, ["---"] * len(COLUMNS), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def kept() -> list[list[str]]:
    """Read the rows that are kept."""
    rows: list[list[str]] = json.loads(KEPT.read_text(encoding="utf-8"))
    return rows


def with_table(page: str) -> str:
    """Return the page with the table of the kept rows."""
    return _BLOCK.sub(lambda _: table(kept()), page)


@click.command()
@click.argument("report", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def main(report: Path) -> None:
    """Keep what the JSON lines REPORT found, and show it on the page."""
    found = row(report)
    library = found[0].partition(" ")[0]
    rows = sorted([found, *(each for each in kept() if each[0].partition(" ")[0] != library)])
    KEPT.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    click.echo(f"{library}: {found[3]}")


if __name__ == "__main__":
    main()
