"""A browser, one for all tests that open the HTML report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from reader import Reader
from support import browser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def driver() -> Iterator[Any]:
    if reason := browser.absent():
        pytest.skip(reason)
    with browser.chromium() as started:
        yield started


@pytest.fixture
def reader(driver: Any, tmp_path: Path) -> Iterator[Reader]:
    """Give a reader, and fail the test if the browser's console complained meanwhile."""
    someone = Reader(driver, tmp_path)
    someone.prefers("light")
    yield someone
    assert someone.problems() == []
