"""Cubed: arrays that are computed chunk by chunk, in bounded memory; here in one process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plain import Plain

if TYPE_CHECKING:
    import numpy as np


class CubedBackend(Plain):
    name = distribution = "cubed"
    module = "cubed.array_api"
    array_type = "Array"
    lacking = {"estimate_epsilon": "no sort()", "float16": "not of the standard", "bfloat16": "no such dtype"}

    def from_numpy(self, array: np.ndarray) -> Any:
        # In two pieces, through time or the batch. Pieces of flat pairs have to be regular even when every
        # second column is taken, which those of an odd number of columns are not.
        first = [max(1, -(-n // 2)) for n in array.shape[:1]]
        return self.xp().asarray(array, chunks=(*first, *array.shape[1:]))

    def to_numpy(self, native: Any) -> np.ndarray:
        return native.compute()


BACKEND = CubedBackend()
