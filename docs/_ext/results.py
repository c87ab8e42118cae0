"""The last runs of the suite: kept as small files, shown in the README and on the site.

`python docs/_ext/results.py REPORT.jsonl NAME` keeps a report of `python -m conformance --jsonl` as
docs/results/NAME.json, and writes the README's table anew.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

import click
import msgspec

from conformance import profiles, suite
from conformance.report.load import load
from conformance.report.summary import Summary

DOCS = Path(__file__).parents[1]
FOLDER = DOCS / "results"
README = DOCS.parent / "README.md"
_BLOCK = re.compile(r"(?<=<!-- results -->\n).*?(?=<!-- end of results -->)", re.DOTALL)
_BADGES = re.compile(r"(?<=<!-- badges -->\n).*?(?=<!-- end of badges -->)", re.DOTALL)
_SHORT = {
    "value-f64": "f64",
    "value-f32": "f32",
    "gradient": "grad",
    "gradient-half": "grad-half",
    "transform": "modes",
}


@dataclass(frozen=True)
class Cell:
    """One profile on one device: the best of the modes, but failures of all."""

    passed: int
    total: int
    failed: int

    def __str__(self) -> str:
        """Return a check mark, a count, or how many failed; "no" where nothing is supported."""
        if self.failed:
            return f"{self.failed} fail"
        if self.passed == self.total:
            return "✓"
        return f"{self.passed}/{self.total}" if self.passed else "no"


@dataclass(frozen=True)
class Row:
    """A backend on a device, over all modes that were run."""

    name: str
    modes: tuple[str, ...]
    worst: float | None
    cells: dict[str, Cell]


@dataclass(frozen=True)
class Results:
    """What is kept of a run."""

    command: str
    started: str
    host: str
    python: str
    versions: dict[str, str]
    suite: str
    verdicts: int
    exit_code: int
    rows: tuple[Row, ...]

    @classmethod
    def of(cls, report: Path) -> Results:
        """Condense a report."""
        run = load(report)
        header = run.header
        if header.suite != suite.suite_hash():
            message = f"{report} is a run on other cases than those here"
            raise click.ClickException(message)
        summary = Summary(run, suite.load_cases())
        rows = []
        for name, subjects in summary.groups.items():
            found = [row for row in summary.rows if row.subject in subjects]
            cells = {
                profile: Cell(
                    passed=max(t.passed for t in tallies),
                    total=tallies[0].total,
                    failed=sum(t.failed for t in tallies),
                )
                for profile in summary.profiles
                if (tallies := [row.tallies[profile] for row in found if profile in row.tallies])
            }
            worst = max((row.worst for row in found if row.worst is not None), default=None)
            rows.append(Row(name, tuple(subject.mode for subject in subjects), worst, cells))
        return cls(
            command=header.command,
            started=header.started,
            host=header.host,
            python=header.python,
            versions=header.versions,
            suite=header.suite,
            verdicts=len(run.verdicts),
            exit_code=int(run.exit_code),
            rows=tuple(rows),
        )

    @classmethod
    def read(cls, path: Path) -> Results:
        """Read what `keep` wrote."""
        return msgspec.json.decode(path.read_bytes(), type=cls)

    @property
    def profiles(self) -> list[str]:
        """Profiles that any row has."""
        return [name for name in profiles.NAMES if any(name in row.cells for row in self.rows)]


def kept() -> list[Results]:
    """Read all runs that are kept, by the name of their file."""
    return [Results.read(path) for path in sorted(FOLDER.glob("*.json"))]


def badges() -> str:
    """Return an image for each kept run: what it was on, and what it found."""
    return "".join(_badge(path.stem, Results.read(path)) for path in sorted(FOLDER.glob("*.json")))


def _badge(name: str, results: Results) -> str:
    claimed = [p for p in results.profiles if any(str(row.cells.get(p)) == "✓" for row in results.rows)]
    good = results.exit_code == 0
    found = (
        f"conforms, {len(claimed)} profile{'' if len(claimed) == 1 else 's'}" if good else "does not conform"
    )
    label, message = (quote(text.replace("-", "--")) for text in (f"conformance on {name}", found))
    image = f"https://img.shields.io/badge/{label}-{message}-{'brightgreen' if good else 'red'}"
    return f"![conformance on {name}: {found}]({image})\n"


def markdown() -> str:
    """Say what the kept runs found, as text and tables."""
    return "\n".join(_markdown(results) for results in kept())


def _markdown(results: Results) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    verdict = "conforms" if results.exit_code == 0 else "does not conform"
    about = f"{results.started[:10]}, {results.host}, Python {results.python}, {versions}"
    done = f"{results.verdicts} verdicts (`{results.command}`, suite `{results.suite[:12]}`)"
    lines = [
        f"{about}: **{verdict}**, {done}.",
        "",
        "| | " + " | ".join(_SHORT.get(name, name) for name in results.profiles) + " |",
        "|---|" + "---|" * len(results.profiles),
    ]
    for row in results.rows:
        cells = [str(row.cells[name]) if name in row.cells else "" for name in results.profiles]
        lines.append(f"| {row.name} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def keep(report: Path, name: str) -> Path:
    """Keep a report, and show it in the README."""
    path = FOLDER / f"{name}.json"
    text = json.dumps(asdict(Results.of(report)), indent=1)
    path.write_text(text + "\n", encoding="utf-8")
    README.write_text(with_results(README.read_text(encoding="utf-8")), encoding="utf-8")
    return path


def with_results(readme: str) -> str:
    """Return the README with the badges and tables of the kept runs."""
    return _BLOCK.sub(lambda _: markdown(), _BADGES.sub(lambda _: badges(), readme))


@click.command()
@click.argument("report", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("name")
def main(report: Path, name: str) -> None:
    """Keep the JSON lines REPORT as docs/results/NAME.json."""
    click.echo(f"wrote {keep(report, name)} and {README.name}")


if __name__ == "__main__":
    main()
