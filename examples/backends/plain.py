"""What the backends here share: one device, and arrays that come from NumPy's and become NumPy's again."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from conformance.subjects.backends.numpy_backend import numpy_array, numpy_bytes
from conformance.subjects.backends.protocol import Backend


class Plain(Backend):
    """`array_type` is where the library keeps its class of arrays."""

    array_type: ClassVar[str]

    def devices(self) -> list[str]:
        return ["cpu"]

    def from_bytes(self, data: bytes, dtype: str, shape: tuple[int, ...], device: str, mode: str) -> Any:
        del device, mode
        return self.from_numpy(numpy_array(data, dtype, shape))

    def to_bytes(self, native: Any) -> bytes:
        return numpy_bytes(self.to_numpy(native))

    def from_numpy(self, array: np.ndarray) -> Any:
        return self.xp().asarray(array)

    def to_numpy(self, native: Any) -> np.ndarray:
        return np.asarray(native)

    def is_native(self, value: object) -> bool:
        return isinstance(value, getattr(self.xp(), self.array_type))
