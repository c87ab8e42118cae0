"""Backends that are none of the suite's own, right and wrong, for its tests."""

from __future__ import annotations

from conformance.subjects.backends.numpy_backend import NumpyBackend


class Own(NumpyBackend):
    name = "own"
    modes = ("plainly", "again")


class Impostor(NumpyBackend):
    name = "torch"


class Nameless(NumpyBackend):
    name = None  # type: ignore[assignment]


OWN = Own()
SECOND_OF_THE_NAME = Own()
IMPOSTOR = Impostor()
NAMELESS = Nameless()
