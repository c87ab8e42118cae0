"""The features of a request, declared once, and which pairs of them cases have together."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING

from conformance.bits import FORMATS
from conformance.model import Op
from conformance.oracle import Definition, read
from conformance.oracle.problem import HALVES
from conformance.oracle.refusals import POLICIES, REDUCTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from conformance.model import Request

MANY = 256
"""Entries from which on a poor summation shows: blocks of 128 are often summed plainly."""
TINY = 2.0**-20
"""An epsilon below this changes little but is not 0."""


def _layout(request: Request) -> str:
    return ("flat", "single", "batch", "deep")[min(len(request.inputs["keypoints"].shape) - 2, 3)]


def _axes(request: Request) -> str:
    shape = request.inputs["keypoints"].shape
    return "2" if len(shape) == 2 else str(shape[-1])


def _confidences(request: Request) -> str:
    if "confidences" not in request.inputs:
        return "none"
    own, other = (FORMATS[request.inputs[n].dtype].precision for n in ("keypoints", "confidences"))
    return "same" if own == other else ("wider" if other > own else "narrower")


def _epsilon(request: Request) -> str:
    if "epsilon" in request.inputs:
        return "array"
    epsilon = request.params.get("epsilon")
    if epsilon is None or isinstance(epsilon, list):
        return "none" if epsilon is None else "list"
    return "0" if epsilon == 0 else ("tiny" if epsilon < TINY else "number")


def _threshold(request: Request) -> str:
    threshold = request.params.get("prob_threshold")
    if threshold is None or threshold == 0:
        return "none" if threshold is None else "0"
    return "negative" if threshold < 0 else ("above 1" if threshold > 1 else "ordinary")


def _odd(is_odd: Callable[[float], bool]) -> Callable[[Request], str]:
    """Say where numbers are odd: nowhere, in masked entries only, or in the open too."""

    def where(request: Request) -> str:
        if not any(map(is_odd, request.inputs["keypoints"].values)):
            return "none"
        p, rules = read(request), Definition()
        for b, (before, after), k in product(range(p.batch), rules.pairs(p), range(p.keypoints)):
            points = (p.x[at : at + p.axes] for at in (p.point(b, before, k), p.point(b, after, k)))
            left_out = rules.joins(p, b, before, after) or rules.hidden(p, b, before, after, k)
            if not left_out and any(is_odd(v) for point in points for v in point):
                return "open"
        return "hidden"

    return where


def _size(request: Request) -> str:
    frames = request.inputs["keypoints"].shape[-2 if _layout(request) == "flat" else -3]
    entries = len(request.inputs["keypoints"].values) // int(_axes(request))
    return "two frames" if frames == 2 else ("many" if entries >= MANY else "few")


@dataclass(frozen=True)
class Feature:
    """A property that every request has: one of `values`, which `of` tells."""

    values: tuple[str, ...]
    of: Callable[[Request], str]


FEATURES = {
    "layout": Feature(("flat", "single", "batch", "deep"), _layout),
    "axes": Feature(("1", "2", "3"), _axes),
    "dtype": Feature(tuple(FORMATS), lambda r: r.inputs["keypoints"].dtype),
    "size": Feature(("two frames", "few", "many"), _size),
    "confidences": Feature(("none", "same", "wider", "narrower"), _confidences),
    "threshold": Feature(("none", "0", "ordinary", "above 1", "negative"), _threshold),
    "epsilon": Feature(("none", "number", "list", "array", "0", "tiny"), _epsilon),
    "reduction": Feature(REDUCTIONS, lambda r: r.params.get("reduction", "mean")),
    "segments": Feature(("none", "given"), lambda r: "given" if "segment_ids" in r.inputs else "none"),
    "nan_policy": Feature(POLICIES, lambda r: r.params.get("nan_policy", "propagate")),
    "nan": Feature(("none", "hidden", "open"), _odd(math.isnan)),
    "inf": Feature(("none", "hidden", "open"), _odd(math.isinf)),
}
KINDS = ("value", "gradient", "half")
"""The kinds of cases that are counted apart; half precision is one, be it values or gradients."""

Choice = tuple[str, str]
Pair = tuple[Choice, Choice]
IMPOSSIBLE: dict[Pair, str] = {
    (("layout", "flat"), ("axes", "1")): "flat columns are pairs x, y",
    (("layout", "flat"), ("axes", "3")): "flat columns are pairs x, y",
    (("dtype", "float64"), ("confidences", "wider")): "no dtype is wider",
    (("dtype", "bfloat16"), ("confidences", "narrower")): "no dtype is narrower",
    (("nan_policy", "omit"), ("nan", "open")): "what is omitted is hidden",
}
"""Pairs that no request can have, and why."""


def features(request: Request) -> dict[str, str]:
    """Tell the features of a request that is free of faults."""
    return {name: feature.of(request) for name, feature in FEATURES.items()}


def kind(request: Request) -> str | None:
    """Tell the kind of a request; None if pairs of it are not counted."""
    if request.op not in (Op.VALUE, Op.GRADIENT):
        return None
    return "half" if request.inputs["keypoints"].dtype in HALVES else request.op.value


def possible(which: str) -> Iterator[Pair]:
    """Give the pairs of features that there can be in a kind."""
    for (one, first), (other, second) in combinations(FEATURES.items(), 2):
        for pair in product(product([one], first.values), product([other], second.values)):
            if may_be(which, pair):
                yield pair


def may_be(which: str, pair: Pair) -> bool:
    """Tell whether a request of this kind can have both features."""
    return pair not in IMPOSSIBLE and all(_fits(which, choice) for choice in pair)


def _fits(which: str, choice: Choice) -> bool:
    name, value = choice
    if name == "dtype":
        return (value in HALVES) == (which == "half")
    return (which, *choice) != ("gradient", "reduction", "none")


def count(requests: Iterable[Request]) -> dict[str, Counter[Pair]]:
    """Count the pairs of features that requests have, by kind."""
    found: dict[str, Counter[Pair]] = {which: Counter() for which in KINDS}
    for request in requests:
        which = kind(request)
        if which is not None:
            found[which].update(combinations(features(request).items(), 2))
    return found


def missing(requests: Iterable[Request]) -> dict[str, list[Pair]]:
    """Give the pairs of features that none of the requests has, by kind."""
    return {
        which: [p for p in possible(which) if p not in counted] for which, counted in count(requests).items()
    }
