"""Every example in a docstring runs, and prints what is shown."""

import ast
import doctest
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import temporal_loss

from .blocks import ROOT, Block
from .page import absence


class Example(NamedTuple):
    """A docstring with examples."""

    path: Path
    name: str
    line: int
    text: str


def examples_in(path: Path) -> Iterator[Example]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            text = ast.get_docstring(node)
            if text and ">>>" in text:
                yield Example(path, getattr(node, "name", path.stem), getattr(node, "lineno", 1), text)


def problem(example: Example) -> str | None:
    """Run the examples of a docstring; return what went wrong."""
    public = {name: getattr(temporal_loss, name) for name in temporal_loss.__all__}
    test = doctest.DocTestParser().get_doctest(
        example.text, public, example.name, str(example.path), example.line
    )
    code = "".join(part.source for part in test.examples)
    reason = absence(Block(example.path, example.line, "python", code, None))
    if reason:
        pytest.skip(reason)
    told: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=told.append)
    return "".join(told) or None


FOUND = [
    example
    for package in ("temporal_loss", "conformance")
    for path in sorted((ROOT / package).rglob("*.py"))
    for example in examples_in(path)
]


def test_every_public_name_has_an_example() -> None:
    assert {example.name for example in FOUND} >= set(temporal_loss.__all__)


@pytest.mark.parametrize("example", FOUND, ids=lambda example: f"{example.path.stem}:{example.name}")
def test_example_runs_as_shown(example: Example) -> None:
    assert problem(example) is None


@pytest.mark.parametrize(("shown", "right"), [("2", True), ("3", False)])
def test_wrong_example_is_found(tmp_path: Path, shown: str, *, right: bool) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        textwrap.dedent(f'''
        def double():
            """Double.

            >>> 1 + 1
            {shown}
            """
        '''),
        encoding="utf-8",
    )
    (example,) = examples_in(path)
    assert (problem(example) is None) is right
