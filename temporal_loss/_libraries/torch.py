"""torch: eager tensors in host memory are computed block by block, the rest by the stages as they are."""

from __future__ import annotations

import array as memory
from contextlib import nullcontext
from types import ModuleType
from typing import TYPE_CHECKING, Any

import array_api_compat.torch
import torch

from temporal_loss import _stages
from temporal_loss._libraries import base
from temporal_loss._stages import Frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from temporal_loss._stages import Array, Entries, Parameters

_PLAIN = (torch.Tensor, torch.nn.Parameter)
_NAMES = {getattr(torch, name): name for name in base.FLOATING}
_ZEROS = {dtype: torch.zeros((), dtype=dtype) for dtype in (torch.float32, torch.float64)}
_CODES = {torch.float32: "f", torch.float64: "d"}
_AS_IT_IS = nullcontext()

# What has no public name; tested in torch 2.8, 2.13 and 2.14. A tensor's `_version`, below, is the third.
_is_wrapped_by_func = torch._C._functorch.is_functorch_wrapped_tensor  # noqa: SLF001
_is_recorded = torch.utils._python_dispatch.is_in_torch_dispatch_mode  # noqa: SLF001


class TorchLibrary(base.Library):
    """Tensors."""

    name = "torch"

    def owns(self, value: object) -> bool:
        """Whether a value is a tensor."""
        return isinstance(value, torch.Tensor)

    def is_compiling(self) -> bool:
        """Whether torch.compile is at work."""
        return bool(torch.compiler.is_compiling())

    def dtype_name(self, dtype: Any) -> str:
        """By way of torch's dtypes alone: torch.compile would have to read what is kept of others."""
        return _NAMES.get(dtype) or str(dtype).rpartition(".")[2]

    def fault(self, array: Array) -> str | None:
        """Tensors that have no elementwise arithmetic."""
        if array.layout is not torch.strided:
            return f"a tensor of layout {array.layout}"
        return "a nested tensor" if array.is_nested else None

    def may_differentiate(self, *arrays: Array) -> bool:
        """Where a gradient is recorded, and wherever torch may trace or transform what is done here."""
        return _may_be_transformed(arrays) or _is_recorded_in(arrays)

    def constant(self, array: Array) -> Array:
        """Tensor of the same values that takes no gradient."""
        return array.detach()

    def is_in_host_memory(self, array: Array) -> bool:
        """Plain tensors on a processor."""
        return type(array) in _PLAIN and bool(array.is_cpu)

    def as_numbers(self, marks: Array, dtype: Any) -> Array:
        """By way of small integers: from truth values it takes five times as long."""
        return marks.to(torch.uint8).to(dtype)

    def device(self, array: Array) -> Any:
        """Its device."""
        return array.device

    def is_elsewhere(self, array: Array, other: Array) -> bool:
        """Whether two tensors are on different devices, which each of them knows."""
        return bool(array.device != other.device)

    def total(self, entries: Array) -> Array:
        """Sum of all entries, without asking along which axes."""
        return entries.sum()

    def working_on(self, array: Array) -> AbstractContextManager[object]:  # noqa: ARG002
        """Nothing is changed."""
        return _AS_IT_IS

    def run(self, stages: Callable[[Frames, Parameters], Any], frames: Frames, parameters: Parameters) -> Any:
        """Call, in the state that there is."""
        return stages(frames, parameters)

    def evaluate(self, frames: Frames, parameters: Parameters, epsilon: Any, *, guard: bool) -> Entries:
        """Run the stages up to reduction, in host memory with what is quicker there."""
        if guard or not self.is_in_host_memory(frames.keypoints):
            return super().evaluate(frames, parameters, epsilon, guard=guard)
        return _stages.evaluate(self.xp, frames, parameters, epsilon, guard=False, hide=_hide)

    def row(self, numbers: tuple[float, ...], array: Array, dtype: Any) -> Array:
        """Tensor of numbers beside another one, on every device that a distributed one is on."""
        if array.is_cpu:
            row = torch.tensor(numbers, dtype=dtype, device=array.device)
        else:
            row = self.filled_row(numbers, array, dtype)
        return self._on_its_mesh(row, array)

    def indices(self, rows: Array, dtype: Any) -> Array:
        """Index of each row, on every device that a distributed array is on."""
        return self._on_its_mesh(super().indices(rows, dtype), rows)

    def _on_its_mesh(self, row: Array, array: Array) -> Array:
        """Make a row distributed where an array is, whole on every device of the array's."""
        if not type(array).__module__.startswith("torch.distributed"):
            return row
        from torch.distributed.tensor import DTensor, Replicate  # noqa: PLC0415 - not in every build of torch

        mesh = array.device_mesh
        return DTensor.from_local(row, mesh, [Replicate()] * mesh.ndim, run_check=False)

    def epsilon_beside(self, epsilon: Any, array: Array, dtype: Any, *, guard: bool) -> Any:
        """Make a tensor of a number too: array-api-compat takes 2 microseconds more to compare the two."""
        if not guard:
            number = isinstance(epsilon, float)
            if not self.is_in_host_memory(array):
                epsilon = (epsilon,) if number else epsilon
            elif number:
                return torch.scalar_tensor(epsilon, dtype=dtype)
        return super().epsilon_beside(epsilon, array, dtype, guard=guard)

    def packed(self, parameters: Parameters, confidences: str | None) -> Parameters:  # noqa: ARG002
        """As bytes: a tensor of 17 numbers is read from these in a third of the time of torch.tensor."""
        if not isinstance(parameters.epsilon, tuple):
            return parameters
        row = memory.array(_CODES[parameters.dtype], parameters.epsilon)
        return parameters._replace(packed=row.tobytes())

    def epsilon_of(self, frames: Frames, parameters: Parameters, *, guard: bool) -> Any:
        """Epsilon of the parameters, beside the entries of the frames."""
        if guard or parameters.packed is None or not self.is_in_host_memory(frames.keypoints):
            return super().epsilon_of(frames, parameters, guard=guard)
        # A copy, since torch may write where it reads.
        return torch.frombuffer(bytearray(parameters.packed), dtype=parameters.dtype)

    def loss(self, frames: Frames, parameters: Parameters) -> Array:
        """Run all stages, and where a gradient is recorded the one that differentiates them, at once."""
        keypoints = frames.keypoints
        if (
            keypoints.requires_grad
            and parameters.reduction != "none"
            and self.is_in_host_memory(keypoints)
            and _is_recorded_in((keypoints,))
            and not _is_recorded_in((parameters.epsilon,))
            and not _may_be_transformed((keypoints, parameters.epsilon))
        ):
            # Widened out here, so that the gradient is rounded once, after what comes from above.
            keypoints = keypoints.to(parameters.dtype)
            return _WithGradient.apply(keypoints, frames, parameters)
        return super().loss(frames, parameters)


def _hide(xp: ModuleType, values: Array, masked: Array) -> Array:
    """As the stage `mask`, with a 0 that need not be made a tensor each time."""
    return xp.where(masked, _ZEROS[values.dtype], values)


class _WithGradient(torch.autograd.Function):  # type: ignore[misc] # untyped without torch
    """The loss, with its gradient computed beside it, block by block.

    With its backward pass this takes 0.8 of the time of recorded stages at 96 frames of 17 keypoints, and
    0.25 at 100,000 of 20.
    """

    @staticmethod
    def forward(context: Any, keypoints: Array, frames: Frames, parameters: Parameters) -> Array:
        """Compute both."""
        frames = frames._replace(keypoints=keypoints)
        loss, gradient = LIBRARY.loss_and_gradient(frames, parameters)
        context.save_for_backward(keypoints, gradient)
        context.rest = frames[1:], parameters
        context.versions = _versions(context.rest)
        return loss

    @staticmethod
    def backward(context: Any, *above: Array) -> tuple[Any, ...]:
        """Multiply by what comes from above."""
        keypoints, gradient = context.saved_tensors
        if torch.is_grad_enabled():
            # A second derivative may follow: then as operations that torch can differentiate.
            rest, parameters = context.rest
            if _versions(context.rest) != context.versions:
                msg = (
                    "confidences, segment_ids or epsilon of the temporal loss were changed in place before a "
                    "derivative that is to be differentiated again was taken of it"
                )
                raise RuntimeError(msg)
            _, gradient = LIBRARY.loss_and_gradient(Frames(keypoints, *rest), parameters)
        return above[0] * gradient, None, None


def _versions(rest: tuple[tuple[Array | None, ...], Parameters]) -> list[int]:
    """How often each tensor was changed in place, as torch counts for its own functions."""
    arrays, parameters = rest
    tensors = [each for each in (*arrays, parameters.epsilon) if isinstance(each, torch.Tensor)]
    return [tensor._version for tensor in tensors if not tensor.is_inference()]  # noqa: SLF001


def _is_recorded_in(arrays: Iterable[Any]) -> bool:
    """Whether operations on these are recorded for a backward pass."""
    for array in arrays:
        if isinstance(array, torch.Tensor) and array.requires_grad:
            return bool(torch.is_grad_enabled())
    return False


def _may_be_transformed(arrays: Iterable[Any]) -> bool:
    """Whether torch compiles or records what is done with these, or transforms it as torch.func does."""
    if torch.compiler.is_compiling() or _is_recorded() or torch.jit.is_tracing():
        return True
    for array in arrays:
        if isinstance(array, torch.Tensor) and (
            _is_wrapped_by_func(array) or torch.autograd.forward_ad.unpack_dual(array).tangent is not None
        ):
            return True
    return False


# array-api-compat first makes one dtype of two and tensors of numbers, which takes 3 microseconds; there are
# neither here.
_namespace = ModuleType(array_api_compat.torch.__name__)
vars(_namespace).update(vars(array_api_compat.torch), maximum=torch.maximum, where=torch.where)

LIBRARY = TorchLibrary(_namespace)
