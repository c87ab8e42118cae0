"""What the library is compared with, each ready to be called on the library's own backends."""

from __future__ import annotations

from functools import cache, partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.backends import prepare
from benchmarks.inputs import THRESHOLD, epsilons
from temporal_loss import temporal_loss

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.backends import Call, Make


def reading(keypoints: Any, confidences: Any) -> Call:
    """Read every input once, as fast as NumPy can: the physical limit."""
    return lambda: keypoints.sum() + confidences.sum()


# What people would otherwise use. Each only measures motion, none masks.


def on_keypoints(name: str, formula: Callable[..., Any], *modules: str) -> Make:
    """Make calls of a formula that takes these modules and then the keypoints."""
    return lambda keypoints, _: prepare(name, partial(formula, *map(import_module, modules)), (keypoints,))


def _pairs(keypoints: Any) -> Any:
    return keypoints.reshape(len(keypoints), -1, 2)


def _movement_style(keypoints: Any, _: Any) -> Call:
    # Layout (time, space, keypoints), displacement 0 in the last frame, norm, as movement does.
    positions = np.ascontiguousarray(_pairs(keypoints).transpose(0, 2, 1))

    def call() -> object:
        displacement = np.zeros_like(positions)
        displacement[:-1] = np.diff(positions, axis=0)
        return np.linalg.norm(np.moveaxis(displacement, 1, -1), axis=-1).mean()

    return call


def numpy_norm(keypoints: Any) -> Any:
    """`numpy.linalg.norm` of `numpy.diff`."""
    return np.linalg.norm(np.diff(_pairs(keypoints), axis=0), axis=-1).mean()


def torch_norm(torch: Any, keypoints: Any) -> Any:
    """Mean length of all steps, as people write it who have no mask, no epsilon and no NaN."""
    return torch.linalg.vector_norm(torch.diff(_pairs(keypoints), dim=0), dim=-1).mean()


def optax_norm(jax: Any, optax: Any, keypoints: Any) -> Any:
    """`optax.safe_norm` of `jax.numpy.diff`."""
    return optax.safe_norm(jax.numpy.diff(_pairs(keypoints), axis=0), 0.0, axis=-1).mean()


PEERS: tuple[tuple[str, str, Make], ...] = (
    ("NumPy", "movement-style displacement norm", _movement_style),
    ("NumPy", "numpy.linalg.norm(numpy.diff)", on_keypoints("NumPy", numpy_norm)),
    ("torch eager", "torch.linalg.vector_norm(torch.diff)", on_keypoints("torch eager", torch_norm, "torch")),
    ("jax.jit", "optax.safe_norm(jax.numpy.diff)", on_keypoints("jax.jit", optax_norm, "jax", "optax")),
)
"""The library's backend to compare with, the peer's name, and what makes its call."""


# The origin's class, called as its training loop calls it: what it logs comes beside the loss.


@cache
def _origin() -> Any:
    return import_module("tests.origin.loader").load_origin().TemporalLoss


def origin_name() -> str:
    """Name the origin, with its version where it is installed."""
    try:
        return f"lightning-pose {version('lightning-pose')}"
    except PackageNotFoundError:
        return "lightning-pose"


def in_class(name: str, kind: type | None = None, *, confident: bool) -> Make:
    """Make calls of an instance of this class, or of the origin's."""

    def make(keypoints: Any, confidences: Any) -> Call:
        loss = (kind or _origin())(epsilon=epsilons(keypoints.shape[1] // 2), prob_threshold=THRESHOLD)
        if confident:
            return prepare(name, lambda *given: loss(*given, stage="train")[0], (keypoints, confidences))
        return prepare(name, lambda only: loss(only, None, stage="train")[0], (keypoints,))

    return make


# The library's loss, differentiated by torch and by JAX.


def by_backward(keypoints: Any, confidences: Any, **keywords: Any) -> tuple[Any, Any]:
    """Loss of tensors and its gradient, as torch finds it."""
    leaf = keypoints.detach().requires_grad_()
    loss = temporal_loss(leaf, confidences, **keywords)
    loss.backward()
    return loss, leaf.grad


def by_jax(keypoints: Any, confidences: Any, **keywords: Any) -> Any:
    """Loss and its gradient, as JAX finds it."""
    differentiated = import_module("jax").value_and_grad(partial(temporal_loss, **keywords))
    return differentiated(keypoints, confidences)


# The bare arithmetic by hand: no checks, parameters ready made, and every clause that the library keeps (mask
# before the root where a gradient may be taken, NaN handed on), else two different things would be compared.


def by_hand(name: str) -> Make:
    """Make calls of the bare arithmetic on one of the library's backends."""
    arithmetic = _plain if name in {"NumPy", "torch eager"} else _differentiable
    module = {"NumPy": "numpy", "JAX eager": "jax.numpy", "jax.jit": "jax.numpy"}.get(name, "torch")

    def make(keypoints: Any, confidences: Any) -> Call:
        epsilon = np.asarray(epsilons(keypoints.shape[1] // 2), np.float32)
        return prepare(name, partial(arithmetic, import_module(module)), (keypoints, confidences, epsilon))

    return make


def _plain(xp: Any, keypoints: Any, confidences: Any, epsilon: Any) -> Any:
    step = keypoints[1:] - keypoints[:-1]
    across, down = step[:, 0::2], step[:, 1::2]
    length = xp.sqrt(across * across + down * down)
    unsure = confidences < THRESHOLD
    length = xp.where(unsure[1:] | unsure[:-1], 0.0, length)
    excess = length - epsilon
    return excess.clip(0.0).sum() / (length.shape[0] * length.shape[1])


def _differentiable(xp: Any, keypoints: Any, confidences: Any, epsilon: Any) -> Any:
    step = keypoints[1:] - keypoints[:-1]
    unsure = confidences < THRESHOLD
    masked = unsure[1:] | unsure[:-1]
    across, down = xp.where(masked, 0.0, step[:, 0::2]), xp.where(masked, 0.0, step[:, 1::2])
    squared = across * across + down * down
    moving = squared > 0
    length = xp.where(moving, xp.sqrt(xp.where(moving, squared, 1.0)), squared)
    excess = length - epsilon
    return xp.where(excess <= 0, 0.0, excess).sum() / (length.shape[0] * length.shape[1])
