"""Any Python callable as a subject: `package.module:function`."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from conformance.exits import UsageError
from conformance.model import Op, Request, Unsupported
from conformance.subjects import operations
from conformance.subjects.importing import find_object
from conformance.subjects.native import NativeSubject

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.subjects.backends.protocol import Backend, Function

_OPERATIONS = {Op.VALUE, Op.STAGES, Op.GRADIENT}


class CallableSubject(NativeSubject):
    """A function with `temporal_loss`'s signature, or with a leading part of it.

    Parameters
    ----------
    spec : str
        What the user called it; part of the subject's name.
    loss : callable
    backend : Backend
        Whose arrays it is given.
    device, mode : str
    """

    def __init__(self, spec: str, loss: Callable[..., Any], backend: Backend, device: str, mode: str) -> None:
        super().__init__(f"{spec}@{backend.name}/{device}/{mode}", backend, device, mode)
        self.loss = loss
        self._takes = _Signature(loss)

    def function(self, request: Request) -> Function | Unsupported:
        """Call it with what it takes; what it does not take has to be at its default."""
        if request.op not in _OPERATIONS:
            return Unsupported(f"a callable has no {request.op}")
        if "confidences" in request.inputs and not self._takes.confidences:
            return Unsupported("takes no confidences")
        keywords = dict(request.params)
        for name in request.inputs:
            if name not in {"keypoints", "confidences"}:
                keywords[name] = request.inputs[name]
        if request.op is Op.STAGES:
            keywords["reduction"] = "none"
        missing = [n for n in keywords if not self._takes.keyword(n)]
        for name in missing:
            if name in request.inputs or not _is_default(name, keywords[name]):
                return Unsupported(f"takes no {name}")
        params = {k: v for k, v in request.params.items() if k not in missing}
        if request.op is Op.STAGES:
            return operations.stages_function(self.loss, params)
        return operations.value_function(self.loss, params)


class _Signature:
    """Which arguments a callable takes."""

    def __init__(self, loss: Callable[..., Any]) -> None:
        try:
            parameters = list(inspect.signature(loss).parameters.values())
        except (TypeError, ValueError):
            # Some callables written in C tell no signature; they have to take everything.
            self.confidences, self._all, self._names = True, True, set[str]()
            return
        kinds = [p.kind for p in parameters]
        places = [
            p for p in parameters if p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.VAR_POSITIONAL}
        ]
        self.confidences = len(places) > 1 or inspect.Parameter.VAR_POSITIONAL in kinds
        self._all = inspect.Parameter.VAR_KEYWORD in kinds
        self._names = {p.name for p in parameters if p.kind in {p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY}}

    def keyword(self, name: str) -> bool:
        """Whether it takes the keyword."""
        return self._all or name in self._names


def _is_default(name: str, value: object) -> bool:
    return name in operations.DEFAULTS and value == operations.DEFAULTS[name]


def load(spec: str) -> Callable[..., Any]:
    """Import `package.module:function`; errors as of `find_object`."""
    found = find_object("--subject", spec, "function")
    if not callable(found):
        message = f"--subject {spec}: {spec.partition(':')[2]!r} is a {type(found).__name__}, not a callable"
        raise UsageError(message)
    loss: Callable[..., Any] = found
    return loss
