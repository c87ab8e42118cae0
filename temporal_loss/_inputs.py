"""Checks of the arrays, before any work: each message names the argument, what came, what is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from temporal_loss import _backend
from temporal_loss._parameters import check_known_length, describe

if TYPE_CHECKING:
    from temporal_loss._backend import Library

KEYPOINTS_SHAPE = "(T, 2K) or (..., T, K, D)"


def check_keypoints(keypoints: Any, name: str = "keypoints") -> Library:
    """Check kind, dtype and shape of the keypoints; return their library."""
    library = check_floating(name, keypoints)
    shape = tuple(keypoints.shape)
    if len(shape) < 2:
        msg = f"{name} must have shape {KEYPOINTS_SHAPE}, got {shape}"
        raise ValueError(msg)
    if len(shape) == 2 and shape[1] % 2:
        msg = (
            f"{name} of two dimensions must have columns x0, y0, x1, y1, ... (an even number), got shape "
            f"{shape}; give other than two coordinates per keypoint as (T, K, D)"
        )
        raise ValueError(msg)
    frames, counts = (shape[0], shape[1:]) if len(shape) == 2 else (shape[-3], shape[-2:])
    if 0 in counts:
        msg = f"{name} must hold at least one keypoint of at least one coordinate, got shape {shape}"
        raise ValueError(msg)
    if frames < 2:
        msg = f"{name} must have at least 2 frames, got {frames} (shape {shape})"
        raise ValueError(msg)
    return library


def check_floating(name: str, array: Any) -> Library:
    """Check that `array` has a supported floating-point dtype and a known shape; return its library."""
    library = _backend.library_of(array)
    if library is None:
        msg = (
            f"{name} must be an array of NumPy, CuPy, torch, JAX, Dask or another array-API library, "
            f"got {describe(array)}"
        )
        raise TypeError(msg)
    dtype = _backend.dtype_name(array)
    if dtype not in _backend.FLOATING:
        msg = f"{name} must have dtype float16, bfloat16, float32 or float64, got {dtype}"
        raise TypeError(msg)
    check_known_length(name, array)
    return library


def check_entries(name: str, entries: Any) -> Library:
    """Check that `entries` is an array (..., T-1, K); return its library."""
    library = check_floating(name, entries)
    if entries.ndim < 2:
        msg = f"{name} must have shape (..., T-1, K), got {tuple(entries.shape)}"
        raise ValueError(msg)
    return library


def check_confidences(library: Library, confidences: Any, keypoints: Any, shape: tuple[int, ...]) -> None:
    """Check that the confidences match keypoints of shape `shape` (..., T, K)."""
    _check_same_library(library, "confidences", confidences, check_floating("confidences", confidences))
    if tuple(confidences.shape) != shape:
        got = tuple(confidences.shape)
        msg = f"confidences must have shape {shape}, one per frame and keypoint, got {got}"
        raise ValueError(msg)
    _check_same_device(library, "confidences", confidences, keypoints)


def check_segment_ids(library: Library, segment_ids: Any, keypoints: Any, shape: tuple[int, ...]) -> None:
    """Check that the segment ids match keypoints of shape `shape` (..., T, K)."""
    own_library = _backend.library_of(segment_ids)
    if own_library is None:
        msg = f"segment_ids must be an integer array of the keypoints' library, got {describe(segment_ids)}"
        raise TypeError(msg)
    _check_same_library(library, "segment_ids", segment_ids, own_library)
    if not library.xp.isdtype(segment_ids.dtype, "integral"):
        msg = f"segment_ids must have an integer dtype, got {_backend.dtype_name(segment_ids)}"
        raise TypeError(msg)
    check_known_length("segment_ids", segment_ids)
    if tuple(segment_ids.shape) != shape[:-1]:
        msg = f"segment_ids must have shape {shape[:-1]}, one per frame, got {tuple(segment_ids.shape)}"
        raise ValueError(msg)
    _check_same_device(library, "segment_ids", segment_ids, keypoints)


def frame_shape(keypoints: Any) -> tuple[int, ...]:
    """Shape (..., T, K) of what belongs to the keypoints' frames."""
    shape = tuple(keypoints.shape)
    return (shape[0], shape[1] // 2) if len(shape) == 2 else shape[:-1]


def _check_same_library(library: Library, name: str, array: Any, own_library: Library) -> None:
    if own_library.name != library.name:
        msg = (
            f"{name} must be an array of the keypoints' library {library.name}, "
            f"got a {own_library.name} array ({type(array).__name__})"
        )
        raise TypeError(msg)


def _check_same_device(library: Library, name: str, array: Any, keypoints: Any) -> None:
    here, there = library.devices(array), library.devices(keypoints)
    if here is not None and there is not None and here != there:
        msg = f"{name} must be on the keypoints' device {there}, got {here}"
        raise ValueError(msg)
