"""A subject that is called with native arrays: from a request to a call, from its results to an answer."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

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
from conformance.subjects.varied import beside, changed_lists, differentiated, other_numbers, refill_lists
from conformance.text import said
from conformance.variations import DERIVATIVES, SIZE, STATES, WRITTEN, enlarged

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        self.costly = backend.costly
        self.seconds: float | None = None
        self._place = device
        self._mode = mode.removesuffix(AUTODIFF)
        self._alive: list[object] = []
        self._prepared: tuple[Request, Function, dict[str, Any]] | None = None

    @property
    def differentiates(self) -> bool:
        """Whether the backend has to take the gradient of the function."""
        return True

    @property
    def variations(self) -> tuple[str, ...]:
        """Those that its backend can do."""
        return variations_of(self.backend, self._mode, differentiates=self.differentiates)

    @abstractmethod
    def function(self, request: Request) -> Function | Unsupported:
        """Return the function of native arrays that answers the request."""

    def answer(self, request: Request) -> Answer:
        """Run the request, and look afterwards whether its inputs are as they were."""
        try:
            with time_limit(self.seconds), self.backend.context(request.inputs.values()):
                return self._answer(request)
        except UnsupportedByBackendError as missing:
            return Unsupported(said(missing))
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
        for need in (request.op, *(a.dtype for a in request.inputs.values())):
            if need in backend.lacking:
                return Unsupported(f"{backend.name} has no {need}: {backend.lacking[need]}")
        request = enlarged(request)
        sent = {name: bits.pack(a.values, a.dtype) for name, a in request.inputs.items()}
        given = self._given(request, sent)
        # What was sent is what is there, but where a backend had to take another dtype.
        before = {
            name: sent[name]
            if backend.dtype_name(native) == request.inputs[name].dtype
            else backend.to_bytes(native)
            for name, native in given.items()
        }
        if request.variation in backend.layouts:
            given = {name: backend.laid_out(native, request.variation) for name, native in given.items()}
        prepared = self._prepare(request)
        if isinstance(prepared, Unsupported):
            return prepared
        run, held = prepared
        # As long as arrays and lists live, no later one has their ids: what is kept by an id is found out.
        self._alive = [*(self._alive if request.variation else ()), given, held]
        found = self._among_others(run, held, given, request) if request.variation in STATES else run(given)
        for native in found.values():
            if backend.is_native(native):
                backend.ready(native)
        devices = sorted({backend.device_name(v) for v in found.values() if backend.is_native(v)})
        arrays = {name: self._array(v) for name, v in found.items()}
        if request.variation == "kept":
            # Here the suite itself has changed them.
            refill_lists(held, request.params)
            return Outputs(arrays, " and ".join(devices))
        changed = [name for name, native in given.items() if backend.to_bytes(native) != before[name]]
        changed += changed_lists(held, request.params)
        refill_lists(held, request.params)
        return Outputs(arrays, " and ".join(devices), tuple(changed))

    def _given(self, request: Request, sent: Mapping[str, bytes]) -> dict[str, Any]:
        return {
            name: self.backend.from_bytes(sent[name], a.dtype, a.shape, self._place, self._mode)
            for name, a in request.inputs.items()
        }

    def _among_others(
        self, run: Function, held: Mapping[str, Any], given: dict[str, Any], request: Request
    ) -> dict[str, Any]:
        """Make calls with other numbers too, in the same arrays and lists or beside them."""
        other = other_numbers(request)
        mine, others = (
            self._given(r, {name: bits.pack(a.values, a.dtype) for name, a in r.inputs.items()})
            for r in (request, other)
        )
        if request.variation == "threads":
            context = partial(self.backend.context, request.inputs.values())
            return beside(lambda: run(given), lambda: run(others), context)
        if request.variation == "refilled":
            self._refill(given, others)
            refill_lists(held, other.params)
            run(given)
            self._refill(given, mine)
            refill_lists(held, request.params)
            return run(given)
        found = run(given)
        self._refill(given, others)
        refill_lists(held, other.params)
        run(given)
        return found

    def _refill(self, given: dict[str, Any], others: dict[str, Any]) -> None:
        for name, native in given.items():
            if not self.backend.refill(native, others[name]):
                given[name] = others[name]

    def _prepare(self, request: Request) -> tuple[Function, dict[str, Any]] | Unsupported:
        # Each case runs twice, and compiling is most of its cost.
        if self._prepared is not None and self._prepared[0] is request:
            return self._prepared[1:]
        self.close()
        # The subject gets lists of its own, and keeps them for all its calls, as users do.
        held = {name: list(v) if isinstance(v, list) else v for name, v in request.params.items()}
        function = self.function(replace(request, params=held))
        if isinstance(function, Unsupported):
            return function
        if request.op is Op.GRADIENT and self.differentiates:
            take = partial(self.backend.value_and_gradient, mode=self._mode)
            prepared = differentiated(take, function, request.variation)
        else:
            prepared = self.backend.compiled(function, self._mode)
        self._prepared = (request, prepared, held)
        return prepared, held

    def _array(self, value: object) -> Array:
        if not self.backend.is_native(value):
            return Array(f"{type(value).__module__}.{type(value).__qualname__}", (), ())
        dtype, shape = self.backend.dtype_name(value), self.backend.shape(value)
        return Array(dtype, shape, bits.unpack(self.backend.to_bytes(value), dtype))

    def _crash(self, error: BaseException) -> Errored:
        return Errored(Status.CRASH, f"{type(error).__name__}: {said(error)}")


def variations_of(backend: Backend, mode: str, *, differentiates: bool) -> tuple[str, ...]:
    """Return the variations that a backend can do, in the mode that compiles nothing."""
    if mode != backend.modes[0]:
        return ()
    derivatives = DERIVATIVES if differentiates and backend.autodiff else ()
    return (*backend.layouts, *backend.states, *derivatives, *(SIZE if backend.large else WRITTEN))


def _rejected(error: TypeError | ValueError) -> Rejected:
    if isinstance(error, TypeError):
        return Rejected(ErrorKind.TYPE, said(error))
    return Rejected(ErrorKind.VALUE, said(error), (ErrorKind.SHAPE,))
