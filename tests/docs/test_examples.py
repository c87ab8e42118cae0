"""Every Python block of README and site, and every example in a docstring, runs and prints what is shown."""

import doctest
import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

import temporal_loss

from .blocks import ROOT, Block, blocks_of, pages
from .page import Page

PYTHON = [
    # A page is run as a whole: in one process.
    pytest.param(block, id=block.name, marks=pytest.mark.xdist_group(str(page)))
    for page in pages()
    for block in blocks_of(page)
    if block.language == "python"
]
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for package in ("temporal_loss", "conformance")
    for path in sorted((ROOT / package).rglob("*.py"))
    if ">>>" in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("block", PYTHON)
def test_block_runs_as_shown(block: Block, page_at: Callable[[Path], Page]) -> None:
    page_at(block.page).check(block)


@pytest.mark.parametrize("module", MODULES)
def test_docstrings_run_as_shown(module: str) -> None:
    pytest.importorskip("numpy")
    found = doctest.testmod(importlib.import_module(module), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.attempted
    assert not found.failed


@pytest.mark.parametrize("name", temporal_loss.__all__)
def test_every_public_name_has_an_example(name: str) -> None:
    assert ">>>" in getattr(temporal_loss, name).__doc__
