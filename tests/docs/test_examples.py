"""Every Python block of README and site runs, and prints what the page shows."""

from pathlib import Path

import pytest

from .blocks import Block, blocks_of, pages
from .page import page_at

PYTHON = [block for page in pages() for block in blocks_of(page) if block.language == "python"]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.name)
def test_block_runs_as_shown(block: Block, folder: Path) -> None:
    page_at(block.page, folder).check(block)
