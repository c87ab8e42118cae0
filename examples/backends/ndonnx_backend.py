"""ndonnx: arrays that are computed by ONNX; those of numbers at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plain import Plain

if TYPE_CHECKING:
    import numpy as np


class NdonnxBackend(Plain):
    name = module = distribution = "ndonnx"
    array_type = "Array"
    lacking = dict.fromkeys(("bfloat16", "complex64", "complex128"), "no such dtype")

    def to_numpy(self, native: Any) -> np.ndarray:
        return native.unwrap_numpy()


BACKEND = NdonnxBackend()
