"""Backends that are none of the suite's own, right and wrong, for its tests."""

from __future__ import annotations

from conformance.subjects.backends.numpy_backend import NumpyBackend


class Own(NumpyBackend):
    name = "own"
    modes = ("plainly", "again")


class Lacking(NumpyBackend):
    name = "lacking"
    lacking = {"float32": "too narrow", "temporal_norm": "no roots"}  # noqa: RUF012 - as a user writes it


class Impostor(NumpyBackend):
    name = "torch"


class Nameless(NumpyBackend):
    name = None  # type: ignore[assignment]


OWN = Own()
SECOND_OF_THE_NAME = Own()
LACKING = Lacking()
IMPOSTOR = Impostor()
NAMELESS = Nameless()
