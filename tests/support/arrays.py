"""Arrays of a backend from nested lists and back, so that tests read like their worked examples."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance import bits
from conformance.model import Array
from conformance.subjects.backends.protocol import UnsupportedByBackendError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from conformance.subjects.backends.protocol import Backend

FLOATS = ("float16", "bfloat16", "float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_CODES = dict(zip(INTEGERS, "bhiqBHIQ", strict=True)) | {"bool": "?"}


@dataclass(frozen=True)
class Arrays:
    """A backend under test.

    Attributes
    ----------
    label : str
        Name in test ids.
    wide : bool
        Whether 64-bit types are to be had; JAX is tested both ways.
    place : str
        Device of arrays for which none is named; empty for the backend's first.
    """

    label: str
    backend: Backend
    wide: bool = True
    place: str = ""

    @property
    def xp(self) -> Any:
        return self.backend.xp()

    @property
    def name(self) -> str:
        return self.backend.name

    def state(self) -> AbstractContextManager[Any]:
        """State the library has to be in; the former one comes back on leaving."""
        return self.backend.context([Array("float64", (0,), ())] if self.wide else [])

    def has(self, dtype: str) -> bool:
        if not self.wide and dtype in {"float64", "int64", "uint64"}:
            return False
        try:
            self.backend.from_bytes(b"", dtype, (0,), self._device(None), self.backend.modes[-1])
        except UnsupportedByBackendError:
            return False
        return True

    def make(self, nested: Any, dtype: str = "float32", device: str | None = None) -> Any:
        """Array of nested lists, or of one number; a dtype that cannot hold the numbers is an error."""
        shape, flat = _flatten(nested)
        return self.backend.from_bytes(_pack(flat, dtype), dtype, shape, self._device(device), self._cut)

    def zeros(self, shape: tuple[int, ...], dtype: str = "float32", device: str | None = None) -> Any:
        data = _pack([0] * math.prod(shape), dtype)
        return self.backend.from_bytes(data, dtype, shape, self._device(device), self._cut)

    def _device(self, named: str | None) -> str:
        return named or self.place or self.backend.devices()[0]

    @property
    def _cut(self) -> str:
        # Dask is cut through every axis, which is the hardest; elsewhere the mode changes no array.
        return self.backend.modes[-1] if self.name == "dask" else self.backend.modes[0]

    def bytes_of(self, native: Any) -> bytes:
        return self.backend.to_bytes(native)

    def dtype_of(self, native: Any) -> str:
        assert self.backend.is_native(native), f"a {type(native)} is no array of {self.name}"
        return self.backend.dtype_name(native)

    def read(self, native: Any) -> Any:
        """Nested lists of the elements, or one number; another library's array is an error."""
        dtype = self.dtype_of(native)
        shape, data = self.backend.shape(native), self.bytes_of(native)
        if dtype in _CODES:
            flat: Sequence[float] = [v for (v,) in struct.iter_unpack(f"<{_CODES[dtype]}", data)]
        else:
            flat = bits.unpack(data, dtype)
        return _nest(list(flat), shape)

    def loss_and_gradient(self, function: Callable[[Any], Any], keypoints: Any) -> tuple[Any, Any]:
        """Value and gradient of a scalar function of the keypoints.

        Where gradients are usually compiled they are here too; eager ones have tests of their own.
        """
        mode = "jit" if "jit" in self.backend.modes else "eager"
        both = self.backend.value_and_gradient(lambda inputs: {"loss": function(inputs["keypoints"])}, mode)
        found = both({"keypoints": keypoints})
        return found["loss"], found["gradient"]

    def gradient(self, function: Callable[[Any], Any], keypoints: Any) -> Any:
        """Gradient by the keypoints, as nested lists."""
        return self.read(self.loss_and_gradient(function, keypoints)[1])


def _flatten(nested: Any) -> tuple[tuple[int, ...], list[Any]]:
    if not isinstance(nested, list | tuple):
        return (), [nested]
    parts = [_flatten(item) for item in nested]
    inner = {shape for shape, _ in parts} or {()}
    assert len(inner) == 1, f"ragged: {nested}"
    return (len(nested), *inner.pop()), [value for _, flat in parts for value in flat]


def _nest(flat: list[Any], shape: tuple[int, ...]) -> Any:
    if not shape:
        return flat[0]
    width = math.prod(shape[1:])
    return [_nest(flat[i * width : (i + 1) * width], shape[1:]) for i in range(shape[0])]


def _pack(flat: list[Any], dtype: str) -> bytes:
    if dtype in _CODES:
        return struct.pack(f"<{len(flat)}{_CODES[dtype]}", *flat)
    if dtype == "complex64":
        return b"".join(struct.pack("<ff", value.real, value.imag) for value in map(complex, flat))
    return bits.pack(flat, dtype)
