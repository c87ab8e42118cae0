"""MLX on the processor; its arrays name no device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plain import Plain

if TYPE_CHECKING:
    import numpy as np


class MlxBackend(Plain):
    name = distribution = "mlx"
    module = "mlx.core"
    array_type = "array"
    lacking = {"complex128": "no such dtype"}

    def from_numpy(self, array: np.ndarray) -> Any:
        # MLX makes float32 of float64 without a word, unless it is told the dtype.
        return self.xp().array(array, dtype=self.xp().float64 if array.dtype == "float64" else None)

    def to_numpy(self, native: Any) -> np.ndarray:
        import ml_dtypes
        import numpy as np

        if native.dtype == self.xp().bfloat16:
            return np.asarray(native.astype(self.xp().float32)).astype(ml_dtypes.bfloat16)
        return np.asarray(native)

    def dtype_name(self, native: Any) -> str:
        return str(native.dtype).rpartition(".")[2]


BACKEND = MlxBackend()
