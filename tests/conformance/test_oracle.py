"""The oracle, against numbers worked by hand and against a second one in mpmath."""

import math
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance import bits, oracle
from conformance.model import Array, ErrorKind, Op, Request
from conformance.oracle.fixed import Fixed

NAN, INF = math.nan, math.inf
HEAVY = ("numpy", "torch", "jax", "dask", "cupy", "array_api_compat", "array_api_strict", "temporal_loss")


def flat(rows: Sequence[Sequence[float]], dtype: str = "float64") -> Array:
    return Array(dtype, (len(rows), len(rows[0])), tuple(float(v) for row in rows for v in row))


def numbers(array: Array) -> list[float | None]:
    return [None if math.isnan(v) else v for v in array.values]


TWO = flat([[0, 0, 1, 1], [3, 4, 1, 3], [3, 4, 5, 6]])  # steps 5, 2 and 0, 5
SURE = flat([[1, 1], [1, 1], [1, 0.25]])


def test_worked_by_hand_mean_sum_and_entries() -> None:
    assert oracle.value(TWO).values == (3.0,)
    assert oracle.value(TWO, reduction="sum").values == (12.0,)
    none = oracle.value(TWO, reduction="none")
    assert (none.shape, none.values) == ((2, 2), (5.0, 2.0, 0.0, 5.0))
    assert oracle.value(TWO, epsilon=[1.0, 2.0], reduction="none").values == (4.0, 0.0, 0.0, 3.0)


def test_worked_by_hand_masks_and_counts() -> None:
    kept = {"prob_threshold": 0.5}
    assert oracle.value(TWO, SURE, **kept).values == (7 / 4,)
    assert oracle.value(TWO, SURE, reduction="valid_mean", **kept).values == (
        bits.round_to(Fraction(7, 3), "float64"),
    )
    assert oracle.value(TWO, SURE, prob_threshold=0.25).values == (3.0,)
    joined = Array("int64", (3,), (8, 8, 1))
    assert oracle.value(TWO, segment_ids=joined).values == (3.5,)
    assert oracle.value(TWO, segment_ids=joined, reduction="none").values == (5.0, 2.0, 0.0, 0.0)
    every = Array("int64", (3,), (8, 2, 1))
    assert oracle.value(TWO, segment_ids=every).values == (0.0,)


def test_worked_by_hand_gradient() -> None:
    gradient = oracle.gradient(TWO, reduction="sum")
    assert gradient.values == (-0.6, -0.8, 0.0, -1.0, 0.6, 0.8, -0.8, 0.4, 0.0, 0.0, 0.8, 0.6)
    mean = oracle.gradient(TWO, SURE, prob_threshold=0.5)
    assert mean.values == (-0.15, -0.2, 0.0, -0.25, 0.15, 0.2, 0.0, 0.25, 0.0, 0.0, 0.0, 0.0)


def test_worked_by_hand_stages() -> None:
    found = oracle.stages(TWO, SURE, prob_threshold=0.5, epsilon=2.0)
    assert found["differences"].values == (5.0, 2.0, 0.0, 5.0)
    assert found["masked"].values == (5.0, 2.0, 0.0, 0.0)
    assert found["rectified"].values == (3.0, 0.0, 0.0, 0.0)


def test_worked_by_hand_norm_and_quantile() -> None:
    assert numbers(oracle.temporal_norm(TWO)) == [None, None, 5.0, 2.0, 0.0, 5.0]
    assert oracle.estimate_epsilon(TWO, quantile=0.5).values == (2.5, 3.5)
    assert oracle.estimate_epsilon(TWO, quantile=0.0).values == (0.0, 2.0)
    assert oracle.estimate_epsilon(TWO, SURE, prob_threshold=0.5, quantile=0.75).values == (3.75, 2.0)
    assert numbers(oracle.estimate_epsilon(TWO, SURE, prob_threshold=2.0)) == [None, None]


def test_worked_by_hand_batch_in_space() -> None:
    batch = Array("float32", (2, 2, 1, 3), (0, 0, 0, 1, 2, 2, 9, 9, 9, 9, 9, 4))
    assert oracle.value(batch) == Array("float32", (), (4.0,))
    assert oracle.value(batch, reduction="none") == Array("float32", (2, 1, 1), (3.0, 5.0))


def test_half_precision_is_widened_first() -> None:
    jump = Array("float16", (2, 2), (0.0, 0.0, 300.0, 400.0))
    assert oracle.value(jump) == Array("float32", (), (500.0,))
    assert oracle.gradient(jump).dtype == "float16"


@pytest.mark.parametrize(
    ("rows", "due"),
    [
        ([[0, 0], [INF, 1]], INF),
        ([[INF, 0], [INF, 1]], None),
        ([[0, -INF], [1, INF]], INF),
        ([[0, NAN], [1, 1]], None),
    ],
)
def test_special_values_by_the_ieee_rules(rows: Sequence[Sequence[float]], due: float | None) -> None:
    assert numbers(oracle.value(flat(rows), epsilon=2.0)) == [due]


def test_a_masked_nan_is_zero_and_an_unmasked_one_is_nan() -> None:
    lost = flat([[0, 0, NAN, NAN], [4, 0, 1, 1]])
    low = flat([[1, 0], [1, 1]])
    assert oracle.value(lost, low, prob_threshold=0.5).values == (2.0,)
    assert oracle.gradient(lost, low, prob_threshold=0.5).values == (-0.5, 0, 0, 0, 0.5, 0, 0, 0)
    assert numbers(oracle.value(lost)) == [None]
    assert numbers(oracle.gradient(lost)) == [-0.5, 0, None, None, 0.5, 0, None, None]
    assert oracle.value(lost, nan_policy="omit", reduction="valid_mean").values == (4.0,)


def test_parameters_are_rounded_to_their_dtypes() -> None:
    step = Array("float32", (2, 2), (0.0, 0.0, 0.5, 0.0))
    assert oracle.value(step, epsilon=0.5 - 2**-30).values == (0.0,)
    sure = Array("float32", (2, 1), (bits.round_to(0.9, "float32"),) * 2)
    assert oracle.value(step, sure, prob_threshold=0.9).values == (0.5,)
    assert oracle.value(step, Array("float64", (2, 1), sure.values), prob_threshold=0.9).values == (0.0,)


def test_a_whole_number_of_an_array_is_rounded_once() -> None:
    # By way of float64 it would come to a tie of float32, and from there to 2**54.
    epsilon = Array("int64", (), (2**54 + 2**30 + 1,))
    step = Array("float32", (2, 2), (0.0, 0.0, 2.0**55, 0.0))
    assert oracle.value(step, epsilon=epsilon).values == (2.0**54 - 2.0**31,)


def test_a_length_a_hair_above_epsilon_is_above_it() -> None:
    # l*l = 2**200 + 2**-400: more than 264 bits of l are needed to see that it is not 2**100.
    hair = flat([[0, 0], [2.0**100, 2.0**-200]])
    assert 0 < oracle.value(hair, epsilon=2.0**100).values[0] < 2.0**-460
    assert oracle.gradient(hair, epsilon=2.0**100).values[2] == 1.0


def test_faults_are_refused() -> None:
    assert oracle.answer(Request("", Op.VALUE, {"keypoints": flat([[1, 2, 3]] * 3)}, {})) is ErrorKind.SHAPE
    with pytest.raises(ValueError, match="refuses this input: value"):
        oracle.value(TWO, epsilon=-1.0)


# A second oracle: 100 digits of mpmath, one formula per clause, over nested lists.

cells = st.floats(-1000, 1000, width=32)
shapes = st.tuples(st.integers(1, 2), st.integers(2, 4), st.integers(1, 3), st.integers(1, 3))


@st.composite
def problems(draw: st.DrawFn) -> dict[str, Any]:
    shape = draw(shapes)
    batch, frames, keypoints, _ = shape
    size = math.prod(shape)
    kp = Array("float64", shape, tuple(draw(st.lists(cells, min_size=size, max_size=size))))
    low = st.lists(st.sampled_from([0.0, 0.5, 1.0, NAN]), min_size=0)
    count = batch * frames * keypoints
    confidences = draw(low.map(lambda v: tuple((v * count + [1.0] * count)[:count])))
    ids = tuple(draw(st.lists(st.integers(0, 1), min_size=batch * frames, max_size=batch * frames)))
    return {
        "keypoints": kp,
        "confidences": Array("float64", shape[:-1], confidences),
        "segment_ids": Array("int64", shape[:-2], ids),
        "epsilon": draw(st.lists(st.floats(0, 500), min_size=keypoints, max_size=keypoints)),
        "prob_threshold": 0.5,
        "reduction": draw(st.sampled_from(["mean", "valid_mean", "sum"])),
    }


def second_loss(problem: dict[str, Any], x: Any) -> Any:
    """Loss of coordinates `x` (mpmath numbers in C order), from the clauses."""
    batch, frames, keypoints, axes = problem["keypoints"].shape
    sure, ids = problem["confidences"].values, problem["segment_ids"].values
    total, count = mpmath.mpf(0), 0
    for b in range(batch):
        for t in range(1, frames):
            if ids[b * frames + t] != ids[b * frames + t - 1]:
                continue
            for k in range(keypoints):
                now, then = ((b * frames + u) * keypoints + k for u in (t, t - 1))
                low = sure[now] < 0.5 or sure[then] < 0.5
                count += not (low and problem["reduction"] == "valid_mean")
                if not low:
                    length = mpmath.norm([x[now * axes + i] - x[then * axes + i] for i in range(axes)])
                    total += max(length - mpmath.mpf(problem["epsilon"][k]), 0)
    return total if problem["reduction"] == "sum" else total / count if count else mpmath.mpf(0)


@given(problems())
@settings(deadline=None)
def test_agrees_with_the_second_oracle_on_the_value(problem: dict[str, Any]) -> None:
    with mpmath.workdps(100):
        want = second_loss(problem, [mpmath.mpf(v) for v in problem["keypoints"].values])
        exact = oracle.exact_value(**problem)
        got = mpmath.mpf(exact.numerator) / exact.denominator
        assert abs(got - want) <= mpmath.mpf(10) ** -70 * (1 + want)


@given(problems(), st.data())
@settings(deadline=None, max_examples=60)
def test_agrees_with_finite_differences_on_the_gradient(problem: dict[str, Any], data: st.DataObject) -> None:
    values = problem["keypoints"].values
    place = data.draw(st.integers(0, len(values) - 1))
    with mpmath.workdps(100):
        x = [mpmath.mpf(v) for v in values]
        step = mpmath.mpf(10) ** -30

        def moved(sign: Any) -> Any:
            return second_loss(problem, [v + sign * step if i == place else v for i, v in enumerate(x)])

        forward, backward = (moved(1) - moved(0)) / step, (moved(0) - moved(-1)) / step
        if abs(forward - backward) < mpmath.mpf(10) ** -20:  # away from every kink
            request = Request("", Op.GRADIENT, *_parts(problem))
            got = oracle.solve(request).outputs["gradient"].values[place]
            assert abs(mpmath.mpf(got.numerator) / got.denominator - forward) < mpmath.mpf(10) ** -18


def _parts(problem: dict[str, Any]) -> tuple[dict[str, Array], dict[str, Any]]:
    arrays = {name: v for name, v in problem.items() if isinstance(v, Array)}
    return arrays, {name: v for name, v in problem.items() if name not in arrays}


@given(st.lists(st.floats(0, 100, width=32), min_size=1, max_size=9), st.floats(0, 1))
def test_agrees_with_a_plain_quantile(lengths: list[float], q: float) -> None:
    position = [(0.0, 0.0)]
    for size in lengths:  # out and back: two steps of exactly that size
        position += [(size, 0.0), (0.0, 0.0)]
    kp = flat(position)
    twice = sorted([*lengths, *lengths])
    place = Fraction(q) * (len(twice) - 1)
    low = int(place)
    high = min(low + 1, len(twice) - 1)
    want = Fraction(twice[low]) * (1 - (place - low)) + Fraction(twice[high]) * (place - low)
    assert oracle.estimate_epsilon(kp, quantile=q).values == (bits.round_to(want, "float64"),)


@given(st.lists(st.floats(-1e30, 1e30), min_size=1, max_size=4))
def test_a_root_keeps_more_than_256_good_bits(step: list[float]) -> None:
    scale = Fixed.fitting(step, oracle.Definition.guard)
    length = scale.exact(scale.root_of_squares(tuple(scale.read(v) for v in step)))
    squares = sum(Fraction(v) ** 2 for v in step)
    assert abs(length * length - squares) <= squares / 2**256


ISOLATED = """
import sys
{}
import conformance.budget, conformance.mutants, conformance.oracle, conformance.suite
print([m for m in {!r} if m in sys.modules])
"""


def _imported(first: str) -> str:
    done = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", ISOLATED.format(first, HEAVY)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_oracle_imports_no_array_library() -> None:
    assert _imported("pass") == "[]"


def test_that_check_can_fail() -> None:
    assert _imported("import types; sys.modules['numpy'] = types.ModuleType('numpy')") == "['numpy']"
