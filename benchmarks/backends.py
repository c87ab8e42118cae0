"""How a function of arrays is called on each array library, ready to be timed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.inputs import THRESHOLD, epsilons
from temporal_loss import temporal_loss

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Call = Callable[[], object]
    Make = Callable[[Any, Any], Call]
    """Takes keypoints and confidences of NumPy and makes the call to time."""

CHUNK = 100_000
"""Frames per chunk of a Dask array."""
TRAINED = "torch eager, forward and backward"
ABSENT = (ImportError, MemoryError, OSError, RuntimeError)
"""What a library raises that is not installed, lacks its driver, or runs out of memory."""


def prepare(name: str, function: Callable[..., Any], arrays: Sequence[Any], device: str = "cpu") -> Call:
    """Make the call of a function on one of `BACKENDS`; the call has finished its work when it returns."""
    return BACKENDS[name](function, arrays, device)


def library(
    name: str,
    function: Callable[..., Any] = temporal_loss,
    *,
    device: str = "cpu",
    confident: bool = True,
    **options: Any,
) -> Make:
    """Make calls of the loss, or another function of its parameters, with one epsilon per keypoint."""

    def make(keypoints: Any, confidences: Any) -> Call:
        keywords = {"epsilon": epsilons(keypoints.shape[1] // 2), "prob_threshold": THRESHOLD} | options
        arrays = (keypoints, confidences) if confident else (keypoints,)
        return prepare(name, partial(function, **keywords), arrays, device)

    return make


def _numpy(function: Callable[..., Any], arrays: Sequence[Any], _: str) -> Call:
    return partial(function, *arrays)


def _torch(
    function: Callable[..., Any], arrays: Sequence[Any], device: str, *, compiled: bool = False
) -> Call:
    import torch  # noqa: PLC0415

    if device == "cuda" and not torch.cuda.is_available():
        message = "torch finds no CUDA device"
        raise RuntimeError(message)
    call = function
    if compiled:
        # One size per measurement: what a user with batches of one size gets. Forget those before, since
        # torch gives up on a function after a few. A partial itself would be called a little slower.
        torch._dynamo.reset()  # noqa: SLF001
        call = torch.compile(lambda *given: function(*given), fullgraph=True, dynamic=False)  # noqa: PLW0108
    ready = partial(call, *(torch.from_numpy(array).to(device) for array in arrays))
    return ready if device == "cpu" else partial(_finished, ready, torch.cuda.synchronize)


def _trained(function: Callable[..., Any], arrays: Sequence[Any], device: str) -> Call:
    """Loss and its gradient by the first tensor, as training computes them."""
    import torch  # noqa: PLC0415

    first, *others = (torch.from_numpy(array).to(device) for array in arrays)
    leaf = first.clone().requires_grad_()

    def call() -> object:
        leaf.grad = None
        result = function(leaf, *others)
        result.backward()
        return result

    return call


def _jax(function: Callable[..., Any], arrays: Sequence[Any], device: str, *, jitted: bool) -> Call:
    import jax  # noqa: PLC0415

    place = jax.devices("gpu" if device == "cuda" else "cpu")[0]
    taken = [
        jax.numpy.from_dlpack(array) if device == "cpu" else jax.device_put(array, place) for array in arrays
    ]
    run = jax.jit(function) if jitted else function
    return lambda: jax.block_until_ready(run(*taken))


def _cupy(function: Callable[..., Any], arrays: Sequence[Any], _: str) -> Call:
    import cupy  # noqa: PLC0415

    if not cupy.cuda.is_available():
        message = "CuPy finds no CUDA device"
        raise RuntimeError(message)
    ready = partial(function, *map(cupy.asarray, arrays))
    return partial(_finished, ready, cupy.cuda.get_current_stream().synchronize)


def _dask(function: Callable[..., Any], arrays: Sequence[Any], _: str) -> Call:
    import dask.array  # noqa: PLC0415

    chunked = [dask.array.from_array(array, chunks=(CHUNK, -1), name=False) for array in arrays]
    # Building the graph is part of the price.
    return lambda: dask.compute(function(*chunked), scheduler="threads")


def _finished(call: Call, wait: Call) -> object:
    result = call()
    wait()
    return result


BACKENDS: dict[str, Callable[[Callable[..., Any], Sequence[Any], str], Call]] = {
    "NumPy": _numpy,
    "CuPy": _cupy,
    "torch eager": _torch,
    TRAINED: _trained,
    "torch.compile": partial(_torch, compiled=True),
    "JAX eager": partial(_jax, jitted=False),
    "jax.jit": partial(_jax, jitted=True),
    "Dask": _dask,
}
