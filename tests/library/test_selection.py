"""The option `--backend`: what is asked for by name has to be here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
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


def test_the_stand_in_for_cupy_is_never_chosen_unasked(
    only_numpy: Callable[[list[str]], selection.Selection],
) -> None:
    chosen = only_numpy([])
    assert "cupy-stand-in" not in {*chosen.names, *chosen.absent}


def test_cupy_and_its_stand_in_are_never_under_test_together() -> None:
    for needed in ("numpy", "cupy"):
        pytest.importorskip(needed, reason=f"{needed} is not installed, without which there is no stand-in")
    # What is chosen is loaded, and CuPy is gone from then on: in a process of its own.
    code = "from support import select; select(['cupy-stand-in,cupy'])"
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root / "tests")])}
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "UsageError: --backend: asked for but absent: cupy" in done.stderr
