"""Cases worked by hand, and subjects that answer as told. Nothing here needs an array library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.model import Answer, Array, Case, ErrorKind, Expected, Op, Outputs, Request
from conformance.subjects.base import Subject

if TYPE_CHECKING:
    from collections.abc import Callable

# One keypoint goes from (0, 0) to (3, 4) and stays: steps of 5 and 0, mean 2.5.
KEYPOINTS = Array("float32", (3, 2), (0.0, 0.0, 3.0, 4.0, 3.0, 4.0))
LOSS = Array("float32", (), (2.5,))
ENTRIES = Array("float32", (2, 1), (5.0, 0.0))


def value_case(**changes: object) -> Case:
    fields: dict[str, object] = {
        "id": "by-hand",
        "clauses": ("TL-2",),
        "description": "a step of 5 and a step of 0",
        "flags": (),
        "op": Op.VALUE,
        "dtype": "float32",
        "inputs": {"keypoints": KEYPOINTS},
        "params": {},
        "expected": {"loss": Expected(LOSS, (0.0,), (0.0,))},
    }
    return Case(**(fields | changes))  # type: ignore[arg-type]


def error_case(kind: ErrorKind = ErrorKind.SHAPE) -> Case:
    return value_case(expected={}, error=kind)


def outputs(array: Array = LOSS, *, device: str = "cpu", mutated: tuple[str, ...] = ()) -> Outputs:
    return Outputs({"loss": array}, device, mutated)


def scalar(value: float, dtype: str = "float32") -> Array:
    return Array(dtype, (), (value,))


class Scripted(Subject):
    """Gives what a function makes of the request; counts its calls, starts and closings."""

    def __init__(self, name: str, script: Callable[[Request], Answer], device: str = "cpu") -> None:
        self.name, self.device = name, device
        self._script = script
        self.calls = 0
        self.closed = 0

    def answer(self, request: Request) -> Answer:
        self.calls += 1
        return self._script(request)

    def close(self) -> None:
        self.closed += 1


class ScriptedChoice:
    """A startable subject for the runner."""

    mode = "eager"
    device = "cpu"
    rerun = "--subject scripted"

    def __init__(self, name: str, script: Callable[[Request], Answer]) -> None:
        self.name = name
        self._script = script
        self.started: list[Scripted] = []

    def start(self) -> Scripted:
        self.started.append(Scripted(self.name, self._script))
        return self.started[-1]
