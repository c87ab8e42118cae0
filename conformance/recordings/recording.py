"""What a file of recorded predictions holds, and the one error for a file that cannot be used."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


class RecordingError(ValueError):
    """The file, or what was asked of it, cannot be used; the message is one line for a person."""


@dataclass(frozen=True, eq=False)
class Recording:
    """Predicted keypoints of consecutive frames.

    Attributes
    ----------
    path : Path
        Where they were read from.
    source : str
        The kind of file, for people.
    names : tuple of str
        One name per keypoint.
    keypoints : float64 array (..., T, K, D)
        Pixels, C-contiguous; NaN where the file has no value. Never rounded by the reading.
    confidences : floating array (..., T, K), or None
        In the dtype of the file: a threshold is compared in that dtype.
    dtype : str
        What the file holds the keypoints in.
    """

    path: Path
    source: str
    names: tuple[str, ...]
    keypoints: NDArray[np.float64]
    confidences: NDArray[np.floating[Any]] | None
    dtype: str

    @property
    def entries(self) -> int:
        """Number of transitions times keypoints, over all sequences."""
        *lead, frames, keypoints, _ = self.keypoints.shape
        count: int = math.prod(lead) * (frames - 1) * keypoints
        return count


def show(text: object, limit: int | None = None) -> str:
    """Text on one line and harmless to print, whatever a file or its name holds, cut at `limit`."""
    whole = str(text)
    plain = whole if whole.isprintable() else ascii(whole)[1:-1]
    return plain if limit is None or len(plain) <= limit else f"{plain[:limit]}..."


def quote(text: str) -> str:
    """Text found in a file, quoted, on one line, cut to what a person needs to find it."""
    return ascii(text) if len(text) <= 40 else f"{text[:40]!a}..."
