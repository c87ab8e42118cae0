"""Dask: each chunk is computed by its own library, together with the first frame of the next chunk.

Slicing a chunked array along time instead leaves one-frame slivers between the chunks and three
times the tasks.
"""

from __future__ import annotations

import itertools
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import array_api_compat.dask.array
import dask.array
import dask.array.utils
import dask.base
from dask.highlevelgraph import HighLevelGraph

from temporal_loss import _stages
from temporal_loss._libraries import base, library_of, mask_that_would_be_lost
from temporal_loss._stages import Frames, Parameters

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from temporal_loss._stages import Array

_AS_IT_IS = nullcontext()


class DaskLibrary(base.Library):
    """Graphs of chunks, each an array of another library."""

    name = "Dask"

    def fault(self, array: Array) -> str | None:
        """Chunks are asked by what Dask keeps for their kind."""
        chunk = array._meta  # noqa: SLF001 - the only word of it before anything is computed
        if mask_that_would_be_lost(chunk):
            return f"a Dask array of {type(chunk).__name__}"
        return super().fault(chunk)

    def may_differentiate(self, *arrays: Array) -> bool:  # noqa: ARG002
        """Never."""
        return False

    def device(self, array: Array) -> Any:  # noqa: ARG002
        """Nobody can tell: that of the chunks, which are not there yet."""
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
        shape, time = frames.keypoints.shape, _time_axis(frames.keypoints)
        *lead, lengths = frames.keypoints.chunks[: time + 1]
        steps = (*lengths[:-1], lengths[-1] - 1)
        if len(shape) == 2:
            entries = _map(_entries_of_chunk, frames, parameters, chunks=(steps, (shape[1] // 2,)))
        else:
            # Blocks of one coordinate, dropped at once: a block keeps the axes it had.
            chunks = (*lead, steps, (shape[-2],), (1,))
            entries = _map(_entries_of_chunk, frames, parameters, chunks=chunks)[..., 0]
        # Beside a single step, Dask repeats that for a chunk of none.
        return entries if steps[-1] else entries.rechunk({time: steps[:-1]})

    def sum_and_count(self, frames: Frames, parameters: Parameters) -> tuple[Array, Array | None]:
        """Make the graph that adds up what each chunk has."""
        single = [(1,) * count for count in frames.keypoints.numblocks[: _time_axis(frames.keypoints) + 1]]
        rest = [(1,)] * (frames.keypoints.ndim - 1 - len(single))
        pairs = _map(_sum_and_count_of_chunk, frames, parameters, chunks=(*single, *rest, (2,)))
        loss_sum, count = pairs.sum(axis=tuple(range(pairs.ndim - 1)))
        return loss_sum, count if parameters.divisor is None else None

    def count(self, frames: Frames, parameters: Parameters) -> Array | None:
        """Make the graph that adds up what each chunk counts."""
        return self.sum_and_count(frames, parameters)[1]

    def loss_and_gradient(self, frames: Frames, parameters: Parameters) -> tuple[Array, Array]:
        """Make the graphs of both."""
        keypoints, time = frames.keypoints, _time_axis(frames.keypoints)
        loss_sum, count = self.sum_and_count(frames, parameters)
        divisor = _stages.divisor(self.xp, parameters, count)
        whole = tuple((length,) for length in keypoints.shape[time + 1 :])
        gradient = _map(
            _gradient_of_chunk,
            frames,
            parameters,
            divisor,
            chunks=(*keypoints.chunks[: time + 1], *whole),
            dtype=keypoints.dtype,
            both_sides=True,
        )
        return loss_sum / divisor, gradient.rechunk(keypoints.chunks)


def _time_axis(keypoints: Array) -> int:
    return max(len(keypoints.shape) - 3, 0)


def _map(  # noqa: PLR0913 - what each chunk is given, and what it gives
    function: Any,
    frames: Frames,
    parameters: Parameters,
    divisor: Any = None,
    *,
    chunks: Any,
    dtype: Any = None,
    both_sides: bool = False,
) -> Array:
    """Lazy array of what `function` gives for each chunk; `chunks` are those of its result.

    A chunk is given whole keypoints, and as arrays of their own the frame that follows it and, for
    `both_sides`, the one before. `divisor` is a number or has no axes.
    """
    keypoints = frames.keypoints
    time, dtype = _time_axis(keypoints), parameters.dtype if dtype is None else dtype
    axes = tuple(range(keypoints.ndim))
    cuts = dict(enumerate(keypoints.chunks[: time + 1]))
    pairs: list[tuple[Any, Any]] = []
    # A flat width of 2K is one block, as K is, and so may share its number.
    for array, place in zip(frames, (axes, axes[: time + 2], axes[: time + 1]), strict=True):
        if array is None:
            pairs += [(None, None)] * 3
            continue
        whole = dict.fromkeys(range(time + 1, array.ndim), -1)
        cut = array.rechunk({**cuts, **whole})
        before = _neighbours(cut, time, 0) if both_sides else None
        pairs += [(before, place if both_sides else None), (cut, place), (_neighbours(cut, time, 1), place)]
    epsilon = parameters.epsilon
    if isinstance(epsilon, dask.array.Array):
        epsilon = epsilon.rechunk(-1)
    for number, place in ((epsilon, (time + 1,)), (divisor, ())):
        lazy = isinstance(number, dask.array.Array)
        pairs.append((number, place[: number.ndim] if lazy else None))
    return dask.array.blockwise(
        function,
        axes,
        *(item for pair in pairs for item in pair),
        adjust_chunks=dict(enumerate(chunks)),
        align_arrays=False,
        dtype=dtype,
        meta=dask.array.utils.meta_from_array(keypoints, ndim=keypoints.ndim, dtype=dtype),
        threshold=parameters.threshold,
        reduction=parameters.reduction,
        omit_nan=parameters.omit_nan,
        known=parameters.divisor,
    )


def _neighbours(array: Array, time: int, following: int) -> Array:
    """For each chunk along time the frame that follows it or precedes it; none where there is none.

    One task each, where dask.array.overlap cuts every chunk in three and joins it again.
    """
    lead, shift = (slice(None),) * time, 1 if following else -1
    edge = partial(_take, index=(*lead, slice(0, 1) if following else slice(-1, None), ...))
    nothing = partial(_take, index=(*lead, slice(0, 0), ...))
    name = f"neighbours-{dask.base.tokenize(array.name, time, following)}"
    last = array.numblocks[time] - 1
    graph = {}
    for key in itertools.product(*map(range, array.numblocks)):
        at = key[time] + shift
        there = (*key[:time], at, *key[time + 1 :])
        graph[(name, *key)] = (
            (edge, (array.name, *there)) if 0 <= at <= last else (nothing, (array.name, *key))
        )
    layers = HighLevelGraph.from_collections(name, graph, dependencies=[array])
    lengths = (*(1,) * last, 0) if following else (0, *(1,) * last)
    chunks = (*array.chunks[:time], lengths, *array.chunks[time + 1 :])
    return dask.array.Array(layers, name, chunks, meta=array._meta)  # noqa: SLF001 - as Dask's own do


def _take(block: Array, index: tuple[Any, ...]) -> Array:
    return block[index]


def _entries_of_chunk(*arrays: Any, **words: Any) -> Array:
    chunk = _Chunk(*arrays, **words)
    with chunk.library.working_on(chunk.frames.keypoints):
        values = chunk.library.entries(chunk.frames, chunk.parameters)
    return values if values.ndim == chunk.frames.keypoints.ndim else values[..., None]


def _sum_and_count_of_chunk(*arrays: Any, **words: Any) -> Array:
    chunk = _Chunk(*arrays, **words)
    xp, keypoints = chunk.library.xp, chunk.frames.keypoints
    with chunk.library.working_on(keypoints):
        loss_sum, count = chunk.library.sum_and_count(chunk.frames, chunk.parameters)
        pair = xp.stack([loss_sum, xp.zeros_like(loss_sum) if count is None else count])
        return xp.reshape(pair, (1,) * (keypoints.ndim - 1) + (2,))


def _gradient_of_chunk(*arrays: Any, **words: Any) -> Array:
    chunk = _Chunk(*arrays, **words)
    xp, keypoints = chunk.library.xp, chunk.frames.keypoints
    with chunk.library.working_on(keypoints):
        # Widened here, and divided below, so that the gradient is rounded once.
        wide = chunk.frames._replace(keypoints=xp.astype(keypoints, chunk.parameters.dtype, copy=False))
        parameters = chunk.parameters._replace(reduction="sum", divisor=1.0)
        _, gradient = chunk.library.loss_and_gradient(wide, parameters)
        return xp.astype(gradient[chunk.own] / chunk.divisor, keypoints.dtype, copy=False)


class _Chunk:
    """What the stages need for a chunk of frames: them and their neighbours, as its own library has them."""

    def __init__(self, *arrays: Any, threshold: float, reduction: str, omit_nan: bool, known: Any) -> None:
        *given, epsilon, self.divisor = arrays
        before, keypoints, _ = given[:3]
        library = library_of(keypoints)
        if library is None:
            msg = f"chunks must be arrays, got {type(keypoints).__name__}"
            raise TypeError(msg)
        time = _time_axis(keypoints)
        start = 0 if before is None else before.shape[time]
        self.library = library
        self.own = (*(slice(None),) * time, slice(start, start + keypoints.shape[time]), ...)
        with library.working_on(keypoints):
            self.frames = Frames(*(_joined(library, given[i : i + 3], time) for i in (0, 3, 6)))
        dtype = library.result_dtype(library.dtype_name(keypoints.dtype))
        self.parameters = Parameters(dtype, epsilon, threshold, reduction, omit_nan, known)


def _joined(library: base.Library, parts: list[Any], time: int) -> Any:
    there = [part for part in parts if part is not None and part.shape[time] > 0]
    if len(there) <= 1:
        return there[0] if there else parts[1]
    return library.xp.concat(there, axis=time)


LIBRARY = DaskLibrary(array_api_compat.dask.array)
