"""Recorded predictions: files of them, read into arrays or refuse in one line, and their worst frames.

CSV of DeepLabCut (and lightning-pose, and others) and of SLEAP, .npy and .npz are read with NumPy alone,
other files with the extra `recordings`. Importing this package imports none of these.
"""

from __future__ import annotations

import functools
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from temporal_loss.recordings.recording import Recording, RecordingError, listed, reason, refuse, show

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from temporal_loss.recordings.steps import Examination

__all__ = ["Recording", "RecordingError", "examine", "read"]


def read(source: str | os.PathLike[str] | Any, *, opened: Callable[..., Any] = open) -> Recording:
    """Read a recording.

    Parameters
    ----------
    source : path of a file, or Dataset
        The ending decides: .csv, .npy or .npz; with the extra `recordings` also .h5 (DeepLabCut, SLEAP),
        .slp, .nwb, .nc, and Anipose's .csv. A Dataset is movement's: the variables position and confidence.
    opened : callable
        Opens a CSV file as `open` does; `rich.progress.open` shows how far the reading is.

    Returns
    -------
    Recording
        At least two frames of at least one keypoint.

    Raises
    ------
    RecordingError
        The source cannot be used. One line says where, what was found and what was expected, or which
        extra reads it.
    """
    path = Path("dataset" if hasattr(source, "data_vars") else source)
    try:
        with warnings.catch_warnings(action="ignore"):
            return _looked_over(_read(source, path, opened))
    except Exception as error:  # damaged files make NumPy, pandas and HDF5 raise whatever there is
        known = isinstance(error, (RecordingError, ImportError))
        message = f"{show(path)}: {reason(error) if known else f'cannot be read ({reason(error)})'}"
        raise RecordingError(message) from error


def examine(source: Any, **options: Any) -> Examination:
    """Find what is normal for each keypoint of a recording, and its worst frames.

    Parameters
    ----------
    source : path, Dataset or Recording
        As `read` takes it.
    epsilon : "auto", number, or sequence of one per keypoint
        "auto", the default, is what `estimate_epsilon` suggests.
    prob_threshold, nan_policy
        As in `temporal_loss.temporal_loss`.
    top : int
        How many of the worst steps to list; 20 by default.

    Returns
    -------
    Examination

    Raises
    ------
    ValueError
        The source cannot be read (RecordingError), or an unusable parameter.
    """
    recording = source if isinstance(source, Recording) else read(source)
    from temporal_loss.recordings.steps import Examination  # noqa: PLC0415 - it imports NumPy

    return Examination(recording, **options)


def _read(source: Any, path: Path, opened: Callable[..., Any]) -> Recording:
    from temporal_loss.recordings import datasets, numpy_files, tables  # noqa: PLC0415 - they import NumPy

    if hasattr(source, "data_vars"):
        return datasets.of_dataset(source, path)
    readers: dict[str, Callable[[Path], Recording]] = {
        ".csv": functools.partial(tables.read_csv, opened=opened),
        ".h5": tables.read_hdf5,
        ".nc": datasets.read_netcdf,
        ".npy": numpy_files.read_numpy,
        ".npz": numpy_files.read_numpy,
        ".nwb": datasets.read_movement,
        ".slp": datasets.read_movement,
    }
    ending = path.suffix.lower()
    if path.is_dir():
        refuse("is a folder", "a file")
    if ending not in readers:
        found = f"has the ending {show(ending, 40)}" if ending else "has no ending"
        refuse(found, ".csv, .npy or .npz, or with the extra recordings .h5, .slp, .nwb or .nc")
    return readers[ending](path)


def _looked_over(recording: Recording) -> Recording:
    """Refuse what has no steps; tell of keypoints that are often missing, and of odd confidences."""
    points = recording.keypoints
    frames = points.shape[-3]
    if frames < 2:
        found = f"found {frames or 'no'} frame{'' if frames == 1 else 's'}"
        refuse(found, "at least 2 (the loss is of steps between frames)")
    missing = (points != points).any(axis=-1)  # noqa: PLR0124 - NaN
    shares = missing.reshape(-1, points.shape[-2]).mean(axis=0).tolist()
    often = [f"{n} in {share:.0%}" for n, share in zip(recording.names, shares, strict=True) if share > 0.2]
    notes = [f"missing in more than a fifth of the frames: {listed(often)}"] if often else []
    sure = recording.confidences
    if sure is not None:
        blank, odd = int((sure != sure).sum()), int(((sure < 0) | (sure > 1)).sum())  # noqa: PLR0124 - NaN
        notes += [f"{_confidences(blank)} missing: counted as confident"] if blank else []
        notes += [f"{_confidences(odd)} outside 0 to 1: is this column a likelihood?"] if odd else []
    return replace(recording, notes=(*recording.notes, *notes))


def _confidences(number: int) -> str:
    return f"{number:,} confidence{'' if number == 1 else 's'}"
