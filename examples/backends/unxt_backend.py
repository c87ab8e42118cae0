"""unxt: JAX's arrays with units, by quax; here without any: the parameters of a case are plain numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plain import Plain

from conformance.subjects.backends.jax_backend import BACKEND as JAX

if TYPE_CHECKING:
    import numpy as np


class UnxtBackend(Plain):
    name = module = distribution = "unxt"
    array_type = "Quantity"
    lacking = {"estimate_epsilon": "arange() takes no device"}

    def context(self, inputs: Any) -> Any:
        return JAX.context(inputs)

    def from_numpy(self, array: np.ndarray) -> Any:
        return self.xp().Quantity(array, "")

    def to_numpy(self, native: Any) -> np.ndarray:
        import numpy as np

        return np.asarray(native.value)


BACKEND = UnxtBackend()
