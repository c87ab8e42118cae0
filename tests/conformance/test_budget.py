"""The budgets: by hand, and against machines that round as badly as the analysis allows."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import cycle
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from conformance import bits, budget, oracle
from conformance.budget import BUDGET, TIGHT, Model
from conformance.model import Array, Op, Request
from conformance.oracle import Entry, Solution

U32 = Fraction(2) ** -24
Rule = Callable[[list[Fraction]], Fraction]


def ask(
    rows: Sequence[Sequence[float]], dtype: str = "float32", op: Op = Op.VALUE, **params: Any
) -> Solution:
    values = tuple(bits.round_to(v, dtype) for row in rows for v in row)
    inputs = {"keypoints": Array(dtype, (len(rows), len(rows[0])), values)}
    inputs |= {k: v for k, v in params.items() if isinstance(v, Array)}
    return oracle.solve(Request("", op, inputs, {k: v for k, v in params.items() if k not in inputs}))


def of(solution: Solution, name: str = "loss", model: Model = BUDGET) -> tuple[float, ...]:
    return budget.budgets(solution, model)[name]


def close(got: float, want: Fraction) -> bool:
    """A stored budget has three digits, rounded up."""
    return want <= Fraction(got) <= want * Fraction(102, 100)


# By hand ------------------------------------------------------------------------------------


def test_one_irrational_step() -> None:
    one = ask([[0, 0], [1, 2]])
    length = Fraction(oracle.exact_value(one.problem.asked.inputs["keypoints"]))
    # 6 roundings of the length, 1 of the subtraction of epsilon, half a unit of the expected value.
    assert close(of(one)[0], 7 * U32 * length + Fraction(2) ** -23)
    # The plain formula: 3 and 1.
    assert close(of(one, model=TIGHT)[0], 4 * U32 * length + Fraction(2) ** -23)


def test_one_entry_by_itself() -> None:
    entry, stages = ask([[0, 0], [1, 2]], reduction="none"), ask([[0, 0], [1, 2]], op=Op.STAGES)
    length = Fraction(oracle.exact_value(entry.problem.asked.inputs["keypoints"]))
    want = 7 * U32 * length + Fraction(2) ** -23
    assert close(of(entry)[0], want)
    assert close(of(stages, "rectified")[0], want)
    assert close(of(stages, "differences")[0], 7 * U32 * length)


def test_a_mean_of_three_equal_steps() -> None:
    three = ask([[0, 0], [1, 2], [2, 4], [3, 6]])
    y = Fraction(oracle.exact_value(three.problem.asked.inputs["keypoints"]))
    # 7 per length; two additions and two for the division by 3; the expected value's half unit.
    assert close(of(three)[0], U32 * y * (7 + 2 + 2) + Fraction(2) ** -23)


def test_a_long_sum_costs_its_length_or_its_logarithm() -> None:
    walk = [[t, 2 * t] for t in range(129)]
    wide, tight = (of(ask(walk, reduction="sum"), model=m)[0] for m in (BUDGET, TIGHT))
    total = 128 * math.sqrt(5)
    assert wide == pytest.approx(float(U32) * total * (7 + 127) + 2**-16, rel=0.02)
    assert tight == pytest.approx(float(U32) * total * (4 + 7) + 2**-16, rel=0.02)


def test_the_gradient_of_one_step() -> None:
    (gx, gy), *_ = [of(ask([[0, 0], [1, 2]], op=Op.GRADIENT), "gradient")[:2]]
    a = [1 / math.sqrt(5), 2 / math.sqrt(5)]
    for got, unit in zip((gx, gy), a, strict=True):
        # Nine for the unit vector over the count, then two half units: the difference, the expected value.
        assert got == pytest.approx(float(U32) * 9 * unit + bits.ulp(unit, "float32"), rel=0.02)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_half_gradient_is_rounded_once_and_so_has_no_budget(dtype: str) -> None:
    assert of(ask([[0, 0], [1, 2]], dtype, Op.GRADIENT), "gradient") == (0.0,) * 4


@pytest.mark.parametrize(
    ("beyond", "bound"),
    [(0, 2.0**-10), (2.0**-23, 2.0**-10), (-(2.0**-23), 2.0**-10), (2.0**-21, 0), (-(2.0**-21), 0)],
)
def test_a_half_gradient_may_fall_to_either_side_of_a_tie_within_its_error(
    beyond: float, bound: float
) -> None:
    analysis = budget._Analysis(ask([[0, 0], [1, 2]], "float16", Op.GRADIENT), BUDGET)
    # Half way from 1 to the next number; the last subtraction is 2**-24 off at most.
    assert analysis.settled(1 + Fraction(2) ** -11 + Fraction(beyond), Fraction(2) ** -22) == bound


@pytest.mark.parametrize(
    ("rows", "params"),
    [
        ([[0, 0], [3, 4]], {}),
        ([[0, 0], [3, 4]], {"epsilon": 2.5}),
        ([[0, 0], [3, 4], [9, 12], [9, 12], [9, 13]], {}),
        ([[0, 0], [3, 4], [9, 12], [9, 12]], {"reduction": "sum"}),
        ([[7, 7], [7, 7], [7, 7], [7, 7]], {}),
        ([[0, 0], [1, 2], [3, 1]], {"epsilon": 100.0}),
        ([[0, 0], [1, 2], [3, 1]], {"segment_ids": Array("int64", (3,), (0, 1, 2))}),
    ],
)
def test_exact_arithmetic_has_no_budget(rows: Sequence[Sequence[float]], params: Any) -> None:
    assert of(ask(rows, **params)) == (0.0,)


@pytest.mark.parametrize(
    ("rows", "params"),
    [
        ([[0, 0], [5, 12]], {}),  # 5/12 is not exact for whoever divides by the largest
        ([[0, 0], [3, 4], [6, 8], [9, 12]], {}),  # three steps
        ([[0, 0], [3, 4]], {"epsilon": 2.0**-30}),  # 5 - epsilon has too many digits
        ([[0, 0], [2.0**24, 0], [2.0**24, 1]], {"reduction": "sum"}),  # the sum has too many digits
        ([[1, 0], [2.0**-30, 0]], {}),  # the difference has too many digits
        ([[0, 0], [1 + 2.0**-20, 0]], {}),  # the square has too many digits
    ],
)
def test_inexact_arithmetic_has_one(rows: Sequence[Sequence[float]], params: Any) -> None:
    assert of(ask(rows, **params))[0] > 0


# 41 times the float32 nearest to 1/41 is rounded to a number below 1, 3 times that of 1/3 to 1.
@pytest.mark.parametrize(("length", "count"), [(3, 0), (5, 0), (41, 2), (47, 2)])
def test_a_coordinate_over_its_own_length_may_be_a_product_with_the_reciprocal(
    length: int, count: int
) -> None:
    gradient = of(ask([[0, 0], [length, 0]], op=Op.GRADIENT, reduction="sum"), "gradient")
    assert sum(bound > 0 for bound in gradient) == count


def test_a_length_within_its_error_of_epsilon_may_come_out_above() -> None:
    root2 = bits.round_to(math.sqrt(2), "float32")
    below = bits.round_to(root2 + 2**-23, "float32")
    assert of(ask([[0, 0], [1, 1]], epsilon=below))[0] == pytest.approx(
        6 * float(U32) * math.sqrt(2), rel=0.02
    )
    assert of(ask([[0, 0], [1, 1]], epsilon=1.5)) == (0.0,)


def test_a_masked_entry_and_a_nan_have_none() -> None:
    sure = Array("float32", (3, 1), (1.0, 1.0, 0.0))
    rows = [[0, 0], [1, 2], [3, 1]]
    entries = of(ask(rows, confidences=sure, prob_threshold=0.5, reduction="none"))
    assert entries[0] > 0
    assert entries[1] == 0
    assert of(ask([[0, 0], [math.nan, 2]])) == (0.0,)


def test_a_quantile_between_steps_pays_for_its_place() -> None:
    position = [[0, 0]]
    for size in (1, 2, 4, 100):
        position.append([position[-1][0] + size, 0])
    got = of(ask(position, op=Op.EPSILON, quantile=0.9), "epsilon")[0]
    # Place 2.7 of 0..3: an error of 2u * 2.7 in the steepest gap around it, 96; (6 + 4) u of the upper step.
    want = 2 * 2.7 * 96 + 10 * 100
    assert got == pytest.approx(float(U32) * want + bits.ulp(71.2, "float32") / 2, rel=0.02)
    assert of(ask(position, op=Op.EPSILON, quantile=0.5), "epsilon") == (0.0,)


def test_an_infinite_step_counts_and_is_the_longest() -> None:
    rows = [[0, 0], [1, 2], [4, 3], [10, 5], [13, 14], [math.inf, 14]]
    # Steps of sqrt 5, 10, 40, 90 and infinity: the place 1 is the second, with the third above it.
    got = of(ask(rows, op=Op.EPSILON, quantile=0.25), "epsilon")[0]
    assert got == pytest.approx(10 * float(U32) * math.sqrt(40) + 2.0**-23, rel=0.02)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 100, 1000])
def test_any_number_of_roundings_is_covered(count: int) -> None:
    u = Fraction(1, 16)
    assert (1 + u) ** count - 1 <= count * u * budget.growth(count * u)


@pytest.mark.parametrize("share", [Fraction(1, 2**24), Fraction(1, 3), Fraction(1, 2)])
def test_up_to_one_half_the_bound_is_the_usual_one(share: Fraction) -> None:
    assert budget.growth(share) == 1 / (1 - share)


@given(st.fractions(min_value=Fraction(1, 10**40), max_value=10**40))
def test_a_stored_bound_is_short_and_never_below(bound: Fraction) -> None:
    got = budget.ceiling(bound)
    assert (
        bound * (1 - Fraction(2) ** -52)
        <= Fraction(got)
        <= bound * Fraction(101, 100) * (1 + Fraction(2) ** -52)
    )
    assert len(f"{got:e}".split("e", maxsplit=1)[0].rstrip("0")) <= 4


# Against bad machines -----------------------------------------------------------------------


class Machine:
    """Exact arithmetic in which every operation is wrong by its whole unit roundoff, up or down."""

    def __init__(self, unit: Fraction, signs: list[int]) -> None:
        self.unit = unit
        self.signs = cycle(signs)
        self.faithful = 2  # a root may be off by a whole unit in the last place

    def __call__(self, value: Fraction, units: int = 1) -> Fraction:
        return value * (1 + next(self.signs) * units * self.unit)

    def worst(self, value: Fraction) -> Fraction:
        return value + next(self.signs) * budget.half_ulp(abs(value), "float32")

    def root(self, value: Fraction) -> Fraction:
        scale = 1 << 400
        exact = Fraction(math.isqrt(value.numerator * scale * scale // value.denominator), scale)
        return self(exact, self.faithful)

    def plain(self, step: list[Fraction]) -> Fraction:
        squares = [self(d * d) for d in step]
        total = squares[0]
        for square in squares[1:]:
            total = self(total + square)
        return self.root(total)

    def scaled(self, step: list[Fraction]) -> Fraction:
        largest = max(map(abs, step))
        return self(largest * self.plain([self(d / largest) for d in step])) if largest else largest

    def in_order(self, terms: list[Fraction]) -> Fraction:
        total = Fraction(0)
        for term in terms:
            total = self(total + term) if total else term
        return total

    def in_pairs(self, terms: list[Fraction]) -> Fraction:
        if len(terms) < 2:
            return terms[0] if terms else Fraction(0)
        middle = (len(terms) + 1) // 2
        return self(self.in_pairs(terms[:middle]) + self.in_pairs(terms[middle:]))

    def loss(self, solution: Solution, length: Rule, total: Rule, reduction: str) -> Fraction:
        rest = []
        for e in solution.entries:
            epsilon = solution.scale.exact(solution.epsilon[e.keypoint])
            if exact(solution, e):
                left = solution.scale.exact(e.length) - epsilon
                rest.append(max(self(left, not budget.representable(left, "float32")), Fraction(0)))
            else:
                step = [self(Fraction(d, 1 << solution.scale.bits)) for d in e.step]
                rest.append(max(self(length(step) - epsilon), Fraction(0)))
        added = total([v for v in rest if v])  # adding 0 is exact on any machine
        if reduction == "sum" or solution.count.bit_count() == 1:
            return added if reduction == "sum" else added / solution.count
        return self(added * self(Fraction(1, solution.count)))


def exact(solution: Solution, entry: Entry) -> bool:
    return budget.exact_length(entry.step, entry.length, solution.scale, "float32")


# Whole numbers of 2**-30, so that no difference falls below the promised range.
places = st.floats(-500, 500, width=32).map(lambda v: bits.round_to(round(v * 2**30) / 2**30, "float32"))
rows = st.lists(st.lists(places, min_size=4, max_size=4), min_size=2, max_size=9)
signs = st.one_of(st.just([1]), st.just([-1]), st.lists(st.sampled_from([1, -1]), min_size=1, max_size=40))


@pytest.mark.slow
@given(
    rows,
    signs,
    st.tuples(st.sampled_from(["plain", "scaled"]), st.sampled_from(["in_order", "in_pairs"])),
    st.sampled_from(["mean", "sum"]),
    st.floats(0, 300, width=32),
)
@settings(deadline=None, max_examples=400)
def test_no_machine_of_the_analysis_leaves_the_budget(
    walk: Sequence[Sequence[float]], pattern: list[int], ways: tuple[str, str], reduction: str, epsilon: float
) -> None:
    solution = ask(walk, reduction=reduction, epsilon=epsilon)
    assume(any(e.rectified and not exact(solution, e) for e in solution.entries))
    machine = Machine(U32, pattern)
    length, total = (getattr(machine, way) for way in ways)
    got = machine.loss(solution, length, total, reduction)
    expected = Fraction(oracle.rounded(solution.outputs["loss"]).values[0])
    assert abs(got - expected) <= Fraction(of(solution)[0])


@pytest.mark.parametrize("sign", [1, -1])
def test_no_machine_leaves_the_budget_of_more_terms_than_its_dtype_can_count(sign: int) -> None:
    """A unit of 1/8 and 64 terms stand for float32 and 2**27."""
    solution = ask([[1.1 * t * t, 0.7 * t] for t in range(65)], reduction="sum")
    analysis = budget._Analysis(solution, BUDGET)
    analysis.u = Fraction(1, 8)
    machine = Machine(analysis.u, [sign])
    got = machine.loss(solution, machine.plain, machine.in_order, "sum")
    (exact,) = solution.outputs["loss"].values
    assert abs(got - Fraction(exact)) <= analysis.loss()[0]


@pytest.mark.slow
@given(rows, signs, st.sampled_from(["mean", "sum"]))
@settings(deadline=None)
def test_the_plain_machine_stays_within_the_tight_budget(
    walk: Sequence[Sequence[float]], pattern: list[int], reduction: str
) -> None:
    solution = ask(walk, reduction=reduction)
    assume(not any(exact(solution, e) for e in solution.entries))
    machine = Machine(U32, pattern)
    machine.faithful = 1
    got = machine.loss(solution, machine.plain, machine.in_pairs, reduction)
    expected = Fraction(oracle.rounded(solution.outputs["loss"]).values[0])
    assert abs(got - expected) <= Fraction(of(solution, model=TIGHT)[0])


@pytest.mark.parametrize("frames", [2, 3, 9, 33])
def test_the_worst_machine_uses_a_good_part_of_the_budget(frames: int) -> None:
    walk = [[1.1 * t * t, 0.7 * t] for t in reversed(range(frames))]  # the longest step is added first
    solution = ask(walk)
    exact = solution.outputs["loss"].values[0]
    machine = Machine(U32, [1])
    got = machine.loss(solution, machine.plain, machine.in_order, "mean")
    assert abs(got - exact) > Fraction(of(solution)[0]) / 2


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@given(rows, signs)
@settings(deadline=None)
def test_no_machine_leaves_the_gradient_s_budget(
    dtype: str, walk: Sequence[Sequence[float]], pattern: list[int]
) -> None:
    solution = ask(walk, dtype, Op.GRADIENT)
    machine = Machine(U32, pattern)
    frames, width = len(walk), len(walk[0])
    got = [Fraction(0)] * (frames * width)
    for e in solution.entries:
        step = [machine(Fraction(d, 1 << solution.scale.bits)) for d in e.step]
        length = machine.scaled(step)
        # A step along an axis has a direction of 0 and 1, and a power of two divides it exactly.
        sound = exact(solution, e) and 0 in e.step and solution.count.bit_count() == 1
        for axis, d in enumerate(step):
            if length:
                part = machine(machine(d / length) / solution.count)
                if sound:
                    part = Fraction((d > 0) - (d < 0), solution.count)
                got[e.after * width + 2 * e.keypoint + axis] += part
                got[e.before * width + 2 * e.keypoint + axis] -= part
    expected = oracle.rounded(solution.outputs["gradient"]).values
    bounds = of(solution, "gradient")
    for value, due, bound in zip(got, expected, bounds, strict=True):
        if bound or dtype != "float32":
            # A rounding to nearest moves its result by half a unit at most, which may be less than u of it.
            last = value if budget.representable(value, "float32") else machine.worst(value)
            last = last if dtype == "float32" else Fraction(bits.round_to(last, dtype))
            assert abs(last - Fraction(due)) <= Fraction(bound)


@pytest.mark.slow
@given(rows, signs)
@settings(deadline=None)
def test_no_machine_leaves_a_length_s_budget(walk: Sequence[Sequence[float]], pattern: list[int]) -> None:
    solution = ask(walk, op=Op.NORM)
    machine = Machine(U32, pattern)
    due = oracle.rounded(solution.outputs["norm"]).values[2:]
    for e, value, bound in zip(solution.entries, due, of(solution, "norm")[2:], strict=True):
        got = machine.scaled([machine(Fraction(d, 1 << solution.scale.bits)) for d in e.step])
        if bound:
            assert abs(got - Fraction(value)) <= Fraction(bound)
