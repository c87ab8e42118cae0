"""The runner: two runs per case, state between them, crashes, shuffling, exit codes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hand import LOSS, ScriptedChoice, error_case, outputs, scalar, value_case
from support.selection import select

from conformance import fresh, suite
from conformance.exits import Exit, UsageError
from conformance.model import Answer, Case, Errored, Op, Outputs, Request, Status, Unsupported, Verdict
from conformance.mutants import mutants
from conformance.profiles import Place, profiles_of
from conformance.report.badge import badge
from conformance.report.summary import Summary
from conformance.results import Header, Pair, Run, SubjectInfo
from conformance.run import chosen, workers
from conformance.run.chosen import Share
from conformance.run.pairs import Store
from conformance.run.plan import Plan, Trial
from conformance.run.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ULP = 2.0**-22
"""Between floats of 32 bits near 2.5."""


def right(_: Request) -> Answer:
    return outputs()


def run(choice: ScriptedChoice, plan: Plan | None = None) -> Verdict:
    runner = Runner(plan or Plan())
    try:
        return runner.run(Trial(choice, value_case()))
    finally:
        runner.close()


def test_each_case_runs_twice_on_one_subject_that_is_closed() -> None:
    choice = ScriptedChoice("s", right)
    verdict = run(choice)
    assert (verdict.status, verdict.spread) == (Status.PASS, 0.0)
    assert [(s.calls, s.closed) for s in choice.started] == [(2, 1)]


def in_turn(*answers: Answer) -> ScriptedChoice:
    left: Iterator[Answer] = iter(answers)
    return ScriptedChoice("s", lambda _: next(left))


@pytest.mark.parametrize(
    "second",
    [
        outputs(scalar(0.0)),
        outputs(mutated=("keypoints",)),
        outputs(device="elsewhere"),
        Errored(Status.CRASH, "gone"),
        Unsupported("no more"),
    ],
)
def test_a_second_run_that_is_wrong_decides(second: Answer) -> None:
    verdict = run(in_turn(outputs(), second))
    assert verdict.status is not Status.PASS
    assert "second run" in verdict.reason


def test_a_first_run_that_is_wrong_decides() -> None:
    assert run(in_turn(outputs(scalar(0.0)), outputs())).status is Status.FAIL


def test_the_distance_between_two_runs_is_told() -> None:
    case = value_case(expected={"loss": replace(value_case().expected["loss"], budget=(1.0,))})
    runner = Runner(Plan())
    verdict = runner.run(Trial(in_turn(outputs(), outputs(scalar(2.5 + 3 * ULP))), case))
    assert (verdict.status, verdict.spread) == (Status.PASS, 3.0)


def test_a_subject_is_kept_for_its_cases_and_closed_for_the_next() -> None:
    one, two = ScriptedChoice("one", right), ScriptedChoice("two", right)
    runner = Runner(Plan())
    for choice in (one, one, two, one):
        runner.run(Trial(choice, value_case()))
    assert [s.calls for s in one.started] == [4, 2]
    assert [s.closed for s in one.started] == [1, 0]
    assert [s.closed for s in two.started] == [1]


def test_a_known_mistake_is_named() -> None:
    case = suite.select("value-kink-f32-001")[0]
    entries = case.expected["loss"].array
    hard = replace(entries, values=tuple(v + 5.0 if v else v for v in entries.values))
    verdict = Runner(Plan()).run(Trial(ScriptedChoice("s", lambda _: Outputs({"loss": hard}, "cpu")), case))
    assert verdict.status is Status.FAIL
    assert "epsilon-hard-threshold" in verdict.suspects


HEADER = Header(
    "0" * 64, 2, "2026-01-01T00:00:00+00:00", "python -m conformance", "h", "3.11", {}, None, (), ()
)


def verdicts(*statuses: Status) -> list[Verdict]:
    return [Verdict(f"case-{i}", "s", status) for i, status in enumerate(statuses)]


@pytest.mark.parametrize(
    ("planned", "statuses", "code"),
    [
        (1, [Status.PASS], Exit.CONFORMS),
        (2, [Status.PASS, Status.UNSUPPORTED], Exit.CONFORMS),
        (2, [Status.PASS, Status.XFAIL], Exit.CONFORMS),
        (2, [Status.PASS, Status.XPASS], Exit.DOES_NOT),
        (2, [Status.PASS, Status.FAIL], Exit.DOES_NOT),
        (1, [Status.WRONGLY_ACCEPTED], Exit.DOES_NOT),
        (1, [Status.WRONGLY_REJECTED], Exit.DOES_NOT),
        (1, [Status.CRASH], Exit.DOES_NOT),
        (1, [Status.TIMEOUT], Exit.DOES_NOT),
        (1, [Status.PROTOCOL], Exit.DOES_NOT),
        (0, [], Exit.INCOMPLETE),
        (2, [Status.PASS], Exit.INCOMPLETE),
        (2, [Status.FAIL], Exit.DOES_NOT),
        (2, [Status.UNSUPPORTED, Status.UNSUPPORTED], Exit.INCOMPLETE),
        (1, [Status.SKIPPED], Exit.INCOMPLETE),
    ],
)
def test_exit_codes(planned: int, statuses: list[Status], code: Exit) -> None:
    assert Run(HEADER, planned=planned, verdicts=verdicts(*statuses)).exit_code is code


@pytest.mark.parametrize("status", [Status.UNSUPPORTED, Status.XFAIL])
def test_a_run_that_claims_no_profile_does_not_conform(status: Status) -> None:
    cases = suite.load_cases()
    header = replace(HEADER, suite=suite.suite_hash(), subjects=(SubjectInfo("s", "cpu", "eager", "", 0),))
    run = Run(header, len(cases), [Verdict(case.id, "s", status) for case in cases])
    run.verdicts[0] = replace(run.verdicts[0], status=Status.PASS)
    assert run.exit_code is Exit.INCOMPLETE
    assert badge(Summary(run, cases))["color"] == "yellow"
    # One case asked by itself, as the command to rerun it does, is no claim but no lack either.
    alone = replace(run, planned=1, verdicts=run.verdicts[:1])
    assert alone.exit_code is Exit.CONFORMS
    assert Summary(alone, cases).outcome.color == "yellow"
    whole = [replace(v, status=Status.PASS) if v.case in _OF_METRIC else v for v in run.verdicts]
    assert replace(run, verdicts=whole).exit_code is Exit.CONFORMS


_OF_METRIC = {c.id for c in suite.load_cases() if "metric" in profiles_of(c, Place("cpu", "eager"))}


def test_a_fault_of_the_suite_outweighs_everything() -> None:
    assert Run(HEADER, planned=1, verdicts=verdicts(Status.FAIL), faults=["broken"]).exit_code is Exit.FAULT


def test_results_of_subjects_are_compared(tmp_path: Path) -> None:
    store = Store(tmp_path)
    nan = float("nan")
    for subject, value in (("a", 2.5), ("b", 2.5 + 4 * ULP), ("c", 2.5), ("d", nan)):
        store.keep(subject, value_case(), outputs(scalar(value)))
    store.keep("a", value_case(id="other"), outputs())
    store.keep("b", value_case(id="other"), outputs())
    store.keep("c", value_case(id="other"), outputs(scalar(2.5, "float64")))
    store.close()
    found = {(p.one, p.other): p for p in store.pairs()}
    assert found["a", "b"] == Pair("a", "b", 4.0, "by-hand", 1, 2)
    assert found["a", "c"] == Pair("a", "c", 0.0, "by-hand", 1, 1)
    assert found["a", "d"].ulp == math.inf
    assert len(found) == 6


def test_two_nans_and_two_zeros_agree(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for subject, values in (("a", (float("nan"), 0.0)), ("b", (-float("nan"), -0.0))):
        array = replace(LOSS, shape=(2,), values=values)
        case = value_case(expected={"loss": replace(value_case().expected["loss"], array=array)})
        store.keep(subject, case, outputs(array))
    store.close()
    assert [p.ulp for p in store.pairs()] == [0.0]


def test_a_plan_survives_as_text() -> None:
    plan = Plan(("numpy",), modes=("eager",), subject="m:f", shuffle=7, seconds=1.5, scratch="s")
    assert Plan.from_text(plan.to_text()) == plan
    assert Plan.from_text("{}") == Plan()


def test_an_unknown_case_is_named_with_those_close_to_it() -> None:
    with pytest.raises(UsageError, match=r"no case 'value-exact-f32-01'; close to it: value-exact-f32-0"):
        _ = Plan(cases=("value-exact-f32-01",)).selected


def test_slow_modes_run_few_cases_that_kill_what_all_computed_ones_kill() -> None:
    cases = suite.load_cases()
    picked = chosen.cases_for("inductor", cases)
    assert len(picked) <= 45
    assert {m for c in picked for m in c.kills} == {m for c in cases if c.error is None for m in c.kills}
    assert {c.op for c in picked} == set(Op)
    assert {c.dtype for c in picked} >= {"float16", "bfloat16", "float32", "float64"}
    assert all(c.error is None for c in picked)
    assert chosen.cases_for("eager", cases) == cases


@pytest.mark.slow
def test_who_is_asked_all_cases_depends_on_what_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["jax/cpu:0/eager", "jax/cpu:1/eager", "jax/cpu:1/jit", "jax/cuda:0/eager", "torch/cpu/eager"]
    names += ["m:f@jax/cpu:0/eager", "m:f@jax/cpu:1/eager", "strict/device1/eager", "strict/device2/eager"]
    here = [SubjectInfo(name, *name.split("/")[-2:], "", 0) for name in names]
    ports = [SubjectInfo(f"port 1 (C)/gpu:{n}", f"gpu:{n}", "eager", "", 0) for n in range(2)]
    further = {"jax/cpu:1/eager", "m:f@jax/cpu:1/eager", "strict/device2/eager"}
    compiled = {"jax/cpu:0/eager", "jax/cpu:1/jit", "jax/cuda:0/eager"}
    assert chosen.shares([*here, *ports]) == {
        s.name: Share.PLACE if s.name in further else Share.QUICK if s.name in compiled else Share.USUAL
        for s in (*here, *ports)
    }

    monkeypatch.setattr(Plan, "subjects", here)
    cases = [c for c in suite.load_cases() if c.op is not Op.ECHO]
    every, refusals = [c.id for c in cases], [c.id for c in cases if c.error]
    core = {c.id for c in chosen.core([c for c in cases if not c.error])}
    drawn = [c.id for c in Plan(fresh=2, seed=1).selected if fresh.is_fresh(c)]
    quick = [*(name for name in every if name in core or name in refusals), *drawn]
    placed = [c.id for c in chosen.of_places([c for c in cases if not c.error])]
    for plan, of_further, of_compiled, of_others in (
        (Plan(fresh=2, seed=1), placed, quick, every + drawn),
        (Plan(devices=("cpu",)), every, every, every),
        (Plan(modes=("eager",)), placed, every, every),
        (Plan(modes=("all",)), every, every, every),
        # More than any share has of them.
        (Plan(cases=tuple(every[:30])), every[:30], every[:30], every[:30]),
    ):
        for name in names:
            asked = [t.case.id for t in plan.trials() if t.subject.name == name]
            due = of_further if name in further else of_compiled if name in compiled else of_others
            assert asked == due, (plan, name)


def test_a_place_gets_each_operation_with_each_array_list_and_word() -> None:
    cases = [c for c in suite.load_cases() if c.op is not Op.ECHO and not c.error]
    placed = chosen.of_places(cases)
    assert len(placed) <= 20
    assert {c.op for c in placed} == {c.op for c in cases}
    for op in {c.op for c in cases}:
        few, all_of_it = ([c for c in some if c.op is op] for some in (placed, cases))
        for given in ("confidences", "segment_ids", "epsilon"):
            assert any(given in c.inputs for c in few) == any(given in c.inputs for c in all_of_it)
        words = [{c.params.get("reduction") for c in some} - {None} for some in (few, all_of_it)]
        assert words[0] == words[1]


def test_a_report_says_who_was_asked_which_cases_and_is_no_selection_for_it() -> None:
    cases = [c for c in suite.load_cases() if c.op is not Op.ECHO]
    asked = {
        "torch/cpu/eager": cases,
        "jax/cpu:0/eager": chosen.cases_for("eager", cases, Share.QUICK),
        "jax/cpu:0/eager-autodiff": chosen.cases_for("eager-autodiff", cases, Share.QUICK),
        "jax/cpu:1/eager": chosen.cases_for("eager", cases, Share.PLACE),
    }
    subjects = tuple(SubjectInfo(name, *name.split("/")[1:], "", len(of)) for name, of in asked.items())
    verdicts = [Verdict(c.id, name, Status.PASS) for name, of in asked.items() for c in of]
    header = Header("", len(cases), "", "", "", "", {}, None, subjects, (), 0, 0)
    summary = Summary(Run(header, planned=len(verdicts), verdicts=verdicts), suite.load_cases())
    due = ("", "core, refusals and fresh", "core, since", "all operations")
    assert {name: ids for name, (_, ids) in summary.sampled.items()} == {
        name: [c.id for c in of] for name, of in asked.items() if name != "torch/cpu/eager"
    }
    for (name, (told, _)), words in zip(summary.sampled.items(), due[1:], strict=True):
        assert words in told, name
    assert not summary.selected
    verdicts.remove(verdicts[-1])
    assert Summary(Run(header, planned=len(verdicts), verdicts=verdicts), suite.load_cases()).selected


def test_the_core_kills_every_mutant_with_the_least_it_finds() -> None:
    core = chosen.core(suite.load_cases())
    assert {m for c in core for m in c.kills} == set(mutants())
    assert len(core) <= 75
    # Backends are not asked to echo, and need a core too.
    computed = [c for c in suite.load_cases() if c.op is not Op.ECHO]
    assert [c for c in core if c.op is not Op.ECHO] == chosen.core(computed)
    few = [a_case("a", "x", "y"), a_case("b", "y", "z"), a_case("c", "x"), a_case("d", "z")]
    assert [c.id for c in chosen.core(few)] == ["a", "b"]
    assert [c.id for c in Plan(core=True).selected] == [c.id for c in core]


def a_case(name: str, *kills: str) -> Case:
    return replace(suite.load_cases()[0], id=name, kills=kills)


def test_an_error_case_is_never_chosen() -> None:
    assert chosen.cases_for("inductor", [error_case()]) == []


@pytest.mark.skipif("jax" not in select().names, reason="the backend that compiles is JAX")
@pytest.mark.parametrize(
    ("plan", "extra", "options"),
    [
        (Plan(("jax",), core=True), [], ["-n", "3", "--dist", "load"]),
        (Plan(("numpy", "jax"), core=True), [], ["-n", "3", "--dist", "load"]),
        (Plan(("jax",), core=True), ["-n", "2"], []),
        (Plan(("jax",), cases=("value-exact-f64-001",)), [], []),
        (Plan(("jax",), core=True, subject="m:f"), [], []),
        (Plan(("numpy",)), [], []),
    ],
)
def test_a_backend_that_compiles_each_case_takes_several_processes(
    plan: Plan, extra: list[str], options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_cores", lambda: 3)
    assert workers.options(plan, extra) == options
    monkeypatch.setattr(workers, "_cores", lambda: 1)
    assert workers.options(plan, extra) == []


@pytest.mark.skipif("jax" not in select().names, reason="the backend that compiles is JAX")
def test_what_a_user_wrote_stays_in_one_process_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    subjects = [*Plan(("jax",), core=True).subjects, ScriptedChoice("port", right)]
    monkeypatch.setattr(workers, "_cores", lambda: 3)
    monkeypatch.setattr(Plan, "subjects", subjects)
    assert workers.options(Plan(core=True), []) == []
