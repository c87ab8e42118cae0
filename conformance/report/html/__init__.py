"""One HTML file with everything in it: what differs, a matrix of clauses and subjects, and every case."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from conformance.clauses import CLAUSES
from conformance.report import numbers, summary
from conformance.report.html import findings, headline, island, matrix, tables

if TYPE_CHECKING:
    from conformance.model import Case
    from conformance.results import Run

_STYLES = ("look.css", "page.css", "matrix.css", "panel.css")
_SCRIPTS = ("data.js", "panel.js", "case.js", "filter.js", "grid.js")


def render(run: Run, cases: list[Case]) -> str:
    """Return the report as a page that loads nothing from anywhere, and runs no script but its own."""
    style, script = _joined(_STYLES), _joined(_SCRIPTS)
    page = Environment(
        loader=PackageLoader("conformance.report.html", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page.filters |= {"ratio": numbers.ratio, "ulps": numbers.ulps}
    return page.get_template("report.html.jinja").render(
        run=run,
        header=run.header,
        index={s.name: i for i, s in enumerate(run.header.subjects)},
        clauses=CLAUSES,
        verdict=headline.verdict(run),
        tiles=headline.tiles(run),
        findings=findings.findings(run, cases),
        matrix=matrix.matrix(run, cases),
        claims=tables.claims(run, cases),
        distances=tables.distances(run),
        moving=tables.moving(run),
        sampled=summary.sampled(run, cases),
        # Both are files of this package; the text of subjects is in neither.
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        data=Markup(island.data(run, cases)),  # noqa: S704 - escaped there
        policy=f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'",
    )


def _joined(names: tuple[str, ...]) -> str:
    page = files("conformance.report.html").joinpath("page")
    return "\n" + "\n".join(page.joinpath(name).read_text(encoding="utf-8") for name in names)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
