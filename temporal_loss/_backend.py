"""The one door to array-api-compat: which library an array is of, and what that library can do.

Nothing else here knows a library by name, and what depends on one is a capability.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import array_api_compat

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

_MANY_TERMS = 1 << 22
_HALF = frozenset({"float16", "bfloat16"})
FLOATING = _HALF | {"float32", "float64"}


def _always(*_: Any) -> bool:
    return True


def _never(*_: Any) -> bool:
    return False


class Library(NamedTuple):
    """What is needed to know of an array library."""

    xp: ModuleType
    name: str
    may_differentiate: Callable[..., bool]
    """Whether a gradient may be taken through what is computed with these arrays."""
    is_at_hand: Callable[[Any], bool]
    """Whether an array is evaluated, in host memory, so that its values may decide what is quickest."""
    devices: Callable[[Any], Any]
    """Devices that hold an array, comparable with ==; None where a trace does not tell."""
    device_for_new: Callable[[Any], Any]
    """`device` argument with which a small new array can be combined with a given one."""
    alike: Callable[[Any], Any]
    """What else but kind, shape and dtype decides how an array is checked; None if that cannot be told."""
    is_keepable: Callable[[Any], bool]
    """Whether an array may outlive the call: it is data, and no part of a trace or a graph."""
    writes_real_terms: Callable[[Any], bool]
    """Whether a sum of real numbers first writes them all to memory, and one of complex does not."""
    is_captured: Callable[[Any], bool] = _never
    """Whether work on an array is recorded together with the places in memory that it reads (CUDA graphs)."""
    in_chunks: bool = False
    """Whether arrays are graphs of chunks, each an array of another library."""
    compile: Any = None
    """What makes a compiled function of one that calls the library, None where that takes more."""


_libraries: dict[type, Library | None] = {}
_dtype_names: dict[tuple[type, Any], str] = {}


def library_of(value: Any) -> Library | None:
    """Look up the library of an array; None for what is no array."""
    kind = type(value)
    if kind in _libraries:
        return _libraries[kind]
    if is_compiling():
        # Inside torch.compile every tensor is one of torch, and its tracer warns at caches.
        torch = sys.modules["torch"]
        return _torch() if isinstance(value, torch.Tensor) else None
    library = _find_library(value)
    _libraries[kind] = library
    return library


def is_compiling() -> bool:
    """Whether torch.compile is reading this code rather than Python running it."""
    torch = sys.modules.get("torch")
    return torch is not None and torch.compiler.is_compiling()


def dtype_name(array: Any) -> str:
    """Name of an array's dtype without its library, such as "float32"."""
    dtype = array.dtype
    key = (type(array), dtype)
    name = _dtype_names.get(key)
    if name is None:
        name = getattr(dtype, "name", None) or str(dtype).rpartition(".")[2]
        if not is_compiling():
            _dtype_names[key] = name
    return name


def is_half(array: Any) -> bool:
    """Whether an array's dtype is widened before computing."""
    return dtype_name(array) in _HALF


def result_dtype(library: Library, array: Any) -> Any:
    """Dtype of what is computed from an array."""
    return library.xp.float64 if dtype_name(array) == "float64" else library.xp.float32


def has_unknown_length(array: Any) -> bool:
    """Whether an axis has a length that only computing would tell (Dask)."""
    return any(length is None or length != length for length in array.shape)  # noqa: PLR0124 - NaN


def move(array: Any, device: Any) -> Any:
    """Copy of an array on another device, differentiable where the library can."""
    return array_api_compat.to_device(array, device)


def _find_library(value: Any) -> Library | None:
    if not array_api_compat.is_array_api_obj(value) or _breaks_elementwise_rules(value):
        return None
    xp = array_api_compat.array_namespace(value)
    if array_api_compat.is_torch_array(value):
        return _torch()
    if array_api_compat.is_jax_array(value):
        return Library(
            xp,
            "JAX",
            may_differentiate=_always,
            is_at_hand=_never,
            devices=_jax_devices,
            device_for_new=_jax_device_for_new,
            alike=_jax_placement,
            is_keepable=_is_untraced_by_jax,
            writes_real_terms=_is_compiled_by_xla_for_cpu,
            compile=sys.modules["jax"].jit,
        )
    for name, is_its_namespace, device, keeps, at_hand in (
        ("NumPy", array_api_compat.is_numpy_namespace, _host, True, True),
        ("CuPy", array_api_compat.is_cupy_namespace, _device, True, False),
        ("Dask", array_api_compat.is_dask_namespace, array_api_compat.device, False, False),
        ("array-api-strict", array_api_compat.is_array_api_strict_namespace, _device, True, False),
    ):
        if is_its_namespace(xp):
            return Library(
                xp,
                name,
                may_differentiate=_never,
                is_at_hand=_always if at_hand else _never,
                devices=device,
                device_for_new=device,
                alike=device if keeps else _unknown,
                is_keepable=_always if keeps else _never,
                writes_real_terms=_never,
                in_chunks=name == "Dask",
            )
    # Of a library never heard of, the cautious answers.
    return Library(
        xp,
        xp.__name__,
        may_differentiate=_always,
        is_at_hand=_never,
        devices=_device,
        device_for_new=_device,
        alike=_unknown,
        is_keepable=_never,
        writes_real_terms=_never,
    )


def _unknown(_: Any) -> None:
    return None


def _breaks_elementwise_rules(value: Any) -> bool:
    # np.ma loses its mask in `where`, and `*` of np.matrix is no elementwise product.
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ma.MaskedArray | numpy.matrix)


def _device(array: Any) -> Any:
    return array.device


def _host(_: Any) -> str:
    return "cpu"


def _torch() -> Library:
    import array_api_compat.torch  # noqa: PLC0415 - torch is only ever imported by its user

    return Library(
        array_api_compat.torch,
        "torch",
        may_differentiate=_may_torch_differentiate,
        is_at_hand=_is_eager_on_cpu,
        devices=_device,
        device_for_new=_device,
        alike=_torch_placement,
        is_keepable=_is_plain_tensor,
        is_captured=_is_captured_by_torch,
        writes_real_terms=_never,
    )


def _may_torch_differentiate(*arrays: Any) -> bool:
    # Asked at every call: few questions, and those last that torch takes long to answer.
    torch = sys.modules["torch"]
    if torch.compiler.is_compiling() or torch.autograd.forward_ad._current_level >= 0:  # noqa: SLF001
        return True
    tensors = [array for array in arrays if isinstance(array, torch.Tensor)]
    for tensor in tensors:
        if tensor.requires_grad and torch.is_grad_enabled():
            return True
    # What is being recorded may be differentiated when it is played back.
    return _is_recorded_by_torch() or any(map(_is_wrapped_by_torch, tensors))


def _is_eager_on_cpu(array: Any) -> bool:
    torch = sys.modules["torch"]
    return (
        type(array) in {torch.Tensor, torch.nn.Parameter}
        and array.device.type == "cpu"
        and not torch.compiler.is_compiling()
        and not _is_recorded_by_torch()
        and not _is_wrapped_by_torch(array)
    )


def _is_recorded_by_torch() -> bool:
    # make_fx and FakeTensorMode, for two, and torch.jit.trace.
    torch = sys.modules["torch"]
    return bool(torch.utils._python_dispatch.is_in_torch_dispatch_mode() or torch._C._is_tracing())  # noqa: SLF001


def _is_wrapped_by_torch(tensor: Any) -> bool:
    # torch.func: vmap, grad and the like. There is no public name.
    return bool(sys.modules["torch"]._C._functorch.is_functorch_wrapped_tensor(tensor))  # noqa: SLF001


def _is_plain_tensor(array: Any) -> bool:
    torch = sys.modules["torch"]
    return (
        type(array) is torch.Tensor
        and array.device.type != "meta"
        and not array.is_inference()
        and not _is_wrapped_by_torch(array)
        and not _is_captured_by_torch(array)
    )


def _is_captured_by_torch(array: Any) -> bool:
    return bool(array.is_cuda and sys.modules["torch"].cuda.is_current_stream_capturing())


def _torch_placement(array: Any) -> Any:
    # What is remembered may be forgotten, and a captured graph would still read it.
    return None if _is_captured_by_torch(array) else array.device


def _is_untraced_by_jax(array: Any) -> bool:
    return not isinstance(array, sys.modules["jax"].core.Tracer)


def _is_compiled_by_xla_for_cpu(array: Any) -> bool:
    # It leaves real sums to a library of kernels (YNNPACK), into which nothing can be fused. Few terms
    # stay in the processor's cache, and nothing is lost. A trace does not tell its device; on another
    # one than the default the sum is right all the same.
    many = math.prod(array.shape) >= _MANY_TERMS
    return many and not _is_untraced_by_jax(array) and sys.modules["jax"].default_backend() == "cpu"


def _jax_devices(array: Any) -> Any:
    # A sharding says how an array lies on its devices; here only counts which ones.
    return array.devices() if _is_untraced_by_jax(array) else None


def _jax_placement(array: Any) -> Any:
    return (array.sharding, array.committed) if _is_untraced_by_jax(array) else None


def _jax_device_for_new(array: Any) -> Any:
    # None leaves it to JAX, as inside a trace. What is made on a device stays there, and with it all that
    # is computed from it; beside an array that may still be moved, what is made must be free to move too.
    if not _is_untraced_by_jax(array) or not array.committed:
        return None
    if len(array.devices()) == 1:
        return array.device
    sharding = sys.modules["jax"].sharding
    if not isinstance(array.sharding, sharding.NamedSharding):
        return None
    # Beside an array spread over several devices, a copy on each.
    return sharding.NamedSharding(array.sharding.mesh, sharding.PartitionSpec())
