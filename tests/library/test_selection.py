"""The option `--backend`: what is asked for by name has to be here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support import selection

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def only_numpy(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], selection.Selection]:
    """Choose where no library but NumPy is to be had."""
    reasons = {"numpy": None}
    monkeypatch.setattr(selection, "available", lambda name: reasons.get(name, f"no {name} here"))
    return selection._choose


def test_by_default_all_that_are_here(only_numpy: Callable[[list[str]], selection.Selection]) -> None:
    chosen = only_numpy([])
    assert chosen.names == ("numpy",)
    assert chosen.absent["torch"] == "no torch here"
    assert set(chosen.absent) == {"torch", "jax", "cupy", "dask", "strict"}


def test_by_name(only_numpy: Callable[[list[str]], selection.Selection]) -> None:
    assert only_numpy(["numpy", "numpy"]) == (("numpy",), {})


@pytest.mark.parametrize("asked", [["torch"], ["numpy", "torch"]])
def test_absent_but_asked_for(
    only_numpy: Callable[[list[str]], selection.Selection], asked: list[str]
) -> None:
    with pytest.raises(pytest.UsageError, match=r"asked for but absent: torch [(]no torch here[)]"):
        only_numpy(asked)


def test_unknown(only_numpy: Callable[[list[str]], selection.Selection]) -> None:
    with pytest.raises(pytest.UsageError, match="no backend tensorflow; choose from numpy, torch"):
        only_numpy(["numpy", "tensorflow"])
