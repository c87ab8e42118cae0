"""Recorded predictions: DeepLabCut-style CSV, .npy and .npz files, read into arrays or refused in one line.

The readers need NumPy; importing this package does not.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.recordings.recording import Recording, RecordingError, show

if TYPE_CHECKING:
    import os

__all__ = ["LIMIT_BYTES", "Recording", "RecordingError", "read"]

LIMIT_BYTES = 2_000_000_000
"""Files of this size or more are refused before they are opened."""


def read(path: str | os.PathLike[str]) -> Recording:
    """Read a recording.

    Parameters
    ----------
    path : path of a file
        The ending decides: .csv, .npy or .npz.

    Returns
    -------
    Recording
        At least two frames of at least one keypoint.

    Raises
    ------
    RecordingError
        The file cannot be used; one line says where, what was found and what was expected.
    """
    file = Path(path)
    try:
        _check_before_opening(file)
        recording = _read(file)
        frames = recording.keypoints.shape[-3]
        if frames < 2:
            message = f"found {_count(frames)}, expected at least 2 (the loss is of steps between frames)"
            raise RecordingError(message)  # noqa: TRY301 - the file's name is put in front below
    except RecordingError as error:
        message = f"{show(path)}: {error}"
        raise RecordingError(message) from error
    except MemoryError as error:
        message = f"{show(path)}: does not fit into this machine's memory"
        raise RecordingError(message) from error
    except OSError as error:
        message = f"{show(path)}: cannot be read ({error.strerror or show(error)})"
        raise RecordingError(message) from error
    return recording


def _check_before_opening(file: Path) -> None:
    try:
        status = file.stat()
    except ValueError as error:
        message = f"is no path that a file can have ({error})"
        raise RecordingError(message) from error
    if stat.S_ISDIR(status.st_mode):
        message = "is a directory, expected a file"
    elif not stat.S_ISREG(status.st_mode):
        message = "is a pipe or a device, expected a file"
    elif file.suffix.lower() not in (".csv", ".npy", ".npz"):
        ending = f"the ending {show(file.suffix, 40)}" if file.suffix else "no ending"
        message = f"has {ending}, expected .csv (DeepLabCut-style), .npy or .npz"
    elif status.st_size >= LIMIT_BYTES:
        message = f"has {status.st_size} bytes, expected fewer than {LIMIT_BYTES} (2 GB)"
    else:
        return
    raise RecordingError(message)


def _read(file: Path) -> Recording:
    from conformance.recordings import deeplabcut, numpy_files  # noqa: PLC0415 - they import NumPy

    match file.suffix.lower():
        case ".csv":
            return deeplabcut.read(file)
        case ".npy":
            return numpy_files.read_npy(file)
        case _:
            return numpy_files.read_npz(file, LIMIT_BYTES)


def _count(frames: int) -> str:
    return f"{frames or 'no'} frame{'' if frames == 1 else 's'}"
