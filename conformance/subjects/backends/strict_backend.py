"""array-api-strict: only what the array API standard promises, with devices that are only pretended."""

from __future__ import annotations

from typing import Any

from conformance.subjects.backends.numpy_backend import numpy_array, numpy_bytes
from conformance.subjects.backends.protocol import Backend, UnsupportedByBackendError

_CPU = "CPU_DEVICE"


class StrictBackend(Backend):
    """Its device `CPU_DEVICE` is called "cpu" here."""

    name = "strict"
    module = "array_api_strict"
    distribution = "array-api-strict"
    states = ("refilled", "kept")

    def _devices(self) -> dict[str, Any]:
        found = self.xp().__array_namespace_info__().devices()
        return {"cpu" if _label(d) == _CPU else _label(d): d for d in found}

    def devices(self) -> list[str]:
        """List the CPU and the pretended devices."""
        return list(self._devices())

    def from_bytes(self, data: bytes, dtype: str, shape: tuple[int, ...], device: str, mode: str) -> Any:
        """Make an array on a device; the standard has no half precision."""
        del mode
        xp = self.xp()
        place = self._devices()[device]
        known = xp.__array_namespace_info__().dtypes(device=place)
        if dtype not in known:
            message = f"array-api-strict has no {dtype} on {device}"
            raise UnsupportedByBackendError(message)
        return xp.asarray(numpy_array(data, dtype, shape), device=place)

    def refill(self, native: Any, other: Any) -> bool:
        """Arrays can be changed."""
        native[...] = other
        return True

    def to_bytes(self, native: Any) -> bytes:
        """Bytes of the elements, moved to the CPU first."""
        import numpy as np  # noqa: PLC0415

        return numpy_bytes(np.from_dlpack(native.to_device(self._devices()["cpu"])))

    def is_native(self, value: object) -> bool:
        """Arrays of the strict namespace."""
        return isinstance(value, type(self.xp().empty(0)))

    def dtype_name(self, native: Any) -> str:
        """Drop the prefix of the strict dtype objects."""
        return str(native.dtype).rpartition(".")[2]

    def device_name(self, native: Any) -> str:
        """Name as in `devices`."""
        label = _label(native.device)
        return "cpu" if label == _CPU else label


def _label(device: object) -> str:
    return str(device).partition("'")[2].rstrip("')")


BACKEND = StrictBackend()
