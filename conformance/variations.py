"""Other ways to ask for the same: in another layout, among other calls, below something else."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any, cast

from conformance import bits, budget, oracle
from conformance.budget import ceiling
from conformance.model import Array, Expected, Op
from conformance.oracle.problem import HALVES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.model import Case, Request

LAYOUTS: Mapping[str, str] = {
    "strided": "with a strided copy of each input",
    "reversed": "with a reversed copy of each input, its strides negative",
    "column-major": "with a column-major copy of each input",
    "read-only": "with a read-only copy of each input",
}
STATES: Mapping[str, str] = {
    "refilled": "with arrays and lists that held other numbers in the call before",
    "kept": "read after arrays and lists were changed and another call was made",
    "threads": "beside calls with other numbers in a second thread",
}
DERIVATIVES: Mapping[str, str] = {
    "upstream": "of -4 times the loss",
    "inner": "by keypoints that were computed from others",
    "by-epsilon": "by an array of epsilons",
}
CLASS: Mapping[str, str] = {
    "weighted": "through TemporalLoss, times its weight, with an array log_weight of 0",
    "by-log-weight": "by the log_weight of TemporalLoss, of the loss times its weight",
}
SIZE: Mapping[str, str] = {
    "large": "with each keypoint there many times and each frame held for many, 2**24 entries and more",
    "long": "with each frame held for many, more than 2**17 of them",
}
WORDS: Mapping[str, str] = {**LAYOUTS, **STATES, **DERIVATIVES, **CLASS, **SIZE}
"""Every variation, and how a verdict tells of it."""

UPSTREAM = -4.0
"""A power of two, by which every budget and every rounding to a normal number grows exactly."""
_WEIGHT = 0.5


@dataclass(frozen=True)
class _Size:
    """How many keypoints and frames there are at least, and the cases that are asked so."""

    keypoints: int
    frames: int
    cases: tuple[str, ...]


_SIZES = {
    # More than 2**24 entries, even if some are masked: half precision, a count of what is valid, and one
    # of transitions.
    "large": _Size(
        66, 2**18 + 2**15, ("value-exact-f16-006", "value-confidence-f32-018", "value-segments-f32-033")
    ),
    # A few megabytes as text, of what a port can do first of all.
    "long": _Size(1, 2**17 + 1, ("value-exact-f16-001", "value-exact-f32-001", "value-exact-f64-001")),
}
WRITTEN = ("long",)
"""The sizes in which requests can be written as text."""
_LARGE = 2**16
"""Numbers in the keypoints beyond which a case is about its size, and is asked in the plain way alone."""


_THREADS, _COSTLY = 4, 8
"""Of so many cases one is asked beside a second thread, and in any variation where all are costly."""


def has_turn(case: Case, variation: str, *, costly: bool) -> bool:
    """Tell whether a case is one of those that are asked in a variation: all, or another part for each."""
    if variation in SIZE:
        return case.id in _SIZES[variation].cases
    part = _COSTLY if costly else _THREADS if variation == "threads" else 1
    return zlib.crc32(f"{variation} {case.id}".encode()) % part == 0


def due(case: Case, variation: str) -> Case | None:
    """Return the case as it is asked and judged in a variation, or None where it cannot be asked so.

    Of a size only what is due is made here: `enlarged` makes the arrays, where they are needed.
    """
    of_gradients = variation in {**DERIVATIVES, **CLASS}
    if case.error is not None or (of_gradients and case.op is not Op.GRADIENT):
        return None
    if len(case.inputs["keypoints"].values) > _LARGE:
        return None
    if variation == "by-epsilon":
        return _by_epsilon(case)
    if variation in SIZE:
        return _of_size(case, variation)
    if variation in CLASS:
        return _weighted(case, by_weight=variation == "by-log-weight")
    return _times(case, UPSTREAM) if variation == "upstream" else case


def _times(case: Case, factor: float) -> Case:
    expected = {name: _scaled(e, factor) for name, e in case.expected.items()}
    if case.dtype in HALVES:
        expected["gradient"] = _rounded_after(case, Fraction(factor))
    return replace(case, expected=expected)


def _rounded_after(case: Case, factor: Fraction) -> Expected:
    """Multiply a half-precision gradient before it is rounded: below the normal numbers that differs."""
    solution = oracle.solve(case.request)
    gradient = solution.outputs["gradient"]
    times = replace(gradient, values=tuple(factor * g for g in gradient.values))
    wide, tight = (budget.gradient(solution, model, factor) for model in (budget.BUDGET, budget.TIGHT))
    return Expected(oracle.rounded(times), wide, tight)


def _scaled(expected: Expected, factor: float) -> Expected:
    array = replace(expected.array, values=tuple(factor * v for v in expected.array.values))
    budget, tight = (tuple(abs(factor) * b for b in bound) for bound in (expected.budget, expected.tight))
    return Expected(array, budget, tight)


def _weighted(case: Case, *, by_weight: bool) -> Case:
    """Judge the loss times its weight, 1 / (2 exp(0)); its derivative by log_weight is its negative."""
    case = _times(case, _WEIGHT)
    loss = case.expected["loss"]
    log_weight = Array(loss.array.dtype, (), (0.0,))
    due = {**case.expected, "gradient": _scaled(loss, -1.0)} if by_weight else case.expected
    return replace(case, inputs={**case.inputs, "log_weight": log_weight}, expected=due)


def _by_epsilon(case: Case) -> Case | None:
    """Judge the derivative by epsilon (TL-8.1), which is handed over as an array if it was none."""
    epsilon = case.inputs.get("epsilon")
    if epsilon is None:
        given = case.params.get("epsilon", 0.0)
        numbers = given if isinstance(given, list) else [given]
        dtype = case.expected["loss"].array.dtype
        shape = (len(numbers),) if isinstance(given, list) else ()
        epsilon = Array(dtype, shape, tuple(bits.round_to(Fraction(n), dtype) for n in numbers))
    if epsilon.dtype not in bits.FORMATS:
        return None
    params = {name: v for name, v in case.params.items() if name != "epsilon"}
    case = replace(case, inputs={**case.inputs, "epsilon": epsilon}, params=params)
    derivative = _derivative(case, epsilon)
    if derivative is None:
        return None
    return replace(case, expected={**case.expected, "gradient": derivative})


def _derivative(case: Case, epsilon: Array) -> Expected | None:
    solution = oracle.solve(case.request)
    if not all(isinstance(e.masked, int) for e in solution.entries):
        # Of NaN and infinity in the open the clause says nothing.
        return None
    longer = [e.keypoint for e in solution.entries if e.rectified > 0]
    counts = [longer.count(k) for k in range(len(epsilon.values))] if epsilon.shape else [len(longer)]
    share = oracle.Definition().share(solution)
    u = Fraction(bits.FORMATS[case.expected["loss"].array.dtype].unit_roundoff)
    values, bounds = [], []
    for count in counts:
        value = bits.round_to(-count * share, epsilon.dtype)
        # The share and its rounding, a sum of so many, and the rounding of what is expected.
        roundings = (count + 3) * u
        bound = count * share * roundings / (1 - roundings)
        values.append(value)
        bounds.append(ceiling(bound + (Fraction(bits.ulp(value, epsilon.dtype)) if count else 0)))
    return Expected(Array(epsilon.dtype, epsilon.shape, tuple(values)), tuple(bounds), tuple(bounds))


@dataclass(frozen=True)
class _Rows(Sequence[float]):
    """Numbers of frames in their order, each frame's as often as it takes: bytes are made of few."""

    rows: tuple[tuple[float, ...], ...]
    times: int
    held: int

    def __len__(self) -> int:
        return sum(map(len, self.rows)) * self.times * self.held

    def __getitem__(self, index: Any) -> Any:
        row, within = divmod(range(len(self))[index], len(self.rows[0]) * self.times * self.held)
        return self.rows[row][within % len(self.rows[row])]

    def pack(self, dtype: str, order: str) -> bytes:
        """Give the bytes of all."""
        return b"".join(bits.pack(row, dtype, order) * (self.times * self.held) for row in self.rows)


def enlarged(request: Request) -> Request:
    """Repeat keypoints and frames of a request that is to be asked in a size; give any other back."""
    if request.variation not in SIZE:
        return request
    p = oracle.read(request)
    times, held = _repetitions(p, request.variation)
    inputs = {name: _repeated(array, name, p, times, held) for name, array in request.inputs.items()}
    return replace(request, inputs=inputs)


def _repetitions(p: oracle.Problem, variation: str) -> tuple[int, int]:
    """How often each keypoint is there, and each frame."""
    size = _SIZES[variation]
    # Odd, as the frames are, for an even number of steps: float32 has all counts on the way.
    return -(-size.keypoints // p.keypoints), size.frames // (p.batch * p.frames) | 1


def _of_size(case: Case, variation: str) -> Case:
    """Judge a scalar loss of more of the same entries, and very many at rest.

    No entry at rest changes a sum, and how many more there are to count is plain multiplication.
    """
    solution = oracle.solve(case.request)
    p, rules = solution.problem, oracle.Definition()
    times, held = _repetitions(p, variation)
    cells = product(range(p.batch), range(p.frames), range(p.keypoints))
    resting = sum(p.reduction == "mean" or not rules.hidden(p, b, t, t, k) for b, t, k in cells)
    count = times * (solution.count + (held - 1) * resting)
    (mean,) = solution.outputs["loss"].values
    loss = replace(solution.outputs["loss"], values=(Fraction(mean) * solution.count * times / count,))
    large = replace(solution, entries=solution.entries * times, count=count, outputs={"loss": loss})
    wide, tight = (budget.budgets(large, model)["loss"] for model in (budget.BUDGET, budget.TIGHT))
    return replace(case, expected={"loss": Expected(oracle.rounded(loss), wide, tight)})


def _repeated(array: Array, name: str, p: oracle.Problem, times: int, held: int) -> Array:
    width = len(array.values) // (p.batch * p.frames)
    rows = tuple(array.values[i : i + width] for i in range(0, len(array.values), width))
    shape = list(array.shape)
    frames = max(len(shape) - {"keypoints": 3, "confidences": 2, "segment_ids": 1}[name], 0)
    shape[frames] *= held
    if name == "segment_ids":
        times = 1
    else:
        shape[frames + 1] *= times
    # An array takes them for what they stand for.
    values = cast("tuple[float, ...]", _Rows(rows, times, held))
    return replace(array, shape=tuple(shape), values=values)
