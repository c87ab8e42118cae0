"""astropy: NumPy's arrays with units, here without any: the parameters of a case are plain numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plain import Plain

if TYPE_CHECKING:
    import numpy as np


class AstropyBackend(Plain):
    name = distribution = "astropy"
    module = "astropy.units"
    array_type = "Quantity"
    lacking = dict.fromkeys(
        ("float16", "bfloat16", "float32"), "a plain number beside it makes float64 of it"
    )

    def from_numpy(self, array: np.ndarray) -> Any:
        return self.xp().Quantity(array, dtype=None)


BACKEND = AstropyBackend()
