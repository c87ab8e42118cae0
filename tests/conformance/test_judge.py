"""Verdicts on answers, right and wrong, each with the word it has to get."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest
from hand import ENTRIES, LOSS, error_case, outputs, scalar, value_case
from hypothesis import given
from hypothesis import strategies as st

from conformance import bits
from conformance.distance import ulps_apart
from conformance.judge import judge, over_budget
from conformance.model import (
    Answer,
    Array,
    Case,
    Errored,
    ErrorKind,
    Expected,
    Op,
    Outputs,
    Rejected,
    Status,
    Unsupported,
    Verdict,
)

BUDGET = 2.0**-20
LOOSE = value_case(expected={"loss": Expected(LOSS, (BUDGET,), (BUDGET / 4,))})
NAN = float("nan")
ULP = bits.ulp(2.5, "float32")


def status_of(case: Case, answer: Answer, device: str | None = "cpu") -> Verdict:
    return judge(case, answer, subject="s", device=device)


def test_the_right_answer_passes() -> None:
    verdict = status_of(value_case(), outputs())
    assert verdict == Verdict("by-hand", "s", Status.PASS, worst=0.0, ulp=0.0, grade="exact")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(outputs(scalar(2.5, "float64")), "loss has dtype float64, expected float32", id="dtype"),
        pytest.param(outputs(device="cuda:0"), "result is on device cuda:0, its input on cpu", id="device"),
        pytest.param(outputs(device=""), "result is on device unknown", id="no-device"),
        pytest.param(outputs(mutated=("keypoints",)), "changed its input keypoints", id="mutated"),
        pytest.param(
            outputs(Array("float32", (1,), (2.5,))), "loss has shape [1], expected []", id="one-for-scalar"
        ),
        pytest.param(outputs(Array("float32", (), ())), "loss has 0 elements", id="no-element"),
        pytest.param(outputs(scalar(NAN)), "loss is nan, expected 2.5", id="all-nan"),
        pytest.param(outputs(scalar(0.0)), "loss is 0.0, expected 2.5", id="zero"),
        pytest.param(outputs(scalar(math.inf)), "loss is inf, expected 2.5", id="infinite"),
        pytest.param(outputs(scalar(2.5 + ULP)), "the budget is 0", id="one-ulp-over-budget-zero"),
        pytest.param(Outputs({}, "cpu"), "no output loss", id="nothing"),
        pytest.param(Outputs({"loss": LOSS, "more": LOSS}, "cpu"), "nobody asked for: more", id="too-much"),
        pytest.param(outputs(Array("builtins.float", (), ())), "dtype builtins.float", id="python-float"),
    ],
)
def test_wrong_outputs_fail(answer: Answer, words: str) -> None:
    verdict = status_of(value_case(), answer)
    assert verdict.status is Status.FAIL
    assert words in verdict.reason
    assert verdict.grade == ""


def test_every_problem_is_told() -> None:
    reason = status_of(value_case(), outputs(scalar(0.0), device="cuda:0", mutated=("keypoints",))).reason
    assert "device" in reason
    assert "loss is 0.0" in reason
    assert "changed its input" in reason


def test_a_device_nobody_can_tell_is_not_judged() -> None:
    assert status_of(value_case(), outputs(device=""), device=None).status is Status.PASS


@pytest.mark.parametrize(
    ("case", "answer", "status"),
    [
        (value_case(), Rejected(ErrorKind.TYPE, "no"), Status.WRONGLY_REJECTED),
        (error_case(), outputs(), Status.WRONGLY_ACCEPTED),
        (error_case(), Rejected(ErrorKind.SHAPE, "no"), Status.PASS),
        (error_case(), Rejected(ErrorKind.TYPE, "no"), Status.FAIL),
        (error_case(), Rejected(ErrorKind.VALUE, "no"), Status.FAIL),
        (error_case(), Rejected(ErrorKind.VALUE, "no", (ErrorKind.SHAPE,)), Status.PASS),
        (error_case(ErrorKind.TYPE), Rejected(ErrorKind.VALUE, "no", (ErrorKind.SHAPE,)), Status.FAIL),
        (error_case(), Errored(Status.CRASH, "gone"), Status.CRASH),
        (value_case(), Errored(Status.CRASH, "gone"), Status.CRASH),
        (value_case(), Errored(Status.TIMEOUT, "late"), Status.TIMEOUT),
        (value_case(), Errored(Status.PROTOCOL, "noise"), Status.PROTOCOL),
        (value_case(), Unsupported("not mine"), Status.UNSUPPORTED),
        (error_case(), Unsupported("not mine"), Status.UNSUPPORTED),
    ],
)
def test_refusals_and_failures(case: Case, answer: Answer, status: Status) -> None:
    assert status_of(case, answer).status is status


@pytest.mark.parametrize(
    ("got", "status", "grade"),
    [
        (2.5, Status.PASS, "exact"),
        (2.5 + ULP, Status.PASS, "tight"),
        (2.5 - ULP, Status.PASS, "tight"),
        (2.5 + BUDGET / 2, Status.PASS, "budget"),
        (2.5 + BUDGET, Status.PASS, "budget"),
        (2.5 - BUDGET, Status.PASS, "budget"),
        (2.5 + BUDGET + ULP, Status.FAIL, ""),
        (2.5 - BUDGET - ULP, Status.FAIL, ""),
    ],
)
def test_grades_and_the_edge_of_the_budget(got: float, status: Status, grade: str) -> None:
    verdict = status_of(LOOSE, outputs(scalar(got)))
    assert (verdict.status, verdict.grade) == (status, grade)
    assert verdict.worst == pytest.approx(abs(got - 2.5) / BUDGET)
    assert verdict.ulp == abs(got - 2.5) / ULP


def test_the_worst_element_is_named() -> None:
    case = value_case(expected={"loss": Expected(ENTRIES, (1.0, 0.5), (1.0,))})
    verdict = status_of(case, outputs(Array("float32", (2, 1), (7.0, 2.0))))
    assert (
        verdict.reason
        == "loss[1, 0] is 2.0, expected 0.0: error 2, 4 times the budget 0.5 (2 of 2 elements are off)"
    )
    assert verdict.worst == 4.0


def test_one_bad_element_among_good_ones_fails() -> None:
    case = value_case(expected={"loss": Expected(ENTRIES, (0.0,), (0.0,))})
    assert status_of(case, outputs(Array("float32", (2, 1), (5.0, 1e-30)))).status is Status.FAIL


def test_each_output_is_judged() -> None:
    expected = {"loss": Expected(LOSS, (0.0,), (0.0,)), "gradient": Expected(ENTRIES, (0.0,), (0.0,))}
    case = value_case(op=Op.GRADIENT, expected=expected)
    good = Outputs({"loss": LOSS, "gradient": ENTRIES}, "cpu")
    bad = replace(good, arrays={"loss": LOSS, "gradient": Array("float32", (2, 1), (5.0, 1.0))})
    assert status_of(case, good).status is Status.PASS
    assert status_of(case, bad).status is Status.FAIL


@pytest.mark.parametrize(
    ("got", "truth", "within"),
    [
        (NAN, NAN, True),
        (-NAN, NAN, True),
        (0.0, NAN, False),
        (NAN, 0.0, False),
        (math.inf, math.inf, True),
        (-math.inf, math.inf, False),
        (3.4e38, math.inf, False),
        (math.inf, 3.4e38, False),
        (-0.0, 0.0, True),
        (5e-324, 0.0, False),
    ],
)
def test_numbers_that_are_no_ordinary_ones(got: float, truth: float, within: bool) -> None:  # noqa: FBT001
    assert over_budget(got, truth, 0.0)[1] is within
    if not (math.isfinite(got) and math.isfinite(truth)):
        assert over_budget(got, truth, 1e300)[1] is within


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(got=FINITE, truth=FINITE, budget=st.floats(min_value=0, allow_infinity=False))
def test_the_bound_is_held_exactly(got: float, truth: float, budget: float) -> None:
    _, within = over_budget(got, truth, budget)
    assert within == (abs(Fraction(got) - Fraction(truth)) <= Fraction(budget))


@given(truth=FINITE, budget=st.floats(min_value=1e-300, max_value=1e300))
def test_the_bound_is_held_exactly_next_to_it(truth: float, budget: float) -> None:
    for got in (
        truth + budget,
        math.nextafter(truth + budget, math.inf),
        math.nextafter(truth + budget, -math.inf),
    ):
        if math.isfinite(got):
            exact = abs(Fraction(got) - Fraction(truth)) <= Fraction(budget)
            assert over_budget(got, truth, budget)[1] == exact


def test_the_grade_is_that_of_the_worst_output() -> None:
    expected = {n: Expected(LOSS, (BUDGET,), (BUDGET / 4,)) for n in ("loss", "masked")}
    answer = Outputs({"loss": LOSS, "masked": scalar(2.5 + BUDGET)}, "cpu")
    assert status_of(value_case(expected=expected), answer).grade == "budget"


@pytest.mark.parametrize(
    ("one", "other", "dtype", "distance"),
    [
        (2.0**-149, -(2.0**-149), "float32", 2),
        (-1.0, -1.0 - 2.0**-23, "float32", 1),
        (-1.0, -1.0 + 2.0**-23, "float32", 2),
        (-0.0, 0.0, "float64", 0),
        (3.4028234663852886e38, math.inf, "float32", 1),
        (1.0, 1.0 + 2.0**-52, "float64", 1),
        (1.0, 1.0 + 2.0**-10, "float16", 1),
        (1.0, -1.0, "bfloat16", 2 * 0x3F80),
        (NAN, -NAN, "float32", 0),
        (NAN, 1.0, "float32", math.inf),
    ],
)
def test_distances_count_the_floats_between(one: float, other: float, dtype: str, distance: float) -> None:
    pair = scalar(one, dtype), scalar(other, dtype)
    assert ulps_apart(*pair) == distance
    assert ulps_apart(*reversed(pair)) == distance


def test_arrays_of_other_dtypes_or_shapes_are_infinitely_far_apart() -> None:
    assert ulps_apart(scalar(1.0), scalar(1.0, "float64")) == math.inf
    assert ulps_apart(scalar(1.0), Array("float32", (1,), (1.0,))) == math.inf
