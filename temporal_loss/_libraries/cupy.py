"""CuPy: work on the keypoints' device, whichever is current."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import array_api_compat.cupy

from temporal_loss._libraries import base

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from temporal_loss._stages import Array


class CupyLibrary(base.Library):
    """CuPy arrays."""

    name = "CuPy"
    has_odd_arrays = False

    def may_differentiate(self, *arrays: Array) -> bool:  # noqa: ARG002
        """Never."""
        return False

    def beside(self, array: Array) -> dict[str, Any]:  # noqa: ARG002
        """Nothing: new arrays are made on the current device, which is the keypoints' one here."""
        return {}

    def row(self, numbers: tuple[float, ...], array: Array, dtype: Any) -> Array:
        """Array of numbers, without a copy from the host."""
        return self.filled_row(numbers, array, dtype)

    def working_on(self, array: Array) -> AbstractContextManager[object]:
        """Make the array's device the current one; the former comes back on leaving."""
        device: AbstractContextManager[object] = array.device
        return device


LIBRARY = CupyLibrary(array_api_compat.cupy)
