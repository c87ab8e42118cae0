"""Rows of the library's tricks: the same call with one and with what stands in the code without it.

A trick whose row misses its target is no longer needed, and is to be removed.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.backends import library, prepare
from benchmarks.formulas import by_backward
from benchmarks.inputs import THRESHOLD, epsilons
from benchmarks.interleave import Comparison, versus
from temporal_loss import _loss, _stages, temporal_loss, temporal_loss_and_grad
from temporal_loss._libraries import base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.backends import Call, Make

TARGET = 0.97
"""A trick has to gain three hundredths: equal calls that take turns for seconds differ by less than one."""
WITHOUT = "the same call without"
_SMALL, _LARGE, _LARGEST = (96, 17), (100_000, 20), (1_000_000, 20)


class Switch(NamedTuple):
    """An attribute of what has this name in `temporal_loss`, and what it is to be."""

    owner: str
    name: str
    value: Any


class Trick(NamedTuple):
    """A trick of the library, what stands in its place without it, and a call that it is for."""

    backend: str
    what: str
    size: tuple[int, int]
    off: tuple[Switch, ...]
    make: Make


def comparison(trick: Trick) -> Comparison:
    """Compare the call with its trick and without."""
    what = f"{trick.backend}: {trick.what}"
    # Switched either way, so that both pay for it.
    ours, simple = (partial(_made, trick, on) for on in (True, False))
    return versus(
        "tricks: the same call with one over without it", what, trick.size, ours, {WITHOUT: (simple, TARGET)}
    )


def settings(trick: Trick) -> list[tuple[Any, str, Any]]:
    """Owner, name and value of what a trick switches, as it is now."""
    owners = [resolve_name(f"temporal_loss.{switch.owner}") for switch in trick.off]
    return [
        (owner, name, getattr(owner, name)) for owner, (_, name, _) in zip(owners, trick.off, strict=True)
    ]


def _made(trick: Trick, on: bool, keypoints: Any, confidences: Any) -> Call:  # noqa: FBT001
    values = settings(trick)
    if not on:
        values = [(owner, name, each.value) for (owner, name, _), each in zip(values, trick.off, strict=True)]
    with _switched(values):
        call = trick.make(keypoints, confidences)
    return partial(_called, values, call)


def _called(values: list[tuple[Any, str, Any]], call: Call) -> object:
    with _switched(values):
        return call()


@contextmanager
def _switched(values: list[tuple[Any, str, Any]]) -> Iterator[None]:
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in values]
    for each in values:
        setattr(*each)
    try:
        yield
    finally:
        for each in before:
            setattr(*each)


def _pulled_by_where(of: base.Library, found: _stages.Entries, divisor: Any) -> Any:
    return _stages.pulls(of.xp, found, divisor, guard=False)


def _of_compat(name: str) -> Any:
    def call(*given: Any) -> Any:
        import array_api_compat.torch  # noqa: PLC0415

        return getattr(array_api_compat.torch, name)(*given)

    return call


def _as_two(of: base.Library, frames: _stages.Frames, parameters: _stages.Parameters) -> Any:
    return of.epsilon_of(frames, parameters, guard=True), parameters.threshold, True


def _compiled(keypoints: Any, confidences: Any) -> Call:
    import jax  # noqa: PLC0415

    loss = partial(temporal_loss, epsilon=epsilons(keypoints.shape[1] // 2), prob_threshold=THRESHOLD)
    # What was traced with a trick on or off is used again otherwise, here and wherever else.
    jax.clear_caches()
    compiled = jax.jit(loss).lower(keypoints, confidences).compile()
    jax.clear_caches()
    return prepare("JAX eager", compiled, (keypoints, confidences))


_WHOLE = (Switch("_libraries.blocks", "SIZE", 1 << 62),)
_CHOSEN = (Switch("_libraries.blocks", "by_product", lambda _, *given: _stages.mask(*given)),)
_CHOSEN_SLOPES = (Switch("_libraries.blocks", "_pulls", _pulled_by_where),)
_ROW = (
    Switch("_libraries.blocks", "_for_every_step", lambda xp, frames, parameters, epsilon: epsilon),  # noqa: ARG005
    Switch("_libraries.blocks", "_for_steps", lambda epsilon, block: epsilon),  # noqa: ARG005
)
_DIRECTLY = (Switch("_libraries.torch:TorchLibrary", "as_numbers", base.Library.as_numbers),)
_RECORDED = (Switch("_libraries.torch:TorchLibrary", "loss", base.Library.loss),)
_COMBINED = tuple(
    Switch("_libraries.torch:LIBRARY.xp", name, _of_compat(name)) for name in ("maximum", "where")
)
_EACH_TIME = (Switch("_loss", "_kept", _loss._settled),)  # noqa: SLF001 - what it keeps
_TWO = (Switch("_libraries.jax:JaxLibrary", "_numbers", _as_two),)
_NEW_ROW = (Switch("_libraries.numpy:NumpyLibrary", "epsilon_of", base.Library.epsilon_of),)
_REAL = (Switch("_libraries.jax:JaxLibrary", "total", base.Library.total),)
_TRAINED = library("torch eager", by_backward)
_ONE_EPSILON = library("JAX eager", epsilon=0.1)
_WITH_BACKWARD = "gradient beside the loss, with its backward"


def _of_blocks(name: str) -> tuple[Trick, ...]:
    loss, both = library(name), library(name, temporal_loss_and_grad)
    return (
        Trick(name, "in blocks", _LARGE, _WHOLE, loss),
        Trick(name, "in blocks, value and gradient", _LARGE, _WHOLE, both),
        Trick(name, "masked by a product", _LARGE, _CHOSEN, loss),
        Trick(name, "slopes masked by a product, value and gradient", _LARGE, _CHOSEN_SLOPES, both),
    )


TRICKS = (
    *_of_blocks("NumPy"),
    Trick("NumPy", "epsilon repeated for every step of a block", _LARGE, _ROW, library("NumPy")),
    *_of_blocks("torch eager"),
    Trick("torch eager", "marks as small integers first", _LARGE, _DIRECTLY, library("torch eager")),
    Trick("torch eager", _WITH_BACKWARD, _SMALL, _RECORDED, _TRAINED),
    Trick("torch eager", _WITH_BACKWARD, _LARGE, _RECORDED, _TRAINED),
    Trick("torch eager", "torch's own maximum and where", _SMALL, _COMBINED, library("torch eager")),
    *(
        Trick(name, "checks passed once", _SMALL, _EACH_TIME, library(name))
        for name in ("NumPy", "torch eager", "JAX eager")
    ),
    Trick("NumPy", "epsilons read from bytes", _SMALL, _NEW_ROW, library("NumPy")),
    Trick("JAX eager", "epsilons and threshold read from bytes", _SMALL, _TWO, library("JAX eager")),
    Trick("JAX eager", "epsilon and threshold in a complex number", _SMALL, _TWO, _ONE_EPSILON),
    Trick("jax.jit", "sum of complex numbers", _LARGEST, _REAL, _compiled),
)
