"""What people would otherwise use, and the physical limit: each only measures motion, none masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.backends import Absent, module

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[], object]


def reading(keypoints: Any, confidences: Any) -> Call:
    """Read every input once, as fast as NumPy can."""
    return lambda: keypoints.sum() + confidences.sum()


def movement_style(keypoints: Any) -> Call:
    """Work as movement does: layout (time, space, keypoints), displacement 0 in the last frame, norm."""
    frames, width = keypoints.shape
    positions = np.ascontiguousarray(keypoints.reshape(frames, width // 2, 2).transpose(0, 2, 1))

    def call() -> object:
        displacement = np.zeros_like(positions)
        displacement[:-1] = np.diff(positions, axis=0)
        return np.linalg.norm(np.moveaxis(displacement, 1, -1), axis=-1).mean()

    return call


def numpy_norm(keypoints: Any) -> Call:
    """`numpy.linalg.norm` of `numpy.diff`."""
    pairs = keypoints.reshape(len(keypoints), -1, 2)
    return lambda: np.linalg.norm(np.diff(pairs, axis=0), axis=-1).mean()


def torch_norm(keypoints: Any) -> Call | Absent:
    """`torch.linalg.vector_norm` of `torch.diff`."""
    torch = module("torch")
    if isinstance(torch, Absent):
        return torch
    tensor = torch.from_numpy(keypoints)
    return lambda: torch_formula(torch, tensor)


def torch_formula(torch: Any, keypoints: Any) -> Any:
    """Mean length of all steps, as people write it who have no mask, no epsilon and no NaN."""
    pairs = keypoints.reshape(len(keypoints), -1, 2)
    return torch.linalg.vector_norm(torch.diff(pairs, dim=0), dim=-1).mean()


def optax_norm(keypoints: Any) -> Call | Absent:
    """`optax.safe_norm` of `jax.numpy.diff`, compiled."""
    jax, optax = module("jax"), module("optax")
    if isinstance(jax, Absent):
        return jax
    if isinstance(optax, Absent):
        return optax
    pairs = jax.numpy.from_dlpack(keypoints).reshape(len(keypoints), -1, 2)
    norm = jax.jit(lambda x: optax.safe_norm(jax.numpy.diff(x, axis=0), 0.0, axis=-1).mean())
    return lambda: norm(pairs).block_until_ready()


PEERS: tuple[tuple[str, str, Callable[[Any], Call | Absent]], ...] = (
    ("NumPy", "movement-style displacement norm", movement_style),
    ("NumPy", "numpy.linalg.norm(numpy.diff)", numpy_norm),
    ("torch eager", "torch.linalg.vector_norm(torch.diff)", torch_norm),
    ("jax.jit", "optax.safe_norm(jax.numpy.diff)", optax_norm),
)
"""The library's backend to compare with, the peer's name, and how to call it."""
