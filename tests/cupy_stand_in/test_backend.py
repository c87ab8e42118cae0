"""The stand-in as a backend: a copy to the host, or waiting, makes the answer an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support import under_test

cp = under_test("cupy-stand-in")

from conformance.model import Array, Errored, Op, Outputs, Request  # noqa: E402
from conformance.subjects import backends  # noqa: E402
from conformance.subjects.native import NativeSubject  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

REQUEST = Request("r", Op.VALUE, {"keypoints": Array("float32", (2, 2), (0.0, 0.0, 3.0, 4.0))}, {})


class Given(NativeSubject):
    """A subject that is one function."""

    def __init__(self, function: Callable[[Any], Any], device: str) -> None:
        super().__init__("given", backends.load("cupy-stand-in"), device, "eager")
        self._function = function

    def function(self, request: Request) -> Any:
        del request
        return lambda inputs: {"loss": self._function(inputs["keypoints"])}


def _there(keypoints: Any) -> Any:
    with keypoints.device:
        return keypoints.sum()


def _copies(keypoints: Any) -> Any:
    return _there(keypoints) if keypoints.get().any() else keypoints


def _waits(keypoints: Any) -> Any:
    keypoints.device.synchronize()
    return _there(keypoints)


def _stays(keypoints: Any) -> Any:
    cp.cuda.Device(1 - cp.cuda.Device().id).use()
    return _there(keypoints)


@pytest.fixture(autouse=True)
def _back() -> Any:
    yield
    cp.cuda.Device(0).use()


@pytest.mark.parametrize("device", ["stand-in:0", "stand-in:1"])
def test_work_where_the_arrays_are_is_an_answer(device: str) -> None:
    answer = Given(_there, device).answer(REQUEST)
    assert isinstance(answer, Outputs)
    assert (answer.device, answer.arrays["loss"].values) == (device, (7.0,))


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda keypoints: keypoints.sum(), "an array of device 1 is used while device 0 is current"),
        (_copies, "the host got 1 copies and waited 0 times during the call"),
        (_waits, "the host got 0 copies and waited 1 times during the call"),
        (_stays, "the call left another device or stream current"),
    ],
)
def test_what_else_it_does_is_told(function: Callable[[Any], Any], words: str) -> None:
    answer = Given(function, "stand-in:1").answer(REQUEST)
    assert isinstance(answer, Errored)
    assert words in answer.message


def test_it_is_never_called_cupy() -> None:
    backend = backends.load("cupy-stand-in")
    assert backend.name == "cupy-stand-in"
    assert "names of cupy" in backend.version()
    assert backends.load("cupy").available() == "what is imported as cupy is a stand-in for it"
