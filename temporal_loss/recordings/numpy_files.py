""".npy files of keypoints, and .npz files of `keypoints` and, optionally, `confidences`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from temporal_loss.recordings.recording import Recording, listed, quote, refuse, show

if TYPE_CHECKING:
    from pathlib import Path


def read_numpy(path: Path) -> Recording:
    """Read an array of keypoints, or an archive of `keypoints` and, where present, `confidences`."""
    # Opened here: `np.load` leaves a file open that it fails to read.
    with path.open("rb") as file:
        found = np.load(file, allow_pickle=False)
        if isinstance(found, np.ndarray):
            return _of_arrays(path, "NumPy array", found, None)
        names = sorted(found.files)
        if "keypoints" not in names or len(set(names)) < len(names):
            arrays = listed(map(quote, names)) or "no array"
            refuse(f"found {arrays}", "an array 'keypoints' (and, optionally, 'confidences'), each name once")
        confidences = found["confidences"] if "confidences" in names else None
        return _of_arrays(path, "NumPy archive", found["keypoints"], confidences)


def _of_arrays(path: Path, source: str, keypoints: Any, confidences: Any) -> Recording:
    dtype = _float_dtype("keypoints", keypoints)
    shape = keypoints.shape
    if len(shape) == 2 and not shape[1] % 2:
        keypoints = keypoints.reshape(shape[0], -1, 2)
    if keypoints.ndim < 3 or keypoints.shape[-1] > 3 or 0 in keypoints.shape:
        due = "(T, 2K) or (..., T, K, D) of at most three coordinates, none of them 0"
        refuse(f"keypoints has shape {shape}", due)
    if confidences is not None:
        confidences = confidences.astype(_float_dtype("confidences", confidences), order="C")
        if confidences.shape != keypoints.shape[:-1]:
            refuse(f"confidences has shape {confidences.shape}", str(keypoints.shape[:-1]))
    names = tuple(f"keypoint {k}" for k in range(keypoints.shape[-2]))
    return Recording(path, source, names, keypoints.astype(np.float64, order="C"), confidences, dtype)


def _float_dtype(name: str, values: Any) -> str:
    """Name of a floating dtype in the machine's byte order."""
    dtype = getattr(values, "dtype", None)
    text = str(dtype.newbyteorder("=")) if dtype is not None else type(values).__name__
    if text not in {"float16", "float32", "float64"}:
        refuse(f"{name} holds {show(text, 40)}", "float16, float32 or float64")
    return text
