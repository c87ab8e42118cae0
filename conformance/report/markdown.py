"""Markdown: the same report for a pull request or a release page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from conformance import explain
from conformance.report import numbers
from conformance.report.summary import standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.profiles import Tally
    from conformance.report.summary import Summary


def render(summary: Summary) -> str:
    """Return the report as Markdown; every text is escaped unless the template calls it safe."""
    page = Environment(  # noqa: S701 - Markdown has its own escapes
        loader=PackageLoader("conformance.report", ""),
        finalize=_escaped,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    page.filters |= {"ratio": _safe(numbers.ratio), "ulps": _safe(numbers.ulps), "cell": _safe(_cell)}
    return page.get_template("report.md.jinja").render(summary=summary, explain=explain)


def _escaped(value: object) -> str:
    if isinstance(value, Markup):
        return value
    escaped = re.sub(r"([\\`*_{}\[\]()#+!|~])", r"\\\1", " ".join(str(value).split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _safe(shown: Callable[..., str]) -> Callable[..., Markup]:
    return lambda value: Markup(shown(value))  # noqa: S704 - numbers and marks of ours


def _cell(count: Tally | None) -> str:
    looks = {"claimed": "{0.passed}", "unsupported": "-", "unasked": ""}
    return looks.get(standing(count), "**{0.passed}/{0.ran}**").format(count)
