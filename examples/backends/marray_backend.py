"""marray: NumPy's arrays with a mask, here without anything under it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plain import Plain

if TYPE_CHECKING:
    from types import ModuleType

    import numpy as np


class MarrayBackend(Plain):
    name = module = distribution = "marray"

    def xp(self) -> ModuleType:
        import marray
        import numpy as np

        return marray.masked_namespace(np)

    def to_numpy(self, native: Any) -> np.ndarray:
        return native.data

    def is_native(self, value: object) -> bool:
        return type(value).__name__ == "MArray"


BACKEND = MarrayBackend()
