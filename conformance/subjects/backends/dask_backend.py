"""Dask arrays of NumPy chunks, cut in several ways, which have to stay lazy."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, NoReturn

from conformance.subjects.backends.numpy_backend import numpy_array, numpy_bytes
from conformance.subjects.backends.protocol import Backend

if TYPE_CHECKING:
    from conformance.subjects.backends.protocol import Function, Inputs


class NotLazyError(Exception):
    """A lazy array was computed too early."""


class DaskBackend(Backend):
    """Modes say how arrays are cut.

    "lazy" is one chunk, "lazy-time" has edges through time, "lazy-odd" edges through every axis,
    keypoints and flat pairs included.
    """

    name = "dask"
    module = "dask.array"
    distribution = "dask"
    modes = ("lazy", "lazy-time", "lazy-odd")
    states = ("kept",)
    costly = True
    large = True

    def available(self) -> str | None:
        """Dask without NumPy has no arrays."""
        missing = None if importlib.util.find_spec("numpy") else "package numpy is not installed"
        return super().available() or missing

    def devices(self) -> list[str]:
        """Chunks are NumPy arrays."""
        return ["cpu"]

    def from_bytes(self, data: bytes, dtype: str, shape: tuple[int, ...], device: str, mode: str) -> Any:
        """Make an array in the chunks of the mode."""
        del device
        return self.xp().from_array(numpy_array(data, dtype, shape), chunks=_chunks(shape, mode))

    def to_bytes(self, native: Any) -> bytes:
        """Compute the array; a single thread keeps the order of the sums fixed."""
        return numpy_bytes(native.compute(scheduler="synchronous"))

    def is_native(self, value: object) -> bool:
        """Lazy arrays only: a computed result counts as a conversion."""
        return isinstance(value, self.xp().Array)

    def compiled(self, function: Function, mode: str) -> Function:
        """Run `function` where computing anything raises NotLazyError."""
        del mode
        import dask  # noqa: PLC0415

        def lazy(inputs: Inputs) -> dict[str, Any]:
            with dask.config.set(scheduler=_refuse):
                return function(inputs)

        return lazy


def _refuse(*_args: object, **_kwargs: object) -> NoReturn:
    message = "a Dask array was computed during the call; it has to stay lazy"
    raise NotLazyError(message)


def _chunks(shape: tuple[int, ...], mode: str) -> tuple[int, ...]:
    if mode == "lazy" or not shape:
        return shape
    if mode == "lazy-time":
        # Of all the shapes the suite sends, the longest axis is time, or nearly as long.
        time = shape.index(max(shape))
        return tuple(max(1, -(-n // 3)) if axis == time else n for axis, n in enumerate(shape))
    return tuple(max(1, -(-n // 4)) | 1 for n in shape)


BACKEND = DaskBackend()
