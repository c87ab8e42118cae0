"""Which two frames make a step."""

from __future__ import annotations

from functools import partial

from conformance.model import Op
from conformance.mutants.registry import mutant

# `temporal_norm` has a row for each frame, and so no place for other steps.
steps = partial(mutant, ops=(Op.VALUE, Op.GRADIENT, Op.STAGES, Op.EPSILON))

steps(
    "steps-wrap-around: Adds a step from the last frame back to the first.",
    pairs=lambda truth, p: [*truth.pairs(p), (p.frames - 1, 0)],
)
steps(
    "first-step-dropped: Leaves out the step from the first frame to the second.",
    pairs=lambda truth, p: truth.pairs(p)[1:],
)
steps(
    "last-step-dropped: Leaves out the step into the last frame.", pairs=lambda truth, p: truth.pairs(p)[:-1]
)
steps(
    "every-other-step: Takes frames in disjoint pairs: 0 and 1, 2 and 3, and so on.",
    pairs=lambda truth, p: truth.pairs(p)[::2],
)
mutant(
    "steps-from-first-frame: Measures every frame from the first one and not from the one before.",
    pairs=lambda _, p: [(0, t) for t in range(1, p.frames)],
)
steps(
    "steps-of-two-frames: Measures each frame from the one two before.",
    pairs=lambda _, p: [(t, t + 2) for t in range(p.frames - 2)],
)
mutant(
    "zero-step-first: Puts a zero step before the first frame, as `diff` with a prepended frame does.",
    ops=(Op.VALUE, Op.GRADIENT, Op.STAGES),
    pairs=lambda truth, p: [(0, 0), *truth.pairs(p)],
)
