"""JAX: the stages as one compiled function, rather than one operation after the other."""

from __future__ import annotations

import math
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax.core import Tracer

from temporal_loss import _stages
from temporal_loss._libraries import base
from temporal_loss._stages import Frames, Parameters

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import ModuleType

    from temporal_loss._stages import Array, Entries

_AS_IT_IS = nullcontext()
_MANY_TERMS = 1 << 22
_FLOAT32, _FLOAT64 = np.dtype("float32"), np.dtype("float64")


class JaxLibrary(base.Library):
    """JAX arrays and tracers."""

    name = "JAX"
    has_odd_arrays = False

    def knows_type(self, kind: type) -> bool:
        """Not NumPy's type: its arrays of the dtype float0 are JAX's."""
        return not kind.__module__.startswith("numpy")

    def constant(self, array: Array) -> Array:
        """Array of the same values that takes no gradient."""
        return jax.lax.stop_gradient(array)

    def device(self, array: Array) -> Any:
        """Devices that hold an array; a trace does not tell."""
        # A sharding says how an array lies on its devices; here only counts which ones.
        return None if _is_traced(array) else array.devices()

    def is_elsewhere(self, array: Array, other: Array) -> bool:
        """By the shardings first: their devices are found more slowly than that these are equal."""
        if type(array) is type(other) and not _is_traced(array) and array.sharding == other.sharding:
            return False
        return super().is_elsewhere(array, other)

    def run(self, stages: Callable[[Frames, Parameters], Any], frames: Frames, parameters: Parameters) -> Any:
        """Call, in the state that there is."""
        return stages(frames, parameters)

    def beside(self, array: Array) -> dict[str, Any]:  # noqa: ARG002
        """Nothing: what JAX makes is free to move to where it is needed."""
        return {}

    def working_on(self, array: Array) -> AbstractContextManager[object]:  # noqa: ARG002
        """Nothing is changed."""
        return _AS_IT_IS

    def row(self, numbers: tuple[float, ...], array: Array, dtype: Any) -> Array:  # noqa: ARG002
        """Array of NumPy, which goes to wherever it is needed."""
        return np.asarray(numbers, dtype=_FLOAT64 if dtype == jax.numpy.float64 else _FLOAT32)

    def moved(self, parameter: Array, array: Array) -> Array:
        """Bring an array to the devices of another one, a copy on each."""
        here, there = self.device(parameter), self.device(array)
        if here is None or there is None or here == there or not array.committed:
            return parameter
        if len(there) == 1:
            return jax.device_put(parameter, array.device)
        if not isinstance(array.sharding, jax.sharding.NamedSharding):
            return parameter
        everywhere = jax.sharding.NamedSharding(array.sharding.mesh, jax.sharding.PartitionSpec())
        return jax.device_put(parameter, everywhere)

    def total(self, entries: Array) -> Array:
        """Sum of all entries; for processors as a complex one, with which the loss takes a third of the time.

        XLA leaves large real sums there to a library of kernels (YNNPACK), into which nothing can be
        fused, and writes all terms to memory first. Few terms stay in the processor's cache, and nothing
        is lost. A trace does not tell its device; on another one than the default the sum is right too.
        """
        terms = math.prod(entries.shape)
        # Of a symbol, in jax.export, nobody knows.
        if isinstance(terms, int) and terms >= _MANY_TERMS and jax.default_backend() == "cpu":
            # Parts are added apart, so the real one is the same sum. Taking it between the two sums
            # keeps them two: into the first, along the short axis, everything before it is fused.
            entries = self.xp.real(self.xp.sum(entries + 0j, axis=-1))
        return self.xp.sum(entries)

    def at_once(self, function: Callable[..., Array], fixed: tuple[Any, ...], *arrays: Any) -> Array:
        """As one compiled function, there in a third of the time for new shapes, and quicker from then on."""
        return jax.jit(function, static_argnums=0)(fixed, *arrays)

    def loss(self, frames: Frames, parameters: Parameters) -> Array:
        """Run all stages as one function, compiled for shapes, dtypes and words but not for numbers."""
        return temporal_loss(*frames, *self._numbers(frames, parameters), *parameters[3:5])

    def loss_and_gradient(self, frames: Frames, parameters: Parameters) -> tuple[Array, Array]:
        """Run all stages, and the one that differentiates them, as one function."""
        numbers = self._numbers(frames, parameters)
        loss, gradient = temporal_loss_and_grad(*frames, *numbers, *parameters[3:5])
        return loss, gradient

    def packed(self, parameters: Parameters, confidences: str | None) -> Parameters:
        """As one number, or as bytes: arrays that are read from these take JAX less time than new ones.

        A number takes JAX 2 microseconds, and a complex one, the pair of both, no more; two arrays take 12.
        """
        numbers, threshold = parameters.epsilon, parameters.threshold
        if isinstance(numbers, float) and confidences is not None:
            numbers = complex(numbers, threshold)
        elif isinstance(numbers, tuple):
            wide = parameters.dtype is jax.numpy.float64 or confidences == "float64"
            dtype = _FLOAT64 if wide else _FLOAT32
            both = numbers if confidences is None else (*numbers, threshold)
            numbers = np.asarray(both, dtype=dtype).tobytes(), dtype
        elif not isinstance(numbers, float):
            numbers = None
        return parameters._replace(packed=numbers)

    def _numbers(self, frames: Frames, parameters: Parameters) -> tuple[Any, Any, bool]:
        """Epsilon and threshold, or both in the first of the two, and whether their values were checked."""
        numbers = parameters.packed
        if type(numbers) is tuple:
            return np.frombuffer(*numbers), None, True
        if numbers is not None:
            return numbers, None, True
        threshold = None if frames.confidences is None else parameters.threshold
        return self.epsilon_of(frames, parameters, guard=True), threshold, parameters.epsilon is None


@partial(jax.jit, static_argnums=(5, 6, 7))
def temporal_loss(*given: Any) -> Array:
    """Run all stages, given what `_evaluate` is; the name is what JAX calls it in logs and profiles."""
    frames, parameters, found = _evaluate(*given)
    if parameters.reduction == "none":
        return found.values
    loss_sum, count = _stages.sum_and_count(jax.numpy, frames, parameters, found, LIBRARY.total)
    return loss_sum / _stages.divisor(jax.numpy, parameters, count)


@partial(jax.jit, static_argnums=(5, 6, 7))
def temporal_loss_and_grad(*given: Any) -> tuple[Array, Array]:
    """Run all stages, and the one that differentiates them."""
    return _stages.loss_and_gradient(
        jax.numpy, *_evaluate(*given), LIBRARY.total, guard=True, to_frames=_spread
    )


# Each by position, not as one of the pytrees that they are elsewhere: for JAX that takes 2 microseconds less.
def _evaluate(  # noqa: PLR0913, PLR0917
    keypoints: Array,
    confidences: Array | None,
    segment_ids: Array | None,
    epsilon: Any,
    threshold: Any,
    checked: bool,  # noqa: FBT001
    reduction: str,
    omit_nan: bool,  # noqa: FBT001
) -> tuple[Frames, Parameters, Entries]:
    frames = Frames(keypoints, confidences, segment_ids)
    # Asked here, since JAX may have made 32 bits of 64 on the way in.
    dtype = jax.numpy.float64 if keypoints.dtype == jax.numpy.float64 else jax.numpy.float32
    if confidences is not None and threshold is None:
        pair = (epsilon[:-1], epsilon[-1]) if np.ndim(epsilon) else (epsilon.real, epsilon.imag)
        epsilon, threshold = map(jax.numpy.asarray, pair, (dtype, confidences.dtype))
    masks, segments = omit_nan or confidences is not None, segment_ids is not None
    divisor = _stages.known_divisor(_stages.frame_shape(keypoints), reduction, masks=masks, segments=segments)
    parameters = Parameters(dtype, None if checked else epsilon, threshold, reduction, omit_nan, divisor)
    # A number stays one where jax.disable_jit() is on.
    if epsilon is not None and not isinstance(epsilon, float) and epsilon.ndim:
        # JAX can be told to refuse to combine arrays of different ranks.
        epsilon = epsilon[(None,) * max(keypoints.ndim - 2, 1)]
    return frames, parameters, _stages.evaluate(jax.numpy, frames, parameters, epsilon, guard=True)


def _spread(xp: ModuleType, pull: Array) -> Array:
    """As the stage of this name, which joins arrays.

    Where the frames are on several devices, XLA gathers them all for that, and sends one for this.
    """
    lead, rest = [(0, 0)] * (pull.ndim - 3), [(0, 0)] * 2
    return xp.pad(pull, [*lead, (1, 0), *rest]) - xp.pad(pull, [*lead, (0, 1), *rest])


def _is_traced(array: Array) -> bool:
    return isinstance(array, Tracer)


LIBRARY = JaxLibrary(jax.numpy)
