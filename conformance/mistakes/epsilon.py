"""Mistakes in the soft threshold."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from conformance import bits
from conformance.mistakes.registry import Wrong
from conformance.mistakes.rounding import cut, ties_away
from conformance.model import Array, ErrorKind, Op
from conformance.oracle import fixed, read

if TYPE_CHECKING:
    from conformance.model import Request
    from conformance.oracle import Entry, Exact, Output, Problem, Solution
    from conformance.oracle.fixed import Fixed, Number

RECTIFYING = (Op.VALUE, Op.STAGES, Op.GRADIENT)


def _numbers(request: Request) -> tuple[float, ...]:
    """Epsilon as it was given: one number, or one for each keypoint."""
    given: Any = request.inputs.get("epsilon", request.params.get("epsilon", 0.0))
    return given.values if isinstance(given, Array) else tuple(given) if isinstance(given, list) else (given,)


def _one_each(request: Request) -> bool:
    return len(_numbers(request)) > 1


def _unrounded(p: Problem) -> tuple[float, ...]:
    values = _numbers(p.asked)
    return values if len(values) > 1 else values * p.keypoints


class _Epsilon(Wrong):
    """Base of the mistakes that epsilon makes."""

    ops: ClassVar[tuple[Op, ...]] = RECTIFYING
    needs: ClassVar[str] = "epsilon"


class EpsilonHardThreshold(_Epsilon):
    """Zeroes lengths below epsilon but does not subtract it from the others."""

    def rectify(self, value: Number, epsilon: Number) -> Number:
        return value if fixed.is_nan(value) or value > epsilon else 0


class EpsilonIgnored(_Epsilon):
    """Ignores epsilon."""

    def rectify(self, value: Number, epsilon: Number) -> Number:
        return value


class EpsilonNotClamped(_Epsilon):
    """Subtracts epsilon and lets the result become negative."""

    def rectify(self, value: Number, epsilon: Number) -> Number:
        return fixed.sub(value, epsilon)

    def slope(self, entry: Entry, epsilon: Number) -> Exact:
        if entry.joins or entry.hidden:
            return Fraction(0)
        return super().slope(entry, epsilon) if fixed.is_nan(entry.length) else Fraction(bool(entry.length))


class EpsilonAbsolute(_Epsilon):
    """Takes the distance of the length from epsilon, |l - epsilon|."""

    def rectify(self, value: Number, epsilon: Number) -> Number:
        return abs(fixed.sub(value, epsilon))

    def slope(self, entry: Entry, epsilon: Number) -> Exact:
        slope = super().slope(entry, epsilon)
        return -slope if entry.length < epsilon else slope


class EpsilonReversed(_Epsilon):
    """Hands the epsilons to the keypoints in reverse order."""

    def prepare(self, p: Problem) -> Problem:
        return replace(p, epsilon=p.epsilon[::-1])


class EpsilonFirstForAll(_Epsilon):
    """Uses the first epsilon for every keypoint."""

    def prepare(self, p: Problem) -> Problem:
        return replace(p, epsilon=p.epsilon[:1] * p.keypoints)


class EpsilonLargestForAll(_Epsilon):
    """Uses the largest epsilon for every keypoint."""

    def prepare(self, p: Problem) -> Problem:
        return replace(p, epsilon=(max(p.epsilon),) * p.keypoints)


class EpsilonAlongTime(_Epsilon):
    """Hands a list of epsilons to the steps and not to the keypoints, where there are as many."""

    def entries(self, p: Problem, scale: Fixed, epsilon: tuple[Number, ...]) -> list[Entry]:
        found = super().entries(p, scale, epsilon)
        for e in found:
            e.rectified = self.rectify(e.masked, epsilon[e.before])
        return found

    def prepare(self, p: Problem) -> Problem:
        along = _one_each(p.asked) and p.frames - 1 == p.keypoints
        # One epsilon for all is the same for every step.
        return p if along else replace(p, epsilon=p.epsilon[:1] * max(p.frames, p.keypoints))

    def refuses(self, request: Request) -> ErrorKind | None:
        kind = super().refuses(request)
        if kind is None and _one_each(request):
            p = read(request)
            return None if p.frames - 1 == p.keypoints else ErrorKind.SHAPE
        return kind


class EpsilonInFloat32(_Epsilon):
    """Rounds epsilon to float32 where the keypoints are float64."""

    def prepare(self, p: Problem) -> Problem:
        return replace(p, epsilon=tuple(bits.round_to(e, "float32") for e in p.epsilon))


class EpsilonInHalf(_Epsilon):
    """Rounds epsilon to the half precision of the keypoints."""

    def prepare(self, p: Problem) -> Problem:
        return replace(p, epsilon=tuple(bits.round_to(e, p.dtype) for e in p.epsilon))


class EpsilonNotRounded(_Epsilon):
    """Compares and subtracts in float64 with an epsilon that was not rounded to the result dtype."""

    def prepare(self, p: Problem) -> Problem:
        return replace(p, epsilon=tuple(map(float, _unrounded(p))))


class EpsilonRoundedTwice(_Epsilon):
    """Rounds whole numbers of an array to float64 first, and then to the result dtype."""

    def prepare(self, p: Problem) -> Problem:
        return replace(p, epsilon=tuple(bits.round_to(float(e), p.result) for e in _unrounded(p)))


class EpsilonTiesAway(_Epsilon):
    """Rounds an epsilon half way between two numbers away from 0, and not to the even one."""

    def prepare(self, p: Problem) -> Problem:
        return replace(p, epsilon=tuple(ties_away(e, p.result) for e in _unrounded(p)))


class EpsilonCut(_Epsilon):
    """Cuts the digits of epsilon that the result dtype lacks, and does not round."""

    def prepare(self, p: Problem) -> Problem:
        return replace(p, epsilon=tuple(cut(e, p.result) for e in _unrounded(p)))


class EpsilonsOfOneKind(_Epsilon):
    """Reads a list of epsilons as whole numbers if the first one is whole."""

    def prepare(self, p: Problem) -> Problem:
        given = p.asked.params.get("epsilon")
        if not isinstance(given, list) or not isinstance(given[0], int):
            return p
        return replace(p, epsilon=tuple(float(int(e)) for e in p.epsilon))


class EpsilonsKeptWhole(_Epsilon):
    """Makes an array of integers of whole epsilons, beside which float32 becomes float64."""

    ops = (Op.VALUE, Op.STAGES)

    def array(self, s: Solution, numbers: list[Number]) -> Output:
        return self.widened(s, super().array(s, numbers))

    def loss(self, s: Solution) -> Output:
        return self.widened(s, super().loss(s))

    def stages(self, s: Solution) -> dict[str, Output]:
        found = super().stages(s)
        narrow = {name: replace(found[name], dtype=s.problem.result) for name in ("differences", "masked")}
        return found | narrow

    def widened(self, s: Solution, output: Output) -> Output:
        given = s.problem.asked.params.get("epsilon")
        whole = isinstance(given, list) and all(isinstance(e, int) for e in given)
        return replace(output, dtype="float64") if whole else output


class RefusesWholeNumbers(Wrong):
    """Takes a parameter that is a whole number for no number."""

    computes = False

    def refuses(self, request: Request) -> ErrorKind | None:
        given = request.params.values()
        numbers = [v for value in given for v in (value if isinstance(value, list) else [value])]
        return ErrorKind.VALUE if any(isinstance(v, int) for v in numbers) else super().refuses(request)


class EpsilonTruncated(_Epsilon):
    """Cuts epsilon to a whole number of pixels."""

    def prepare(self, p: Problem) -> Problem:
        return replace(p, epsilon=tuple(float(int(e)) for e in p.epsilon))


class EpsilonBelowRoot(_Epsilon):
    """Subtracts the square of epsilon from the square of the length, then takes the root."""

    ops = (Op.VALUE, Op.STAGES)

    def entries(self, p: Problem, scale: Fixed, epsilon: tuple[Number, ...]) -> list[Entry]:
        found = super().entries(p, scale, epsilon)
        for e in found:
            least = epsilon[e.keypoint]
            if isinstance(e.masked, int) and isinstance(least, int):
                e.rectified = math.isqrt(max(e.masked * e.masked - least * least, 0))
        return found


class EpsilonAfterReduction(_Epsilon):
    """Subtracts epsilon from the mean or sum and not from each length."""

    ops = (Op.VALUE,)

    def rectify(self, value: Number, epsilon: Number) -> Number:
        return value

    def loss(self, s: Solution) -> Output:
        output = super().loss(s)
        epsilon = s.scale.exact(s.epsilon[0])
        if output.shape:
            return output
        rest = output.values[0] - epsilon
        return replace(output, values=(max(rest, Fraction(0)) if rest == rest else rest,))  # noqa: PLR0124


class EpsilonBeforeMask(_Epsilon):
    """Runs the epsilon stage before the mask."""

    ops = (Op.STAGES,)
    needs = "anything"

    def stages(self, s: Solution) -> dict[str, Output]:
        early = [self.rectify(e.length, s.epsilon[e.keypoint]) for e in s.entries]
        masked: list[Number] = [0 if e.hidden else early[i] for i, e in enumerate(s.entries)]
        return super().stages(s) | {"masked": self.array(s, masked), "rectified": self.array(s, early)}


class NanHiddenByEpsilon(_Epsilon):
    """Turns an unmasked NaN into 0 in the epsilon stage, as `where(l > e, l - e, 0)` does."""

    needs = "special"

    def rectify(self, value: Number, epsilon: Number) -> Number:
        return 0 if fixed.is_nan(value) else super().rectify(value, epsilon)
