"""Mistakes in the precision that the arithmetic is done in."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from conformance import bits
from conformance.mistakes.registry import Wrong
from conformance.model import ErrorKind, Op
from conformance.oracle import fixed
from conformance.oracle.problem import HALVES

if TYPE_CHECKING:
    from conformance.model import Request
    from conformance.oracle import Exact, Output, Problem, Solution
    from conformance.oracle.fixed import Fixed, Number


def rounded(number: Number, scale: Fixed, dtype: str) -> Number:
    """Round a number to a dtype, then read it back; what overflows is infinite."""
    value = scale.exact(number)
    if not isinstance(value, Fraction):
        return value
    near = bits.round_to(value, dtype)
    if near in (float("inf"), float("-inf")):
        return near
    exact = Fraction(near)
    return (exact.numerator << scale.bits) // exact.denominator


class _Half(Wrong):
    """Base of the mistakes about float16 and bfloat16."""

    dtype = "float32"

    def prepare(self, p: Problem) -> Problem:
        self.dtype = p.dtype if p.dtype in HALVES else "float64"
        return p

    @property
    def narrow(self) -> bool:
        return self.dtype in HALVES


class HalfDifferences(_Half):
    """Subtracts in half precision and widens afterwards."""

    needs = "half"

    def step(self, scale: Fixed, start: tuple[Number, ...], end: tuple[Number, ...]) -> tuple[Number, ...]:
        step = super().step(scale, start, end)
        return tuple(rounded(d, scale, self.dtype) for d in step) if self.narrow else step


class HalfSquares(_Half):
    """Squares in half precision: float16 overflows from 256 pixels on."""

    needs = "half"

    def length(self, scale: Fixed, step: tuple[Number, ...]) -> Number:
        if not self.narrow:
            return super().length(scale, step)
        total: Number = 0
        for d in step:
            square = rounded(d * d >> scale.bits if isinstance(d, int) else d * d, scale, self.dtype)
            total = rounded(fixed.add(total, square), scale, self.dtype)
        if not isinstance(total, int):
            return total
        return rounded(math.isqrt(total << scale.bits), scale, self.dtype)


class HalfLengths(_Half):
    """Rounds each length to half precision."""

    needs = "half"

    def length(self, scale: Fixed, step: tuple[Number, ...]) -> Number:
        length = super().length(scale, step)
        return rounded(length, scale, self.dtype) if self.narrow else length


class HalfSum(_Half):
    """Adds the entries up in half precision."""

    needs = "half"
    ops = (Op.VALUE,)

    def total(self, s: Solution) -> Number:
        if not self.narrow:
            return super().total(s)
        total: Number = 0
        for e in s.entries:
            total = rounded(fixed.add(total, e.rectified), s.scale, self.dtype)
        return total


class HalfLoss(_Half):
    """Rounds the loss to half precision."""

    needs = "half"
    ops = (Op.VALUE, Op.GRADIENT)

    def loss(self, s: Solution) -> Output:
        output = super().loss(s)
        if not self.narrow:
            return output
        return replace(output, values=tuple(_through(v, self.dtype) for v in output.values))


class HalfSubnormalsFlushed(_Half):
    """Reads half-precision numbers below the normal ones as 0."""

    needs = "half"

    def prepare(self, p: Problem) -> Problem:
        p = super().prepare(p)
        return replace(p, x=tuple(0.0 if _subnormal(v, p.dtype) else v for v in p.x))


class HalfSubnormalsMisread(_Half):
    """Reads half-precision numbers below the normal ones as if they had a leading bit."""

    needs = "half"

    def prepare(self, p: Problem) -> Problem:
        p = super().prepare(p)
        least = 2.0 ** bits.FORMATS[p.dtype].min_exponent
        read = (math.copysign((abs(v) + least) / 2, v) if _subnormal(v, p.dtype) else v for v in p.x)
        return replace(p, x=tuple(read))


class HalfGradientFlushed(Wrong):
    """Gives 0 for a gradient below the normal half-precision numbers."""

    needs = "half"
    ops = (Op.GRADIENT,)

    def gradient(self, s: Solution) -> Output:
        output = super().gradient(s)
        flushed = (Fraction(0) if _subnormal(v, output.dtype) else v for v in output.values)
        return replace(output, values=tuple(flushed))


class HalfGradientKeptWide(Wrong):
    """Gives the gradient in float32 where the keypoints are in half precision."""

    needs = "half"
    ops = (Op.GRADIENT,)

    def gradient(self, s: Solution) -> Output:
        return replace(super().gradient(s), dtype=s.problem.result)


class RefusesHalf(Wrong):
    """Refuses half precision."""

    computes = False

    def refuses(self, request: Request) -> ErrorKind | None:
        if request.inputs["keypoints"].dtype in HALVES:
            return ErrorKind.TYPE
        return super().refuses(request)


class KeypointsInFloat32(Wrong):
    """Converts float64 keypoints to float32 first."""

    needs = "double"

    def prepare(self, p: Problem) -> Problem:
        return replace(p, x=tuple(bits.round_to(v, "float32") for v in p.x))


class LengthsInFloat32(Wrong):
    """Rounds float64 lengths to float32."""

    needs = "double"

    def length(self, scale: Fixed, step: tuple[Number, ...]) -> Number:
        return rounded(super().length(scale, step), scale, "float32")


class SumInFloat32(Wrong):
    """Adds float64 entries up in float32, one after the other."""

    needs = "double"
    ops = (Op.VALUE,)

    def total(self, s: Solution) -> Number:
        if s.problem.result != "float64":
            return super().total(s)
        total: Number = 0
        for e in s.entries:
            total = rounded(fixed.add(total, e.rectified), s.scale, "float32")
        return total


class GradientInFloat32(Wrong):
    """Rounds a float64 gradient to float32."""

    needs = "double"
    ops = (Op.GRADIENT,)

    def gradient(self, s: Solution) -> Output:
        output = super().gradient(s)
        return replace(output, values=tuple(_through(v, "float32") for v in output.values))


class CoordinatesCutToWhole(Wrong):
    """Cuts coordinates to whole pixels."""

    def prepare(self, p: Problem) -> Problem:
        return replace(p, x=tuple(float(int(v)) if abs(v) < 2.0**63 else v for v in p.x))


class SquareExpanded(Wrong):
    """Computes the squared length as a*a - 2*a*b + b*b, which cancels far from the origin."""

    ops = (Op.VALUE, Op.STAGES, Op.NORM, Op.EPSILON)
    dtype = "float64"

    def prepare(self, p: Problem) -> Problem:
        self.dtype = p.result
        return p

    def step(self, scale: Fixed, start: tuple[Number, ...], end: tuple[Number, ...]) -> tuple[Number, ...]:
        step = super().step(scale, start, end)
        if not all(isinstance(v, int) for v in (*start, *end)):
            return step
        total = Fraction(0)
        for a, b in zip(start, end, strict=True):
            x, y = Fraction(int(a), 1 << scale.bits), Fraction(int(b), 1 << scale.bits)
            for term in (x * x, -2 * x * y, y * y):
                total = Fraction(bits.round_to(total + Fraction(bits.round_to(term, self.dtype)), self.dtype))
        side = math.isqrt(int(max(total, Fraction(0)) * (1 << (2 * scale.bits))))
        return (side, *((0,) * (len(step) - 1)))


def _subnormal(value: Exact, dtype: str) -> bool:
    least = 2.0 ** bits.FORMATS[dtype].min_exponent
    return value != 0 and -least < value < least


def _through(value: Exact, dtype: str) -> Exact:
    near = bits.round_to(value, dtype)
    return Fraction(near) if math.isfinite(near) else near
