"""The numbers that steer the loss: checked, and rounded once to the dtype they meet."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

from temporal_loss import _backend

if TYPE_CHECKING:
    from temporal_loss._backend import Library

REDUCTIONS = ("mean", "valid_mean", "sum", "none")
NAN_POLICIES = ("propagate", "omit")

# Bits of precision (the leading one included), and the exponents of the smallest normal number
# and of the first power of two out of range.
_FORMATS = {
    "float16": (11, -14, 16),
    "bfloat16": (8, -126, 128),
    "float32": (24, -126, 128),
}
_PLAIN_NUMBERS = frozenset({float, int})
_kept: dict[tuple[Any, ...], Any] = {}
_MOST_KEPT = 256
# What graphs of work read wherever they are replayed: kept for good.
_captured: list[Any] = []


def is_number(value: object) -> bool:
    """Whether `value` is a plain real number; True and False are none."""
    # The first question is the quick one.
    return type(value) in _PLAIN_NUMBERS or (isinstance(value, Real) and not isinstance(value, bool))


def are_plain_numbers(values: Iterable[object]) -> bool:
    """Whether all are of Python's own number types."""
    return _PLAIN_NUMBERS.issuperset(map(type, values))


def check_number(name: str, value: object) -> float:
    """Check that `value` is a number and not NaN."""
    if not is_number(value):
        msg = f"{name} must be a number, got {describe(value)}"
        raise ValueError(msg)
    number = _nearest_float(value)
    if number == math.inf and value != number:
        msg = f"{name} must be in the range of float64, got {describe(value)}"
        raise ValueError(msg)
    if number != number:  # noqa: PLR0124 - torch.compile cannot trace math.isnan
        msg = f"{name} must be a number, got NaN"
        raise ValueError(msg)
    return number


def check_known_length(name: str, array: Any) -> None:
    """Check that every axis of an array has a length without computing it."""
    if _backend.has_unknown_length(array):
        msg = (
            f"{name} must have a known shape, got {tuple(array.shape)}; "
            f"call {name}.compute_chunk_sizes() first"
        )
        raise ValueError(msg)


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Check that `value` is one of the words `choices`."""
    if not (isinstance(value, str) and value in choices):
        words = ", ".join(f'"{choice}"' for choice in choices)
        msg = f"{name} must be one of {words}, got {describe(value)}"
        raise ValueError(msg)


def check_quantile(value: object) -> float:
    """Check that `value` is a number from 0 to 1."""
    number = check_number("quantile", value)
    if not 0.0 <= number <= 1.0:
        msg = f"quantile must be from 0 to 1, got {value}"
        raise ValueError(msg)
    return number


def check_epsilon(epsilon: Any) -> float | tuple[float, ...] | Any:
    """Check a number, or each of a sequence, and return it; the values of an array are never read."""
    if is_number(epsilon):
        return _check_one_epsilon("epsilon", epsilon)
    if _is_sequence(epsilon):
        if are_plain_numbers(epsilon) and _all_usable(epsilon):
            return tuple(epsilon)
        return tuple(_check_one_epsilon(f"epsilon[{index}]", value) for index, value in enumerate(epsilon))
    if _backend.library_of(epsilon) is None:
        msg = (
            "epsilon must be a number, a sequence of one number per keypoint, or an array "
            f"of the keypoints' library, got {describe(epsilon)}"
        )
        raise ValueError(msg)
    return epsilon


def _all_usable(values: Sequence[float]) -> bool:
    if not values:
        return True
    if not (min(values) >= 0.0 and max(values) <= sys.float_info.max):
        return False
    # A NaN, which min and max may miss, is also in the sum.
    total = sum(map(float, values))
    return total == total  # noqa: PLR0124


def _check_one_epsilon(name: str, value: Any) -> float:
    if not is_number(value):
        msg = f"{name} must be a number, got {describe(value)}"
        raise ValueError(msg)
    number = _nearest_float(value)
    if not 0.0 <= number < math.inf:
        msg = f"{name} must be finite and not negative, got {describe(value)}"
        raise ValueError(msg)
    return number


def _nearest_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # A Python int, or a fraction of such, may have any size.
        return math.inf


def _is_sequence(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray))


def epsilon_like(library: Library, epsilon: Any, array: Any, keypoints: int) -> float | Any:
    """Make checked epsilon ready to be subtracted from entries of `array`.

    A number is rounded, a sequence becomes an array beside `array`. Raises ValueError where its
    length is wrong, TypeError where it is an array of another library or dtype.
    """
    dtype = _backend.result_dtype(library, array)
    name = "float64" if dtype == library.xp.float64 else "float32"
    if isinstance(epsilon, float):
        epsilon = rounded(epsilon, name)
        # 0.0 stays a number, which tells that nothing is to be subtracted.
        return beside(library, array, epsilon, dtype) if epsilon else 0.0
    if isinstance(epsilon, tuple):
        if len(epsilon) != keypoints:
            raise ValueError(_wrong_epsilon_length(f"{len(epsilon)} values", keypoints))
        # What is beyond the dtype is infinite, which NumPy would warn of.
        exact = tuple(rounded(float(value), name) for value in epsilon)
        return _array(library, array, exact, dtype)
    _check_epsilon_array(library, epsilon, keypoints)
    device = library.device_for_new(array)
    if device is not None and library.devices(epsilon) != library.devices(array):
        epsilon = _backend.move(epsilon, device)
    return library.xp.astype(epsilon, dtype, copy=False)


def beside(library: Library, array: Any, number: float, dtype: Any, *, ndim: int = 1) -> float | Any:
    """Make an array of one number beside `array`, if it may be kept for calls to come.

    Libraries turn a Python number into an array at each operation, which on few frames takes them
    longer than the operation. Of shape (1,) rather than (): in `where` and `maximum` array-api-compat
    would look which of two dtypes wins.
    """
    if _backend.is_compiling() or not library.is_keepable(array):
        return number
    # Filled where it is: nothing is copied from the host, nor waited for.
    return library.xp.full((1,) * ndim, number, dtype=dtype, device=library.device_for_new(array))


def _check_epsilon_array(library: Library, epsilon: Any, keypoints: int) -> None:
    other = _backend.library_of(epsilon)
    if other is not None and other.name != library.name:
        msg = (
            f"epsilon must be a number, a sequence, or an array of the keypoints' library {library.name}, "
            f"got a {other.name} array"
        )
        raise TypeError(msg)
    dtype = _backend.dtype_name(epsilon)
    if dtype not in _backend.FLOATING and not library.xp.isdtype(epsilon.dtype, "integral"):
        msg = f"epsilon must hold real numbers, got dtype {dtype}"
        raise TypeError(msg)
    check_known_length("epsilon", epsilon)
    if tuple(epsilon.shape) not in {(), (keypoints,)}:
        raise ValueError(_wrong_epsilon_length(f"shape {tuple(epsilon.shape)}", keypoints))


def _wrong_epsilon_length(got: str, keypoints: int) -> str:
    return f"epsilon must be one number or one per keypoint ({keypoints}), got {got}"


def _array(library: Library, array: Any, numbers: tuple[float, ...], dtype: Any) -> Any:
    # Kept, because making it costs a copy to the device, and on a GPU a wait, at every call.
    xp, device = library.xp, library.device_for_new(array)
    if _backend.is_compiling():
        return xp.asarray(numbers, dtype=dtype, device=device)
    # A tensor that only pretends to hold data (FakeTensorMode) cannot be combined with a kept one.
    key = (library.name, type(array), numbers, dtype, device)
    made = _kept.get(key)
    if made is None:
        made = xp.asarray(numbers, dtype=dtype, device=device)
        if library.is_keepable(made):
            if len(_kept) >= _MOST_KEPT:
                _kept.clear()
            _kept[key] = made
    if library.is_captured(array):
        _captured.append(made)
    return made


def rounded(value: float, dtype: str) -> float:
    """Round a number to nearest in `dtype`, ties to even.

    Comparing with, or subtracting, a Python number leaves it to the backend in which precision
    that happens; a number that is exact in the dtype gives the same answer in every one.
    """
    if dtype not in _FORMATS or value in (0.0, math.inf, -math.inf):
        return value
    precision, smallest, overflow = _FORMATS[dtype]
    exponent = max(math.frexp(value)[1] - 1, smallest) - precision + 1
    nearest = math.ldexp(round(math.ldexp(value, -exponent)), exponent)
    return nearest if abs(nearest) < math.ldexp(1.0, overflow) else math.copysign(math.inf, value)


def describe(value: object) -> str:
    """Short form of an argument for a message, on one line."""
    text = " ".join(repr(value).split())
    if isinstance(value, str) and len(text) <= 40:
        return text
    return f"{type(value).__name__}" if len(text) > 40 or value is None else f"{type(value).__name__} {text}"
