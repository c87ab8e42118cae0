"""How a native call is made in a variation: among other calls, or with something above its gradient."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance.variations import UPSTREAM

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from conformance.model import Request
    from conformance.subjects.backends.protocol import Function, Inputs

_BY = {"by-epsilon": "epsilon", "by-log-weight": "log_weight"}
_STOPS = 8
"""So often a call is stopped at its start for one in a second thread, and so often on its way."""
_PATIENCE = 0.1
"""Seconds to wait for that one."""


def differentiated(take: Callable[[Function], Function], function: Function, variation: str) -> Function:
    """Take the gradient, `take` being a backend's own way to do so by the keypoints."""
    if variation == "upstream":
        return take(lambda inputs: {"loss": UPSTREAM * function(inputs)["loss"]})
    if variation == "inner":
        return take(lambda inputs: function({**inputs, "keypoints": inputs["keypoints"] * 1}))
    if variation in _BY:
        name = _BY[variation]
        # What is to be differentiated by goes by the name of keypoints on its way through the backend.
        derivative = take(lambda inputs: function(_exchanged(inputs, name)))
        return lambda inputs: derivative(_exchanged(inputs, name))
    return take(function)


def _exchanged(inputs: Inputs, name: str) -> dict[str, Any]:
    return {**inputs, "keypoints": inputs[name], name: inputs["keypoints"]}


def other_numbers(request: Request) -> Request:
    """Return a request as good as this one: in its arrays and lists each number is one place further on."""
    inputs = {n: replace(a, values=a.values[1:] + a.values[:1]) for n, a in request.inputs.items()}
    params = {n: v[1:] + v[:1] if isinstance(v, list) else v for n, v in request.params.items()}
    return replace(request, inputs=inputs, params=params)


def refill_lists(held: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    """Put the numbers of other lists into those that are held."""
    for name, values in params.items():
        if isinstance(values, list):
            held[name][:] = values


def changed_lists(held: Mapping[str, Any], params: Mapping[str, Any]) -> list[str]:
    """Names of lists that are not what they were."""
    return [name for name, values in params.items() if isinstance(values, list) and held[name] != values]


def beside(
    call: Callable[[], dict[str, Any]],
    other: Callable[[], object],
    context: Callable[[], AbstractContextManager[object]],
) -> dict[str, Any]:
    """Return what a call gives that is stopped on its way while another thread makes a whole call.

    Where threads of their own accord switch is left to chance; so it is here that they do, at functions
    that the call itself calls. An error of the other thread is raised in this one.
    """
    errors: list[BaseException] = []

    def work() -> None:
        try:
            with context():
                other()
        except BaseException as error:  # noqa: BLE001 - raised where it can be answered
            errors.append(error)

    counted = _Stops()
    counted.run(call)
    # What hangs must not keep the process from ending.
    stops = _Stops(max(1, counted.calls // _STOPS), lambda: threading.Thread(target=work, daemon=True))
    found = stops.run(call)
    if errors:
        raise errors[0]
    return found


class _Stops:
    """Counts the functions that a call calls, and at every so many of them runs a thread."""

    def __init__(self, every: int = 0, thread: Callable[[], threading.Thread] | None = None) -> None:
        self.calls, self._every, self._thread = 0, every, thread
        self._waiting: threading.Thread | None = None

    def run(self, call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        before = sys.getprofile()
        sys.setprofile(self._event)
        try:
            found = call()
        finally:
            sys.setprofile(before)
        if self._waiting is not None:
            self._waiting.join()
        return found

    def _event(self, frame: object, event: str, argument: object) -> None:
        del frame, argument
        if event not in {"call", "c_call"}:
            return
        self.calls += 1
        # At the first ones, where arguments are put away, and then here and there.
        due = self._every and (self.calls <= _STOPS or self.calls % self._every == 0)
        if self._thread is None or self._waiting is not None or not due:
            return
        thread = self._thread()
        thread.start()
        thread.join(_PATIENCE)
        if thread.is_alive():
            # It waits for a lock that the call holds, and rightly.
            self._waiting = thread
