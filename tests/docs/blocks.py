"""The fenced blocks of the README and of the site's pages, and what each of them needs."""

from __future__ import annotations

import ast
import functools
import shlex
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Block:
    """A fenced block: `line` is that of its first line of text, `output` the text block right below it."""

    page: Path
    line: int
    language: str
    text: str
    output: str | None

    @property
    def name(self) -> str:
        return f"{name_of(self.page)}:{self.line}"

    @functools.cached_property
    def tree(self) -> ast.Module:
        # Blank lines above let a traceback point into the page.
        return ast.parse("\n" * (self.line - 1) + self.text, self.page)

    @property
    def modules(self) -> set[str]:
        """Top-level modules it imports, those of this project aside."""
        found = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            if isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
        return found - {"temporal_loss", "conformance"}

    @property
    def defines(self) -> set[str]:
        names = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names.add(node.name)
            if isinstance(node, ast.alias):
                names.add(node.asname or node.name.partition(".")[0])
        return names


def name_of(page: Path) -> str:
    """Name of a page in messages and test ids."""
    return page.relative_to(ROOT).as_posix() if page.is_relative_to(ROOT) else page.name


def pages() -> list[Path]:
    """List README, the guides beside it, and the site's pages."""
    of_site = [page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts]
    return [*sorted(ROOT.glob("*.md")), *sorted(of_site)]


def blocks_of(page: Path) -> list[Block]:
    """List the fenced blocks of a page, in their order, outputs with the block they belong to."""
    text = page.read_text(encoding="utf-8")
    lines = text.splitlines()
    fences = [
        (token.map[0], token.map[1], token.info.strip().partition(" ")[0], token.content)
        for token in MarkdownIt().parse(text)
        if token.type == "fence" and token.map
    ]
    blocks = []
    for index, (start, end, language, content) in enumerate(fences):
        output = None
        if fences[index + 1 :]:
            below, _, kind, shown = fences[index + 1]
            if kind == "text" and not "".join(lines[end:below]).strip():
                output = shown
        if language == "sh" and content.startswith("python -m temporal_loss "):
            blocks.append(Block(page, start + 2, "python", _in_python(content), output))
        else:
            blocks.append(Block(page, start + 2, language, content, output))
    return blocks


def _in_python(commands: str) -> str:
    """Say the same in Python, so that commands run among the page's other blocks, on their files."""
    arguments = [",\n".join(map(repr, shlex.split(line)[3:])) for line in commands.splitlines()]
    calls = [f"assert main([\n{words}\n]) == 0" for words in arguments]
    imports = ["import click, matplotlib, numpy, rich", "from temporal_loss.__main__ import main"]
    return "\n".join([*imports, *calls])
