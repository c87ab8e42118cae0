"""Checks of every argument, before any work: messages say which one, what was got and what is expected."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from numbers import Real
from typing import TYPE_CHECKING, Any

from temporal_loss._libraries import (
    FLOATING,
    Library,
    library_of,
    mask_that_would_be_lost,
)
from temporal_loss._rounding import LARGEST, nearest_float, round_to, rounded

if TYPE_CHECKING:
    from temporal_loss._stages import Array

KEYPOINTS_SHAPE = "(T, 2K) or (..., T, K, D)"
SCALAR_REDUCTIONS = ("mean", "valid_mean", "sum")
REDUCTIONS = (*SCALAR_REDUCTIONS, "none")
NAN_POLICIES = ("propagate", "omit")
_MOST_COORDINATES = 3
_MOST_BITS = 64
_INTEGERS = ("int", "uint")
_PLAIN = frozenset({float, int})
_IN_ANY_DTYPE = LARGEST["float32"]


# Arrays -------------------------------------------------------------------------------------


def check_keypoints(keypoints: Any, name: str = "keypoints") -> tuple[Library, str]:
    """Check kind, dtype and shape of the keypoints; return their library, and the dtype's name."""
    library, dtype = check_floating(name, keypoints)
    check_keypoints_shape(name, tuple(keypoints.shape))
    return library, dtype


def check_keypoints_shape(name: str, shape: tuple[int, ...]) -> None:
    """Check that a shape is one of keypoints, of at least two frames."""
    _check_lengths(name, shape)
    if len(shape) < 2:
        msg = f"{name} must have shape {KEYPOINTS_SHAPE}, got {shape}"
        raise ValueError(msg)
    if len(shape) == 2:
        if shape[1] % 2:
            msg = (
                f"{name} of two dimensions must have columns x0, y0, x1, y1, ... (an even number), got shape "
                f"{shape}; give other than two coordinates per keypoint as (T, K, D)"
            )
            raise ValueError(msg)
    elif shape[-1] > _MOST_COORDINATES:
        msg = (
            f"{name} of three or more dimensions must be (..., T, K, D), with D of 1, 2 or 3 spatial "
            f"coordinates in the last axis, got {shape[-1]} (shape {shape}); the axes look swapped: "
            "move time, keypoints and space to the end, in this order"
        )
        raise ValueError(msg)
    if 0 in (shape[1:] if len(shape) == 2 else shape[-2:]):
        msg = f"{name} must hold at least one keypoint of at least one coordinate, got shape {shape}"
        raise ValueError(msg)
    frames = shape[0] if len(shape) == 2 else shape[-3]
    if isinstance(frames, int) and frames < 2:
        msg = f"{name} must have at least 2 frames, got {frames} (shape {shape})"
        raise ValueError(msg)


def check_floating(name: str, array: Any) -> tuple[Library, str]:
    """Check that `array` has a supported floating-point dtype and a known shape.

    Returns its library, and the name of its dtype.
    """
    library = library_for(name, array)
    _check_lengths(name, tuple(array.shape))
    return library, floating_name(library, name, array.dtype)


def library_for(name: str, array: Any) -> Library:
    """Get the library of an array that is dense."""
    library = library_of(array)
    if library is None:
        raise TypeError(_no_array(name, array))
    if library.has_odd_arrays:
        _check_dense(library, name, array)
    return library


def floating_name(library: Library, name: str, dtype: Any) -> str:
    """Name of a supported floating-point dtype."""
    found = library.dtype_name(dtype)
    if found not in FLOATING:
        msg = f"{name} must have dtype float16, bfloat16, float32 or float64, got {found}; convert it first"
        raise TypeError(msg)
    return found


def _check_dense(library: Library, name: str, array: Any) -> None:
    fault = library.fault(array)
    if fault is not None:
        msg = f"{name} must be a dense array, got {fault}"
        raise TypeError(msg)


def _check_lengths(name: str, shape: tuple[Any, ...]) -> None:
    """Check that lengths are known without computing the array."""
    for length in shape:
        if length is None or length != length:  # noqa: PLR0124 - NaN, in Dask
            msg = f"{name} must have a known shape, got {shape}; call {name}.compute_chunk_sizes() first"
            raise ValueError(msg)


def _no_array(name: str, value: Any) -> str:
    due = f"{name} must be an array of NumPy, CuPy, torch, JAX, Dask or another array-API library"
    if name == "segment_ids":
        due = "segment_ids must be an integer array of the keypoints' library"
    got = describe(value)
    if mask_that_would_be_lost(value):
        return (
            f"{due}, without a mask or arithmetic of its own, got {got}; give a plain array, "
            "with NaN or confidences for what is masked"
        )
    if hasattr(value, "dims"):
        return f"{due}, got {got}; labelled arrays are for temporal_loss.xarray (how-to: xarray and pandas)"
    if hasattr(value, "iloc"):
        return f"{due}, got {got}; give its numbers, {name}.to_numpy(dtype=float) (how-to: xarray and pandas)"
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)):
        kind = "int" if name == "segment_ids" else "float"
        return f"{due}, got {got}; make an array of it first, such as numpy.asarray({name}, dtype={kind})"
    return f"{due}, got {got}"


def check_entries(name: str, entries: Any) -> tuple[Library, str]:
    """Check that `entries` is an array (..., T-1, K); return its library, and the dtype's name."""
    library, dtype = check_floating(name, entries)
    if entries.ndim < 2:
        msg = f"{name} must have shape (..., T-1, K), got {tuple(entries.shape)}"
        raise ValueError(msg)
    return library, dtype


def check_confidences(library: Library, confidences: Any, keypoints: Array, shape: tuple[int, ...]) -> str:
    """Check that the confidences match keypoints of shape `shape` (..., T, K); return their dtype's name."""
    check_beside(library, "confidences", confidences, keypoints)
    return check_confidences_like(library, confidences.dtype, tuple(confidences.shape), shape)


def check_confidences_like(library: Library, dtype: Any, got: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """Check dtype and shape of confidences; return the dtype's name."""
    name = floating_name(library, "confidences", dtype)
    _check_lengths("confidences", got)
    if got != shape:
        msg = f"confidences must have shape {shape}, one per frame and keypoint, got {got}"
        raise ValueError(msg)
    return name


def check_segment_ids_like(
    library: Library, dtype: Any, got: tuple[int, ...], shape: tuple[int, ...]
) -> None:
    """Check dtype and shape of segment ids; the frames' shape is (..., T, K)."""
    name = library.dtype_name(dtype)
    if not name.startswith(_INTEGERS):
        msg = f"segment_ids must have an integer dtype, got {name}"
        raise TypeError(msg)
    _check_lengths("segment_ids", got)
    if got != shape[:-1]:
        msg = f"segment_ids must have shape {shape[:-1]}, one per frame, got {got}"
        raise ValueError(msg)


def check_beside(library: Library, name: str, array: Any, keypoints: Array) -> None:
    """Check that something is an array of the keypoints' library and on their device."""
    if type(array) is not type(keypoints):
        own_library = library_for(name, array)
        if own_library.xp is not library.xp:
            msg = (
                f"{name} must be an array of the keypoints' library {library.name}, "
                f"got a {own_library.name} array ({type(array).__name__})"
            )
            raise TypeError(msg)
    elif library.has_odd_arrays:
        _check_dense(library, name, array)
    if library.is_elsewhere(array, keypoints):
        here, there = library.device(array), library.device(keypoints)
        msg = f"{name} must be on the keypoints' device {there}, got {here}"
        raise ValueError(msg)


# Words and numbers --------------------------------------------------------------------------


def is_number(value: object) -> bool:
    """Whether `value` is a plain real number; True and False are none."""
    # The first question is the quick one.
    return type(value) is float or (isinstance(value, Real) and not isinstance(value, bool))


def are_plain_numbers(value: object) -> bool:
    """Whether `value` is a plain number, or a tuple of floats and integers, which is a key if it is that."""
    if type(value) is tuple:
        return _PLAIN.issuperset(map(type, value))
    return is_number(value)


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Check that `value` is one of the words `choices`."""
    if not (isinstance(value, str) and value in choices):
        words = ", ".join(f'"{choice}"' for choice in choices)
        msg = f"{name} must be one of {words}, got {describe(value)}"
        raise ValueError(msg)


def check_number(name: str, value: Any) -> None:
    """Check that `value` is a number of float64's range, and not NaN."""
    if type(value) is float and value == value:  # noqa: PLR0124 - torch.compile cannot trace math.isnan
        return
    if not is_number(value):
        raise ValueError(
            _no_number(name, value, f"float({name}) makes one of an array, outside of what is traced")
        )
    number = nearest_float(value)
    if number != number:  # noqa: PLR0124
        msg = f"{name} must be a number, got NaN"
        raise ValueError(msg)
    if number in (math.inf, -math.inf) and value != number:
        msg = f"{name} must be in the range of float64, got {describe(value)}"
        raise ValueError(msg)


def _no_number(name: str, value: Any, hint: str) -> str:
    msg = f"{name} must be a number, got {describe(value)}"
    return msg if library_of(value) is None else f"{msg}; {hint}"


def check_quantile(value: Any) -> float:
    """Check that `value` is a number from 0 to 1."""
    check_number("quantile", value)
    if not 0.0 <= value <= 1.0:
        msg = f"quantile must be from 0 to 1, got {value}"
        raise ValueError(msg)
    return float(value)


def threshold_for(library: Library, prob_threshold: Any, dtype: str) -> float:
    """Round a checked threshold to the dtype of the confidences that it meets."""
    if library.is_compiling():
        # torch rounds it to these dtypes as it compares, and need not compile anew for each number.
        keeps = _is_exact_in_float64(prob_threshold) and dtype in LARGEST
        return prob_threshold if keeps else round_to(prob_threshold, dtype)
    return rounded(prob_threshold, dtype)


def _is_exact_in_float64(number: Any) -> bool:
    # Of other integers, and of other types, torch's compiler makes float64 before it makes the dtype.
    return type(number) is float or (type(number) is int and -(2**53) <= number <= 2**53)


# Epsilon ------------------------------------------------------------------------------------


def check_epsilon(epsilon: Any) -> Any:
    """Check a number, or each of a sequence; the values of an array are never read.

    Returns what was given, a sequence as a tuple if it is of floats that any dtype can hold, else as a list.
    """
    if _is_ordinary(epsilon):
        return epsilon
    if not isinstance(epsilon, (list, tuple)) and is_number(epsilon):
        _check_one_epsilon("epsilon", epsilon)
        return epsilon
    if _is_sequence(epsilon):
        for value in epsilon:
            # As `_is_ordinary`, without the call: there may be many.
            if not (type(value) is float and 0.0 <= value <= _IN_ANY_DTYPE):
                break
        else:
            return tuple(epsilon)
        for index, value in enumerate(epsilon):
            _check_one_epsilon(f"epsilon[{index}]", value)
        return list(epsilon)
    if library_of(epsilon) is None:
        msg = (
            "epsilon must be a number, a sequence of one number per keypoint, or an array "
            f"of the keypoints' library, got {describe(epsilon)}"
        )
        raise ValueError(msg)
    return epsilon


def epsilon_for(epsilon: Any, library: Library, dtype: str, keypoints: int) -> Any:
    """Check epsilon, and make of it what is to be subtracted from entries (..., K) that come of a dtype.

    A number rounded to that dtype, a tuple of such, or the array that was given; None for 0. Raises
    ValueError also where its length is wrong, TypeError where it is an array of another library or dtype.
    """
    epsilon = check_epsilon(epsilon)
    dtype = "float64" if dtype == "float64" else "float32"
    if not isinstance(epsilon, (tuple, list)):
        if not is_number(epsilon):
            _check_epsilon_array(library, epsilon, keypoints)
            return epsilon
        if not library.is_compiling():
            return min(rounded(epsilon, dtype), LARGEST[dtype]) or None
        if _is_exact_in_float64(epsilon):
            # torch rounds it as it subtracts, and need not compile anew for each number.
            return epsilon if epsilon != 0.0 else None
        # torch.compile looks through what is kept, and says so.
        return min(round_to(epsilon, dtype), LARGEST[dtype]) or None
    if len(epsilon) != keypoints:
        raise ValueError(_wrong_epsilon_length(f"a sequence of {len(epsilon)}", keypoints))
    if isinstance(epsilon, list):
        return tuple(min(round_to(value, dtype), LARGEST[dtype]) for value in epsilon)
    # What is a float is rounded as it becomes an array, by every library alike.
    return epsilon


def _is_ordinary(epsilon: Any) -> bool:
    """Whether there is no more to ask about an epsilon: the common case, told at once."""
    return type(epsilon) is float and 0.0 <= epsilon <= _IN_ANY_DTYPE


def _check_one_epsilon(name: str, value: Any) -> None:
    if not is_number(value):
        raise ValueError(
            _no_number(name, value, "give one array of shape (K,) rather than a sequence of arrays")
        )
    if not 0.0 <= nearest_float(value) < math.inf:
        msg = f"{name} must be finite and not negative, got {describe(value)}"
        raise ValueError(msg)


def _check_epsilon_array(library: Library, epsilon: Array, keypoints: int) -> None:
    other = library_for("epsilon", epsilon)
    if other.xp is not library.xp:
        msg = (
            f"epsilon must be a number, a sequence, or an array of the keypoints' library {library.name}, "
            f"got a {other.name} array"
        )
        raise TypeError(msg)
    dtype = library.dtype_name(epsilon.dtype)
    if dtype not in FLOATING and not dtype.startswith(_INTEGERS):
        msg = f"epsilon must hold real numbers, got dtype {dtype}"
        raise TypeError(msg)
    _check_lengths("epsilon", tuple(epsilon.shape))
    if tuple(epsilon.shape) not in {(), (keypoints,)}:
        raise ValueError(_wrong_epsilon_length(f"shape {tuple(epsilon.shape)}", keypoints))


def _wrong_epsilon_length(got: str, keypoints: int) -> str:
    return f"epsilon must be one number or one per keypoint ({keypoints}), got {got}"


def _is_sequence(value: object) -> bool:
    return isinstance(value, (list, tuple)) or (
        isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray))
    )


def describe(value: object) -> str:
    """Short form of an argument for a message, on one line."""
    if isinstance(value, (int, Fraction)) and value.numerator.bit_length() > _MOST_BITS:
        # Python refuses to write the longest ones.
        return f"{type(value).__name__} of {value.numerator.bit_length()} bits"
    text = repr(value)
    if value is None or len(text) > 40 or "\n" in text:
        return type(value).__name__
    return text if isinstance(value, str) else f"{type(value).__name__} {text}"
