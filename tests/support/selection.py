"""Which backends are under test: those asked for, or all that are here."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from conformance.subjects import backends

if TYPE_CHECKING:
    from collections.abc import Sequence


class Selection(NamedTuple):
    names: tuple[str, ...]
    absent: dict[str, str]
    """Reason for each backend that is not here; empty where backends were asked for by name."""


ELSEWHERE = {"cupy-stand-in": "cupy_stand_in.backend:BACKEND"}
"""Backends that are only ever asked for by name, and where they are."""

_selection: Selection | None = None


def select(words: Sequence[str] = ()) -> Selection:
    """Choose once per run; later calls give the first answer, whatever their words."""
    global _selection  # noqa: PLW0603 - modules that are being collected have no other way to know
    if _selection is None:
        _selection = _choose([name for word in words for name in word.split(",") if name])
    return _selection


def under_test(name: str, *others: str) -> Any:
    """Return a backend's array library; skip the module that asks where it is not under test.

    One of `others` will do as well.
    """
    chosen = select()
    here = [each for each in (name, *others) if each in chosen.names]
    if not here:
        reason = chosen.absent.get(name, f"the backends asked for are {', '.join(chosen.names)}")
        pytest.skip(f"{name} is not under test: {reason}", allow_module_level=True)
    return backends.load(here[0]).xp()


def available(name: str) -> str | None:
    """Why a backend is not here, or None where it is."""
    with warnings.catch_warnings():
        # torch says so on import, and is right: without NumPy is how it is to be tested.
        warnings.filterwarnings("ignore", "Failed to initialize NumPy")
        return backends.load(name).available()


def _choose(asked: list[str]) -> Selection:
    known = (*backends.NAMES, *ELSEWHERE)
    unknown = [name for name in asked if name not in known]
    if unknown:
        message = f"--backend: no backend {', '.join(unknown)}; choose from {', '.join(known)}"
        raise pytest.UsageError(message)
    for name in asked:
        # Before any is asked whether it is here: the stand-in takes a name from another one.
        backends.load(ELSEWHERE.get(name, name))
    wanted = list(dict.fromkeys(asked or backends.NAMES))
    absent = {name: reason for name in wanted if (reason := available(name))}
    if asked and absent:
        missing = "; ".join(f"{name} ({reason})" for name, reason in absent.items())
        message = f"--backend: asked for but absent: {missing}"
        raise pytest.UsageError(message)
    return Selection(tuple(name for name in wanted if name not in absent), absent)
