"""Arrays in chunks (Dask): each chunk is worked through whole, with the first frame of the next one.

Slicing a chunked array along time instead leaves one-frame slivers between the chunks and three
times the tasks. And a chunk goes through the pipeline of its own library, block by block.
"""

from __future__ import annotations

import sys
from typing import Any

from temporal_loss import _backend, _pipeline
from temporal_loss._settings import Frames, Settings


def entries(frames: Frames, settings: Settings) -> Any:
    """Entries (..., T-1, K), in the chunks of the keypoints."""
    parts = _with_next_frame(frames)
    shape, time = frames.keypoints.shape, _time_axis(frames.keypoints)
    *lead, lengths = parts.keypoints.chunks[: time + 1]
    steps = tuple(length - 1 for length in lengths)
    if len(shape) == 2:
        return _map(_entries, parts, settings, chunks=(steps, (shape[1] // 2,)))
    # Blocks of one coordinate, dropped at once: a block keeps the axes it had.
    return _map(_entries, parts, settings, chunks=(*lead, steps, (shape[-2],), (1,)))[..., 0]


def reduce(frames: Frames, settings: Settings, reduction: str) -> Any:
    """Run all stages; `reduction` is not "none"."""
    parts = _with_next_frame(frames)
    single = [(1,) * count for count in parts.keypoints.numblocks[:-1]]
    pairs = _map(_sum_and_count, parts, settings, chunks=(*single, (2,)), reduction=reduction)
    loss_sum, counted = pairs.sum(axis=tuple(range(pairs.ndim - 1)))
    if not _pipeline.counts_some(frames, settings, reduction):
        counted = None
    return _pipeline.finish(settings, reduction, loss_sum, counted)


def cut_like(array: Any, keypoints: Any) -> Any:
    """Array (..., T, K) in chunks of the keypoints' frames."""
    time = _time_axis(keypoints)
    return array.rechunk({time: keypoints.chunks[time]})


def _time_axis(keypoints: Any) -> int:
    return max(len(keypoints.shape) - 3, 0)


def _with_next_frame(frames: Frames) -> Frames:
    """Frames in the chunks of the keypoints, each with the frame that follows it; K and D are not cut."""
    dask = sys.modules["dask.array"]
    time = _time_axis(frames.keypoints)
    cuts = dict(enumerate(frames.keypoints.chunks[: time + 1]))

    def prepared(array: Any) -> Any:
        whole = dict.fromkeys(range(time + 1, array.ndim), -1)
        return dask.overlap.overlap(array.rechunk({**cuts, **whole}), depth={time: (0, 1)}, boundary="none")

    return type(frames)(*(None if array is None else prepared(array) for array in frames))


def _map(function: Any, frames: Frames, settings: Settings, chunks: Any, **keywords: Any) -> Any:
    """Lazy array of what `function` gives for each chunk; `chunks` are those of its result."""
    dask = sys.modules["dask.array"]
    keypoints = frames.keypoints
    axes, time = tuple(range(keypoints.ndim)), _time_axis(keypoints)
    # A flat width of 2K is one block, as K is, and so may share its number.
    places = (axes, axes[: time + 2], axes[: time + 1])
    pairs = [(array, None if array is None else place) for array, place in zip(frames, places, strict=True)]
    epsilon = settings.epsilon
    if not isinstance(epsilon, float):
        epsilon = epsilon.rechunk(-1)
    pairs.append((epsilon, None if isinstance(epsilon, float) else (time + 1,) * epsilon.ndim))
    return dask.blockwise(
        function,
        axes,
        *(item for pair in pairs for item in pair),
        adjust_chunks=dict(enumerate(chunks)),
        align_arrays=False,
        dtype=settings.dtype,
        meta=dask.utils.meta_from_array(keypoints, ndim=keypoints.ndim, dtype=settings.dtype),
        threshold=settings.threshold,
        omit_nan=settings.omit_nan,
        **keywords,
    )


def _entries(*arrays: Any, **keywords: Any) -> Any:
    frames, settings = _of_chunk(arrays, **keywords)
    values = _pipeline.entries(frames, settings)
    return values if frames.keypoints.ndim == 2 else values[..., None]


def _sum_and_count(*arrays: Any, reduction: str, **keywords: Any) -> Any:
    frames, settings = _of_chunk(arrays, **keywords)
    xp = settings.library.xp
    loss_sum, counted = _pipeline.sum_and_count(frames, settings, reduction)
    pair = xp.stack([loss_sum, xp.zeros_like(loss_sum) if counted is None else counted])
    return xp.reshape(pair, (1,) * (frames.keypoints.ndim - 1) + (2,))


def _of_chunk(arrays: tuple[Any, ...], *, threshold: float, omit_nan: bool) -> tuple[Frames, Settings]:
    """Frames and settings for the library that a chunk is of."""
    keypoints, confidences, segment_ids, epsilon = arrays
    library = _backend.library_of(keypoints)
    if library is None:
        msg = f"chunks must be arrays, got {type(keypoints).__name__}"
        raise TypeError(msg)
    settings = Settings(
        library,
        dtype=_backend.result_dtype(library, keypoints),
        widen=_backend.is_half(keypoints),
        guard=False,
        epsilon=epsilon,
        threshold=threshold,
        omit_nan=omit_nan,
    )
    return Frames(keypoints, confidences, segment_ids), settings
