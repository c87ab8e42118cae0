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
    from sphinx.application import Sphinx

_TEXT = "spec"
_CASES = "reference/cases"


def label(kind: str, clause: str) -> str:
    """Name of a place that other pages can link to."""
    return f"{kind}-{clause.lower().replace('.', '-')}"


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
        """Write the sections as Markdown, and have them read as the page is."""
        for file in suite.case_files():
            self.env.note_dependency(str(file))
        text = "\n".join(line for clause, asked in questions().items() for line in _section(clause, asked))
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def _section(clause: str, asked: dict[str, list[str]]) -> list[str]:
    return [
        f"({label('cases', clause)})=",
        f"## {clause}",
        "",
        f"{_escaped(CLAUSES[clause])} {{ref}}`In the specification. <{label('clause', clause)}>`",
        "",
        "| asks | cases |",
        "|---|---|",
        *(f"| {_escaped(what)} | {' '.join(f'`{name}`' for name in ids)} |" for what, ids in asked.items()),
        "",
    ]


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>|$~&])", r"\\\1", text)


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
            self._mark(section, label("clause", clause))
            count = sum(map(len, asked.get(clause, {}).values()))
            if count:
                link = addnodes.pending_xref(
                    "",
                    nodes.inline("", f"{count} cases"),
                    refdomain="std",
                    reftype="ref",
                    reftarget=label("cases", clause),
                    refexplicit=True,
                    refwarn=True,
                )
                section.append(nodes.paragraph("", "", link, classes=["cases"]))

    def _mark(self, section: nodes.section, name: str) -> None:
        """Let other pages link to a section."""
        section["ids"].append(name)
        self.document.ids[name] = section
        self.document.nameids[name] = name
        self.document.nametypes[name] = True


def setup(app: Sphinx) -> dict[str, bool]:
    """Add directive and links."""
    app.add_directive("clause-cases", ClauseCases)
    app.add_transform(LinkClauses)
    return {"parallel_read_safe": True}
