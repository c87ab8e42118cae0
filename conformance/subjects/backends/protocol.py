"""What the suite needs to know of an array library, and nothing more."""

from __future__ import annotations

import importlib
import importlib.util
from abc import ABC, abstractmethod
from contextlib import nullcontext
from importlib import metadata
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from conformance.text import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

    from conformance.model import Array

    Inputs = Mapping[str, Any]
    Function = Callable[[Inputs], dict[str, Any]]


AUTODIFF = "-autodiff"
"""Ends the name of a mode in which gradients are those that the array library itself takes."""


class UnsupportedByBackendError(Exception):
    """The backend itself (not the library under test) has no such dtype, or no autodiff."""


class Backend(ABC):
    """An array library as the suite sees it. Bytes are little-endian and in C order.

    Attributes
    ----------
    name : str
        What users call it.
    module, distribution : str
        What is imported, and the installed package that has its version.
    modes : tuple of str
        The first one is what `--mode eager` means. Where the library differentiates, each has a
        second form with "-autodiff" behind its name.
    compiled_modes : tuple of str
        Those of `modes` that `--mode compiled` means.
    autodiff : bool
        Whether the library differentiates by itself.
    layouts, states : tuple of str
        In which of the `LAYOUTS` and `STATES` of `conformance.variations` a call can be made: the layouts
        that `laid_out` makes; "kept" in any library, "refilled" with a `refill`, "threads" where a call
        may run beside others. None by default.
    costly : bool
        Whether a call takes long, as where each is compiled or planned anew: each variation is then asked
        of one case in eight.
    large : bool
        Whether it is asked with 2**24 entries too, which takes a second or two and a gigabyte. If not,
        it is asked with as many frames as ports are.
    lacking : mapping of str to str
        What the library has not, each with the reason: dtypes such as "float16", and operations such as
        "estimate_epsilon" (the words of `--op`). A case that needs one of them is unsupported.
    """

    name: ClassVar[str]
    module: ClassVar[str]
    distribution: ClassVar[str]
    modes: ClassVar[tuple[str, ...]] = ("eager",)
    compiled_modes: ClassVar[tuple[str, ...]] = ()
    autodiff: ClassVar[bool] = False
    layouts: ClassVar[tuple[str, ...]] = ()
    states: ClassVar[tuple[str, ...]] = ()
    costly: ClassVar[bool] = False
    large: ClassVar[bool] = False
    lacking: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def available(self) -> str | None:
        """Why the backend cannot run here, or None where it can."""
        if importlib.util.find_spec(self.module.partition(".")[0]) is None:
            return f"package {self.distribution} is not installed"
        try:
            self.xp()
        except ImportError as error:
            return f"import failed: {said(error)}"
        return None

    def xp(self) -> Any:
        """Return the imported array library."""
        return importlib.import_module(self.module)

    def version(self) -> str:
        """Version of the installed package."""
        return metadata.version(self.distribution)

    @abstractmethod
    def devices(self) -> list[str]:
        """Names of the devices present, the default one first."""

    def lacks(self, device: str, mode: str) -> str | None:
        """Why one of `modes` cannot run on a device, or None where it can."""
        del device, mode
        return None

    def context(self, inputs: Iterable[Array]) -> AbstractContextManager[object]:
        """State that the library must be in for arrays of these dtypes; restored on leaving."""
        del inputs
        return nullcontext()

    @abstractmethod
    def from_bytes(self, data: bytes, dtype: str, shape: tuple[int, ...], device: str, mode: str) -> Any:
        """Make an array that owns its memory; UnsupportedByBackendError if there is no such dtype."""

    @abstractmethod
    def to_bytes(self, native: Any) -> bytes:
        """Elements of an array, computed and fetched from its device."""

    def laid_out(self, native: Any, layout: str) -> Any:
        """Return the same array in one of `layouts`, in memory of its own."""
        raise NotImplementedError

    def refill(self, native: Any, other: Any) -> bool:
        """Put the elements of another array into this one; False where arrays cannot be changed."""
        del native, other
        return False

    @abstractmethod
    def is_native(self, value: object) -> bool:
        """Whether `value` is an array of this library."""

    def dtype_name(self, native: Any) -> str:
        """Name of the dtype, such as "float32"."""
        return str(native.dtype)

    def shape(self, native: Any) -> tuple[int, ...]:
        """Shape as plain integers."""
        return tuple(int(n) for n in native.shape)

    def device_name(self, native: Any) -> str:  # noqa: ARG002
        """Name of the array's device, as `devices` has it."""
        return "cpu"

    def compiled(self, function: Function, mode: str) -> Function:
        """Return `function` as it runs in `mode`."""
        del mode
        return function

    def value_and_gradient(self, function: Function, mode: str) -> Function:
        """Return the function that gives `loss` and `gradient`, in `mode`.

        `function` gives {"loss": scalar}; the derivative is by its input "keypoints".
        """
        del function, mode
        message = f"{self.name} has no automatic differentiation"
        raise UnsupportedByBackendError(message)

    def ready(self, native: Any) -> None:  # noqa: B027 - most libraries compute at once
        """Wait until an array is computed."""

    def reset(self) -> None:  # noqa: B027 - most libraries compile nothing
        """Forget what was compiled for the last case."""

    def broke(self, error: Exception) -> bool:
        """Whether an exception says that the mode broke the code, and not that an input was refused."""
        del error
        return False
