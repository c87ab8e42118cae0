"""A page's own Python blocks, so that a picture shows what the page computes."""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

_DOCS = Path(__file__).parents[1]


def run(page: str, until: str = "") -> dict[str, Any]:
    """Run the blocks of a page in their order, up to the one that gives a name; return their names."""
    names: dict[str, Any] = {"__name__": "__main__"}
    tokens = MarkdownIt().parse((_DOCS / page).read_text(encoding="utf-8"))
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        for token in tokens:
            if token.type == "fence" and token.info.strip() == "python":
                exec(compile(token.content, page, "exec"), names)  # noqa: S102 - our own pages
            if until in names:
                break
    return names
