"""What the tests of the pages share."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from .page import Page


@pytest.fixture(scope="session")
def page_at(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Page]:
    """Run a page the first time that it is asked for."""
    folder = tmp_path_factory.mktemp("pages")
    return cache(lambda path: Page(path, folder))
