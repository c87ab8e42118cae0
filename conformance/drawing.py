"""Requests that have given features, drawn: the same from the same seed, on every Python."""

from __future__ import annotations

import math
import random
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

from conformance.bits import FORMATS, round_to
from conformance.expected import OpenQuestionError, expect
from conformance.features import FEATURES, MANY, features, may_be
from conformance.model import Array, Case, Op, Recipe
from conformance.oracle.problem import HALVES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Roll = Callable[[], float]

TRIES = 50
SIMPLEST = {
    "layout": "flat",
    "axes": "2",
    "dtype": "float64",
    "size": "two frames",
    "confidences": "none",
    "threshold": "none",
    "epsilon": "none",
    "reduction": "mean",
    "segments": "none",
    "nan_policy": "propagate",
    "nan": "none",
    "inf": "none",
}
"""What each feature is where there is nothing to see."""
_LEADING: dict[str, tuple[int, ...]] = {"flat": (), "single": (), "batch": (2,), "deep": (1, 2)}


class UndrawableError(ValueError):
    """No request was found that has the features."""


def draw(name: str, recipe: Recipe) -> Case:
    """Draw a case; its answer is computed, what it kills is not.

    Raises
    ------
    UndrawableError
        No request has these features, or none was found.
    """
    op, row = recipe.op, dict(zip(FEATURES, recipe.features, strict=True))
    if not _may_be(row, op):
        message = f"{name}: no {op} request can have {_described(row)}"
        raise UndrawableError(message)
    roll = random.Random(recipe.seed).random  # noqa: S311 - not for secrets; the same on every Python
    for _ in range(TRIES):
        attempt = _Attempt(recipe, row, roll)
        case = Case(
            name, _clauses(row, op), _described(row), _flags(row), op, row["dtype"], *attempt.request()
        )
        if features(case.request) != row:
            continue
        try:
            return expect(case)
        except OpenQuestionError:
            continue
    message = f"{name}: no {op} request was found with {_described(row)}"
    raise UndrawableError(message)


def _may_be(row: Mapping[str, str], op: Op) -> bool:
    """Tell whether every pair is possible, and something hides what is hidden."""
    which = "half" if row["dtype"] in HALVES else op.value
    hides = row["confidences"] != "none" or row["segments"] == "given"
    omits = row["nan_policy"] == "omit"
    return (
        all(may_be(which, pair) for pair in combinations(row.items(), 2))
        and (op is Op.VALUE or row["reduction"] != "none")
        and (hides or omits or row["nan"] != "hidden")
        and (hides or (omits and row["nan"] == "hidden") or row["inf"] != "hidden")
    )


_WORDS = {
    "axes": "{} axes",
    "confidences": "{} confidences",
    "threshold": "threshold {}",
    "epsilon": "epsilon {}",
    "segments": "segments",
    "nan": "NaN {}",
    "inf": "infinity {}",
}


def _described(row: Mapping[str, str]) -> str:
    told = [_WORDS.get(n, "{}").format(v) for n, v in row.items() if n == "dtype" or v != SIMPLEST[n]]
    return ", ".join(told)


def _flags(row: Mapping[str, str]) -> tuple[str, ...]:
    there = {
        "inf": row["inf"] == "open",
        "large": row["size"] == "many",
        "masked-nan": "hidden" in (row["nan"], row["inf"]),
        "nan": row["nan"] == "open",
    }
    return ("random", *(flag for flag, here in there.items() if here))


def _clauses(row: Mapping[str, str], op: Op) -> tuple[str, ...]:
    half = row["dtype"] in HALVES
    concerned = {
        "TL-1.1": row["axes"] != "2",
        "TL-1.3": row["confidences"] in ("wider", "narrower"),
        "TL-2": True,
        "TL-2.1": row["segments"] == "given",
        "TL-2.2": row["inf"] == "open",
        "TL-3.1": row["confidences"] != "none",
        "TL-3.2": row["confidences"] != "none" and row["threshold"] in ("ordinary", "above 1"),
        "TL-3.4": "hidden" in (row["nan"], row["inf"]),
        "TL-3.5": row["nan_policy"] == "omit",
        "TL-4": row["epsilon"] != "none",
        "TL-4.1": row["epsilon"] in ("list", "array"),
        "TL-5.1": row["reduction"] == "mean",
        "TL-5.2": row["reduction"] == "valid_mean",
        "TL-5.4": row["reduction"] in ("sum", "none"),
        "TL-5.5": row["layout"] in ("batch", "deep"),
        "TL-7.1": half,
        "TL-8.1": op is Op.GRADIENT,
        "TL-8.2": op is Op.GRADIENT and (row["confidences"], row["segments"]) != ("none", "none"),
        "TL-8.3": op is Op.GRADIENT and "open" in (row["nan"], row["inf"]),
    }
    return tuple(clause for clause, here in concerned.items() if here)


class _Attempt:
    """One attempt at a request; whether it has the features is seen afterwards."""

    def __init__(self, recipe: Recipe, row: Mapping[str, str], roll: Roll) -> None:
        self.row, self.op, self.roll = row, recipe.op, roll
        self.lead = _LEADING[row["layout"]]
        self.axes = int(row["axes"])
        self.keypoints = recipe.keypoints or self.whole(1, 3)
        self.frames = self._frames(recipe.frames)
        self.batch = math.prod(self.lead)
        self.threshold = self._threshold()
        self.low = self._low()
        self.segments = self._segments()
        self.x = self._positions()
        for name, odd in (("inf", math.inf), ("nan", math.nan)):
            if row[name] != "none":
                self._put(odd, row[name])

    def whole(self, first: int, last: int) -> int:
        """Draw a whole number."""
        return first + int(self.roll() * (last - first + 1))

    def pick(self, things: list[Any]) -> Any:
        """Draw one of several."""
        return things[self.whole(0, len(things) - 1)]

    def _frames(self, given: int) -> int:
        if self.row["size"] == "two frames":
            return 2
        if self.row["size"] == "many":
            return MANY // (math.prod(self.lead) * self.keypoints) + 2
        return given or self.whole(3, 6)

    def _threshold(self) -> float:
        drawn = {"ordinary": 0.2 + 0.7 * self.roll(), "above 1": 1.1 + self.roll(), "negative": -self.roll()}
        return drawn.get(self.row["threshold"], 0.0)

    def _cells(self) -> list[tuple[int, int, int]]:
        return list(product(range(self.batch), range(self.frames), range(self.keypoints)))

    def _low(self) -> set[tuple[int, int, int]]:
        """Cells of low confidence: some, where thresholds are such that people have them."""
        if self.row["confidences"] == "none" or self.row["threshold"] not in ("ordinary", "above 1"):
            return set()
        return {cell for cell in self._cells() if self.roll() < 0.2}

    def _segments(self) -> list[int]:
        """Segment of each frame of each sequence, some of one frame."""
        found: list[int] = []
        for _ in range(self.batch):
            at = self.whole(-2, 2)
            for _ in range(self.frames):
                at += self.roll() < 0.3
                found.append(at)
        return found

    def _positions(self) -> dict[tuple[int, int, int], list[float]]:
        """Wandering positions; some keypoints rest for a frame, some step by a whole length."""
        found: dict[tuple[int, int, int], list[float]] = {}
        for b, k in product(range(self.batch), range(self.keypoints)):
            at = [round(200 * self.roll()) + self.roll() for _ in range(self.axes)]
            for t in range(self.frames):
                found[b, t, k] = at
                kind = self.roll()
                moved = [3.0, 4.0, 12.0] if kind < 0.2 else [16 * (self.roll() - 0.5) for _ in at]
                at = at if kind > 0.85 else [v + d for v, d in zip(at, moved, strict=False)]
        return found

    def _put(self, odd: float, where: str) -> None:
        """Make a coordinate NaN or infinite, in the open or where it is hidden."""
        b, t, k = self.pick(self._cells())
        if odd == math.inf:
            odd = self.pick([math.inf, -math.inf])
        axis = self.whole(0, self.axes - 1)
        if where == "open":
            # A gradient is defined where the steps are NaN, as from infinity to infinity.
            through = odd in (math.inf, -math.inf) and self.op is Op.GRADIENT
            for at in range(self.frames) if through else [t]:
                self._set((b, at, k), axis, odd)
            return
        if self.row["confidences"] != "none" and (self.row["segments"] == "none" or self.roll() < 0.5):
            self.low.add((b, t, k))
        elif self.row["segments"] == "given":
            # The only frame of its segment.
            self.segments[b * self.frames + t] = 7 if odd != odd else 8  # noqa: PLR0124 - NaN
        elif self.row["nan"] == "hidden" and odd in (math.inf, -math.inf):
            # NaN beside it in each step hides it, where NaN is omitted.
            for at in range(self.frames) if self.axes == 1 else [t]:
                self._set((b, at, k), axis - 1, math.nan)
        self._set((b, t, k), axis, odd)

    def _set(self, cell: tuple[int, int, int], axis: int, value: float) -> None:
        self.x[cell] = [value if i == axis % self.axes else v for i, v in enumerate(self.x[cell])]

    def request(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Give inputs and parameters."""
        row, dtype = self.row, self.row["dtype"]
        cells = (*self.lead, self.frames, self.keypoints)
        flat = row["layout"] == "flat"
        shape = (self.frames, self.keypoints * self.axes) if flat else (*cells, self.axes)
        values = [v for cell in self._cells() for v in self.x[cell]]
        inputs = {"keypoints": _array(dtype, shape, values)}
        params: dict[str, Any] = {}
        if row["confidences"] != "none":
            inputs["confidences"] = _array(self._dtype_of_confidences(), cells, self._confidences())
        if row["segments"] == "given":
            inputs["segment_ids"] = Array("int64", cells[:-1], tuple(self.segments))
        if row["epsilon"] == "array":
            inputs["epsilon"] = _array(dtype, (self.keypoints,), self._epsilons())
        elif row["epsilon"] != "none":
            several = self._epsilons()
            number = {"0": 0.0, "tiny": 2.0**-30 * (1 + self.roll()), "number": several[0]}
            params["epsilon"] = number.get(row["epsilon"], several)
        if row["nan_policy"] == "omit" or self.roll() < 0.1:
            params["nan_policy"] = row["nan_policy"]
        if row["threshold"] != "none":
            params["prob_threshold"] = self.threshold
        if row["reduction"] != "mean" or self.roll() < 0.1:
            params["reduction"] = row["reduction"]
        return inputs, params

    def _dtype_of_confidences(self) -> str:
        own, wanted = FORMATS[self.row["dtype"]].precision, self.row["confidences"]
        if wanted == "same":
            return self.row["dtype"]
        sign = 1 if wanted == "wider" else -1
        name: str = self.pick([n for n, f in FORMATS.items() if sign * (f.precision - own) > 0])
        return name

    def _confidences(self) -> list[float]:
        """Confidences well below the threshold, or above it, or equal to it."""
        found = []
        for cell in self._cells():
            share = self.roll()
            below = self.threshold - 0.1 - 0.5 * share
            found.append(
                below if cell in self.low else self.threshold + (share - 0.1 if share > 0.1 else 0.0)
            )
        return found

    def _epsilons(self) -> list[float]:
        return [0.0 if self.roll() < 0.15 else 0.5 + 5 * self.roll() for _ in range(self.keypoints)]


def _array(dtype: str, shape: tuple[int, ...], values: list[float]) -> Array:
    return Array(dtype, shape, tuple(round_to(v, dtype) for v in values))
