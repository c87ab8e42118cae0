"""JAX on each of its devices, op by op, under jit, under vmap inside of jit, and over several at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.subjects.backends.numpy_backend import numpy_array, numpy_bytes
from conformance.subjects.backends.protocol import Backend

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from conformance.model import Array
    from conformance.subjects.backends.protocol import Function, Inputs

_INT32 = 2**31


class JaxBackend(Backend):
    """JAX arrays. Several CPU devices exist where XLA_FLAGS was set before JAX's first use.

    "sharded" is "jit" on arrays that lie spread over all devices of a kind.
    """

    name = "jax"
    module = "jax"
    distribution = "jax"
    modes = ("eager", "jit", "vmap", "sharded")
    compiled_modes = ("jit",)
    autodiff = True
    states = ("kept", "threads")
    costly = True
    large = True

    def _devices(self) -> dict[str, Any]:
        jax = self.xp()
        found = [*jax.devices("cpu")]
        if jax.default_backend() != "cpu":
            found = [*jax.devices(), *found]
        return {_label(d): d for d in found}

    def devices(self) -> list[str]:
        """Accelerators first, then every CPU device."""
        return list(self._devices())

    def lacks(self, device: str, mode: str) -> str | None:
        """Spreading takes a second device."""
        place = self._devices()[device]
        alone = mode == "sharded" and len(_peers(self.xp(), place)) < 2
        return f"{device} is the only device of its kind, and nothing to spread over" if alone else None

    def context(self, inputs: Iterable[Array]) -> AbstractContextManager[object]:
        """64-bit types only for requests that have them: users of float32 run without."""
        wide = any(
            a.dtype == "float64" or (a.dtype == "int64" and any(not -_INT32 <= v < _INT32 for v in a.values))
            for a in inputs
        )
        manager: AbstractContextManager[object] = self.xp().enable_x64(wide)
        return manager

    def from_bytes(self, data: bytes, dtype: str, shape: tuple[int, ...], device: str, mode: str) -> Any:
        """Make an array on a device."""
        del mode
        host = numpy_array(data, dtype, shape)
        if dtype == "int64" and not self.xp().config.jax_enable_x64:
            host = host.astype("int32")
        return self.xp().device_put(host, self._devices()[device])

    def to_bytes(self, native: Any) -> bytes:
        """Bytes of the elements, fetched to the host."""
        return numpy_bytes(native)

    def is_native(self, value: object) -> bool:
        """JAX arrays."""
        return isinstance(value, self.xp().Array)

    def device_name(self, native: Any) -> str:
        """Name as in `devices`; several where an array is spread."""
        return ", ".join(sorted(_label(d) for d in native.devices()))

    def compiled(self, function: Function, mode: str) -> Function:
        """Jit the function, or map it over a batch of two."""
        return self._in_mode(function, mode)

    def value_and_gradient(self, function: Function, mode: str) -> Function:
        """Differentiate first and compile or map the result, as users do."""
        jax = self.xp()

        def both(inputs: Inputs) -> dict[str, Any]:
            if not jax.numpy.issubdtype(inputs["keypoints"].dtype, jax.numpy.floating):
                # Such a dtype takes no gradient, and it is for the loss to say so.
                return function(inputs)
            others = {name: value for name, value in inputs.items() if name != "keypoints"}
            loss, gradient = jax.value_and_grad(lambda k: function({"keypoints": k, **others})["loss"])(
                inputs["keypoints"]
            )
            return {"loss": loss, "gradient": gradient}

        return self._in_mode(both, mode)

    def _in_mode(self, function: Function, mode: str) -> Function:
        jax = self.xp()
        if mode == "jit":
            jitted: Function = jax.jit(function)
            return jitted
        if mode == "vmap":
            mapped: Function = jax.jit(lambda inputs: _second_of_two(jax, function, inputs))
            return mapped
        if mode == "sharded":
            spread = jax.jit(function)
            return lambda inputs: _gathered(jax, spread(_spread(jax, inputs)), inputs)
        return function

    def ready(self, native: Any) -> None:
        """Wait for the computation."""
        native.block_until_ready()

    def broke(self, error: Exception) -> bool:
        """JAX raises TypeErrors for code that cannot be traced; they are no refusals of the input."""
        errors = self.xp().errors
        return isinstance(
            error,
            (
                errors.ConcretizationTypeError,
                errors.UnexpectedTracerError,
                errors.TracerArrayConversionError,
                errors.TracerIntegerConversionError,
            ),
        )


def _second_of_two(jax: Any, function: Function, inputs: Inputs) -> dict[str, Any]:
    # The companion stands still at zero: a result that mixes the two sequences is off by half.
    jnp = jax.numpy
    batched = {
        name: jnp.stack([jnp.zeros_like(value) if name == "keypoints" else value, value])
        for name, value in inputs.items()
    }
    return {name: value[1] for name, value in jax.vmap(function)(batched).items()}


def _spread(jax: Any, inputs: Inputs) -> dict[str, Any]:
    """Cut each input along its frames, else along the first axis that divides; a copy each if none does."""
    (device,) = inputs["keypoints"].devices()
    peers = _peers(jax, device)
    mesh = jax.sharding.Mesh(peers, ("devices",))
    placed = {}
    for name, value in inputs.items():
        cuts: list[str | None] = [None] * value.ndim
        for axis in _axes(name, value.ndim):
            if value.shape[axis] and value.shape[axis] % len(peers) == 0:
                cuts[axis] = "devices"
                break
        place = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(*cuts))
        placed[name] = jax.device_put(value, place)
    return placed


def _axes(name: str, ndim: int) -> list[int]:
    """Axes of an input, that of its frames first; of a wrong shape it may be any."""
    if name == "epsilon":
        # It has no frames; every device gets all of it.
        return []
    from_end = {"keypoints": 3 if ndim > 2 else 2, "confidences": 2, "segment_ids": 1}[name]
    return [max(ndim - from_end, 0), *range(ndim)] if ndim else []


def _peers(jax: Any, device: Any) -> list[Any]:
    """All devices of its kind, itself first."""
    others = [each for each in jax.local_devices(backend=device.platform) if each != device]
    return [device, *others]


def _gathered(jax: Any, outputs: dict[str, Any], inputs: Inputs) -> dict[str, Any]:
    """Bring outputs in one piece to where the inputs came from, if they lay on all devices."""
    (device,) = inputs["keypoints"].devices()
    everywhere = set(_peers(jax, device))
    for name, value in outputs.items():
        if value.devices() != everywhere:
            message = f"{name} left the devices that the inputs are spread over"
            raise RuntimeError(message)
    return {name: jax.device_put(value, device) for name, value in outputs.items()}


def _label(device: Any) -> str:
    platform = "cuda" if device.platform == "gpu" else device.platform
    return f"{platform}:{device.id}"


BACKEND = JaxBackend()
