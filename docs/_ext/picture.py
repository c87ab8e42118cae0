"""The directive `picture`: a figure drawn at build time, once for light pages and once for dark ones."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from pictures.look import LOOKS, saved
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx.application import Sphinx

_FOLDER = "_build/pictures"


class Picture(SphinxDirective):
    """Show what `pictures/NAME.py` draws; the option `alt` says the same in words."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict[str, Callable[[str], Any]]] = {"alt": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Draw, if anything it is drawn from is newer, and show."""
        name = self.arguments[0]
        if not self.options.get("alt"):
            message = f"picture {name}: give an alt text"
            raise self.error(message)
        module = importlib.import_module(f"pictures.{name}")
        figure = nodes.figure()
        for look in LOOKS:
            path = Path(self.env.srcdir, _FOLDER, f"{name}-{look.name}.svg")
            self._draw(module, look, path)
            uri = f"/{_FOLDER}/{path.name}"
            # furo shows only one of the two.
            figure += nodes.image(uri=uri, alt=self.options["alt"], classes=[f"only-{look.name}"])
        if self.content:
            caption, *messages = self.parse_content_to_nodes()
            figure += nodes.caption("", "", *caption.children)
            figure += messages
        self.set_source_info(figure)
        return [figure]

    def _draw(self, module: Any, look: Any, path: Path) -> None:
        made_from = [Path(module.__file__), Path(importlib.import_module("pictures.look").__file__ or "")]
        made_from += [Path(self.env.srcdir, page) for page in getattr(module, "MADE_FROM", ())]
        for source in made_from:
            self.env.note_dependency(str(source))
        if not path.exists() or path.stat().st_mtime < max(s.stat().st_mtime for s in made_from):
            path.parent.mkdir(parents=True, exist_ok=True)
            with saved(look, path):
                module.draw(look)


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("picture", Picture)
    return {"parallel_read_safe": True}
