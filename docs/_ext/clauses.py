"""Clauses of the normative text and their cases, each with a link to the other."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

from conformance import suite
from conformance.clauses import CLAUSES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx.application import Sphinx

_TEXT = "spec"
_CASES = "reference/cases"


def label(kind: str, clause: str) -> str:
    """Name of a place that other pages can link to."""
    return f"{kind}-{clause.lower().replace('.', '-')}"


def link(target: str, text: str) -> nodes.Element:
    """Make a link to a label."""
    xref = addnodes.pending_xref(
        "", nodes.inline("", text), refdomain="std", reftype="ref", reftarget=target, refexplicit=True
    )
    xref["refwarn"] = True
    return xref


def mark(document: nodes.document, section: nodes.section, name: str) -> None:
    """Let other pages link to a section."""
    section["ids"].append(name)
    document.ids[name] = section
    document.nameids[name] = name
    document.nametypes[name] = True


def questions() -> dict[str, dict[str, list[str]]]:
    """Ids of cases by clause and by what they ask; most are asked in several dtypes."""
    found: dict[str, dict[str, list[str]]] = {clause: defaultdict(list) for clause in CLAUSES}
    for case in suite.load_cases():
        for clause in case.clauses:
            found[clause][case.description].append(case.id)
    return found


class ClauseCases(SphinxDirective):
    """List the cases of every clause, one section each."""

    def run(self) -> list[nodes.Node]:
        """Read the cases."""
        for file in suite.case_files():
            self.env.note_dependency(str(file))
        return [self._section(clause, asked) for clause, asked in questions().items()]

    def _section(self, clause: str, asked: dict[str, list[str]]) -> nodes.section:
        section = nodes.section(ids=[], names=[])
        section += nodes.title("", clause)
        mark(self.state.document, section, label("cases", clause))
        text = nodes.paragraph("", f"{CLAUSES[clause]} ")
        text += link(label("clause", clause), "The text.")
        section += text
        section += _table(asked)
        return section


def _table(asked: dict[str, list[str]]) -> nodes.table:
    table = nodes.table()
    group = nodes.tgroup(cols=2)
    table += group
    for width in (1, 1):
        group += nodes.colspec(colwidth=width)
    head, body = nodes.thead(), nodes.tbody()
    group += [head, body]
    head += _row([nodes.Text("asks")], [nodes.Text("cases")])
    for description, ids in asked.items():
        cases: list[nodes.Node] = []
        for name in ids:
            cases += [nodes.literal("", name), nodes.Text(" ")]
        body += _row([nodes.Text(description)], cases)
    return table


def _row(*cells: Iterable[nodes.Node]) -> nodes.row:
    row = nodes.row()
    for cell in cells:
        row += nodes.entry("", nodes.paragraph("", "", *cell))
    return row


class LinkClauses(SphinxTransform):
    """Below each clause of the normative text, link to its cases."""

    # Before Sphinx collects the labels of a page.
    default_priority = 800

    def apply(self, **_: Any) -> None:
        """Add the links, and the labels that the cases link back to."""
        if self.env.docname != _TEXT:
            return
        asked = questions()
        for section in list(self.document.findall(nodes.section)):
            found = re.match(r"TL-[\d.]+\b", section.next_node(nodes.title).astext())
            if not found:
                continue
            clause = found[0]
            mark(self.document, section, label("clause", clause))
            count = sum(map(len, asked.get(clause, {}).values()))
            if count:
                text = nodes.paragraph(
                    "", "", link(label("cases", clause), f"{count} cases"), classes=["cases"]
                )
                section.append(text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Add directive and links."""
    app.add_directive("clause-cases", ClauseCases)
    app.add_transform(LinkClauses)
    return {"parallel_read_safe": True}
