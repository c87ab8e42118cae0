"""One subject on one recording: its loss, and how long it takes."""

from __future__ import annotations

import statistics
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance import bits
from conformance.model import Array, Op
from conformance.subjects import backends, operations
from conformance.subjects.backends.protocol import UnsupportedByBackendError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.compare.steps import Question
    from conformance.subjects.backends.protocol import Backend, Function
    from conformance.subjects.find import Choice

REPEATS = 15
SECONDS = 0.3
"""A warm subject is called until either is reached, and three times at least."""


@dataclass(frozen=True)
class Measurement:
    """What a subject gave: distinct losses of all its calls, or why there are none.

    `first` is the first call, compiling included; `median` that of the calls after it. Both end with
    the loss on the host.
    """

    subject: str
    losses: tuple[float, ...] = ()
    first: float = 0.0
    median: float = 0.0
    unsupported: str = ""
    problem: str = ""


def measure(choice: Choice, question: Question) -> Measurement:
    """Run a subject; whatever it does is a measurement."""
    backend = backends.load(choice.backend)
    try:
        # NumPy warns of NaN and infinity in the data, which are no news here.
        with warnings.catch_warnings(action="ignore", category=RuntimeWarning):
            return _measure(choice, backend, question)
    except UnsupportedByBackendError as missing:
        return Measurement(choice.name, unsupported=str(missing))
    except Exception as error:  # noqa: BLE001 - a subject that breaks is a result
        first = str(error).strip().partition("\n")[0]
        return Measurement(choice.name, problem=f"{type(error).__name__}: {first}")
    finally:
        backend.reset()


def _measure(choice: Choice, backend: Backend, question: Question) -> Measurement:
    sent = {"keypoints": (question.keypoints.astype(question.dtype), question.dtype)}
    if question.confidences is not None:
        sent["confidences"] = (question.confidences, question.confidences.dtype.name)
    kinds = [Array(dtype, values.shape, ()) for values, dtype in sent.values()]
    with backend.context(kinds):
        given = {
            name: backend.from_bytes(
                values.astype(values.dtype.newbyteorder("<")).tobytes(),
                dtype,
                values.shape,
                choice.device,
                choice.mode,
            )
            for name, (values, dtype) in sent.items()
        }
        run = backend.compiled(operations.library_function(Op.VALUE, question.params), choice.mode)
        losses: list[tuple[Array, str]] = []
        times: list[float] = []
        start = time.perf_counter()
        while len(times) < 4 or (len(times) <= REPEATS and time.perf_counter() - start < SECONDS):
            begin = time.perf_counter()
            found = _call(backend, run, given)
            times.append(time.perf_counter() - begin)
            losses.append(found)
            if len(times) == 1:
                start = time.perf_counter()
    for loss, device in losses:
        problem = _unlike(loss, device, choice, question)
        if problem:
            return Measurement(choice.name, problem=problem)
    values = tuple(dict.fromkeys(float(loss.values[0]) for loss, _ in losses))
    return Measurement(choice.name, values, times[0], statistics.median(times[1:]))


def _call(backend: Backend, run: Function, given: Mapping[str, object]) -> tuple[Array, str]:
    native = run(given)["loss"]
    if not backend.is_native(native):
        return Array(type(native).__name__, (), ()), ""
    backend.ready(native)
    # A lazy library computes only here.
    data = backend.to_bytes(native)
    dtype = backend.dtype_name(native)
    return Array(dtype, backend.shape(native), bits.unpack(data, dtype)), backend.device_name(native)


def _unlike(loss: Array, device: str, choice: Choice, question: Question) -> str:
    if (loss.dtype, loss.shape) != (question.dtype, ()):
        return f"gave {loss.dtype} of shape {loss.shape}, expected a {question.dtype} scalar"
    if device != choice.device:
        return f"gave a result on {device}, expected it on {choice.device}"
    return ""
