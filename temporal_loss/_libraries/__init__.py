"""Finds the library of an array; what a library needs of its own is a small subclass in one file here.

A library that has no file here gets the cautious answers of `Library` itself.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import array_api_compat

from temporal_loss._libraries.base import FLOATING, Library

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

__all__ = ["FLOATING", "Library", "library_of", "mask_that_would_be_lost"]

_OWN_FILES: dict[str, Callable[[Any], bool]] = {
    "numpy": array_api_compat.is_numpy_namespace,
    "torch": array_api_compat.is_torch_namespace,
    "jax": array_api_compat.is_jax_namespace,
    "cupy": array_api_compat.is_cupy_namespace,
    "dask": array_api_compat.is_dask_namespace,
    "mlx": lambda xp: xp.__name__ == "mlx.core",
}
_MOST_TYPES = 64
_of_types: dict[type, Library] = {}


def library_of(value: Any) -> Library | None:
    """Look up the library of an array; None for what is no array."""
    kind = type(value)
    library = _of_types.get(kind)
    if library is not None:
        return library
    if kind.__module__ != "builtins" and _is_of_torch(kind):
        from temporal_loss._libraries.torch import LIBRARY  # noqa: PLC0415 - only where torch is used

        if LIBRARY.is_compiling():
            # What follows is not for torch.compile to read, and nothing is to be kept.
            return LIBRARY if LIBRARY.owns(value) else None
    if not array_api_compat.is_array_api_obj(value) or mask_that_would_be_lost(value):
        return None
    library = _of_namespace(array_api_compat.array_namespace(value))
    if library.knows_type(kind):
        if len(_of_types) >= _MOST_TYPES:
            _of_types.clear()
        _of_types[kind] = library
    return library


def _is_of_torch(kind: type) -> bool:
    """Whether a type is torch's tensor, or made from it."""
    # First, since torch.compile does not read the bases of Parameter.
    if kind.__module__ == "torch.nn.parameter":
        return True
    return any(each.__module__ == "torch" for each in kind.__mro__)


def mask_that_would_be_lost(value: Any) -> bool:
    """Whether a value is an array with a mask that arithmetic forgets, or one with arithmetic of its own."""
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None and isinstance(value, numpy.ma.MaskedArray | numpy.matrix):
        return True
    if torch is not None and isinstance(value, torch.masked.MaskedTensor):
        return True
    return type(value).__module__.partition(".")[0] == "marray"


def _of_namespace(xp: ModuleType) -> Library:
    for name, is_its_own in _OWN_FILES.items():
        if is_its_own(xp):
            own: Library = import_module(f"temporal_loss._libraries.{name}").LIBRARY
            return own
    return Library(xp)
