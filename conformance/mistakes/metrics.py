"""Mistakes in `temporal_norm`, and in the steps that `estimate_epsilon` looks at."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from conformance.mistakes.registry import Wrong
from conformance.model import Op
from conformance.oracle import fixed

if TYPE_CHECKING:
    from conformance.oracle import Exact, Output, Solution


class _Norm(Wrong):
    """Base of the mistakes about the row that has no step."""

    ops = (Op.NORM,)

    def rows(self, s: Solution, rows: list[tuple[Exact, ...]]) -> list[tuple[Exact, ...]]:
        """Rows of one sequence, wrong."""
        raise NotImplementedError

    def norm(self, s: Solution) -> Output:
        output = super().norm(s)
        k, frames = s.problem.keypoints, s.problem.frames
        rows = [output.values[i : i + k] for i in range(0, len(output.values), k)]
        wrong: list[Exact] = []
        count = frames
        for b in range(s.problem.batch):
            done = self.rows(s, rows[b * frames : (b + 1) * frames])
            count = len(done)
            wrong += [v for row in done for v in row]
        return replace(output, shape=(*s.problem.lead, count, k), values=tuple(wrong))


class NormFirstRowZero(_Norm):
    """Sets the first row to 0 and not to NaN."""

    def rows(self, s: Solution, rows: list[tuple[Exact, ...]]) -> list[tuple[Exact, ...]]:
        return [(Fraction(0),) * len(rows[0]), *rows[1:]]


class NormNanRowLast(_Norm):
    """Puts the NaN row at the end: each length beside the frame its step starts from."""

    def rows(self, s: Solution, rows: list[tuple[Exact, ...]]) -> list[tuple[Exact, ...]]:
        return [*rows[1:], rows[0]]


class NormWithoutNanRow(_Norm):
    """Leaves the first row out."""

    def rows(self, s: Solution, rows: list[tuple[Exact, ...]]) -> list[tuple[Exact, ...]]:
        return rows[1:]


class NormFirstRowRepeated(_Norm):
    """Repeats the first length in place of the NaN row."""

    def rows(self, s: Solution, rows: list[tuple[Exact, ...]]) -> list[tuple[Exact, ...]]:
        return [rows[1], *rows[1:]]


class NormHidesNan(_Norm):
    """Gives 0 where a keypoint is NaN."""

    needs = "special"

    def rows(self, s: Solution, rows: list[tuple[Exact, ...]]) -> list[tuple[Exact, ...]]:
        still = [tuple(Fraction(0) if v != v else v for v in row) for row in rows[1:]]  # noqa: PLR0124
        return [rows[0], *still]


class _Observed(Wrong):
    """Base of the mistakes about the steps that count."""

    ops = (Op.EPSILON,)


class QuantileOverAllKeypoints(_Observed):
    """Takes one quantile over the steps of all keypoints."""

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        steps: list[Exact] = []
        for k in range(s.problem.keypoints):
            steps += super().observed(s, k)
        return sorted(steps)


class QuantileCountsMaskedAsZero(_Observed):
    """Takes masked steps for steps of length 0."""

    needs = "confidences"

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        hidden = [Fraction(0) for e in s.entries if e.keypoint == keypoint and e.hidden]
        return sorted([*super().observed(s, keypoint), *hidden])


class QuantileCountsNanAsZero(_Observed):
    """Takes NaN steps for steps of length 0."""

    needs = "special"

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        steps = (e for e in s.entries if e.keypoint == keypoint and not e.hidden)
        lost = [Fraction(0) for e in steps if fixed.is_nan(e.length)]
        return sorted([*super().observed(s, keypoint), *lost])


class QuantileLeaksNan(_Observed):
    """Gives NaN as soon as one step is NaN."""

    needs = "special"

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        steps = (e for e in s.entries if e.keypoint == keypoint and not e.hidden)
        return [] if any(fixed.is_nan(e.length) for e in steps) else super().observed(s, keypoint)


class QuantileLeaksMaskedNan(_Observed):
    """Gives NaN as soon as one step is NaN, masked ones included."""

    needs = "special"

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        steps = (e for e in s.entries if e.keypoint == keypoint)
        return [] if any(fixed.is_nan(e.length) for e in steps) else super().observed(s, keypoint)


class QuantileLeaksMasked(_Observed):
    """Gives NaN as soon as one step is masked or NaN."""

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        steps = (e for e in s.entries if e.keypoint == keypoint)
        return [] if any(e.hidden or fixed.is_nan(e.length) for e in steps) else super().observed(s, keypoint)


class QuantileCountsNanAsInfinite(_Observed):
    """Sorts NaN steps to the end and counts them."""

    needs = "special"

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        steps = (e for e in s.entries if e.keypoint == keypoint and not e.hidden)
        lost: list[Exact] = [math.inf for e in steps if fixed.is_nan(e.length)]
        return sorted([*super().observed(s, keypoint), *lost])


class QuantileDropsInfinity(_Observed):
    """Leaves infinite steps out."""

    needs = "special"

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        return [v for v in super().observed(s, keypoint) if v != math.inf]


class QuantileSpoiltByInfinity(_Observed):
    """Gives NaN as soon as one step is infinite: 0 times infinity."""

    needs = "special"

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        steps = super().observed(s, keypoint)
        return [] if math.inf in steps else steps


class QuantileSkipsRest(_Observed):
    """Leaves steps of length 0 out."""

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        return [v for v in super().observed(s, keypoint) if v != 0]


class QuantileOfCoordinates(_Observed):
    """Takes the quantile over coordinate differences and not over lengths."""

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        kept = (e for e in s.entries if e.keypoint == keypoint and not e.hidden)
        sizes = (abs(d) for e in kept for d in e.step if not fixed.is_nan(d))
        return sorted(map(s.scale.exact, sizes))
