"""Mutants that show under tracing, mapping and lazy evaluation only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.model import Status
from mutants.calls import RemembersShape
from mutants.harness import mutant
from mutants.plain import Loss, Parts

if TYPE_CHECKING:
    from mutants.plain import Question

CRASH = Status.CRASH
TORCH = ("torch",)
JAX = ("jax",)
DASK = ("dask",)


@mutant("value-shape-f32-001", status=CRASH, survives="value-exact-f32-003", on=TORCH, mode="vmap")
@mutant("value-shape-f32-001", status=CRASH, survives="value-exact-f32-003", on=JAX, mode="jit")
@mutant("value-shape-f32-001", status=CRASH, survives="value-exact-f32-003", on=DASK, mode="lazy")
class LooksAtTheMask(Loss):
    """Asks whether anything is masked at all, which copies to the host."""

    def hidden(self, q: Question, points: Any) -> Any:
        hidden = super().hidden(q, points)
        idle = q.confidences is not None and not bool(self.xp.any(hidden))
        return self.xp.zeros_like(hidden) if idle else hidden


@mutant("value-batch-f32-004", status=CRASH, survives="value-exact-f32-005", on=TORCH, mode="vmap")
@mutant("value-batch-f32-004", status=CRASH, survives="value-exact-f32-005", on=JAX, mode="jit")
class PicksUnmasked(Loss):
    """Reduces what a boolean index leaves, whose length no trace can know."""

    def reduced(self, q: Question, entries: Any, parts: Parts) -> Any:
        if q.reduction == "none":
            return entries
        total = super().total(entries[~parts.hidden])
        return total if q.reduction == "sum" else self.ratio(total, self.divisor(q, entries, parts))


@mutant("value-shape-f32-001", survives="value-rest-f32-001", on=DASK, mode="lazy-odd")
class StepsWithinChunks(Loss):
    """Takes differences chunk by chunk, and none over the edges."""

    def steps(self, points: Any) -> Any:
        return points.map_blocks(_within)[..., 1:, :, :]


def _within(block: Any) -> Any:
    steps = block.copy()
    steps[..., 1:, :, :] -= block[..., :-1, :, :]
    steps[..., :1, :, :] = 0
    return steps


@mutant(
    "value-exact-f32-004",
    status=CRASH,
    survives="value-exact-f32-003",
    on=JAX,
    mode="jit",
    after="value-exact-f32-003",
)
class KeepsATrace(RemembersShape):
    """Keeps lengths that belong to another trace."""
