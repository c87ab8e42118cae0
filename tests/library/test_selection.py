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
def choose(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], selection.Selection]:
    """Choose where no library but NumPy is to be had."""
    monkeypatch.setattr(selection, "available", lambda name: None if name == "numpy" else f"no {name} here")
    return selection._choose


def test_what_is_chosen(choose: Callable[[list[str]], selection.Selection]) -> None:
    # By default all that are here, but for the stand-in for CuPy; by name only these.
    absent = {name: f"no {name} here" for name in ("torch", "jax", "cupy", "dask", "strict")}
    assert choose([]) == (("numpy",), absent)
    assert choose(["numpy", "numpy"]) == (("numpy",), {})


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["numpy", "torch"], r"asked for but absent: torch [(]no torch here[)]"),
        (["numpy", "tensorflow"], "no backend tensorflow; choose from numpy, torch"),
    ],
)
def test_what_cannot_be_chosen(
    choose: Callable[[list[str]], selection.Selection], asked: list[str], message: str
) -> None:
    with pytest.raises(pytest.UsageError, match=message):
        choose(asked)


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
