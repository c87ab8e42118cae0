"""What a file of recorded predictions holds, and the one error for a file that cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


class RecordingError(ValueError):
    """The file, or what was asked of it, cannot be used; the message is one line for a person."""


@dataclass(frozen=True, eq=False)
class Recording:
    """Predicted keypoints of consecutive frames, as arrays and names.

    Attributes
    ----------
    path : Path
        Where they were read from.
    source : str
        The kind of file, for people.
    names : tuple of str
        One name per keypoint; where there are several individuals, "individual/keypoint".
    keypoints : float64 array (..., T, K, D)
        Pixels, C-contiguous; NaN where the file has no value. Never rounded by the reading.
    confidences : floating array (..., T, K), or None
        In the dtype of the file: a threshold is compared in that dtype.
    dtype : str
        What the file holds the keypoints in.
    notes : tuple of str
        What a person should know: columns that were ignored, keypoints often missing, odd confidences.
    """

    path: Path
    source: str
    names: tuple[str, ...]
    keypoints: NDArray[np.float64]
    confidences: NDArray[np.floating[Any]] | None
    dtype: str
    notes: tuple[str, ...] = ()


def refuse(found: str, expected: str) -> NoReturn:
    """Refuse a file for something in it."""
    message = f"{found}, expected {expected}"
    raise RecordingError(message)


def reason(error: Exception) -> str:
    """Say in one line why something could not be read or done."""
    if isinstance(error, ImportError):
        package = (error.name or str(error)).partition(".")[0]
        extra = "command" if package in {"click", "matplotlib", "numpy", "rich"} else "recordings"
        return f'needs {package}, which the extra {extra} brings: pip install "temporal-loss[{extra}]"'
    first = str(getattr(error, "strerror", None) or error).strip().partition("\n")[0]
    return show(first, 300) or type(error).__name__


def show(text: object, limit: int | None = None) -> str:
    """Text on one line and harmless to print, whatever a file or its name holds, cut at `limit`."""
    whole = str(text)
    plain = whole if whole.isprintable() else ascii(whole)[1:-1]
    return plain if limit is None or len(plain) <= limit else f"{plain[:limit]}..."


def quote(text: str) -> str:
    """Text found in a file, quoted, on one line, cut to what a person needs to find it."""
    return ascii(text) if len(text) <= 40 else f"{text[:40]!a}..."


def listed(names: Iterable[object]) -> str:
    """List some of many names from a file, for a message."""
    first, rest = [*names][:8], [*names][8:]
    return ", ".join(show(name, 60) for name in first) + (f" and {len(rest)} more" if rest else "")
