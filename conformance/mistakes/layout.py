"""Mistakes in reading the inputs and in pairing the frames."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.mistakes.registry import Wrong
from conformance.model import ErrorKind, Op

if TYPE_CHECKING:
    from conformance.model import Request
    from conformance.oracle import Output, Problem, Solution
    from conformance.oracle.fixed import Fixed, Number


class PlanarColumns(Wrong):
    """Reads flat columns as x0, x1, ..., y0, y1, ... and not as x0, y0, x1, y1, ..."""

    needs = "flat"

    def prepare(self, p: Problem) -> Problem:
        if len(p.shape) != 2:
            return p
        width = 2 * p.keypoints
        order = [axis * p.keypoints + k for k in range(p.keypoints) for axis in (0, 1)]
        return replace(p, x=tuple(p.x[t * width + i] for t in range(p.frames) for i in order))


class FlatAsTriples(Wrong):
    """Reads a flat width that three divides as x, y, z per keypoint."""

    needs = "flat"
    ops = (Op.VALUE, Op.NORM, Op.EPSILON)

    def prepare(self, p: Problem) -> Problem:
        width = 2 * p.keypoints
        if len(p.shape) != 2 or width % 3 or p.confidences is not None or len(set(p.epsilon)) > 1:
            return p
        return replace(p, keypoints=width // 3, axes=3, epsilon=p.epsilon[:1] * (width // 3))


class AxesSwapped(Wrong):
    """Takes differences along keypoints and not along time."""

    ops = (Op.VALUE, Op.NORM, Op.STAGES)

    def prepare(self, p: Problem) -> Problem:
        def turned(cells: tuple[float, ...], size: int) -> tuple[float, ...]:
            return tuple(
                v
                for b in range(p.batch)
                for k in range(p.keypoints)
                for t in range(p.frames)
                for v in cells[p.cell(b, t, k) * size : (p.cell(b, t, k) + 1) * size]
            )

        return replace(
            p,
            x=turned(p.x, p.axes),
            confidences=None if p.confidences is None else turned(p.confidences, 1),
            segments=None,
            frames=p.keypoints,
            keypoints=p.frames,
            epsilon=p.epsilon[:1] * p.frames,
        )


class LastAxisDropped(Wrong):
    """Uses the first two coordinates of a keypoint only."""

    needs = "space"

    def step(self, scale: Fixed, start: tuple[Number, ...], end: tuple[Number, ...]) -> tuple[Number, ...]:
        step = super().step(scale, start, end)
        return (*step[:2], *((0,) * len(step[2:])))


class SequencesJoined(Wrong):
    """Runs the sequences of a batch together into one, steps over their joins included."""

    needs = "batch"

    def prepare(self, p: Problem) -> Problem:
        return replace(p, lead=(), frames=p.batch * p.frames) if p.batch > 1 else p


class FirstSequenceOnly(Wrong):
    """Looks at the first sequence of a batch only."""

    needs = "batch"
    ops = (Op.VALUE, Op.EPSILON)

    def prepare(self, p: Problem) -> Problem:
        return replace(p, lead=(1,) * len(p.lead)) if p.batch > 1 else p


class StepsWrapAround(Wrong):
    """Adds a step from the last frame back to the first."""

    ops = (Op.VALUE, Op.GRADIENT, Op.STAGES, Op.EPSILON)

    def pairs(self, p: Problem) -> list[tuple[int, int]]:
        return [*super().pairs(p), (p.frames - 1, 0)]


class FirstStepDropped(Wrong):
    """Leaves out the step from the first frame to the second."""

    ops = (Op.VALUE, Op.GRADIENT, Op.STAGES, Op.EPSILON)

    def pairs(self, p: Problem) -> list[tuple[int, int]]:
        return super().pairs(p)[1:]


class LastStepDropped(Wrong):
    """Leaves out the step into the last frame."""

    ops = (Op.VALUE, Op.GRADIENT, Op.STAGES, Op.EPSILON)

    def pairs(self, p: Problem) -> list[tuple[int, int]]:
        return super().pairs(p)[:-1]


class EveryOtherStep(Wrong):
    """Takes frames in disjoint pairs: 0 and 1, 2 and 3, and so on."""

    ops = (Op.VALUE, Op.GRADIENT, Op.STAGES, Op.EPSILON)

    def pairs(self, p: Problem) -> list[tuple[int, int]]:
        return super().pairs(p)[::2]


class StepsFromFirstFrame(Wrong):
    """Measures every frame from the first one and not from the one before."""

    def pairs(self, p: Problem) -> list[tuple[int, int]]:
        return [(0, t) for t in range(1, p.frames)]


class StepsOfTwoFrames(Wrong):
    """Measures each frame from the one two before."""

    ops = (Op.VALUE, Op.GRADIENT, Op.STAGES, Op.EPSILON)

    def pairs(self, p: Problem) -> list[tuple[int, int]]:
        return [(t, t + 2) for t in range(p.frames - 2)]


class ZeroStepFirst(Wrong):
    """Puts a zero step before the first frame, as `diff` with a prepended frame does."""

    ops = (Op.VALUE, Op.GRADIENT, Op.STAGES)

    def pairs(self, p: Problem) -> list[tuple[int, int]]:
        return [(0, 0), *super().pairs(p)]


class RefusesBatches(Wrong):
    """Refuses keypoints with leading axes."""

    computes = False

    def refuses(self, request: Request) -> ErrorKind | None:
        if len(request.inputs["keypoints"].shape) > 3:
            return ErrorKind.SHAPE
        return super().refuses(request)


class PlaneOnly(Wrong):
    """Refuses any number of coordinates but two."""

    computes = False

    def refuses(self, request: Request) -> ErrorKind | None:
        shape = request.inputs["keypoints"].shape
        if len(shape) > 2 and shape[-1] != 2:
            return ErrorKind.SHAPE
        return super().refuses(request)


class ResultFlattened(Wrong):
    """Gives (T-1)*K numbers in a row where (T-1, K) is due."""

    ops = (Op.VALUE, Op.STAGES)

    def array(self, s: Solution, numbers: list[Number]) -> Output:
        output = super().array(s, numbers)
        return replace(output, shape=(len(output.values),))
