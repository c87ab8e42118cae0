"""Datasets of movement, and the files that movement reads."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from temporal_loss.recordings.recording import Recording

if TYPE_CHECKING:
    from pathlib import Path

_SOFTWARE = {".csv": "Anipose", ".h5": "SLEAP", ".nwb": "NWB", ".slp": "SLEAP"}


def read_movement(path: Path) -> Recording:
    """Read a file that movement reads."""
    from loguru import logger  # noqa: PLC0415 - of the extra
    from movement.io import load_dataset  # noqa: PLC0415

    logger.disable("movement")  # what it logs, it raises
    try:
        return of_dataset(load_dataset(path, _SOFTWARE[path.suffix.lower()]), path)
    finally:
        logger.enable("movement")


def read_netcdf(path: Path) -> Recording:
    """Read a dataset of movement that xarray saved."""
    import xarray as xr  # noqa: PLC0415 - of the extra

    with xr.open_dataset(path) as dataset:
        return of_dataset(dataset, path)


def of_dataset(dataset: Any, path: Path) -> Recording:
    """Take position and confidence; dimensions beside time and space become part of the names."""
    from temporal_loss.xarray import find_roles  # noqa: PLC0415 - it imports xarray

    position = dataset["position"]
    time, keypoint, space = find_roles(position.dims, {})
    batch = [dim for dim in position.dims if dim not in {time, keypoint, space}]
    named = [*(dim for dim in batch if position.sizes[dim] > 1), keypoint]
    labels = itertools.product(*(position[dim].to_numpy().tolist() for dim in named))
    names = tuple("/".join(map(str, label)) for label in labels)
    shape = (position.sizes[time], len(names))
    points = position.transpose(time, *batch, keypoint, space).to_numpy()
    dtype = str(points.dtype)
    confidences = dataset.get("confidence")
    if confidences is not None:
        confidences = confidences.transpose(time, *batch, keypoint).to_numpy().reshape(shape)
        # So movement says that there are none.
        confidences = None if np.isnan(confidences).all() else confidences
    source = f"{dataset.attrs.get('source_software', 'dataset')}, by movement"
    points = points.reshape(*shape, -1).astype(np.float64, order="C")
    return Recording(path, source, names, points, confidences, dtype)
