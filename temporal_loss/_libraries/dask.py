"""Dask: each chunk is worked through whole, with the first frame of the next one, by its own library.

Slicing a chunked array along time instead leaves one-frame slivers between the chunks and three
times the tasks.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import array_api_compat.dask.array
import dask.array
import dask.utils

from temporal_loss import _stages
from temporal_loss._libraries import base, library_of
from temporal_loss._stages import Frames, Parameters

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from temporal_loss._stages import Array

_AS_IT_IS = nullcontext()


class DaskLibrary(base.Library):
    """Graphs of chunks, each an array of another library."""

    name = "Dask"

    def may_differentiate(self, *arrays: Array) -> bool:  # noqa: ARG002
        """Never."""
        return False

    def device(self, array: Array) -> Any:  # noqa: ARG002
        """That of the chunks, which are not there yet."""
        return None

    def working_on(self, array: Array) -> AbstractContextManager[object]:  # noqa: ARG002
        """Nothing is changed."""
        return _AS_IT_IS

    def in_chunks_of(self, keypoints: Array, array: Array) -> Array:
        """Array (..., T, K) in chunks of the keypoints' frames."""
        time = _time_axis(keypoints)
        return array.rechunk({time: keypoints.chunks[time]})

    def entries(self, frames: Frames, parameters: Parameters) -> Array:
        """Make the graph of the entries, in the chunks of the keypoints."""
        parts = _with_next_frame(frames)
        shape, time = frames.keypoints.shape, _time_axis(frames.keypoints)
        *lead, lengths = parts.keypoints.chunks[: time + 1]
        steps = tuple(length - 1 for length in lengths)
        if len(shape) == 2:
            return _map(_chunk_entries, parts, parameters, chunks=(steps, (shape[1] // 2,)))
        # Blocks of one coordinate, dropped at once: a block keeps the axes it had.
        return _map(_chunk_entries, parts, parameters, chunks=(*lead, steps, (shape[-2],), (1,)))[..., 0]

    def sum_and_count(self, frames: Frames, parameters: Parameters) -> tuple[Array, Array | None]:
        """Make the graph that adds up what each chunk has."""
        parts = _with_next_frame(frames)
        single = [(1,) * count for count in parts.keypoints.numblocks[:-1]]
        pairs = _map(_chunk_sum_and_count, parts, parameters, chunks=(*single, (2,)))
        loss_sum, count = pairs.sum(axis=tuple(range(pairs.ndim - 1)))
        return loss_sum, count if _stages.counts_some(frames, parameters) else None


def _time_axis(keypoints: Array) -> int:
    return max(len(keypoints.shape) - 3, 0)


def _with_next_frame(frames: Frames) -> Frames:
    """Frames in the chunks of the keypoints, each with the frame that follows it; K and D are not cut."""
    time = _time_axis(frames.keypoints)
    cuts = dict(enumerate(frames.keypoints.chunks[: time + 1]))

    def prepared(array: Array) -> Array:
        whole = dict.fromkeys(range(time + 1, array.ndim), -1)
        return dask.array.overlap.overlap(
            array.rechunk({**cuts, **whole}), depth={time: (0, 1)}, boundary="none"
        )

    return type(frames)(*(None if array is None else prepared(array) for array in frames))


def _map(function: Any, frames: Frames, parameters: Parameters, chunks: Any) -> Array:
    """Lazy array of what `function` gives for each chunk; `chunks` are those of its result."""
    keypoints = frames.keypoints
    axes, time = tuple(range(keypoints.ndim)), _time_axis(keypoints)
    # A flat width of 2K is one block, as K is, and so may share its number.
    places = (axes, axes[: time + 2], axes[: time + 1])
    pairs = [(array, None if array is None else place) for array, place in zip(frames, places, strict=True)]
    epsilon = parameters.epsilon
    if isinstance(epsilon, dask.array.Array):
        epsilon = epsilon.rechunk(-1)
        pairs.append((epsilon, (time + 1,) * epsilon.ndim))
    else:
        pairs.append((epsilon, None))
    return dask.array.blockwise(
        function,
        axes,
        *(item for pair in pairs for item in pair),
        adjust_chunks=dict(enumerate(chunks)),
        align_arrays=False,
        dtype=parameters.dtype,
        meta=dask.array.utils.meta_from_array(keypoints, ndim=keypoints.ndim, dtype=parameters.dtype),
        threshold=parameters.threshold,
        reduction=parameters.reduction,
        omit_nan=parameters.omit_nan,
    )


def _chunk_entries(*arrays: Array, **words: Any) -> Array:
    library, frames, parameters = _of_chunk(arrays, **words)
    with library.working_on(frames.keypoints):
        values = library.entries(frames, parameters)
    return values if frames.keypoints.ndim == 2 else values[..., None]


def _chunk_sum_and_count(*arrays: Array, **words: Any) -> Array:
    library, frames, parameters = _of_chunk(arrays, **words)
    with library.working_on(frames.keypoints):
        loss_sum, count = library.sum_and_count(frames, parameters)
        pair = library.xp.stack([loss_sum, library.xp.zeros_like(loss_sum) if count is None else count])
        return library.xp.reshape(pair, (1,) * (frames.keypoints.ndim - 1) + (2,))


def _of_chunk(
    arrays: tuple[Array, ...], *, threshold: float, reduction: str, omit_nan: bool
) -> tuple[base.Library, Frames, Parameters]:
    """Frames and parameters for the library that a chunk is of."""
    keypoints, confidences, segment_ids, epsilon = arrays
    library = library_of(keypoints)
    if library is None:
        msg = f"chunks must be arrays, got {type(keypoints).__name__}"
        raise TypeError(msg)
    parameters = Parameters(library.result_dtype(keypoints), epsilon, threshold, reduction, omit_nan)
    return library, Frames(keypoints, confidences, segment_ids), parameters


LIBRARY = DaskLibrary(array_api_compat.dask.array)
