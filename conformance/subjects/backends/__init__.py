"""One file per backend. A new backend is one file here and its name in `NAMES`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from conformance.subjects.base import UsageError

if TYPE_CHECKING:
    from conformance.subjects.backends.protocol import Backend

NAMES = ("numpy", "torch", "jax", "cupy", "dask", "strict")
_loaded: dict[str, Backend] = {}


def load(name: str) -> Backend:
    """Return the backend of that name; its array library is imported only when it is used."""
    if name not in NAMES:
        message = f"no backend {name!r}: choose from {', '.join(NAMES)}"
        raise UsageError(message)
    if name not in _loaded:
        module = import_module(f"conformance.subjects.backends.{name}_backend")
        _loaded[name] = module.BACKEND
    return _loaded[name]
