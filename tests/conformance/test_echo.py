"""The operation `echo`: what is due, who is asked, and which misreadings it shows."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from conformance import oracle, suite
from conformance.model import Array, ErrorKind, Op, Request
from conformance.mutants import mutants, wrong_answer
from conformance.port.messages import run_line
from conformance.profiles import Place, tally
from conformance.run.plan import Plan

CASES = {case.id: case for case in suite.load_cases()}
NUMBERS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)


def echoed(dtype: str = "float64", shape: tuple[int, ...] = (3, 2), **params: Any) -> Any:
    keypoints = Array(dtype, shape, NUMBERS)
    return oracle.answer(Request("", Op.ECHO, {"keypoints": keypoints}, params))


@pytest.mark.parametrize(
    ("dtype", "back"),
    [("float16", "float32"), ("bfloat16", "float32"), ("float32", "float32"), ("float64", "float64")],
)
def test_arrays_come_back_in_the_dtype_of_results(dtype: str, back: str) -> None:
    assert echoed(dtype) == {
        "keypoints": Array(back, (3, 2), NUMBERS),
        "first": Array(back, (2,), NUMBERS[:2]),
    }


@pytest.mark.parametrize(
    ("given", "back"),
    [
        (1.0, Array("float64", (), (1.0,))),
        (3, Array("float64", (), (3.0,))),
        ([1.0], Array("float64", (1,), (1.0,))),
    ],
)
def test_a_list_of_one_is_no_number(given: Any, back: Array) -> None:
    assert echoed(epsilon=given)["epsilon"] == back


@pytest.mark.parametrize("given", [None, "1.0", ["1.0"]])
def test_what_is_no_number_is_refused(given: Any) -> None:
    assert echoed(epsilon=given) is ErrorKind.VALUE


def test_whole_numbers_keep_all_their_bits() -> None:
    inputs = {
        "keypoints": Array("float64", (3, 2), NUMBERS),
        "segment_ids": Array("int64", (3,), (2**53 + 1, 0, -1)),
    }
    found = oracle.answer(Request("", Op.ECHO, inputs, {}))
    assert isinstance(found, dict)
    assert found["segment_ids"] == inputs["segment_ids"]


def test_a_number_travels_twice_and_what_is_none_once() -> None:
    request = Request("c", Op.VALUE, {}, {"epsilon": [0.1], "prob_threshold": math.nan, "quantile": None})
    sent = json.loads(run_line(request, "s", "cpu"))
    assert sent["params"] == {"epsilon": [0.1], "prob_threshold": "nan", "quantile": None}
    assert sent["param_bits"] == {
        "epsilon": {"dtype": "float64", "shape": [1], "bits": ["3fb999999999999a"]},
        "prob_threshold": {"dtype": "float64", "shape": [], "bits": ["7ff8000000000000"]},
    }


def test_what_is_called_in_python_is_not_asked() -> None:
    asked = [trial.case.op for trial in Plan(backends=("numpy",)).trials()]
    assert asked
    assert Op.ECHO not in asked
    assert "transport" not in tally(suite.load_cases(), {}, Place("cpu", "eager"))


def read_as(name: str, case: str) -> Any:
    return wrong_answer(mutants()[name], CASES[case])


def test_another_order_of_elements_shows_though_it_is_written_as_it_was_read() -> None:
    case = CASES["echo-array-f64-001"]
    values, (rows, columns) = case.inputs["keypoints"].values, case.inputs["keypoints"].shape
    found = read_as("columns-first", case.id)
    assert found["first"].values == tuple(values[rows * column] for column in range(columns))
    assert case.expected["first"].array.values == values[:columns]


@pytest.mark.parametrize(
    ("name", "case", "output", "due"),
    [
        ("half-as-the-other", "echo-array-bf16-001", "first", (1.875, 2.0, 2.125, 2.25)),
        ("half-exponent-kept", "echo-array-f16-001", "first", tuple(n * 2.0**-112 for n in (1, 2, 3, 4))),
        ("half-nan-as-infinity", "echo-special-f16-003", "first", (math.inf, math.inf)),
        ("half-without-specials", "echo-special-f16-003", "first", (98304.0, 65536.0)),
        ("decimals-in-float32", "echo-number-f64-008", "epsilon", (0.10000000149011612,)),
        ("decimals-of-fifteen-digits", "echo-number-f64-008", "quantile", (0.3,)),
        ("decimals-digit-by-digit", "echo-number-f64-008", "prob_threshold", (0.9452706955539224,)),
    ],
)
def test_misreadings_worked_by_hand(name: str, case: str, output: str, due: tuple[float, ...]) -> None:
    assert read_as(name, case)[output].values == due


def test_misreadings_of_form() -> None:
    assert read_as("list-of-one-is-a-number", "echo-epsilon-f64-004")["epsilon"].shape == ()
    assert read_as("number-is-a-list", "echo-epsilon-f64-005")["epsilon"].shape == (1,)
    assert read_as("null-is-absent", "echo-error-f64-001") is None
    assert read_as("double-throughout", "echo-array-f32-001")["first"].dtype == "float64"
