"""The stand-in says no where CuPy does, and counts and orders what CuPy leaves to its user."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import array_api_compat
import numpy as np
import pytest
from support import under_test

cp = under_test("cupy-stand-in")

from cupy_stand_in import DeviceMismatchError, Traffic, UnorderedError, counted, install  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

ONES = np.ones(3, dtype=np.float32)


@pytest.fixture
def x() -> Any:
    made = cp.asarray([[1.0, 2.0], [3.0, 4.0]], dtype=cp.float32)
    cp.cuda.Device().synchronize()
    return made


@pytest.fixture
def far() -> Any:
    with cp.cuda.Device(1) as device:
        made = cp.asarray([[1.0, 2.0], [3.0, 4.0]], dtype=cp.float32)
        device.synchronize()
    return made


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "device of zeros": (lambda _: cp.zeros(3, device=0), "device"),
    "where of a ufunc": (lambda x: cp.add(x, 1, where=x), "Wrong arguments"),
    "one argument of two": (cp.add, "must be either 2 or 3"),
    "where of a sum": (lambda x: cp.sum(x, where=True), "where"),
    "initial of a method": (lambda x: x.sum(initial=0), "initial"),
    "NumPy operand": (lambda x: x + np.ones((2, 2)), "Unsupported type <class 'numpy.ndarray'>"),
    "NumPy operand first": (lambda x: np.ones((2, 2)) + x, "Unsupported type <class 'numpy.ndarray'>"),
    "NumPy argument": (lambda x: cp.maximum(x, np.ones(2)), "Unsupported type <class 'numpy.ndarray'>"),
    "NumPy array in where": (lambda x: cp.where(x > 1, x, np.ones(2)), "Unsupported type"),
    "NumPy array in a list": (lambda x: cp.concatenate([x, np.ones((1, 2))]), "Unsupported type"),
    "list operand": (lambda x: x * [1.0, 2.0], "Unsupported type <class 'list'>"),
    "sum of a list": (lambda _: cp.sum([1.0]), "must be a cupy.ndarray"),
    "NumPy's asarray": (np.asarray, "Implicit conversion to a NumPy array is not allowed"),
    "hash of a device": (lambda x: {x.device}, "unhashable"),
    "hash of an array": (lambda x: {x}, "unhashable"),
    "text": (lambda _: cp.asarray(["a"]), "Unsupported dtype"),
    "objects": (lambda _: cp.zeros(2, dtype=object), "Unsupported dtype"),
}


@pytest.mark.parametrize("call", REFUSED)
def test_refused_as_the_real_one_does(call: str, x: Any) -> None:
    function, words = REFUSED[call]
    with pytest.raises(TypeError, match=words):
        function(x)


def test_array_api_compat_takes_it_for_cupy(x: Any) -> None:
    assert array_api_compat.is_cupy_array(x)
    assert not array_api_compat.is_numpy_array(x)
    xp = array_api_compat.array_namespace(x)
    assert array_api_compat.is_cupy_namespace(xp)
    assert array_api_compat.device(x) == cp.cuda.Device(0)
    assert array_api_compat.to_device(x, cp.cuda.Device(1)).device == cp.cuda.Device(1)
    assert xp.astype(x, xp.float64).tolist() == x.tolist()
    assert install() is cp


def test_results_are_arrays_with_the_dtypes_of_numpy_2(x: Any) -> None:
    whole = cp.asarray([1, 2], dtype=cp.int8)
    for found, dtype in (
        (x * 2.0, "float32"),
        (np.float64(2) * x, "float64"),
        (x + cp.zeros((), dtype=cp.float64), "float64"),
        (whole + 1, "int8"),
        (whole / whole, "float64"),
        (x[0, 0], "float32"),
        (x.sum(), "float32"),
        (cp.mean(x, axis=0), "float32"),
        (cp.count_nonzero(x), "int64"),
        (cp.allclose(x, x), "bool"),
        (x == 1.0, "bool"),
        (np.add(x, 1), "float32"),
        (np.sum(x), "float32"),
    ):
        assert type(found) is cp.ndarray
        assert found.dtype == dtype


def test_views_share_memory_and_keep_their_strides(x: Any) -> None:
    backwards = x[::-1]
    assert backwards.strides == (-8, 4)
    x[0] = 7.0
    assert backwards.tolist() == [[3.0, 4.0], [7.0, 7.0]]
    assert x.T.reshape(4, order="F").tolist() == [7.0, 7.0, 3.0, 4.0]
    fortran = cp.asfortranarray(x)
    assert (fortran.flags.f_contiguous, fortran.flags.c_contiguous) == (True, False)
    x += 1
    x[x > 5] = 0
    assert x.tolist() == [[0.0, 0.0], [4.0, 5.0]]
    assert cp.ascontiguousarray(x) is x
    assert copy.deepcopy(x).tolist() == pickle.loads(pickle.dumps(x)).tolist() == x.tolist()  # noqa: S301


HOST: dict[str, tuple[Callable[[Any], Any], Traffic]] = {
    "float": (lambda x: float(x[0, 0]), Traffic(copies=1)),
    "int": (lambda x: int(x[0, 0]), Traffic(copies=1)),
    "bool": (lambda x: bool(x[0, 0] > 0), Traffic(copies=1)),
    "item": (lambda x: x[0, 0].item(), Traffic(copies=1)),
    "tolist": (lambda x: x.tolist(), Traffic(copies=1)),
    "get": (lambda x: x.get(), Traffic(copies=1)),
    "asnumpy": (cp.asnumpy, Traffic(copies=1)),
    "repr": (repr, Traffic(copies=1)),
    "stream": (lambda _: cp.cuda.get_current_stream().synchronize(), Traffic(waits=1)),
    "event": (lambda _: cp.cuda.get_current_stream().record().synchronize(), Traffic(waits=1)),
    "device": (lambda x: x.device.synchronize(), Traffic(waits=1)),
    "nonzero": (cp.nonzero, Traffic(waits=1)),
    "mask": (lambda x: x[x > 1], Traffic(waits=1)),
    "unique": (cp.unique, Traffic(waits=1)),
    "list": (lambda _: cp.asarray([1.0]), Traffic(uploads=1)),
    "number": (lambda _: cp.asarray(1.0), Traffic(uploads=1)),
    "array of NumPy": (lambda _: cp.array(ONES), Traffic(uploads=1)),
    "filled": (lambda _: cp.full(3, 1.0), Traffic()),
    "arithmetic": (lambda x: cp.where(x > 1, x * 2.0, 0.0).sum(), Traffic()),
    "copy to a device": (lambda x: array_api_compat.to_device(x, cp.cuda.Device(1)), Traffic()),
}


@pytest.mark.parametrize("call", HOST)
def test_copies_and_waits_are_counted(call: str, x: Any) -> None:
    function, expected = HOST[call]
    with counted() as seen:
        function(x)
    assert seen == expected


@pytest.mark.parametrize(
    "work",
    [
        lambda far: far + 1,
        cp.sqrt,
        lambda far: far.sum(),
        lambda far: cp.concatenate([far, far]),
        lambda far: far.astype(cp.float64),
        lambda far: cp.add(far, 1, out=far),
        lambda far: far.__setitem__(0, 0.0),
        lambda far: far.sort(),
        lambda far: cp.zeros((2, 2), dtype=cp.float32) + far,
    ],
)
def test_work_on_another_device_is_refused(work: Callable[[Any], Any], far: Any) -> None:
    with pytest.raises(DeviceMismatchError, match="device 1 is used while device 0 is current"):
        work(far)
    with far.device:
        work(far.copy() if far.device == cp.cuda.Device(0) else far)


def test_between_devices_there_are_copies_only(x: Any, far: Any) -> None:
    # A view is no work, and neither is making an array of the same shape.
    assert far[0].device == far.device
    assert cp.zeros_like(far).device == x.device
    assert cp.asarray(far).device == x.device
    assert cp.array(far).tolist() == far.tolist()
    assert cp.asarray(x) is x
    with far.device:
        assert x.copy().device == far.device
        assert cp.zeros(3).device == far.device
    assert cp.cuda.Device() == x.device


def test_devices() -> None:
    assert cp.cuda.Device(1) == cp.cuda.Device(1) != cp.cuda.Device(0)
    assert cp.cuda.Device(1) != 1
    with cp.cuda.Device(1) as device, device:
        assert cp.cuda.Device().id == int(device) == 1
    assert cp.cuda.Device().id == 0
    with pytest.raises(RuntimeError, match="invalid device ordinal 2"):
        cp.cuda.Device(2).use()


def test_a_stream_of_another_device_is_refused() -> None:
    stream = cp.cuda.Stream(non_blocking=True)
    with cp.cuda.Device(1), pytest.raises(RuntimeError, match="does not match with the current device"):
        stream.use()


def _made_on(stream: Any, x: Any) -> Any:
    with stream:
        return x + 1


@pytest.mark.parametrize(
    "read",
    [
        lambda a: a + 1,
        lambda a: a.get(),
        lambda a: a.sum(),
        lambda a: a[0] * 2,
        lambda a: cp.add(1, 1, out=a),
    ],
)
def test_reading_what_another_stream_may_be_writing_is_refused(read: Callable[[Any], Any], x: Any) -> None:
    made = _made_on(cp.cuda.Stream(non_blocking=True), x)
    with pytest.raises(UnorderedError):
        read(made)


@pytest.mark.parametrize(
    "write",
    [
        lambda a: a.__iadd__(1),
        lambda a: a.fill(0),
        lambda a: a.__setitem__(0, 0.0),
        lambda a: cp.copyto(a, 0),
        lambda a: cp.add(a, 1, out=a),
    ],
)
def test_what_is_written_in_place_is_to_be_waited_for_too(write: Callable[[Any], Any], x: Any) -> None:
    with cp.cuda.Stream(non_blocking=True):
        write(x)
    with pytest.raises(UnorderedError):
        x.sum()


def test_a_copy_from_another_device_waits_in_the_null_stream_only(x: Any) -> None:
    made = _made_on(cp.cuda.Stream(non_blocking=True), x)
    with cp.cuda.Device(1):
        assert made.copy().tolist() == [[2.0, 3.0], [4.0, 5.0]]
        with cp.cuda.Stream(non_blocking=True), pytest.raises(UnorderedError, match="copied to another"):
            made.copy()


def _by_a_third(stream: Any) -> None:
    third = cp.cuda.Stream(non_blocking=True)
    third.wait_event(stream.record())
    cp.cuda.get_current_stream().wait_event(third.record())


ORDERED: dict[str, Callable[[Any], Any]] = {
    "the stream is waited for": lambda stream: stream.synchronize(),
    "the device is waited for": lambda _: cp.cuda.Device().synchronize(),
    "the event is waited for": lambda stream: stream.record().synchronize(),
    "the other stream waits": lambda stream: cp.cuda.get_current_stream().wait_event(stream.record()),
    "by way of a third": _by_a_third,
}


@pytest.mark.parametrize("order", ORDERED)
def test_reading_after_it_is_not(order: str, x: Any) -> None:
    stream = cp.cuda.Stream(non_blocking=True)
    made = _made_on(stream, x)
    ORDERED[order](stream)
    assert (made + 1).tolist() == [[3.0, 4.0], [5.0, 6.0]]


def test_an_event_says_nothing_of_later_work(x: Any) -> None:
    stream = cp.cuda.Stream(non_blocking=True)
    event = stream.record()
    made = _made_on(stream, x)
    event.synchronize()
    cp.cuda.get_current_stream().wait_event(event)
    with pytest.raises(UnorderedError):
        made.sum()


def test_blocking_streams_and_the_null_stream_wait_for_each_other(x: Any) -> None:
    stream, other = cp.cuda.Stream(), cp.cuda.Stream()
    made = _made_on(stream, x)
    with pytest.raises(UnorderedError):
        _made_on(other, made)
    assert _made_on(other, made * 1).tolist() == [[3.0, 4.0], [5.0, 6.0]]
    made += 1
    with cp.cuda.Stream(non_blocking=True), pytest.raises(UnorderedError):
        made.sum()
