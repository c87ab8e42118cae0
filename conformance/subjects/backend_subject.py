"""`temporal_loss` as the implementation under test, on one backend, device and mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.model import Op
from conformance.subjects import operations
from conformance.subjects.backends.protocol import AUTODIFF
from conformance.subjects.native import NativeSubject
from conformance.variations import CLASS, DERIVATIVES

if TYPE_CHECKING:
    from conformance.model import Request, Unsupported
    from conformance.subjects.backends.protocol import Backend, Function


class BackendSubject(NativeSubject):
    """`temporal_loss` on a backend; its name is backend/device/mode."""

    def __init__(self, backend: Backend, device: str, mode: str) -> None:
        super().__init__(f"{backend.name}/{device}/{mode}", backend, device, mode)

    @property
    def differentiates(self) -> bool:
        """The library computes gradients of its own, unless those of the backend are to be seen."""
        return self.mode.endswith(AUTODIFF)

    @property
    def variations(self) -> tuple[str, ...]:
        """The class too, where gradients are the backend's."""
        found = super().variations
        return (*found, *CLASS) if DERIVATIVES.keys() & set(found) else found

    def function(self, request: Request) -> Function | Unsupported:
        """Every operation is supported."""
        if request.variation in CLASS:
            return operations.weighted_function(request.params)
        op = Op.VALUE if request.op is Op.GRADIENT and self.differentiates else request.op
        return operations.library_function(op, request.params)
