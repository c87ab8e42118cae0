"""NumPy on the CPU."""

from __future__ import annotations

import importlib.util
import math
from typing import Any

from conformance.subjects.backends.protocol import Backend, UnsupportedByBackendError


def numpy_dtype(name: str) -> Any:
    """Little-endian NumPy dtype by name; bfloat16 comes from ml_dtypes where that is installed."""
    import numpy as np  # noqa: PLC0415

    if name == "bfloat16":
        if importlib.util.find_spec("ml_dtypes") is None:
            message = "NumPy has no bfloat16 without the package ml_dtypes"
            raise UnsupportedByBackendError(message)
        import ml_dtypes  # noqa: PLC0415

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name).newbyteorder("<")


def numpy_array(data: bytes, dtype: str, shape: tuple[int, ...]) -> Any:
    """Writable native-endian NumPy array with its own memory."""
    import numpy as np  # noqa: PLC0415

    wanted = numpy_dtype(dtype)
    return np.frombuffer(data, dtype=wanted).astype(wanted.newbyteorder("="), copy=True).reshape(shape)


def numpy_bytes(native: Any) -> bytes:
    """Little-endian bytes of a NumPy array or scalar, in C order."""
    import numpy as np  # noqa: PLC0415

    values = np.asarray(native)
    return bytes(values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes(order="C"))


def laid_out(xp: Any, native: Any, layout: str) -> Any:
    """Copy a NumPy or CuPy array into another layout."""
    if layout == "read-only":
        native.flags.writeable = False
        return native
    if layout == "column-major":
        return native.copy(order="F")
    stride = -2 if layout == "reversed" else 2
    # What is between the elements must not get into any result.
    between = 77 if native.dtype.kind in "iub" else math.nan
    memory = xp.full(tuple(2 * n for n in native.shape), between, dtype=native.dtype)
    view = memory[(*(slice(None, None, stride) for _ in native.shape), ...)]
    view[...] = native
    return view


class NumpyBackend(Backend):
    """NumPy arrays; its scalars count as arrays of no axes."""

    name = "numpy"
    module = "numpy"
    distribution = "numpy"
    layouts = ("strided", "reversed", "column-major", "read-only")
    states = ("refilled", "kept", "threads")
    large = True

    def devices(self) -> list[str]:
        """NumPy has one device."""
        return ["cpu"]

    def from_bytes(self, data: bytes, dtype: str, shape: tuple[int, ...], device: str, mode: str) -> Any:
        """Make a writable array."""
        del device, mode
        return numpy_array(data, dtype, shape)

    def laid_out(self, native: Any, layout: str) -> Any:
        """Every layout there is."""
        return laid_out(self.xp(), native, layout)

    def refill(self, native: Any, other: Any) -> bool:
        """Arrays can be changed."""
        native[...] = other
        return True

    def to_bytes(self, native: Any) -> bytes:
        """Bytes of the elements."""
        return numpy_bytes(native)

    def is_native(self, value: object) -> bool:
        """Arrays and scalars alike."""
        np = self.xp()
        return isinstance(value, (np.ndarray, np.generic))


BACKEND = NumpyBackend()
