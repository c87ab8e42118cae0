"""The directives `last-runs` and `tried-versions`: tables of the runs that are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import versions
from docutils import nodes
from results import FOLDER, markdown
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class LastRuns(SphinxDirective):
    """Show the same tables as the README."""

    def run(self) -> list[nodes.Node]:
        """Read the kept runs."""
        for path in FOLDER.glob("*.json"):
            self.env.note_dependency(str(path))
        found = self.parse_text_to_nodes(markdown())
        for table in (node for node in found if isinstance(node, nodes.table)):
            table["classes"].append("many-columns")
        return found


class TriedVersions(SphinxDirective):
    """Show which versions were tried."""

    def run(self) -> list[nodes.Node]:
        """Read what is kept of `nox -s lowest newest`."""
        self.env.note_dependency(str(versions.KEPT))
        return self.parse_text_to_nodes(versions.markdown(versions.KEPT))


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("last-runs", LastRuns)
    app.add_directive("tried-versions", TriedVersions)
    return {"parallel_read_safe": True}
