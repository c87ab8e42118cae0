"""The stand-in as modules, to be found by `import cupy`."""

from __future__ import annotations

import sys
import warnings
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np

from cupy_stand_in import arrays, cuda, functions, methods

# They exchange data with files and other libraries, past all counting, or look at all of it.
_EXCHANGE = ("from", "genfrom", "load", "save", "asarray_chkfinite")


class Missing:
    """A name of CuPy's that the stand-in has nothing for."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, *_: Any, **__: Any) -> Any:
        message = f"the stand-in for CuPy has no {self.__name__}"
        raise NotImplementedError(message)


def why_not() -> str | None:
    """Why the stand-in cannot be here, or None where it can."""
    if installed() is not None:
        return None
    if find_spec("cupy") is None:
        return "package cupy, whose names and signatures it takes, is not installed"
    if "array_api_compat.cupy" in sys.modules:
        return "the real CuPy is in use"
    return None


def installed() -> Any:
    """Return the stand-in where it is installed, else None."""
    found: Any = sys.modules.get("cupy")
    return (
        found
        if isinstance(getattr(found, "ndarray", None), type) and found.ndarray is arrays.ndarray
        else None
    )


def install() -> Any:
    """Put the stand-in in CuPy's place, for good; RuntimeError where the real one is in use.

    Returns
    -------
    module
        What `import cupy` gives from now on.
    """
    if installed() is not None:
        return installed()
    reason = why_not()
    if reason:
        raise RuntimeError(reason)
    with warnings.catch_warnings():
        # That there is no GPU is known.
        warnings.simplefilter("ignore")
        import cupy as real  # noqa: PLC0415
    methods.complete(real.ndarray)
    modules = {"cupy": _module("cupy", real, np)}
    for part in ("fft", "linalg"):
        modules[f"cupy.{part}"] = _module(f"cupy.{part}", getattr(real, part), getattr(np, part))
    modules |= _cuda_modules()
    # Some parts of the real one load the rest when they are looked at.
    for name in [name for name in sys.modules if name.partition(".")[0] in {"cupy", "cupyx"}]:
        del sys.modules[name]
    sys.modules.update(modules)
    for name, module in modules.items():
        parent, _, part = name.rpartition(".")
        if parent:
            setattr(modules[parent], part, module)
    return modules["cupy"]


def _module(name: str, real: ModuleType, host: ModuleType) -> ModuleType:
    module = _empty(name)
    # For tests, which compare the two.
    vars(module)["_real"] = real
    for each, value in vars(real).items():
        if not each.startswith("_") and not isinstance(value, ModuleType):
            setattr(module, each, _like(each, value, getattr(host, each, None)))
    if name == "cupy":
        module.ndarray, module.ufunc = arrays.ndarray, functions.ufunc  # type: ignore[attr-defined]
        module.__version__ = real.__version__  # type: ignore[attr-defined]
        for each, made in functions.OWN.items():
            setattr(module, each, made)
    return module


def _like(name: str, real: Any, host: Any) -> Any:
    if real is host or not callable(real) or (isinstance(real, type) and issubclass(real, Exception)):
        # Dtypes, constants and errors are NumPy's, or as good as that.
        return real
    if type(real).__name__ == "ufunc" and host is not None:
        return functions.ufunc(name, real)
    if isinstance(real, type) or host is None or name.startswith(_EXCHANGE):
        return host if isinstance(host, type) and name in {"finfo", "iinfo"} else Missing(name)
    return functions.function(name, real, host)


def _empty(name: str) -> ModuleType:
    module = ModuleType(name, "Stand-in for CuPy.")
    # With no origin, by which `conformance` tells it from CuPy.
    module.__spec__ = ModuleSpec(name, None)
    return module


def _cuda_modules() -> dict[str, ModuleType]:
    streams = {"Event": cuda.Event, "Stream": cuda.Stream, "get_current_stream": cuda.get_current_stream}
    devices = {"Device": cuda.Device, "get_device_id": cuda.get_device_id}
    names: dict[str, dict[str, Any]] = {
        "cupy.cuda": {**streams, **devices, "is_available": lambda: True},
        "cupy.cuda.device": devices,
        "cupy.cuda.stream": streams,
        "cupy.cuda.runtime": {
            "CUDARuntimeError": cuda.CUDARuntimeError,
            "deviceSynchronize": lambda: cuda.Device().synchronize(),
            "getDevice": cuda.get_device_id,
            "getDeviceCount": lambda: cuda.DEVICES,
            "setDevice": lambda device: cuda.Device(device).use(),
        },
    }
    modules = {}
    for name, content in names.items():
        modules[name] = _empty(name)
        vars(modules[name]).update(content)
    return modules
