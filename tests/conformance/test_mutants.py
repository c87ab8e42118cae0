"""The mutants: what kills one, that each is killed, and how runner and judge tell it."""

import math
import re
from functools import cache

import pytest
from hand import ScriptedChoice

from conformance import diagnose, oracle
from conformance.exits import Exit
from conformance.model import (
    Answer,
    Array,
    Case,
    ErrorKind,
    Expected,
    Op,
    Outputs,
    Rejected,
    Request,
    Status,
    Verdict,
)
from conformance.mutants import Mutant, killed, kills, mutants, wrong_answer
from conformance.report.summary import culprits
from conformance.results import Header, Run, SubjectInfo
from conformance.run.plan import Plan, Trial
from conformance.run.runner import Runner
from conformance.suite import load_cases

CASES = {case.id: case for case in load_cases()}
KNOWN = mutants()
NAN = math.nan


# What kills ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("got", "budget", "word"),
    [
        (1.0, 0.0, "same"),
        (1.5, 0.0, "apart"),
        (1.5, 0.125, "same"),
        (1.5, 0.124, "apart"),
        (NAN, 9.0, "apart"),
        (math.inf, 9.0, "apart"),
    ],
)
def test_an_answer_must_stand_four_budgets_off(got: float, budget: float, word: str) -> None:
    due = Expected(Array("float64", (), (1.0,)), (budget,), (budget,))
    case = Case("x", (), "", (), Op.VALUE, "float64", {}, {}, expected={"loss": due})
    assert kills(case, {"loss": Array("float64", (), (got,))}) is (word == "apart")


def test_nan_equals_nan_and_a_budget_is_per_element() -> None:
    due = Expected(Array("float64", (3,), (NAN, 1.0, 1.0)), (0.0, 1.0, 0.0), (0.0,))
    case = Case("x", (), "", (), Op.VALUE, "float64", {}, {}, expected={"loss": due})
    assert not kills(case, {"loss": Array("float64", (3,), (NAN, 3.0, 1.0))})
    assert kills(case, {"loss": Array("float64", (3,), (NAN, 1.0, 3.0))})
    assert kills(case, {"loss": Array("float64", (3,), (0.0, 1.0, 1.0))})
    assert kills(case, {"loss": Array("float64", (1, 3), (NAN, 1.0, 1.0))})
    assert kills(case, {"loss": Array("float32", (3,), (NAN, 1.0, 1.0))})
    assert kills(case, {})
    assert kills(case, ErrorKind.TYPE)


# The catalogue ------------------------------------------------------------------------------


def test_each_says_what_it_is_in_one_sentence() -> None:
    assert len(KNOWN) >= 280
    assert [m.name for m in KNOWN.values() if not re.fullmatch(r"[A-Z].*\.", m.description)] == []
    assert len({m.description for m in KNOWN.values()}) == len(KNOWN)


def test_every_mutant_is_killed_by_a_case() -> None:
    assert {name for case in CASES.values() for name in case.kills} == set(KNOWN)


# Their numbers are right, so that any case kills them, whatever its budget.
FORM = {"half-result", "single-result", "double-result", "scalar-with-an-axis", "result-flattened"}
FORM |= {"double-throughout"}
FORM |= {"half-gradient-kept-wide", "gradient-in-pairs"}


def test_every_case_kills_a_mutant_by_its_numbers_or_its_refusal() -> None:
    assert [case.id for case in CASES.values() if not set(case.kills) - FORM] == []


@pytest.mark.parametrize(
    ("op", "names"),
    [
        (Op.GRADIENT, "omit-by-length omit-by-first-two-axes omit-across-sequences half-subnormals-flushed"),
        (Op.GRADIENT, "joins-subtracted-twice divides-by-first-sequence mask-multiplies empty-mean-is-nan"),
        (Op.STAGES, "mask-by-later-frame nan-hidden-by-mask infinity-hidden half-squares lengths-in-float32"),
        (Op.NORM, "sequences-joined planar-columns lengths-in-float32 infinity-is-nan half-differences"),
        (Op.EPSILON, "mask-ignored mask-not-strict nan-confidence-is-low threshold-in-float32"),
        (Op.EPSILON, "threshold-clamped infinite-confidence-masks-nothing sequences-joined"),
    ],
)
def test_what_the_value_shows_is_asked_of_other_operations_too(op: Op, names: str) -> None:
    seen = {name for case in CASES.values() if case.op is op for name in case.kills}
    assert set(names.split()) <= seen


@pytest.mark.slow
def test_no_two_mutants_are_the_same_everywhere() -> None:
    seen: dict[tuple[str, ...], list[str]] = {}
    for name in KNOWN:
        seen.setdefault(tuple(c.id for c in CASES.values() if name in c.kills), []).append(name)
    twins = [names for names in seen.values() if len(names) > 1]
    small = [c for c in CASES.values() if _size(c) <= 100]
    for names in twins:
        answers = {repr([wrong_answer(KNOWN[name], c) for c in small if name in c.kills]) for name in names}
        assert len(answers) == len(names), names


def _size(case: Case) -> int:
    return len(case.inputs["keypoints"].values)


def test_the_truth_is_not_killed_and_kills_are_sorted() -> None:
    case = CASES["value-exact-f64-003"]
    assert list(killed(case)) == sorted(case.kills) == list(case.kills)
    assert not kills(case, oracle.answer(case.request))


# Through runner and judge -------------------------------------------------------------------

SMALL = [c for c in CASES.values() if c.error is None and _size(c) <= 40]
HERE = SubjectInfo("mutant", "cpu", "eager", "", len(SMALL))
HEADER = Header("", len(SMALL), "", "", "", "", {}, None, (HERE,), ())


@cache
def known_answer(mutant: Mutant, case: str) -> dict[str, Array] | ErrorKind | None:
    return wrong_answer(mutant, CASES[case])


def subject(mutant: Mutant) -> ScriptedChoice:
    """An implementation under test with this mutant's answers."""

    def script(request: Request) -> Answer:
        found = known_answer(mutant, request.case)
        return Rejected(found, "") if isinstance(found, ErrorKind) else Outputs(found or {}, "cpu")

    return ScriptedChoice(HERE.name, script)


def run_of(mutant: Mutant, cases: list[Case]) -> Run:
    runner, choice = Runner(Plan()), subject(mutant)
    return Run(HEADER, len(cases), [runner.run(Trial(choice, case)) for case in cases])


@pytest.mark.parametrize("name", KNOWN)
def test_it_does_not_conform(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnose, "wrong_answer", lambda mutant, case: known_answer(mutant, case.id))
    mutant = KNOWN[name]
    bad = sorted((c for c in CASES.values() if name in c.kills), key=_size)[:2]
    # Without a budget there is no answer that is wrong and not wrong enough to be killed.
    spared = [c for c in SMALL if name not in c.kills and "exact" in c.flags]
    good = sorted(spared, key=lambda case: (not mutant.concerns(case), case.op not in mutant.ops))[:2]
    run = run_of(mutant, bad + good)
    assert {v.case for v in run.failures} == {case.id for case in bad}
    assert run.exit_code is Exit.DOES_NOT
    assert [v.case for v in run.failures if name not in v.suspects and _size(CASES[v.case]) <= 40] == []
    assert run_of(mutant, good).exit_code is Exit.CONFORMS


HARD = (
    "divides-by-joins-too epsilon-first-for-all gradient-full-at-tie mask-multiplies nan-confidence-is-one "
    "nan-hidden-by-mask norm-nan-row-last omit-across-sequences quantile-lower quantile-nearest "
    "quantile-of-count segments-transposed threshold-ties-away"
)


@pytest.mark.slow
@pytest.mark.parametrize("name", HARD.split())
def test_it_is_named_before_all_that_are_like_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnose, "wrong_answer", lambda mutant, case: known_answer(mutant, case.id))
    run = run_of(KNOWN[name], [c for c in SMALL if name in c.kills])
    run.verdicts += [Verdict(c.id, HERE.name, Status.PASS) for c in SMALL if name not in c.kills]
    found = culprits(run, HERE, SMALL)
    assert found[0][0] == name, found
