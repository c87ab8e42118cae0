""".npy files of keypoints, and .npz files of `keypoints` and, optionally, `confidences`."""

from __future__ import annotations

import struct
import tokenize
import warnings
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.recordings.recording import Recording, RecordingError, quote, show

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

# What NumPy and zipfile raise on damaged files, as found by damaging files.
DAMAGE = (
    ArithmeticError,
    EOFError,
    LookupError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_npy(path: Path) -> Recording:
    """Read one array of keypoints, (T, 2K) or (..., T, K, D)."""
    _expect_start(path, b"\x93NUMPY", "a NumPy array")
    with _one_line_errors():
        # A memory map checks the promised size against the file's before anything is allocated.
        found = np.lib.format.open_memmap(path, mode="r")
    return _recording(path, "NumPy array", found, None)


def read_npz(path: Path, limit: int) -> Recording:
    """Read `keypoints` and, where present, `confidences`; unpacked they must stay below `limit` bytes."""
    _expect_start(path, b"PK", "a NumPy archive")
    # Opened here: `np.load` leaves a file open that it fails to read.
    with path.open("rb") as file, _one_line_errors(), np.load(file, allow_pickle=False) as archive:
        found = dict.fromkeys(archive.files)
        if "keypoints" not in found:
            names = ", ".join(quote(key) for key in sorted(found)[:8]) or "no array"
            message = f"found {names}, expected an array 'keypoints' (and, optionally, 'confidences')"
            raise RecordingError(message)
        size = sum(member.file_size for member in archive.zip.infolist())
        if size >= limit:
            message = f"unpacks to {size} bytes, expected fewer than {limit}"
            raise RecordingError(message)
        keypoints = archive["keypoints"]
        confidences = archive["confidences"] if "confidences" in found else None
    return _recording(path, "NumPy archive", keypoints, confidences)


@contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    except RecordingError:
        raise
    except DAMAGE as error:
        reason = show(str(error).partition("\n")[0], 120) or type(error).__name__
        message = f"damaged, or not an array of numbers ({reason})"
        raise RecordingError(message) from error


def _expect_start(path: Path, magic: bytes, kind: str) -> None:
    with path.open("rb") as file:
        start = file.read(len(magic))
    if start != magic:
        message = f"found {start!r} as its first bytes, expected {magic!r} of {kind}"
        raise RecordingError(message)


def _recording(path: Path, source: str, keypoints: Any, confidences: Any) -> Recording:
    dtype = _float_dtype("keypoints", keypoints)
    if keypoints.ndim < 2 or 0 in keypoints.shape:
        message = f"keypoints has shape {keypoints.shape}, expected (T, 2K) or (..., T, K, D), none of them 0"
        raise RecordingError(message)
    if keypoints.ndim == 2:
        if keypoints.shape[1] % 2:
            message = f"keypoints has shape {keypoints.shape}, expected an even number of columns (x, y)"
            raise RecordingError(message)
        keypoints = keypoints.reshape(keypoints.shape[0], -1, 2)
    if confidences is not None:
        confidences = _native(confidences, _float_dtype("confidences", confidences))
        if confidences.shape != keypoints.shape[:-1]:
            message = f"confidences has shape {confidences.shape}, expected {keypoints.shape[:-1]}"
            raise RecordingError(message)
    return Recording(
        path=path,
        source=source,
        names=tuple(f"keypoint {k}" for k in range(keypoints.shape[-2])),
        keypoints=_native(keypoints, "float64"),
        confidences=confidences,
        dtype=dtype,
    )


def _float_dtype(name: str, values: Any) -> str:
    dtype = getattr(values, "dtype", None)
    text = str(dtype.newbyteorder("=")) if dtype is not None else type(values).__name__
    if text not in ("float16", "float32", "float64"):
        message = f"{name} holds {show(text, 40)}, expected float16, float32 or float64"
        raise RecordingError(message)
    return text


def _native(values: Any, dtype: str) -> NDArray[Any]:
    """Copy in C order, of the machine's byte order, independent of the file."""
    return np.array(values, dtype=dtype, order="C", copy=True, subok=False)
