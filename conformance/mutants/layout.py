"""How the inputs are read, which frames make a step, and the shape of what comes out."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from conformance.model import Op
from conformance.mutants.registry import mutant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conformance.oracle import Definition, Output, Problem, Solution
    from conformance.oracle.fixed import Fixed, Number

VALUES = (Op.VALUE, Op.STAGES)


def _planar(_: Definition, p: Problem) -> Problem:
    width = 2 * p.keypoints
    order = [axis * p.keypoints + k for k in range(p.keypoints) for axis in (0, 1)]
    return replace(p, x=tuple(p.x[t * width + i] for t in range(p.frames) for i in order))


mutant(
    "planar-columns: Reads flat columns as x0, x1, ..., y0, y1, ... and not as x0, y0, x1, y1, ...",
    needs="flat",
    prepare=_planar,
)


def _triples(_: Definition, p: Problem) -> Problem:
    width = 2 * p.keypoints
    if width % 3 or p.confidences is not None or len(set(p.epsilon)) > 1:
        return p
    return replace(p, keypoints=width // 3, axes=3, epsilon=p.epsilon[:1] * (width // 3))


mutant(
    "flat-as-triples: Reads a flat width that three divides as x, y, z per keypoint.",
    needs="flat",
    ops=(Op.VALUE, Op.NORM, Op.EPSILON),
    prepare=_triples,
)


def _taken(cells: tuple[float, ...], size: int, order: Iterable[int]) -> tuple[float, ...]:
    """Values of cells, `size` each, in another order."""
    return tuple(v for cell in order for v in cells[cell * size : (cell + 1) * size])


def _swapped(_: Definition, p: Problem) -> Problem:
    order = [p.cell(b, t, k) for b in range(p.batch) for k in range(p.keypoints) for t in range(p.frames)]
    return replace(
        p,
        x=_taken(p.x, p.axes, order),
        confidences=p.confidences and _taken(p.confidences, 1, order),
        segments=None,
        frames=p.keypoints,
        keypoints=p.frames,
        epsilon=p.epsilon[:1] * p.frames,
    )


mutant(
    "axes-swapped: Takes differences along keypoints and not along time.",
    ops=(Op.VALUE, Op.NORM, Op.STAGES),
    prepare=_swapped,
)


def _reversed(_: Definition, p: Problem) -> Problem:
    order = [
        p.cell(b, t, k) for b in range(p.batch) for t in reversed(range(p.frames)) for k in range(p.keypoints)
    ]
    return replace(p, x=_taken(p.x, p.axes, order))


mutant(
    "time-reversed: Reads the keypoints, and nothing else, from the last frame to the first.",
    ops=(Op.VALUE, Op.STAGES, Op.NORM, Op.EPSILON),
    prepare=_reversed,
)


def _plane(
    truth: Definition, p: Problem, scale: Fixed, start: tuple[Number, ...], end: tuple[Number, ...]
) -> tuple[Number, ...]:
    step = truth.step(p, scale, start, end)
    return (*step[:2], *((0,) * len(step[2:])))


mutant("last-axis-dropped: Uses the first two coordinates of a keypoint only.", needs="space", step=_plane)


def _joined(_: Definition, p: Problem) -> Problem:
    return replace(p, lead=(), frames=p.batch * p.frames) if p.batch > 1 else p


mutant(
    "sequences-joined: Runs the sequences of a batch together into one, steps over their joins included.",
    needs="batch",
    prepare=_joined,
)
mutant(
    "first-sequence-only: Looks at the first sequence of a batch only.",
    needs="batch",
    ops=(Op.VALUE, Op.EPSILON),
    prepare=lambda _, p: replace(p, lead=(1,) * len(p.lead)) if p.batch > 1 else p,
)


def arranged(what: str, form: Callable[[Problem, Output], Output]) -> None:
    """Declare a form of the entries in which they come out."""

    def array(truth: Definition, s: Solution, numbers: list[Number]) -> Output:
        return form(s.problem, truth.array(s, numbers))

    mutant(what, ops=VALUES, array=array)


def _transposed(p: Problem, output: Output) -> Output:
    steps, k = p.frames - 1, p.keypoints
    order = [(b * steps + t) * k + i for b in range(p.batch) for i in range(k) for t in range(steps)]
    return replace(output, shape=(*p.lead, k, steps), values=tuple(output.values[i] for i in order))


arranged(
    "result-flattened: Gives (T-1)*K numbers in a row where (T-1, K) is due.",
    lambda _, output: replace(output, shape=(len(output.values),)),
)
arranged("result-transposed: Gives (K, T-1) numbers where (T-1, K) is due.", _transposed)


def _with_axis(truth: Definition, s: Solution) -> Output:
    output = truth.loss(s)
    return replace(output, shape=output.shape or (1,))


mutant("scalar-with-an-axis: Gives a scalar in an array of shape (1,).", ops=(Op.VALUE,), loss=_with_axis)

# Which two frames make a step ---------------------------------------------------------------

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
