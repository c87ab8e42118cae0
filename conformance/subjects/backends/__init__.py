"""One file per backend. A new backend is one file here and its name in `NAMES`, or an object elsewhere.

An installed package names such objects as entry points of the group `temporal_loss.backends`.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points

from conformance.exits import UsageError
from conformance.subjects.backends.protocol import Backend
from conformance.subjects.importing import find_object

NAMES = ("numpy", "torch", "jax", "cupy", "dask", "strict")
PRETENDED = "strict"
"""Its devices are pretended ones: of interest to who works on this, and noise to who compares libraries."""
GROUP = "temporal_loss.backends"
_loaded: dict[str, Backend] = {}
_words: dict[str, str] = {}
"""What users write for a backend from elsewhere, by its name."""


def names() -> tuple[str, ...]:
    """Names of the suite's own backends, and of those that installed packages bring."""
    return *NAMES, *_brought()


def load(name: str) -> Backend:
    """Return a backend by its name, or one from elsewhere that is named as `package.module:OBJECT`.

    Once loaded, that one is also known by its name. The array library is imported when it is used.
    """
    if name in _loaded:
        return _loaded[name]
    if ":" in name:
        backend = _from_elsewhere(name)
        _words[backend.name] = name
        _loaded[backend.name] = backend
    elif name in NAMES:
        backend = import_module(f"conformance.subjects.backends.{name}_backend").BACKEND
    elif name in _brought():
        backend = _from_elsewhere(_brought()[name])
        if backend.name != name:
            message = (
                f"--backend {name}: the entry point of that name in {GROUP} is a backend {backend.name!r}"
            )
            raise UsageError(message)
    else:
        known = ", ".join(names())
        message = f"no backend {name!r}: choose from {known}, or name your own as package.module:OBJECT"
        raise UsageError(message)
    _loaded[name] = backend
    return backend


def word(name: str) -> str:
    """Return what `--backend` takes for a backend that is loaded."""
    return _words.get(name, name)


def _brought() -> dict[str, str]:
    """Where the backends of installed packages are, by name; none takes the place of one of the suite's."""
    return {each.name: each.value for each in entry_points(group=GROUP) if each.name not in NAMES}


def _from_elsewhere(spec: str) -> Backend:
    found = find_object("--backend", spec, "OBJECT")
    if not isinstance(found, Backend):
        kind = type(found).__name__
        message = f"--backend {spec}: not a Backend of {Backend.__module__} but a {kind}"
        raise UsageError(message)
    if not isinstance(getattr(found, "name", None), str):
        message = f"--backend {spec}: it has no name"
        raise UsageError(message)
    if found.name in NAMES or _loaded.get(found.name, found) is not found:
        message = f"--backend {spec}: its name {found.name!r} is that of another backend"
        raise UsageError(message)
    return found
