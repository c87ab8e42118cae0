"""Mistakes in `temporal_norm` and `estimate_epsilon`."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from conformance.mistakes.registry import Wrong
from conformance.model import Op
from conformance.oracle import fixed

if TYPE_CHECKING:
    from conformance.oracle import Exact, Output, Problem, Solution


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


class _Quantile(Wrong):
    """Base of the mistakes about the quantile."""

    ops = (Op.EPSILON,)


class QuantileLower(_Quantile):
    """Takes the lower order statistic and does not interpolate."""

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        return steps[math.floor(Fraction(q) * (len(steps) - 1))] if steps else math.nan


class QuantileHigher(_Quantile):
    """Takes the upper order statistic and does not interpolate."""

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        return steps[math.ceil(Fraction(q) * (len(steps) - 1))] if steps else math.nan


class QuantileNearest(_Quantile):
    """Takes the nearest order statistic and does not interpolate."""

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        return steps[round(Fraction(q) * (len(steps) - 1))] if steps else math.nan


class QuantileMidpoint(_Quantile):
    """Takes the middle between the two order statistics."""

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        place = Fraction(q) * (len(steps) - 1)
        return (steps[math.floor(place)] + steps[math.ceil(place)]) / 2 if steps else math.nan


class QuantileOfCount(_Quantile):
    """Places the quantile at q*n and not at q*(n-1)."""

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        if not steps:
            return math.nan
        place = min(Fraction(q) * len(steps), Fraction(len(steps) - 1))
        low = math.floor(place)
        high = min(low + 1, len(steps) - 1)
        return steps[low] + (steps[high] - steps[low]) * (place - low)


class QuantileFromAbove(_Quantile):
    """Takes the quantile 1 - q."""

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        return super().quantile(steps, float(1 - Fraction(q)))


class QuantileIgnored(_Quantile):
    """Uses 0.99 whatever quantile is asked for."""

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        return super().quantile(steps, 0.99)


class QuantileIsLargest(_Quantile):
    """Gives the largest step."""

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        return super().quantile(steps, 1.0)


class QuantileOverAllKeypoints(_Quantile):
    """Takes one quantile over the steps of all keypoints."""

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        steps: list[Exact] = []
        for k in range(s.problem.keypoints):
            steps += super().observed(s, k)
        return sorted(steps)


class QuantileCountsMaskedAsZero(_Quantile):
    """Takes masked steps for steps of length 0."""

    needs = "confidences"

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        hidden = [Fraction(0) for e in s.entries if e.keypoint == keypoint and e.hidden]
        return sorted([*super().observed(s, keypoint), *hidden])


class QuantileCountsNanAsZero(_Quantile):
    """Takes NaN steps for steps of length 0."""

    needs = "special"

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        steps = (e for e in s.entries if e.keypoint == keypoint and not e.hidden)
        lost = [Fraction(0) for e in steps if fixed.is_nan(e.length)]
        return sorted([*super().observed(s, keypoint), *lost])


class QuantileLeaksNan(_Quantile):
    """Gives NaN as soon as one step is NaN."""

    needs = "special"

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        steps = (e for e in s.entries if e.keypoint == keypoint and not e.hidden)
        return [] if any(fixed.is_nan(e.length) for e in steps) else super().observed(s, keypoint)


class QuantileLeaksMaskedNan(_Quantile):
    """Gives NaN as soon as one step is NaN, masked ones included."""

    needs = "special"

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        steps = (e for e in s.entries if e.keypoint == keypoint)
        return [] if any(fixed.is_nan(e.length) for e in steps) else super().observed(s, keypoint)


class QuantileCountsNanAsInfinite(_Quantile):
    """Sorts NaN steps to the end and counts them."""

    needs = "special"

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        steps = (e for e in s.entries if e.keypoint == keypoint and not e.hidden)
        lost: list[Exact] = [math.inf for e in steps if fixed.is_nan(e.length)]
        return sorted([*super().observed(s, keypoint), *lost])


class QuantileDropsInfinity(_Quantile):
    """Leaves infinite steps out."""

    needs = "special"

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        return [v for v in super().observed(s, keypoint) if v != math.inf]


class QuantileSpoiltByInfinity(_Quantile):
    """Gives NaN as soon as one step is infinite: 0 times infinity."""

    needs = "special"

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        steps = super().observed(s, keypoint)
        return [] if math.inf in steps else steps


class QuantileOfNothingIsZero(_Quantile):
    """Gives 0 and not NaN where no step is left."""

    def quantile(self, steps: list[Exact], q: float) -> Exact:
        return super().quantile(steps, q) if steps else Fraction(0)


class QuantileSkipsRest(_Quantile):
    """Leaves steps of length 0 out."""

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        return [v for v in super().observed(s, keypoint) if v != 0]


class QuantileOfCoordinates(_Quantile):
    """Takes the quantile over coordinate differences and not over lengths."""

    def observed(self, s: Solution, keypoint: int) -> list[Exact]:
        kept = (e for e in s.entries if e.keypoint == keypoint and not e.hidden)
        sizes = (abs(d) for e in kept for d in e.step if not fixed.is_nan(d))
        return sorted(map(s.scale.exact, sizes))


class QuantileMeanOfSequences(_Quantile):
    """Averages the quantiles of the sequences of a batch."""

    needs = "batch"

    def quantiles(self, s: Solution) -> Output:
        output = super().quantiles(s)
        p: Problem = s.problem
        if p.batch < 2:
            return output
        parts = [
            super(QuantileMeanOfSequences, self)
            .quantiles(replace(s, entries=[e for e in s.entries if e.batch == b]))
            .values
            for b in range(p.batch)
        ]
        total: list[Exact] = [Fraction(0)] * p.keypoints
        for part in parts:
            total = [a + b for a, b in zip(total, part, strict=True)]
        means = tuple(v / p.batch for v in total)
        return replace(output, values=means)
