"""A subject that is called with native arrays: from a request to a call, from its results to an answer."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from conformance import bits
from conformance.model import (
    Answer,
    Array,
    Errored,
    ErrorKind,
    Op,
    Outputs,
    Rejected,
    Request,
    Status,
    Unsupported,
)
from conformance.subjects.backends.protocol import AUTODIFF, UnsupportedByBackendError
from conformance.subjects.base import Subject
from conformance.subjects.limits import TimeLimitError, time_limit

if TYPE_CHECKING:
    from conformance.subjects.backends.protocol import Backend, Function


class NativeSubject(Subject):
    """Runs a Python function on one backend, one device and in one mode.

    Parameters
    ----------
    name : str
    backend : Backend
    device, mode : str
        Of those that the backend has.

    Attributes
    ----------
    seconds : float or None
        Time limit for one request.
    """

    def __init__(self, name: str, backend: Backend, device: str, mode: str) -> None:
        self.name, self.backend, self.device, self.mode = name, backend, device, mode
        self.seconds: float | None = None
        self._place = device
        self._mode = mode.removesuffix(AUTODIFF)
        self._prepared: tuple[Request, Function] | None = None

    @property
    def differentiates(self) -> bool:
        """Whether the backend has to take the gradient of the function."""
        return True

    @abstractmethod
    def function(self, request: Request) -> Function | Unsupported:
        """Return the function of native arrays that answers the request."""

    def answer(self, request: Request) -> Answer:
        """Run the request, and look afterwards whether its inputs are as they were."""
        try:
            with time_limit(self.seconds), self.backend.context(request.inputs.values()):
                return self._answer(request)
        except UnsupportedByBackendError as missing:
            return Unsupported(str(missing))
        except (TypeError, ValueError) as error:
            return self._crash(error) if self.backend.broke(error) else _rejected(error)
        except KeyboardInterrupt:
            raise
        except TimeLimitError:
            return Errored(Status.TIMEOUT, f"no answer within {self.seconds:g} seconds")
        except BaseException as error:  # noqa: BLE001 - whatever a subject does is an answer
            return self._crash(error)

    def close(self) -> None:
        """Forget what was compiled."""
        if self._prepared is not None:
            self._prepared = None
            self.backend.reset()

    def _answer(self, request: Request) -> Answer:
        backend = self.backend
        sent = {name: bits.pack(a.values, a.dtype) for name, a in request.inputs.items()}
        given = {
            name: backend.from_bytes(sent[name], a.dtype, a.shape, self._place, self._mode)
            for name, a in request.inputs.items()
        }
        # What was sent is what is there, but where a backend had to take another dtype.
        before = {
            name: sent[name]
            if backend.dtype_name(native) == request.inputs[name].dtype
            else backend.to_bytes(native)
            for name, native in given.items()
        }
        run = self._prepare(request)
        if isinstance(run, Unsupported):
            return run
        found = run(given)
        for native in found.values():
            if backend.is_native(native):
                backend.ready(native)
        devices = sorted({backend.device_name(v) for v in found.values() if backend.is_native(v)})
        changed = tuple(name for name, native in given.items() if backend.to_bytes(native) != before[name])
        return Outputs({name: self._array(v) for name, v in found.items()}, " and ".join(devices), changed)

    def _prepare(self, request: Request) -> Function | Unsupported:
        # Each case runs twice, and compiling is most of its cost.
        if self._prepared is not None and self._prepared[0] is request:
            return self._prepared[1]
        self.close()
        function = self.function(request)
        if isinstance(function, Unsupported):
            return function
        differentiate = request.op is Op.GRADIENT and self.differentiates
        wrap = self.backend.value_and_gradient if differentiate else self.backend.compiled
        prepared = wrap(function, self._mode)
        self._prepared = (request, prepared)
        return prepared

    def _array(self, value: object) -> Array:
        if not self.backend.is_native(value):
            return Array(f"{type(value).__module__}.{type(value).__qualname__}", (), ())
        dtype, shape = self.backend.dtype_name(value), self.backend.shape(value)
        return Array(dtype, shape, bits.unpack(self.backend.to_bytes(value), dtype))

    def _crash(self, error: BaseException) -> Errored:
        first = str(error).strip().partition("\n")[0]
        return Errored(Status.CRASH, f"{type(error).__name__}: {first}")


def _rejected(error: TypeError | ValueError) -> Rejected:
    if isinstance(error, TypeError):
        return Rejected(ErrorKind.TYPE, str(error))
    return Rejected(ErrorKind.VALUE, str(error), (ErrorKind.SHAPE,))
