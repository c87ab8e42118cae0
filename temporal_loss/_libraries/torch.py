"""torch: what is eager and in host memory goes block by block, and all else is left to torch."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import array_api_compat.torch
import torch

from temporal_loss._libraries import base

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from temporal_loss._stages import Array

_PLAIN = frozenset({torch.Tensor, torch.nn.Parameter})
_AS_IT_IS = nullcontext()

# What has no public name, tested with torch 2.6 to 2.15.
_is_wrapped_by_func = torch._C._functorch.is_functorch_wrapped_tensor  # noqa: SLF001
_is_recorded = torch.utils._python_dispatch.is_in_torch_dispatch_mode  # noqa: SLF001


class TorchLibrary(base.Library):
    """Tensors."""

    name = "torch"

    def fault(self, array: Array) -> str | None:
        """Tensors that have no elementwise arithmetic."""
        if array.layout is not torch.strided:
            return f"a tensor of layout {array.layout}"
        return "a nested tensor" if array.is_nested else None

    def may_differentiate(self, *arrays: Array) -> bool:
        """Where a gradient is recorded, and wherever torch may play back what is done here."""
        if torch.compiler.is_compiling() or _is_recorded() or torch.jit.is_tracing():
            return True
        recorded = torch.is_grad_enabled()
        for array in arrays:
            if isinstance(array, torch.Tensor) and (
                (recorded and array.requires_grad)
                or _is_wrapped_by_func(array)
                or torch.autograd.forward_ad.unpack_dual(array).tangent is not None
            ):
                return True
        return False

    def is_at_hand(self, array: Array) -> bool:
        """Plain tensors on a processor."""
        return type(array) in _PLAIN and array.device.type == "cpu"

    def device(self, array: Array) -> Any:
        """Its device."""
        return array.device

    def working_on(self, array: Array) -> AbstractContextManager[object]:  # noqa: ARG002
        """Nothing is changed."""
        return _AS_IT_IS

    def row(self, numbers: tuple[float, ...], array: Array, dtype: Any) -> Array:
        """Tensor of numbers beside another one, on every device that a distributed one is on."""
        row = self.xp.asarray(numbers, dtype=dtype, device=array.device)
        tensor = sys.modules.get("torch.distributed.tensor")
        if tensor is None or not isinstance(array, tensor.DTensor):
            return row
        mesh = array.device_mesh
        return tensor.DTensor.from_local(row, mesh, [tensor.Replicate()] * mesh.ndim, run_check=False)

    def epsilon_beside(self, epsilon: Any, array: Array, dtype: Any) -> Any:
        """Make a tensor of a number too: array-api-compat takes long to compare the two."""
        if isinstance(epsilon, float) and not torch.compiler.is_compiling():
            epsilon = (epsilon,)
        return super().epsilon_beside(epsilon, array, dtype)


LIBRARY = TorchLibrary(array_api_compat.torch)
