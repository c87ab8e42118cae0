"""The stand-in as a backend of the conformance suite: `--backend cupy_stand_in.backend:BACKEND`."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any

from conformance.subjects.backends.cupy_backend import CupyBackend
from cupy_stand_in import cuda, module

if TYPE_CHECKING:
    from conformance.subjects.backends.protocol import Function, Inputs


class HostWorkError(Exception):
    """A call that copied to the host or made it wait, or that left another device or stream current."""


class StandIn(CupyBackend):
    """CuPy's stand-in, which is never called CuPy."""

    name = "cupy-stand-in"

    def available(self) -> str | None:
        """It needs CuPy's package for its names, and no GPU."""
        return module.why_not()

    def xp(self) -> Any:
        """Return what is imported as CuPy from now on."""
        return module.install()

    def version(self) -> str:
        """Say whose names these are."""
        (package, *_) = metadata.packages_distributions()["cupy"]
        return f"with the names of {package} {metadata.version(package)}"

    def devices(self) -> list[str]:
        """Two, of which the first is current."""
        return [f"stand-in:{number}" for number in range(cuda.DEVICES)]

    def device_name(self, native: Any) -> str:
        """Device by number."""
        return f"stand-in:{native.device.id}"

    def compiled(self, function: Function, mode: str) -> Function:
        """Run `function` and look what it did beside."""
        del mode

        def watched(inputs: Inputs) -> dict[str, Any]:
            before = cuda.get_device_id(), cuda.get_current_stream()
            with cuda.counted() as seen:
                found = function(inputs)
            if seen.copies or seen.waits:
                message = f"the host got {seen.copies} copies and waited {seen.waits} times during the call"
                raise HostWorkError(message)
            if before != (cuda.get_device_id(), cuda.get_current_stream()):
                message = "the call left another device or stream current"
                raise HostWorkError(message)
            return found

        return watched


BACKEND = StandIn()
# Before anything asks for CuPy, which otherwise would be the real one.
if BACKEND.available() is None:
    BACKEND.xp()
