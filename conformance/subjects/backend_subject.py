"""The library of this project, run by one backend on one device in one mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.subjects import operations
from conformance.subjects.native import NativeSubject

if TYPE_CHECKING:
    from conformance.model import Request, Unsupported
    from conformance.subjects.backends.protocol import Backend, Function


class BackendSubject(NativeSubject):
    """`temporal_loss` on a backend; its name is backend/device/mode."""

    def __init__(self, backend: Backend, device: str, mode: str) -> None:
        super().__init__(f"{backend.name}/{device}/{mode}", backend, device, mode)

    def function(self, request: Request) -> Function | Unsupported:
        """Every operation is supported."""
        return operations.library_function(request.op, request.params)
