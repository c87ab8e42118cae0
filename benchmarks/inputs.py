"""Inputs: a random walk of keypoints with confidences, in memory every library can share, or in files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

THRESHOLD = 0.05
_ALIGNMENT = 64
_BLOCK = 100_000


def size_text(frames: int, keypoints: int) -> str:
    """Size as the table shows it."""
    return f"T={frames:,} K={keypoints}"


def epsilons(keypoints: int) -> list[float]:
    """One epsilon per keypoint, within the range of the steps."""
    return [0.1 + 0.05 * index for index in range(keypoints)]


def recording(frames: int, keypoints: int, seed: int = 0) -> tuple[Any, Any]:
    """Keypoints (T, 2K) and confidences (T, K), float32, one keypoint in 20 below the threshold.

    Aligned so that JAX takes them over without a copy: all contenders read the same memory.
    """
    positions = _aligned((frames, 2 * keypoints))
    confidences = _aligned((frames, keypoints))
    _fill(positions, confidences, seed)
    return positions, confidences


def files(folder: Path, frames: int, keypoints: int, dtype: str = "float32") -> tuple[Path, Path]:
    """Write such a recording block by block, as raw files for `opened`."""
    paths = folder / f"keypoints-{dtype}-{frames}", folder / f"confidences-{frames}"
    kinds = (dtype, 2 * keypoints), ("float32", keypoints)
    whole = [
        np.memmap(path, kind, "w+", shape=(frames, width))
        for path, (kind, width) in zip(paths, kinds, strict=True)
    ]
    for start in range(0, frames, _BLOCK):
        count = min(_BLOCK, frames - start)
        part = recording(count, keypoints, seed=start)
        for target, source in zip(whole, part, strict=True):
            target[start : start + count] = source
    for array in whole:
        array.flush()
    return paths


def opened(path: Path, width: int, dtype: str = "float32") -> Any:
    """Map a raw file into memory; torch wants to be able to write, so writes go nowhere."""
    return np.memmap(path, dtype, "c").reshape(-1, width)


def _aligned(shape: tuple[int, int]) -> Any:
    count = shape[0] * shape[1]
    raw = np.empty(4 * count + _ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % _ALIGNMENT
    return raw[start : start + 4 * count].view(np.float32).reshape(shape)


def _fill(positions: Any, confidences: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rng.standard_normal(out=positions, dtype=np.float32)
    rng.random(out=confidences, dtype=np.float32)
    for start in range(0, len(positions), _BLOCK):
        block = positions[start : start + _BLOCK]
        # Walks stay around the middle of a picture, where float16 can hold them.
        np.cumsum(block, axis=0, out=block)
        block *= np.float32(0.5)
        block += np.float32(512)
