"""Rows of the value together with its gradient: `temporal_loss_and_grad` and what it stands beside."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks import backends, inputs, peers
from benchmarks.backends import Absent
from benchmarks.interleave import interleave
from benchmarks.rows import Row, ratio_row
from benchmarks.times import READING, named, size_text
from temporal_loss import temporal_loss, temporal_loss_and_grad

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.plan import Plan
    from benchmarks.times import Measured

FRAMES, KEYPOINTS = 100_000, 20
VALUE_TARGET = 3.0
READ_TARGET = 15.0
_GROUP = "value and gradient together"


def value_and_gradient(plan: Plan) -> Iterator[Measured]:
    """Time both together, beside the value alone and beside the library's own differentiation."""
    arrays = inputs.recording(FRAMES, KEYPOINTS)
    yield _measured(
        "NumPy",
        arrays,
        plan,
        {"the value alone": (temporal_loss, VALUE_TARGET)},
        reading=peers.reading(*arrays),
    )
    yield _measured("torch eager", arrays, plan, {"the loss and its backward": (by_backward, None)})
    yield _measured("jax.jit", arrays, plan, {"jax.value_and_grad of the loss": (_by_jax, None)})


def _measured(
    name: str,
    arrays: tuple[Any, Any],
    plan: Plan,
    others: dict[str, tuple[Callable[..., Any], float | None]],
    reading: Callable[[], object] | None = None,
) -> Measured:
    size = size_text(FRAMES, KEYPOINTS)
    found = backends.find(name)
    targets = {against: target for against, (_, target) in others.items()}
    if reading is not None:
        targets[READING] = READ_TARGET
    if isinstance(found, Absent):
        return [
            Row(_GROUP, name, size, against, target=target, absent=found.reason)
            for against, target in targets.items()
        ], []
    keywords = {"epsilon": inputs.epsilons(KEYPOINTS), "prob_threshold": inputs.THRESHOLD}
    functions = {"both": temporal_loss_and_grad} | {against: other for against, (other, _) in others.items()}
    calls = {what: found.prepare(*arrays, function=each, **keywords) for what, each in functions.items()}
    if reading is not None:
        calls[READING] = reading
    timings = interleave(calls, plan.seconds)
    rows = [
        ratio_row(_GROUP, name, size, timings["both"], timings[against], against=against, target=target)
        for against, target in targets.items()
    ]
    return rows, named(timings, f"{name}, value and gradient")


def by_backward(keypoints: Any, confidences: Any, **keywords: Any) -> tuple[Any, Any]:
    """Loss of tensors and its gradient, as torch finds it."""
    leaf = keypoints.detach().requires_grad_()
    loss = temporal_loss(leaf, confidences, **keywords)
    loss.backward()
    return loss, leaf.grad


def _by_jax(keypoints: Any, confidences: Any, **keywords: Any) -> Any:
    import jax  # noqa: PLC0415

    return jax.value_and_grad(partial(temporal_loss, **keywords))(keypoints, confidences)
