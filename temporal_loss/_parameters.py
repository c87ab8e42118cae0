"""The numbers that steer the loss: checked, and rounded once to the dtype they meet."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
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
_kept_epsilons: dict[tuple[Any, ...], Any] = {}
_MOST_KEPT_EPSILONS = 256


def is_number(value: object) -> bool:
    """Whether `value` is a plain real number; True and False are none."""
    # The first question is the quick one.
    return type(value) in _PLAIN_NUMBERS or (isinstance(value, Real) and not isinstance(value, bool))


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
        if _PLAIN_NUMBERS.issuperset(map(type, epsilon)) and _all_usable(epsilon):
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
    if isinstance(epsilon, float):
        return rounded(epsilon, "float64" if dtype == library.xp.float64 else "float32")
    device = library.device_for_new(array)
    if isinstance(epsilon, tuple):
        if len(epsilon) != keypoints:
            raise ValueError(_wrong_epsilon_length(f"{len(epsilon)} values", keypoints))
        return _epsilon_array(library, type(array), epsilon, dtype, device)
    _check_epsilon_array(library, epsilon, keypoints)
    if device is not None and library.devices(epsilon) != library.devices(array):
        epsilon = _backend.move(epsilon, device)
    return library.xp.astype(epsilon, dtype, copy=False)


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


def _epsilon_array(library: Library, kind: type, values: tuple[float, ...], dtype: Any, device: Any) -> Any:
    # Kept, because making it costs a copy to the device, and on a GPU a wait, at every call.
    if _backend.is_compiling():
        return library.xp.asarray(values, dtype=dtype, device=device)
    # A tensor that only pretends to hold data (FakeTensorMode) cannot be combined with a kept one.
    key = (library.name, kind, values, dtype, device)
    array = _kept_epsilons.get(key)
    if array is None:
        # What is beyond the dtype is infinite, which NumPy would warn of.
        name = "float64" if dtype == library.xp.float64 else "float32"
        exact = [rounded(float(value), name) for value in values]
        array = library.xp.asarray(exact, dtype=dtype, device=device)
        if library.is_keepable(array):
            if len(_kept_epsilons) >= _MOST_KEPT_EPSILONS:
                _kept_epsilons.clear()
            _kept_epsilons[key] = array
    return array


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
