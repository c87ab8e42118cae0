"""Profiles and claims."""

from __future__ import annotations

import pytest
from hand import KEYPOINTS, error_case, value_case

from conformance import profiles, suite
from conformance.model import Array, Case, ErrorKind, Op, Status, Verdict
from conformance.profiles import Place, profiles_of, tally

HERE = Place("cpu", "eager")
BATCH = Array("float32", (2, 3, 1, 2), KEYPOINTS.values * 2)
IDS = Array("int64", (3,), (0, 0, 1))


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (value_case(), ["value-f32"]),
        (value_case(dtype="float64"), ["value-f64"]),
        (value_case(op=Op.STAGES), ["value-f32"]),
        (value_case(dtype="float16"), ["half"]),
        (value_case(dtype="bfloat16", params={"nan_policy": "omit"}), ["half"]),
        (value_case(op=Op.GRADIENT), ["gradient"]),
        (value_case(op=Op.GRADIENT, dtype="bfloat16"), ["gradient-half"]),
        (value_case(inputs={"keypoints": BATCH}), ["batch"]),
        (value_case(inputs={"keypoints": KEYPOINTS, "segment_ids": IDS}), ["segments"]),
        (value_case(params={"reduction": "valid_mean"}), ["valid-mean"]),
        (value_case(params={"nan_policy": "omit"}), ["nan-policy"]),
        (
            value_case(inputs={"keypoints": KEYPOINTS, "confidences": Array("float64", (3, 1), (1.0,) * 3)}),
            ["value-f64"],
        ),
        (
            value_case(inputs={"keypoints": KEYPOINTS, "confidences": Array("float16", (3, 1), (1.0,) * 3)}),
            ["half"],
        ),
        (value_case(op=Op.NORM), ["metric"]),
        (value_case(op=Op.EPSILON, dtype="float16"), ["metric-half"]),
        (error_case(), ["errors"]),
        (value_case(dtype="float16", expected={}, error=ErrorKind.SHAPE), ["half"]),
    ],
)
def test_where_a_case_belongs(case: Case, expected: list[str]) -> None:
    assert profiles_of(case, HERE) == expected


@pytest.mark.parametrize(
    ("place", "more"),
    [
        (Place("cpu:0", "eager"), []),
        (Place(None, "eager"), []),
        (Place("cuda:0", "eager"), ["device"]),
        (Place("cpu:1", "jit"), ["device", "transform"]),
        (Place("cpu", "lazy-time"), ["transform"]),
    ],
)
def test_a_place_adds_profiles_to_what_is_computed(place: Place, more: list[str]) -> None:
    assert profiles_of(value_case(), place) == ["value-f32", *more]
    assert profiles_of(error_case(), place) == ["errors"]


def test_every_case_of_the_suite_is_in_a_profile() -> None:
    assert [c.id for c in suite.load_cases() if not profiles_of(c, HERE)] == []


def test_every_profile_has_cases() -> None:
    found = {p for c in suite.load_cases() for p in profiles_of(c, Place("cuda:0", "jit"))}
    assert found == set(profiles.NAMES)


@pytest.mark.parametrize(
    "name", ["value-f32", "value-f64", "gradient", "metric", "errors", "batch", "segments"]
)
def test_who_lacks_halves_may_claim_the_rest(name: str) -> None:
    mine = [c for c in suite.load_cases() if name in profiles_of(c, HERE)]
    assert {a.dtype for c in mine for a in c.inputs.values()}.isdisjoint({"float16", "bfloat16"})


TWO = [value_case(id="one"), value_case(id="two")]


@pytest.mark.parametrize("second", [s for s in Status if s is not Status.PASS])
def test_anything_but_a_pass_loses_the_claim(second: Status) -> None:
    verdicts = {"one": Verdict("one", "s", Status.PASS), "two": Verdict("two", "s", second)}
    count = tally(TWO, verdicts, HERE)["value-f32"]
    assert (count.total, count.ran, count.passed) == (2, 2, 1)
    assert not count.claimed


def test_a_case_that_did_not_run_loses_the_claim() -> None:
    count = tally(TWO, {"one": Verdict("one", "s", Status.PASS)}, HERE)["value-f32"]
    assert (count.total, count.ran, count.claimed) == (2, 1, False)


def test_all_passed_is_a_claim() -> None:
    count = tally(TWO, {c.id: Verdict(c.id, "s", Status.PASS) for c in TWO}, HERE)["value-f32"]
    assert count.claimed


def test_unsupported_is_no_failure_and_a_declared_deviation_is_one() -> None:
    def failed(status: Status) -> int:
        return tally(TWO[:1], {"one": Verdict("one", "s", status)}, HERE)["value-f32"].failed

    assert failed(Status.UNSUPPORTED) == 0
    assert failed(Status.XFAIL) == 1
