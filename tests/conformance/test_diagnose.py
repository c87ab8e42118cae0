"""Wrong answers are named by the mistake that gives them, and right ones are not."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import pytest

from conformance import diagnose, suite
from conformance.diagnose import LARGEST, suspects
from conformance.mistakes import Mistake, mistakes, wrong_answer
from conformance.model import Array, Errored, ErrorKind, Op, Outputs, Rejected, Status, Unsupported, Verdict
from conformance.report.run import Header, Run, SubjectInfo
from conformance.report.summary import culprits

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


@pytest.mark.parametrize(("case", "mistake"), NAMED)
@pytest.mark.parametrize("rounding", [False, True])
def test_a_mistake_is_named_though_it_rounds_otherwise(case: str, mistake: str, *, rounding: bool) -> None:
    assert mistake in CASES[case].kills
    wrong = wrong_answer(mistakes()[mistake], CASES[case])
    assert isinstance(wrong, dict)
    arrays = {name: nudged(a) if rounding else a for name, a in wrong.items()}
    assert mistake in suspects(CASES[case], Outputs(arrays, "cpu"))


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
    wrong = wrong_answer(mistakes()["epsilon-hard-threshold"], case)
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
    assert all(wrong_answer(mistakes()[name], case) is None for name in found)


def test_answers_that_are_no_answers_are_not_looked_into() -> None:
    case = CASES[NAMED[0][0]]
    for answer in (Unsupported("no"), Errored(Status.CRASH, "no"), Rejected(ErrorKind.TYPE, "no")):
        assert suspects(case, answer) == ()


SMALL = [c for c in CASES.values() if c.error is None and len(c.inputs["keypoints"].values) <= 40]
HERE = SubjectInfo("wrong", "cpu", "eager", "", len(SMALL))
HEADER = Header("", len(SMALL), "", "", "", "", {}, None, (HERE,), ())


@cache
def known_answer(mistake: Mistake, case: str) -> dict[str, Array] | ErrorKind | None:
    return wrong_answer(mistake, CASES[case])


def run_of(name: str) -> Run:
    """What the suite finds of an implementation with one known mistake."""
    run = Run(HEADER, planned=len(SMALL))
    for case in SMALL:
        verdict = Verdict(case.id, HERE.name, Status.PASS)
        if name in case.kills:
            wrong = known_answer(mistakes()[name], case.id)
            answer = Outputs(wrong, "cpu") if isinstance(wrong, dict) else Rejected(wrong, "")
            verdict = replace(verdict, status=Status.FAIL, suspects=suspects(case, answer))
        run.verdicts.append(verdict)
    return run


@pytest.mark.parametrize("name", sorted({name for case in SMALL for name in case.kills}))
def test_a_mistake_is_told_from_all_others(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnose, "wrong_answer", lambda mistake, case: known_answer(mistake, case.id))
    found = culprits(run_of(name), HERE, SMALL)
    assert found[0][0] == name, found


def test_large_cases_are_not_looked_into() -> None:
    case = max(CASES.values(), key=lambda c: len(c.inputs["keypoints"].values))
    assert len(case.inputs["keypoints"].values) > LARGEST
    wrong = wrong_answer(mistakes()[case.kills[0]], case)
    assert isinstance(wrong, dict)
    assert suspects(case, Outputs(wrong, "cpu")) == ()
