"""The array: a NumPy array and the memory it lies in, with CuPy's methods and operators."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from cupy_stand_in import cuda, kernels
from cupy_stand_in.kernels import Buffer, Kind, check_operand, run, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DTYPES = "?bhilqBHILQefdFD"


class Flags(NamedTuple):
    """How an array lies in memory."""

    c_contiguous: bool
    f_contiguous: bool
    owndata: bool


class Pointer(NamedTuple):
    """Where an array lies."""

    ptr: int
    device_id: int


class ndarray(NDArrayOperatorsMixin):  # noqa: N801 - its name in CuPy
    """As CuPy's array; made by its functions, or empty by calling the class.

    Operators come from NumPy's mixin, by way of `__array_ufunc__`; other methods from `methods`.
    """

    def __init__(self, shape: Any, dtype: Any = float, order: Any = "C") -> None:
        self._host: Any = np.empty(shape, check_dtype(dtype), order)
        self._buffer = Buffer()

    # What it is ---------------------------------------------------------------------------

    shape = property(lambda self: self._host.shape)
    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    strides = property(lambda self: self._host.strides)
    itemsize = property(lambda self: self._host.itemsize)
    nbytes = property(lambda self: self._host.nbytes)
    T = property(lambda self: run(np.transpose, [self]))
    mT = property(lambda self: run(np.matrix_transpose, [self]))  # noqa: N815 - its name in CuPy
    real = property(lambda self: run(np.real, [self]))
    imag = property(lambda self: run(np.imag, [self]))
    device = property(lambda self: cuda.Device(self._buffer.device))
    data = property(lambda self: Pointer(self._host.ctypes.data, self._buffer.device))

    flags = property(lambda self: Flags(*(getattr(self._host.flags, name) for name in Flags._fields)))

    def __len__(self) -> int:
        return len(self._host)

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    # To and from the host -------------------------------------------------------------------

    def get(self, stream: Any = None, order: str = "C", out: Any = None, blocking: bool = True) -> Any:  # noqa: FBT001, FBT002 - CuPy's signature
        """Copy to the host, which waits for it."""
        if stream is not None or out is not None or not blocking:
            message = "the stand-in only copies in the current stream, waiting, into new memory"
            raise NotImplementedError(message)
        self._buffer.check_order()
        cuda.traffic.copies += 1
        cuda.current_queue(self._buffer.device).finish()
        return self._host.copy(order)

    def __array__(self, dtype: Any = None) -> NoReturn:
        message = (
            "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy "
            "array explicitly."
        )
        raise TypeError(message)

    def __reduce__(self) -> tuple[Any, ...]:
        return array, (self.get(),)

    # Copies on devices --------------------------------------------------------------------------

    def copy(self, order: str = "C") -> Any:
        """Copy to the current device, which may be another one."""
        if self._buffer.device != cuda.get_device_id():
            here = cuda.get_current_stream()
            # Between devices the null stream waits for both of them.
            if here != cuda.Stream.null and not here.queue.is_after(self._buffer.queue, self._buffer.time):
                message = "an array is copied to another device while its own may still be writing it"
                raise kernels.UnorderedError(message)
            return wrapped(self._host.copy(order))
        return run(np.ndarray.copy, [self, order])

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Any:
        with self.device:
            return self.copy()

    # Elements -----------------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Any:
        index = _index(index)
        if any(isinstance(each, ndarray) and each.dtype == bool for each in index):
            # How many there are, the host has to be told.
            cuda.traffic.waits += 1
        # With an ellipsis NumPy gives an array where it would give a scalar.
        whole = () if any(each is Ellipsis for each in index) else (Ellipsis,)
        return run(np.ndarray.__getitem__, [self, (*index, *whole)])

    def __setitem__(self, index: Any, value: Any) -> None:
        if not isinstance(value, ndarray) and not np.isscalar(value):
            value = array(value)
        run(np.ndarray.__setitem__, [self, _index(index), value], writes=[self])

    # What other libraries ask -------------------------------------------------------------------

    def __array_ufunc__(
        self, function: Any, method: str, *inputs: Any, out: tuple[Any, ...] = (), **keywords: Any
    ) -> Any:
        if method != "__call__" or "where" in keywords:
            return NotImplemented
        for each in inputs:
            check_operand(each)
        return run(function, inputs, out, out=out or None, **keywords)

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        del types
        # By then this is the stand-in.
        found = getattr(sys.modules["cupy"], function.__name__, None)
        return NotImplemented if found is None else found(*args, **keywords)


def _reader(name: str) -> Callable[..., Any]:
    return lambda self, *args: getattr(self.get(), name)(*args)


# What Python and people look at is copied to the host first.
for _name in ("bool", "complex", "float", "format", "index", "int", "repr", "str"):
    setattr(ndarray, f"__{_name}__", _reader(f"__{_name}__"))
for _name in ("item", "tobytes", "tolist"):
    setattr(ndarray, _name, _reader(_name))


def _index(index: Any) -> tuple[Any, ...]:
    index = index if isinstance(index, tuple) else (index,)
    return tuple(array(each) if isinstance(each, list | np.ndarray) else each for each in index)


def check_dtype(dtype: Any) -> Any:
    """Refuse the dtypes that CuPy lacks."""
    found = np.dtype(dtype)
    if found.char not in _DTYPES:
        message = f"Unsupported dtype {found}"
        raise TypeError(message)
    return found


def array(  # noqa: PLR0913, PLR0917 - CuPy's signature
    obj: Any,
    dtype: Any = None,
    copy: bool | None = True,  # noqa: FBT001, FBT002
    order: Any = "K",
    subok: bool = False,  # noqa: FBT001, FBT002
    ndmin: int = 0,
    *,
    blocking: bool = False,
) -> Any:
    """Make an array on the current device, of one on any device or of what the host has."""
    del subok, blocking
    wanted: dict[str, Any] = {
        "dtype": None if dtype is None else check_dtype(dtype),
        "order": order or "K",
        "ndmin": ndmin,
    }
    if isinstance(obj, ndarray):
        if obj._buffer.device != cuda.get_device_id():
            obj, copy = obj.copy(), None
        return run(np.array, [obj], copy=copy or None, **wanted)
    if _has_array(obj):
        return run(np.array, [obj], **wanted)
    host = np.array(obj, **wanted)
    check_dtype(host.dtype)
    cuda.traffic.uploads += 1
    return wrapped(host)


def _has_array(obj: Any) -> bool:
    return isinstance(obj, list | tuple) and any(
        isinstance(each, ndarray) or _has_array(each) for each in obj
    )


Kind.ndarray = ndarray
