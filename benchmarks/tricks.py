"""Rows of the library's tricks: the same call with one and with what stands in the code without it.

A trick whose row misses its target is no longer needed, and is to be removed.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import backends, inputs
from benchmarks.backends import Absent
from benchmarks.gradients import by_backward
from benchmarks.interleave import interleave
from benchmarks.rows import Row, ratio_row
from benchmarks.times import named, size_text
from temporal_loss import _stages, temporal_loss, temporal_loss_and_grad
from temporal_loss._libraries import base, blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.plan import Plan
    from benchmarks.times import Measured

    Call = Callable[[], object]

TARGET = 0.97
"""A trick has to gain three hundredths: equal calls that take turns for seconds differ by less than one."""
_GROUP = "tricks: the same call with one over without it"
_SMALL, _LARGE, _LARGEST = (96, 17), (100_000, 20), (1_000_000, 20)


class Switch(NamedTuple):
    """An attribute, and what it is to be."""

    owner: Any
    name: str
    value: Any


class Trick(NamedTuple):
    """A trick of the library, and a call that it is for."""

    what: str
    size: tuple[int, int]
    off: tuple[Switch, ...]
    prepare: Callable[..., Call]
    """Takes the backend, and the arrays and keywords of a call."""


def tricks(plan: Plan) -> Iterator[Measured]:
    """Time each call with its trick and without, in turns."""
    for name, makers in MAKERS.items():
        found = backends.find(name)
        if isinstance(found, Absent):
            yield [Row(_GROUP, name, "all", absent=found.reason)], []
            continue
        for make in makers:
            for trick in make():
                what, size = f"{name}: {trick.what}", size_text(*trick.size)
                timings = interleave(contenders(found, trick), plan.seconds)
                row = ratio_row(
                    _GROUP, what, size, timings["with"], timings["without"],
                    against="the same call without", target=TARGET,
                )  # fmt: skip
                yield [row], named(timings, f"{what}, {size}")


def contenders(found: backends.Backend, trick: Trick) -> dict[str, Call]:
    """Prepare the call with the trick and without it."""
    frames, keypoints = trick.size
    arrays = inputs.recording(frames, keypoints)
    # Switched either way, so that both pay for it.
    on = tuple(each._replace(value=getattr(each.owner, each.name)) for each in trick.off)
    calls: dict[str, Call] = {}
    for what, switches in (("with", on), ("without", trick.off)):
        with _switched(switches):
            call = trick.prepare(
                found,
                *arrays,
                epsilon=inputs.epsilons(keypoints),
                prob_threshold=inputs.THRESHOLD,
            )
        calls[what] = partial(_called, switches, call)
    return calls


def _called(switches: tuple[Switch, ...], call: Call) -> object:
    with _switched(switches):
        return call()


@contextmanager
def _switched(switches: tuple[Switch, ...]) -> Iterator[None]:
    before = [getattr(each.owner, each.name) for each in switches]
    for each in switches:
        setattr(each.owner, each.name, each.value)
    try:
        yield
    finally:
        for each, value in zip(switches, before, strict=True):
            setattr(each.owner, each.name, value)


def _pulled_by_where(library: base.Library, found: _stages.Entries, divisor: Any) -> Any:
    return _stages.pulls(library.xp, found, divisor, guard=False)


def _of_blocks() -> Iterator[Trick]:
    whole = (Switch(blocks, "SIZE", 1 << 62),)
    chosen = (Switch(blocks, "by_product", lambda _, *given: _stages.mask(*given)),)
    chosen_slopes = (Switch(blocks, "_pulls", _pulled_by_where),)
    yield Trick("in blocks", _LARGE, whole, _loss)
    yield Trick("in blocks, value and gradient", _LARGE, whole, _both)
    yield Trick("masked by a product", _LARGE, chosen, _loss)
    yield Trick("slopes masked by a product, value and gradient", _LARGE, chosen_slopes, _both)


def _of_numpy() -> Iterator[Trick]:
    row = (
        Switch(blocks, "_for_every_step", lambda xp, frames, parameters, epsilon: epsilon),  # noqa: ARG005
        Switch(blocks, "_for_steps", lambda epsilon, block: epsilon),  # noqa: ARG005
    )
    yield Trick("epsilon repeated for every step of a block", _LARGE, row, _loss)


def _of_torch() -> Iterator[Trick]:
    from temporal_loss._libraries.torch import TorchLibrary  # noqa: PLC0415

    directly = (Switch(TorchLibrary, "as_numbers", base.Library.as_numbers),)
    recorded = (Switch(TorchLibrary, "loss", base.Library.loss),)
    compared = (Switch(TorchLibrary, "epsilon_beside", base.Library.epsilon_beside),)
    yield Trick("marks as small integers first", _LARGE, directly, _loss)
    yield Trick("gradient beside the loss, with its backward", _SMALL, recorded, _trained)
    yield Trick("gradient beside the loss, with its backward", _LARGE, recorded, _trained)
    yield Trick("one epsilon as a tensor", _SMALL, compared, _one_epsilon)


def _of_jax() -> Iterator[Trick]:
    from temporal_loss._libraries import jax  # noqa: PLC0415

    real = (Switch(jax.JaxLibrary, "total", base.Library.total),)
    yield Trick("sum of complex numbers", _LARGEST, real, _compiled)


def _loss(found: backends.Backend, *arrays: Any, **keywords: Any) -> Call:
    return found.prepare(*arrays, **keywords)


def _both(found: backends.Backend, *arrays: Any, **keywords: Any) -> Call:
    return found.prepare(*arrays, function=temporal_loss_and_grad, **keywords)


def _one_epsilon(found: backends.Backend, keypoints: Any, *_: Any, **keywords: Any) -> Call:
    return found.prepare(keypoints, **keywords | {"epsilon": 0.5})


def _trained(found: backends.Backend, *arrays: Any, **keywords: Any) -> Call:
    return found.prepare(*arrays, function=by_backward, **keywords)


def _compiled(_: backends.Backend, *arrays: Any, **keywords: Any) -> Call:
    import jax  # noqa: PLC0415

    # What was traced with a trick on or off is used again otherwise, here and wherever else.
    jax.clear_caches()
    given = [jax.numpy.from_dlpack(array) for array in arrays]
    run = jax.jit(partial(temporal_loss, **keywords)).lower(*given).compile()
    jax.clear_caches()
    return lambda: jax.block_until_ready(run(*given))


MAKERS: dict[str, tuple[Callable[[], Iterator[Trick]], ...]] = {
    "NumPy": (_of_blocks, _of_numpy),
    "torch eager": (_of_blocks, _of_torch),
    "jax.jit": (_of_jax,),
}
"""What makes the tricks of each backend."""
