"""Wrong answers are named by the mutant that gives them, and right ones are not."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from conformance import suite
from conformance.diagnose import LARGEST, suspects
from conformance.model import Array, Case, Errored, ErrorKind, Op, Outputs, Rejected, Status, Unsupported
from conformance.mutants import mutants, wrong_answer

CASES = {c.id: c for c in suite.load_cases()}
NAMED = [
    ("value-kink-f32-001", "epsilon-hard-threshold"),
    ("value-kink-f64-013", "epsilon-ignored"),
    ("value-batch-f32-007", "epsilon-hard-threshold"),
]


def nudged(array: Array) -> Array:
    """Each number off by a few units in the last place, as another order of sums makes them."""
    step = 2.0**-51 if array.dtype == "float64" else 2.0**-22
    return replace(array, values=tuple(v * (1 + step) for v in array.values))


@pytest.mark.parametrize(("case", "name"), NAMED)
@pytest.mark.parametrize("rounding", [False, True])
def test_a_mutant_is_named_though_it_rounds_otherwise(case: str, name: str, *, rounding: bool) -> None:
    assert name in CASES[case].kills
    wrong = wrong_answer(mutants()[name], CASES[case])
    assert isinstance(wrong, dict)
    arrays = {output: nudged(a) if rounding else a for output, a in wrong.items()}
    assert name in suspects(CASES[case], Outputs(arrays, "cpu"))


@pytest.mark.parametrize(("case", "_"), NAMED)
def test_neither_the_truth_nor_nonsense_is_named(case: str, _: str) -> None:
    right = {name: due.array for name, due in CASES[case].expected.items()}
    nonsense = {name: replace(a, values=(math.pi,) * len(a.values)) for name, a in right.items()}
    assert suspects(CASES[case], Outputs(right, "cpu")) == ()
    off = {name: nudged(a) for name, a in right.items()}
    assert suspects(CASES[case], Outputs(off, "cpu")) == ()
    assert suspects(CASES[case], Outputs(nonsense, "cpu")) == ()
    assert suspects(CASES[case], Outputs({}, "cpu")) == ()


def test_a_wrong_loss_beside_the_right_gradient() -> None:
    case = next(c for c in CASES.values() if c.op is Op.GRADIENT and "epsilon-hard-threshold" in c.kills)
    right = {name: due.array for name, due in case.expected.items()}
    wrong = wrong_answer(mutants()["epsilon-hard-threshold"], case)
    assert isinstance(wrong, dict)
    assert wrong["gradient"] == right["gradient"]
    # Every step is longer than epsilon, so who ignores it gives the same.
    assert suspects(case, Outputs(wrong, "cpu")) == ("epsilon-hard-threshold", "epsilon-ignored")
    nonsense = replace(right["loss"], values=(math.pi,))
    assert suspects(case, Outputs(right | {"loss": nonsense}, "cpu")) == ()


def test_an_accepted_fault_is_named() -> None:
    case = next(c for c in CASES.values() if c.params.get("epsilon") == -1.0 and c.error)
    found = suspects(case, Outputs({}, "cpu"))
    assert found
    assert set(found) <= set(case.kills)
    assert all(wrong_answer(mutants()[name], case) is None for name in found)


def test_answers_that_are_no_answers_are_not_looked_into() -> None:
    case = CASES[NAMED[0][0]]
    for answer in (Unsupported("no"), Errored(Status.CRASH, "no"), Rejected(ErrorKind.TYPE, "no")):
        assert suspects(case, answer) == ()


def test_large_cases_are_not_looked_into() -> None:
    case = max(CASES.values(), key=lambda c: len(c.inputs["keypoints"].values))
    assert len(case.inputs["keypoints"].values) > LARGEST
    wrong = wrong_answer(mutants()[case.kills[0]], case)
    assert isinstance(wrong, dict)
    assert suspects(case, Outputs(wrong, "cpu")) == ()


# Echoes -------------------------------------------------------------------------------------

TWELVE, LISTED, DECIMALS = (
    CASES[f"echo-{n}"] for n in ("array-f64-001", "epsilon-f64-004", "number-f64-012")
)


def echoed(case: Case, **other: Array) -> Outputs:
    """A right echo but for some outputs."""
    return Outputs({name: due.array for name, due in case.expected.items()} | other, "cpu")


@pytest.mark.parametrize(
    ("case", "other", "names"),
    [
        # Columns first, in and out: what came goes back as it was, and the first row has every third number.
        (TWELVE, {"first": Array("float64", (4,), (1.0, 4.0, 7.0, 10.0))}, {"columns-first"}),
        (TWELVE, {"first": Array("float64", (4,), (1.0, 4.0, 7.0, 11.0))}, set()),
        (LISTED, {"epsilon": Array("float64", (), (1.0,))}, {"list-of-one-is-a-number"}),
        (LISTED, {"epsilon": Array("float64", (1,), (1.5,))}, set()),
        # An output that nobody asked for is not explained by what is read wrongly.
        (LISTED, {"more": Array("float64", (), (1.0,))}, set()),
    ],
)
def test_an_echo_is_explained_by_what_is_wrong_in_it(
    case: Case, other: dict[str, Array], names: set[str]
) -> None:
    assert set(suspects(case, echoed(case, **other))) == names


def test_a_decimal_is_wrong_by_its_own_mistake_and_no_other() -> None:
    name = "decimals-digit-by-digit"
    wrong = wrong_answer(mutants()[name], DECIMALS)
    assert isinstance(wrong, dict)
    # The keypoints are right either way; a few bits decide.
    assert suspects(DECIMALS, echoed(DECIMALS, epsilon=wrong["epsilon"])) == (name,)
    assert suspects(DECIMALS, echoed(DECIMALS, epsilon=nudged(wrong["epsilon"]))) == ()
