"""torch on the CPU and every CUDA device, eager, compiled and under vmap. It needs no NumPy."""

from __future__ import annotations

import ctypes
import math
import sys
import warnings
from typing import TYPE_CHECKING, Any

from conformance.subjects.backends.protocol import Backend, UnsupportedByBackendError

if TYPE_CHECKING:
    from conformance.subjects.backends.protocol import Function, Inputs


class TorchBackend(Backend):
    """torch tensors."""

    name = "torch"
    module = "torch"
    distribution = "torch"
    modes = ("eager", "aot_eager", "inductor", "vmap")
    compiled_modes = ("aot_eager", "inductor")
    autodiff = True
    layouts = ("strided", "column-major")
    states = ("refilled", "kept", "threads")
    large = True

    def xp(self) -> Any:
        """Return torch; that it misses NumPy on import is no news where NumPy is not to be had."""
        if self.module in sys.modules:
            return sys.modules[self.module]
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Failed to initialize NumPy")
            return super().xp()

    def available(self) -> str | None:
        """Bytes are handed over as they lie in memory."""
        big = "the torch subject needs a little-endian machine" if sys.byteorder == "big" else None
        return super().available() or big

    def devices(self) -> list[str]:
        """CUDA devices after the CPU."""
        return ["cpu", *(f"cuda:{i}" for i in range(self.xp().cuda.device_count()))]

    def from_bytes(self, data: bytes, dtype: str, shape: tuple[int, ...], device: str, mode: str) -> Any:
        """Make a tensor on a device."""
        del mode
        torch = self.xp()
        kind = getattr(torch, dtype)
        if not data:
            return torch.empty(shape, dtype=kind, device=device)
        return torch.frombuffer(bytearray(data), dtype=kind).reshape(shape).to(device)

    def laid_out(self, native: Any, layout: str) -> Any:
        """Torch has no negative strides, and nothing that is read-only."""
        torch = self.xp()
        if layout == "column-major":
            axes = tuple(reversed(range(native.ndim)))
            return native.permute(axes).contiguous().permute(axes)
        # What is between the elements must not get into any result.
        between = math.nan if native.is_floating_point() or native.is_complex() else 77
        shape = [2 * n for n in native.shape]
        memory = torch.full(shape, between, dtype=native.dtype, device=native.device)
        view = memory[(*(slice(None, None, 2) for _ in native.shape), ...)]
        view.copy_(native)
        return view

    def refill(self, native: Any, other: Any) -> bool:
        """Tensors can be changed, outside of what autograd sees."""
        with self.xp().no_grad():
            native.copy_(other)
        return True

    def to_bytes(self, native: Any) -> bytes:
        """Bytes of the elements, fetched to the host without NumPy."""
        host = native.detach().cpu().contiguous().resolve_conj().resolve_neg()
        return ctypes.string_at(host.data_ptr(), host.numel() * host.element_size()) if host.numel() else b""

    def is_native(self, value: object) -> bool:
        """Tensors."""
        return isinstance(value, self.xp().Tensor)

    def dtype_name(self, native: Any) -> str:
        """Drop the prefix of torch's dtypes."""
        return str(native.dtype).removeprefix("torch.")

    def device_name(self, native: Any) -> str:
        """Name of the device."""
        return str(native.device)

    def compiled(self, function: Function, mode: str) -> Function:
        """Compile to one graph, or map over a batch of two."""
        if mode == "vmap":
            return lambda inputs: _second_of_two(self.xp(), function, inputs)
        if mode == "eager":
            return function
        return self._one_graph(function, mode)

    def value_and_gradient(self, function: Function, mode: str) -> Function:
        """Compile the loss and call backward on it, as training does; under vmap, torch.func.grad."""
        torch = self.xp()
        if mode == "vmap":
            return lambda inputs: _second_of_two(torch, _functional(torch, function), inputs)
        run = function if mode == "eager" else self._one_graph(function, mode)

        def both(inputs: Inputs) -> dict[str, Any]:
            leaf = inputs["keypoints"]
            if leaf.is_floating_point():
                leaf.requires_grad_()
            # Other dtypes take no gradient, and it is for the loss to say so.
            loss = run(inputs)["loss"]
            loss.backward()
            gradient, leaf.grad = leaf.grad, None
            return {"loss": loss.detach(), "gradient": gradient}

        return both

    def _one_graph(self, function: Function, mode: str) -> Function:
        torch = self.xp()
        whole = torch.compile(function, fullgraph=True, dynamic=False, backend=mode)
        parts = torch.compile(function, dynamic=False, backend=mode)
        broken: list[str] = []

        def run(inputs: Inputs) -> dict[str, Any]:
            if not broken:
                try:
                    result: dict[str, Any] = whole(inputs)
                except torch._dynamo.exc.Unsupported as error:  # noqa: SLF001
                    broken.append(str(error).strip().partition("\n")[0])
                except torch._dynamo.exc.BackendCompilerFailed as error:  # noqa: SLF001
                    if "InvalidCxxCompiler" not in str(error):
                        raise
                    message = "inductor takes a C++ compiler, and there is none here"
                    raise UnsupportedByBackendError(message) from error
                else:
                    return result
            # An exception of the traced code ends up here too. Users, who do not ask for one graph,
            # see the code's own exception; anything else is a graph that broke.
            parts(inputs)
            message = f"does not compile to one graph: {broken[0]}"
            raise RuntimeError(message)

        return run

    def ready(self, native: Any) -> None:
        """Wait for the tensor's device."""
        if native.device.type == "cuda":
            self.xp().cuda.synchronize(native.device)

    def reset(self) -> None:
        """Drop compiled graphs: torch gives up on a function after a few shapes."""
        self.xp()._dynamo.reset()  # noqa: SLF001


def _functional(torch: Any, function: Function) -> Function:
    def both(inputs: Inputs) -> dict[str, Any]:
        if not inputs["keypoints"].is_floating_point():
            return function(inputs)
        others = {name: value for name, value in inputs.items() if name != "keypoints"}
        gradient, loss = torch.func.grad_and_value(lambda k: function({"keypoints": k, **others})["loss"])(
            inputs["keypoints"]
        )
        return {"loss": loss, "gradient": gradient}

    return both


def _second_of_two(torch: Any, function: Function, inputs: Inputs) -> dict[str, Any]:
    # The companion stands still at zero: a result that mixes the two sequences is off by half.
    batched = {
        name: torch.stack([torch.zeros_like(value) if name == "keypoints" else value, value])
        for name, value in inputs.items()
    }
    return {name: value[1] for name, value in torch.func.vmap(function)(batched).items()}


BACKEND = TorchBackend()
