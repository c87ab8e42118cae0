"""One HTML file with everything in it: what differs, a matrix of clauses and subjects, and every case."""

from __future__ import annotations

import base64
import hashlib
import math
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from conformance import explain
from conformance.clauses import CLAUSES
from conformance.mutants import mutants
from conformance.report import numbers
from conformance.report.html import island, matrix

if TYPE_CHECKING:
    from conformance.report.summary import Summary

_STYLES = ("look.css", "page.css", "matrix.css", "panel.css")
_SCRIPTS = ("data.js", "panel.js", "case.js", "filter.js", "grid.js")


def render(summary: Summary) -> str:
    """Return the report as a page that loads nothing from anywhere, and runs no script but its own."""
    style, script = _joined(_STYLES), _joined(_SCRIPTS)
    page = Environment(
        loader=PackageLoader("conformance.report.html", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page.filters |= {"ratio": numbers.ratio, "ulps": numbers.ulps, "size": numbers.size}
    return page.get_template("report.html.jinja").render(
        summary=summary,
        run=summary.run,
        header=summary.header,
        index={name: i for i, name in enumerate(summary.subjects)},
        clauses=CLAUSES,
        mistakes=mutants(),
        rerun=explain.rerun_command,
        columns=matrix.columns(summary),
        matrix=matrix.matrix(summary),
        infinity=math.inf,
        # Both are files of this package; the text of subjects is in neither.
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        data=Markup(island.data(summary)),  # noqa: S704 - escaped there
        policy=f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'",
    )


def _joined(names: tuple[str, ...]) -> str:
    page = files("conformance.report.html").joinpath("page")
    return "\n" + "\n".join(page.joinpath(name).read_text(encoding="utf-8") for name in names)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
