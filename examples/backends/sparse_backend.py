"""pydata/sparse: arrays of which only what differs from a fill value is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plain import Plain

if TYPE_CHECKING:
    import numpy as np


class SparseBackend(Plain):
    name = module = distribution = "sparse"
    array_type = "SparseArray"

    def to_numpy(self, native: Any) -> np.ndarray:
        return native.todense()


BACKEND = SparseBackend()
