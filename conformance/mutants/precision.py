"""The precision that the arithmetic is done in, and the dtype of what comes out."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from conformance import bits
from conformance.model import Op
from conformance.mutants.numbers import cut, rounded, subnormal, through
from conformance.mutants.registry import mutant
from conformance.oracle import fixed

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.oracle import Definition, Entry, Exact, Output, Problem, Solution
    from conformance.oracle.fixed import Fixed, Number

    Step = tuple[Number, ...]

half = partial(mutant, needs="half")
double = partial(mutant, needs="double")


def _narrow_step(truth: Definition, p: Problem, scale: Fixed, start: Step, end: Step) -> Step:
    return tuple(rounded(d, scale, p.dtype) for d in truth.step(p, scale, start, end))


half("half-differences: Subtracts in half precision and widens afterwards.", step=_narrow_step)


def _narrow_squares(_: Definition, p: Problem, scale: Fixed, step: Step) -> Number:
    total: Number = 0
    for d in step:
        square = rounded(d * d >> scale.bits if isinstance(d, int) else d * d, scale, p.dtype)
        total = rounded(fixed.add(total, square), scale, p.dtype)
    if not isinstance(total, int):
        return total
    return rounded(math.isqrt(total << scale.bits), scale, p.dtype)


half("half-squares: Squares in half precision: float16 overflows from 256 pixels on.", length=_narrow_squares)
half(
    "half-lengths: Rounds each length to half precision.",
    length=lambda truth, p, scale, step: rounded(truth.length(p, scale, step), scale, p.dtype),
)


def _added_in(dtype: Callable[[Problem], str]) -> Callable[..., Number]:
    """Rule that adds the entries up one after the other in some dtype."""

    def total(_: Definition, s: Solution) -> Number:
        total: Number = 0
        for e in s.entries:
            total = rounded(fixed.add(total, e.rectified), s.scale, dtype(s.problem))
        return total

    return total


half("half-sum: Adds the entries up in half precision.", ops=(Op.VALUE,), total=_added_in(lambda p: p.dtype))


def _changed(output: Output, by: Callable[[Exact], Exact]) -> Output:
    return replace(output, values=tuple(map(by, output.values)))


half(
    "half-loss: Rounds the loss to half precision.",
    ops=(Op.VALUE, Op.GRADIENT),
    loss=lambda truth, s: _changed(truth.loss(s), lambda v: through(v, s.problem.dtype)),
)


def read_otherwise(what: str, read: Callable[[float, float], float]) -> None:
    """Declare another reading of subnormal halves, of the number and the least normal one."""

    def prepare(_: Definition, p: Problem) -> Problem:
        least = 2.0 ** bits.FORMATS[p.dtype].min_exponent
        return replace(p, x=tuple(read(v, least) if subnormal(v, p.dtype) else v for v in p.x))

    half(what, prepare=prepare)


read_otherwise(
    "half-subnormals-flushed: Reads half-precision numbers below the normal ones as 0.", lambda *_: 0.0
)
read_otherwise(
    "half-subnormals-misread: "
    "Reads half-precision numbers below the normal ones as if they had a leading bit.",
    lambda v, least: math.copysign((abs(v) + least) / 2, v),
)


def _flushed(truth: Definition, s: Solution) -> Output:
    return _changed(truth.gradient(s), lambda v: Fraction(0) if subnormal(v, s.problem.dtype) else v)


half(
    "half-gradient-flushed: Gives 0 for a gradient below the normal half-precision numbers.",
    ops=(Op.GRADIENT,),
    gradient=_flushed,
)
half(
    "half-gradient-cut: Cuts the gradient to half precision, as by dropping bits, and does not round.",
    ops=(Op.GRADIENT,),
    gradient=lambda truth, s: _changed(
        truth.gradient(s), lambda v: Fraction(cut(v, s.problem.dtype)) if isinstance(v, Fraction) else v
    ),
)


def _narrow_parts(truth: Definition, s: Solution, entry: Entry) -> tuple[Exact, ...]:
    share = truth.share(s) or Fraction(1)
    units = truth.direction(s, entry)
    return tuple(through(u * share, s.problem.dtype) / share if isinstance(u, Fraction) else u for u in units)


half(
    "half-gradient-in-parts: "
    "Rounds what each step adds to a gradient to half precision, then the sum of a frame's two.",
    ops=(Op.GRADIENT,),
    direction=_narrow_parts,
)
half(
    "half-gradient-kept-wide: Gives the gradient in float32 where the keypoints are in half precision.",
    ops=(Op.GRADIENT,),
    gradient=lambda truth, s: replace(truth.gradient(s), dtype=s.problem.result),
)
double(
    "keypoints-in-float32: Converts float64 keypoints to float32 first.",
    prepare=lambda _, p: replace(p, x=tuple(bits.round_to(v, "float32") for v in p.x)),
)
double(
    "lengths-in-float32: Rounds float64 lengths to float32.",
    length=lambda truth, p, scale, step: rounded(truth.length(p, scale, step), scale, "float32"),
)
double(
    "sum-in-float32: Adds float64 entries up in float32, one after the other.",
    ops=(Op.VALUE,),
    total=_added_in(lambda _: "float32"),
)
double(
    "gradient-in-float32: Rounds a float64 gradient to float32.",
    ops=(Op.GRADIENT,),
    gradient=lambda truth, s: _changed(truth.gradient(s), lambda v: through(v, "float32")),
)
mutant(
    "coordinates-cut-to-whole: Cuts coordinates to whole pixels.",
    prepare=lambda _, p: replace(p, x=tuple(float(int(v)) if abs(v) < 2.0**63 else v for v in p.x)),
)


def typed(what: str, dtype: Callable[[Problem], str], *, needs: str = "anything") -> None:
    """Declare another dtype of all results, whose numbers are right."""

    def solve(truth: Definition, p: Problem) -> Solution:
        solution = truth.solve(p)
        solution.outputs = {name: replace(o, dtype=dtype(p)) for name, o in solution.outputs.items()}
        return solution

    mutant(what, needs=needs, solve=solve)


typed("half-result: Gives results in the half precision of the keypoints.", lambda p: p.dtype, needs="half")
typed("single-result: Gives float32 whatever comes.", lambda _: "float32", needs="double")
typed("double-result: Gives float64 whatever comes.", lambda _: "float64")
