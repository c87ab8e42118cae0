"""How epsilon becomes a number of the result dtype, and which dtype that makes of the result."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance import bits
from conformance.model import Array, Op
from conformance.mutants.epsilon import RECTIFYING, epsilon
from conformance.mutants.numbers import cut, ties_away

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.oracle import Definition, Output, Problem, Solution


def _given(p: Problem) -> tuple[float, ...]:
    """Epsilon as it was given, one for each keypoint."""
    given: Any = p.asked.inputs.get("epsilon", p.asked.params.get("epsilon", 0.0))
    values = (
        given.values if isinstance(given, Array) else tuple(given) if isinstance(given, list) else (given,)
    )
    return values if len(values) > 1 else values * p.keypoints


def rounding(what: str, becomes: Callable[[float, Problem], float]) -> None:
    """Declare a rule for the number that an epsilon, as it was given, becomes."""

    def prepare(_: Definition, p: Problem) -> Problem:
        return replace(p, epsilon=tuple(becomes(e, p) for e in _given(p)))

    epsilon(what, ops=RECTIFYING, prepare=prepare)


def _due(value: float, p: Problem) -> float:
    return bits.round_to(value, p.result)


rounding(
    "epsilon-in-float32: Rounds epsilon to float32 where the keypoints are float64.",
    lambda e, p: bits.round_to(_due(e, p), "float32"),
)
rounding(
    "epsilon-in-half: Rounds epsilon to the half precision of the keypoints.",
    lambda e, p: bits.round_to(_due(e, p), p.dtype),
)
rounding(
    "epsilon-not-rounded: "
    "Compares and subtracts in float64 with an epsilon that was not rounded to the result dtype.",
    lambda e, _: float(e),
)
rounding(
    "epsilon-rounded-twice: Rounds whole numbers of an array to float64 first, and then to the result dtype.",
    lambda e, p: _due(float(e), p),
)
rounding(
    "epsilon-ties-away: Rounds an epsilon half way between two numbers away from 0, and not to the even one.",
    lambda e, p: ties_away(e, p.result),
)
rounding(
    "epsilon-cut: Cuts the digits of epsilon that the result dtype lacks, and does not round.",
    lambda e, p: cut(e, p.result),
)
rounding("epsilon-truncated: Cuts epsilon to a whole number of pixels.", lambda e, p: float(int(_due(e, p))))


def _first_is_whole(p: Problem) -> bool:
    given = p.asked.params.get("epsilon")
    return isinstance(given, list) and isinstance(given[0], int)


rounding(
    "epsilons-of-one-kind: Reads a list of epsilons as whole numbers if the first one is whole.",
    lambda e, p: float(int(_due(e, p))) if _first_is_whole(p) else _due(e, p),
)


def widened(what: str, wide: Callable[[Problem], bool]) -> None:
    """Declare a mutant whose epsilon may turn into float64 what it meets."""

    def dtype(p: Problem) -> str:
        return "float64" if wide(p) else p.result

    def loss(truth: Definition, s: Solution) -> Output:
        return replace(truth.loss(s), dtype=dtype(s.problem))

    def stages(truth: Definition, s: Solution) -> dict[str, Output]:
        found = truth.stages(s)
        return found | {"rectified": replace(found["rectified"], dtype=dtype(s.problem))}

    epsilon(what, ops=(Op.VALUE, Op.STAGES), loss=loss, stages=stages)


def _all_whole(p: Problem) -> bool:
    given = p.asked.params.get("epsilon")
    return isinstance(given, list) and all(isinstance(e, int) for e in given)


def _double(p: Problem) -> bool:
    given = p.asked.inputs.get("epsilon")
    return given is not None and given.dtype == "float64"


widened(
    "epsilons-kept-whole: "
    "Makes an array of integers of whole epsilons, beside which float32 becomes float64.",
    _all_whole,
)
widened(
    "epsilon-array-kept: "
    "Uses an epsilon array in the dtype that it comes in, beside which float32 becomes float64.",
    _double,
)
