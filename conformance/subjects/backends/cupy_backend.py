"""CuPy on every CUDA device that is found."""

from __future__ import annotations

import importlib.util
from importlib import metadata
from typing import Any

from conformance.subjects.backends.numpy_backend import laid_out, numpy_array, numpy_bytes
from conformance.subjects.backends.protocol import Backend, UnsupportedByBackendError


class CupyBackend(Backend):
    """CuPy arrays; a machine without a CUDA device has this backend absent."""

    name = "cupy"
    module = "cupy"
    distribution = "cupy"
    layouts = ("strided", "reversed", "column-major")
    states = ("refilled", "kept")
    large = True

    def available(self) -> str | None:
        """Tell a missing package, a broken one, and a machine without a device apart."""
        if importlib.util.find_spec("cupy") is None:
            return "package cupy is not installed"
        try:
            cupy = self.xp()
        except ImportError as error:
            return f"import failed: {str(error).strip().splitlines()[0]}"
        if cupy.__spec__.origin is None:
            return "what is imported as cupy is a stand-in for it"
        try:
            count = cupy.cuda.runtime.getDeviceCount()
        except (cupy.cuda.runtime.CUDARuntimeError, RuntimeError):
            count = 0
        return None if count else "no CUDA device"

    def version(self) -> str:
        """Version of whichever of CuPy's packages is installed."""
        names = metadata.packages_distributions().get("cupy", [])
        return metadata.version(names[0]) if names else str(self.xp().__version__)

    def devices(self) -> list[str]:
        """Every CUDA device."""
        return [f"cuda:{i}" for i in range(self.xp().cuda.runtime.getDeviceCount())]

    def from_bytes(self, data: bytes, dtype: str, shape: tuple[int, ...], device: str, mode: str) -> Any:
        """Make an array on a device."""
        del mode
        if dtype == "bfloat16":
            message = "CuPy has no bfloat16"
            raise UnsupportedByBackendError(message)
        cupy = self.xp()
        with cupy.cuda.Device(_index(device)):
            return cupy.asarray(numpy_array(data, dtype, shape))

    def laid_out(self, native: Any, layout: str) -> Any:
        """All but read-only, which CuPy does not have."""
        with native.device:
            return laid_out(self.xp(), native, layout)

    def refill(self, native: Any, other: Any) -> bool:
        """Arrays can be changed."""
        with native.device:
            native[...] = other
        return True

    def to_bytes(self, native: Any) -> bytes:
        """Bytes of the elements, fetched to the host."""
        return numpy_bytes(self.xp().asnumpy(native))

    def is_native(self, value: object) -> bool:
        """CuPy arrays."""
        return isinstance(value, self.xp().ndarray)

    def device_name(self, native: Any) -> str:
        """CUDA device by number."""
        return f"cuda:{native.device.id}"

    def ready(self, native: Any) -> None:
        """Wait for the array's device."""
        native.device.synchronize()


def _index(device: str) -> int:
    return int(device.partition(":")[2] or 0)


BACKEND = CupyBackend()
