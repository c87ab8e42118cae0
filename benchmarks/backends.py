"""The library under each array library, ready to be timed; absent ones with the reason."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from temporal_loss import temporal_loss

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[], object]
    Function = Callable[..., Any]
    Prepare = Callable[..., Call]

CPU = (
    "NumPy",
    "torch eager",
    "torch eager, forward and backward",
    "torch.compile",
    "JAX eager",
    "jax.jit",
    "Dask",
)
CUDA = ("CuPy", "torch eager", "torch.compile", "jax.jit")

CHUNK = 100_000
"""Frames per chunk of a Dask array."""


@dataclass(frozen=True)
class Absent:
    """A backend that cannot be measured here."""

    name: str
    reason: str


@dataclass(frozen=True)
class Backend:
    """`prepare(keypoints, confidences, **keywords)` takes NumPy arrays and gives the call to time.

    The call has finished all of its work when it returns. Another `function` of the same parameters
    may take the place of the loss.
    """

    name: str
    prepare: Prepare


def find(name: str, device: str = "cpu") -> Backend | Absent:
    """Get a backend by its name in `CPU` or `CUDA`."""
    try:
        return Backend(name, _MAKERS[name](device))
    except (ImportError, OSError, RuntimeError) as error:
        # What a library raises without its driver differs from one to the next.
        reason = str(error).strip().splitlines() or [type(error).__name__]
        return Absent(name, reason[0])


def module(name: str) -> Any | Absent:
    """Import a peer, or say why not."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        return Absent(name, str(error))


def _numpy(_: str) -> Prepare:
    def prepare(
        keypoints: Any, confidences: Any = None, function: Function = temporal_loss, **keywords: Any
    ) -> Call:
        return partial(function, keypoints, confidences, **keywords)

    return prepare


def with_backward(loss: Function, tensors: list[Any]) -> Call:
    """Call that computes the loss and its gradient by the first tensor, as training does."""
    leaf = tensors[0].clone().requires_grad_()

    def call() -> object:
        leaf.grad = None
        result = loss(leaf, *tensors[1:])
        result.backward()
        return result

    return call


def _torch(device: str, *, compiled: bool = False, trained: bool = False) -> Prepare:
    import torch  # noqa: PLC0415

    if device == "cuda" and not torch.cuda.is_available():
        msg = "torch finds no CUDA device"
        raise RuntimeError(msg)

    def prepare(
        keypoints: Any, confidences: Any = None, function: Function = temporal_loss, **keywords: Any
    ) -> Call:
        arrays = [
            torch.from_numpy(array).to(device) for array in (keypoints, confidences) if array is not None
        ]
        loss: Function = partial(function, **keywords)
        if trained:
            return with_backward(loss, arrays)
        if compiled:
            # One size per measurement: what a user with batches of one size gets. Forget those
            # before, since torch gives up on a function after a few.
            torch._dynamo.reset()  # noqa: SLF001
            loss = torch.compile(lambda *given: function(*given, **keywords), fullgraph=True, dynamic=False)
        if device == "cpu":
            return partial(loss, *arrays)

        def finished() -> object:
            result = loss(*arrays)
            torch.cuda.synchronize()
            return result

        return finished

    return prepare


def _jax(device: str, *, jitted: bool) -> Prepare:
    import jax  # noqa: PLC0415

    place = jax.devices("gpu" if device == "cuda" else "cpu")[0]

    def prepare(
        keypoints: Any, confidences: Any = None, function: Function = temporal_loss, **keywords: Any
    ) -> Call:
        given = [array for array in (keypoints, confidences) if array is not None]
        arrays = [
            jax.numpy.from_dlpack(array) if device == "cpu" else jax.device_put(array, place)
            for array in given
        ]

        def loss(*arrays: Any) -> Any:
            return function(*arrays, **keywords)

        run = jax.jit(loss) if jitted else loss
        return lambda: jax.block_until_ready(run(*arrays))

    return prepare


def _cupy(_: str) -> Prepare:
    import cupy  # noqa: PLC0415

    if not cupy.cuda.is_available():
        msg = "CuPy finds no CUDA device"
        raise RuntimeError(msg)

    def prepare(
        keypoints: Any, confidences: Any = None, function: Function = temporal_loss, **keywords: Any
    ) -> Call:
        arrays = [cupy.asarray(array) for array in (keypoints, confidences) if array is not None]

        def finished() -> object:
            result = function(*arrays, **keywords)
            cupy.cuda.get_current_stream().synchronize()
            return result

        return finished

    return prepare


def _dask(_: str) -> Prepare:
    import dask.array  # noqa: PLC0415

    def prepare(
        keypoints: Any, confidences: Any = None, function: Function = temporal_loss, **keywords: Any
    ) -> Call:
        given = [array for array in (keypoints, confidences) if array is not None]
        arrays = [dask.array.from_array(array, chunks=(CHUNK, -1), name=False) for array in given]
        # Building the graph is part of the price.
        return lambda: dask.compute(function(*arrays, **keywords), scheduler="threads")

    return prepare


_MAKERS: dict[str, Callable[[str], Prepare]] = {
    "NumPy": _numpy,
    "CuPy": _cupy,
    "torch eager": _torch,
    "torch eager, forward and backward": partial(_torch, trained=True),
    "torch.compile": partial(_torch, compiled=True),
    "JAX eager": partial(_jax, jitted=False),
    "jax.jit": partial(_jax, jitted=True),
    "Dask": _dask,
}
