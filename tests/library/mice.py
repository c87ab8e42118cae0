"""Two labelled mice of two keypoints, in movement's order of dimensions or another."""

from __future__ import annotations

from typing import Any

import pytest
from support import select

xr = pytest.importorskip("xarray", reason="xarray is not installed")
KINDS = [name for name in ("numpy", "dask") if name in select().names]
if not KINDS:
    pytest.skip("neither numpy nor dask is under test", allow_module_level=True)
import numpy as np  # noqa: E402 - after the skip

# Steps are 5, 0, 5 and 10, 0, 0 of the noses; 2, 0, 0 and 0, 1, 3 of the tails.
MICE = {
    "a": {"nose": [[0, 0], [3, 4], [3, 4], [6, 8]], "tail": [[1, 1], [1, 3], [1, 3], [1, 3]]},
    "b": {"nose": [[0, 0], [6, 8], [6, 8], [6, 8]], "tail": [[0, 0], [0, 0], [0, 1], [0, 4]]},
}
# By time, keypoint and individual, as movement has them.
STEPS = [[[5, 10], [2, 0]], [[0, 0], [0, 1]], [[5, 0], [0, 3]]]
TIMES = [0.0, 0.5, 1.0, 1.5]
THRESHOLD = 0.5
MOVEMENT = ("time", "space", "keypoints", "individuals")


def recording(*order: str) -> Any:
    """Lay out the positions of the mice in some order of dimensions; movement's by default."""
    values = np.asarray([list(parts.values()) for parts in MICE.values()], dtype="float64")
    array = xr.DataArray(
        values,
        dims=("individuals", "keypoints", "time", "space"),
        coords={
            "time": TIMES,
            "space": ["x", "y"],
            "keypoints": ["nose", "tail"],
            "individuals": list(MICE),
        },
        attrs={"units": "pixels", "space_unit": "px", "long_name": "position"},
    )
    return array.transpose(*(order or MOVEMENT))


def sure(*order: str) -> Any:
    """Lay out the confidences: low for the nose of b in the second frame."""
    array = xr.ones_like(recording().isel(space=0, drop=True))
    array.loc[{"individuals": "b", "keypoints": "nose", "time": 0.5}] = 0.25
    return array.transpose(*order) if order else array


def of_time(values: list[int]) -> Any:
    return xr.DataArray(values, dims=["time"], coords={"time": TIMES})


EPSILON = xr.DataArray([1.0, 0.5], dims=["keypoints"], coords={"keypoints": ["nose", "tail"]})
# The last step crosses, the first two of b's nose are masked; 4 and 0, 1.5 and 0, 0 and 0.5 are left.
ENTRIES = [[[4, 0], [1.5, 0]], [[0, 0], [0, 0.5]], [[0, 0], [0, 0]]]
EXPECTED = {"sum": 6.0, "mean": 6 / 8, "valid_mean": 6 / 6, "none": ENTRIES}
