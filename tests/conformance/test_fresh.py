"""Fresh cases: the same from a seed, part of every run, shrunk where they fail."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from command import conformance, lines
from hand import ScriptedChoice
from runs import shown

from conformance import features, fresh, suite
from conformance.drawing import SIMPLEST, draw
from conformance.model import Answer, Case, Op, Outputs, Request, Status
from conformance.report import badge, jsonl
from conformance.report.load import load
from conformance.report.summary import Summary
from conformance.run.plan import Plan, Trial
from conformance.run.runner import SHRUNK, Runner
from conformance.run.shrink import ASKED, shrink

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.results import Run

WRONG = {"dtype": "float16", "segments": "given", "nan_policy": "omit"}


def combined(case: Case) -> bool:
    """Whether a case has all that the mistake takes."""
    return WRONG.items() <= features.features(case.request).items()


CASES = fresh.cases(400, 11)
HIT = next(c for c in CASES if combined(c) and c.op is Op.VALUE and len(features.features(c.request)) > 3)


def test_a_seed_gives_the_same_cases_again() -> None:
    first = fresh.cases(5, 12)
    fresh._case.cache_clear()
    assert [repr(c) for c in fresh.cases(5, 12)] == [repr(c) for c in first]
    assert [c.id for c in first] == [f"fresh-12-00{i}" for i in range(5)]
    assert not {repr(c.inputs) for c in first} & {repr(c.inputs) for c in fresh.cases(5, 13)}


def test_an_id_gives_its_case() -> None:
    assert repr(fresh.by_id("fresh-11-007")) == repr(CASES[7])
    assert [fresh.by_id(name) for name in ("fresh-11-7", "value-exact-f64-001", "fresh--1-007")] == [None] * 3


def test_they_are_of_all_kinds() -> None:
    told = [features.features(c.request) for c in CASES]
    for name, feature in features.FEATURES.items():
        counts = Counter(row[name] for row in told)
        assert min(counts[value] for value in feature.values) >= 8, name
    assert {c.op for c in CASES} == {Op.VALUE, Op.GRADIENT}
    values = [v for c in CASES for v in c.inputs["keypoints"].values]
    assert any(map(math.isnan, values))
    assert {math.inf, -math.inf} <= set(values)


def test_they_are_part_of_a_plan_and_come_by_id() -> None:
    plan = Plan(fresh=3, seed=11)
    assert Plan.from_text(plan.to_text()) == plan
    assert [c.id for c in plan.selected] == [
        *(c.id for c in suite.load_cases()),
        *(f"fresh-11-00{i}" for i in range(3)),
    ]
    assert [c.id for c in Plan(cases=("fresh-11-002",)).selected] == ["fresh-11-002"]


# Shrinking ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_failure_is_shrunk_to_what_it_takes() -> None:
    recipe = shrink(HIT, combined)
    assert recipe is not None
    case = draw(HIT.id, recipe)
    assert features.features(case.request) == SIMPLEST | WRONG
    assert case.inputs["keypoints"].shape == (2, 2)


@pytest.mark.slow
def test_what_does_not_fail_again_is_not_shrunk_and_nobody_is_asked_for_ever() -> None:
    asked = []

    def never(case: Case) -> bool:
        asked.append(case)
        return False

    assert shrink(HIT, never) is None
    assert 0 < len(asked) <= ASKED
    once = iter([True])
    assert shrink(HIT, lambda _: next(once, False)) is not None


def scripted(request: Request) -> Answer:
    """Answer rightly but for one combination."""
    told = features.features(request)
    case = next(c for c in [*CASES, *DRAWN] if c.request == request)
    arrays = {name: due.array for name, due in case.expected.items()}
    return Outputs({} if WRONG.items() <= told.items() else arrays, "cpu")


DRAWN: list[Case] = []


@pytest.mark.slow
def test_the_runner_shrinks_the_first_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    def kept(name: str, recipe: object) -> Case:
        case = draw(name, recipe)  # type: ignore[arg-type]
        DRAWN.append(case)
        return case

    monkeypatch.setattr("conformance.run.shrink.drawn", kept)
    monkeypatch.setattr("conformance.run.runner.draw", kept)
    runner = Runner(Plan())
    choice = ScriptedChoice("s", scripted)
    wrong = [c for c in CASES if combined(c)]
    assert len(wrong) > SHRUNK
    verdicts = [
        runner.run(Trial(choice, case)) for case in [*wrong, next(c for c in CASES if not combined(c))]
    ]
    runner.close()
    assert [v.status for v in verdicts] == [Status.FAIL] * len(wrong) + [Status.PASS]
    assert [v.case for v in verdicts[:-1]] == [c.id for c in wrong]
    assert [v.smaller is not None for v in verdicts] == [i < SHRUNK for i in range(len(verdicts))]


# The command --------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_mistake_in_one_combination_is_found_shrunk_and_found_again(tmp_path: Path) -> None:
    subject = "--subject=wrong_subjects:half_with_segments_and_omit"
    done = conformance(subject, "--seed", "11", "--jsonl", "r", "--", "-k", "fresh", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "does not conform" in done.stdout
    assert "100 fresh cases, seed 11;" in done.stdout
    header, *rest = lines(tmp_path / "r")
    assert (header["fresh"], header["fresh_seed"]) == (100, 11)
    failed = [v for v in rest if v.get("status") == "fail"]
    # Where the loss is 0 or NaN the mistake does not show.
    shows = [
        c for c in CASES[:100] if combined(c) and c.op is Op.VALUE and any(c.expected["loss"].array.values)
    ]
    numbers = {c.id for c in shows if not all(map(math.isnan, c.expected["loss"].array.values))}
    assert len(numbers) > 1
    assert {v["case"] for v in failed} == numbers
    told = done.stdout[done.stdout.index(f"case  {failed[0]['case']}: ") :].split("\n\n")[0]
    assert re.search(r": float16(, few)?, segments, omit\n", told)
    assert "shrunk  from " in told
    assert re.search(r"keypoints float16 \[[2-5], 2\]: ", told)
    options = told.partition("rerun  python -m conformance ")[2].split()
    again = conformance(*options, cwd=tmp_path)
    assert again.returncode == 1
    same = [line for line in told.splitlines() if line.split()[0] in ("input", "expected", "verdict")]
    assert len(same) >= 5
    assert [line for line in same if line not in again.stdout] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--seed=4", "--", "-k", "value-exact-f64-001"], "0 of 100 fresh cases, seed 4"),
        (["--seed=4", "--", "-k", "fresh-4-00"], "10 of 100 fresh cases, seed 4"),
        (["--case", "fresh-4-007"], "1 fresh case by id"),
        (["--case", "value-exact-f64-001"], "no fresh cases, where a claim takes 100"),
    ],
)
def test_only_fresh_cases_that_were_asked_are_told(options: list[str], words: str, tmp_path: Path) -> None:
    done = conformance("--backend=numpy", "--html=r.html", "--markdown=r.md", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"; {words}; suite" in " ".join(done.stdout.split())
    assert f"; {words}; suite" in (tmp_path / "r.md").read_text()
    assert f"<dd>{words}</dd>" in (tmp_path / "r.html").read_text()


@pytest.mark.slow
def test_another_seed_each_time_that_is_told(tmp_path: Path) -> None:
    seeds = []
    for report in ("a", "b"):
        done = conformance(
            "--backend=numpy", "--fresh=2", "--jsonl", report, "--", "-k", "fresh", cwd=tmp_path
        )
        header = lines(tmp_path / report)[0]
        assert f"2 fresh cases, seed {header['fresh_seed']}, where" in done.stdout
        seeds.append(header["fresh_seed"])
    assert seeds[0] != seeds[1]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Run once, and leave out what fewer fresh cases would not have asked."""
    folder = tmp_path_factory.mktemp("reports")
    options = ["--backend=numpy", "--seed=4", "--jsonl=jsonl", "--markdown=markdown"]
    done = conformance(*options, cwd=folder)
    assert done.returncode == 0, done.stdout
    assert "100 fresh cases, seed 4;" in (folder / "markdown").read_text()
    run = load(folder / "jsonl")
    found = {}
    for count in (100, 99, 0):
        asked = {case.id for case in fresh.cases(count, 4)}
        verdicts = [v for v in run.verdicts if v.case in asked or not v.case.startswith("fresh-")]
        header = replace(run.header, fresh=count)
        found[str(count)] = replace(run, header=header, verdicts=verdicts, planned=len(verdicts))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("count", "color"), [("100", "brightgreen"), ("99", "yellow"), ("0", "yellow")])
def test_the_badge_and_a_claim_take_fresh_cases(count: str, color: str, reports: dict[str, Run]) -> None:
    run = reports[count]
    stored = sum(case.op is not Op.ECHO for case in suite.load_cases())
    summary = Summary(run, run.cases)
    assert badge.badge(summary)["color"] == color
    assert run.header.cases == stored + 100
    assert any(claim.by for claim in summary.claims) == (count == "100")
    assert len(run.verdicts) == stored + int(count)
    # All that there was to ask was asked, and is no selection.
    assert (len(summary.asked), summary.selected) == (summary.total, False)
    said = shown(run)
    assert "a selection" not in said
    assert f"({stored + int(count)} of {stored + int(count)})." in said
    assert ("where a claim takes 100" in said) is (count != "100")


@pytest.mark.parametrize("option", ["--fresh=3", "--seed=3", "--core"])
def test_chosen_cases_come_without_others(option: str, tmp_path: Path) -> None:
    done = conformance("--case=value-exact-f64-001", option, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "does not go with --case" in done.stderr


def test_a_report_with_too_many_is_refused(tmp_path: Path, reports: dict[str, Run]) -> None:
    path = tmp_path / "many"
    with jsonl.written(reports["0"], path):
        pass
    header, *rest = path.read_text().splitlines()
    path.write_text("\n".join([json.dumps(json.loads(header) | {"fresh": 10**9}), *rest]) + "\n")
    done = conformance("badge", str(path), cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
