"""Work on a device: what it reads and writes is checked first, and NumPy does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cupy_stand_in import cuda

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NUMBERS = (bool, int, float, complex, np.generic)


class DeviceMismatchError(RuntimeError):
    """Work on an array of another device than the current one."""


class UnorderedError(RuntimeError):
    """Work on an array that another stream may still be writing."""


class Buffer:
    """Memory on a device, shared by an array and its views, and who wrote it last."""

    def __init__(self) -> None:
        self.device = cuda.get_device_id()
        self.written()

    def written(self) -> None:
        """Remember the current stream as the one that wrote it."""
        self.queue = cuda.current_queue(self.device)
        self.time = self.queue.issue()

    def check_device(self) -> None:
        """Refuse work that the current device would do on another one's memory."""
        if self.device != cuda.get_device_id():
            message = (
                f"an array of device {self.device} is used while device {cuda.get_device_id()} is current"
            )
            raise DeviceMismatchError(message)

    def check_order(self) -> None:
        """Refuse work that may come before what the array is waiting for."""
        now = cuda.current_queue(self.device)
        now.begin()
        if not now.is_after(self.queue, self.time):
            message = "an array is used in another stream than wrote it, and nothing makes that stream wait"
            raise UnorderedError(message)


class Kind:
    """The class of arrays, told here by `arrays`, which is built on this module."""

    ndarray: Any = None


def wrapped(host: Any, buffer: Buffer | None = None) -> Any:
    """Array of memory that lies on the current device, unless a buffer says where."""
    array = object.__new__(Kind.ndarray)
    array._host, array._buffer = host, buffer or Buffer()
    return array


def check_operand(value: object) -> None:
    """Refuse what a ufunc takes for no operand: a NumPy array and a list, for two."""
    if not isinstance(value, (Kind.ndarray, *_NUMBERS)):
        message = f"Unsupported type {type(value)}"
        raise TypeError(message)


def run(
    function: Callable[..., Any], args: Sequence[Any] = (), writes: Sequence[Any] = (), **keywords: Any
) -> Any:
    """Have NumPy work on arrays of the current device.

    Parameters
    ----------
    function : callable
        Of NumPy.
    args, keywords
        Its arguments; arrays are also found in lists and tuples.
    writes : sequence of arrays
        Those among the arguments that it writes into.
    """
    read: list[Any] = []
    given = [_to_host(each, read) for each in args]
    named = {name: _to_host(each, read) for name, each in keywords.items()}
    if writes:
        for array in read:
            _check(array)
    # A GPU warns of nothing.
    with np.errstate(all="ignore"):
        found = function(*given, **named)
    made = _from_host(found, read)
    for array in writes:
        array._buffer.written()
    return made


def _check(array: Any) -> None:
    array._buffer.check_device()
    array._buffer.check_order()


def _to_host(value: Any, read: list[Any]) -> Any:
    if isinstance(value, Kind.ndarray):
        read.append(value)
        return value._host
    if isinstance(value, list | tuple):
        return type(value)([_to_host(each, read) for each in value])
    if isinstance(value, np.ndarray):
        check_operand(value)
    return value


def _from_host(found: Any, read: list[Any]) -> Any:
    if isinstance(found, list | tuple):
        kind = list if isinstance(found, list) else tuple
        return kind(_from_host(each, read) for each in found)
    if not isinstance(found, np.ndarray | np.generic):
        # A dtype or a shape: nothing was read to tell it.
        return found
    for array in read:
        if found is array._host:
            return array
    host = np.asarray(found)
    for array in read:
        # A view is no work.
        if host.base is not None and np.may_share_memory(host, array._host):
            return wrapped(host, array._buffer)
    for array in read:
        _check(array)
    return wrapped(host)
