"""Numbers that a page tells in its text, and that no block prints since they differ between versions."""

import re
from pathlib import Path

import pytest

from .blocks import ROOT
from .page import page_at


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("measured")


def test_evaluations_with_and_without_gradient(folder: Path) -> None:
    path = ROOT / "docs" / "howto" / "scipy.md"
    told = re.search(
        r"after (\d+) evaluations with the gradient, after ([\d,]+) without", path.read_text(encoding="utf-8")
    )
    assert told
    page = page_at(path, folder)
    page.check(page.blocks[-1])
    for name, number in zip(("fit", "blind"), told.groups(), strict=True):
        assert page.namespace[name].success
        # The way to the minimum depends on last bits, so on versions and processors.
        assert int(number.replace(",", "")) == pytest.approx(page.namespace[name].nfev, rel=0.5)
