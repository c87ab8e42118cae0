"""The committed cases: well formed, regenerated bit for bit, and enough."""

import copy
import json
import math
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from click.testing import CliRunner

import conformance
from conformance import bits, generate, oracle
from conformance.clauses import CLAUSES, FLAGS
from conformance.generate import questions
from conformance.generate.__main__ import main
from conformance.generate.build import answer
from conformance.model import Array, Case, Op
from conformance.oracle import Definition, Solution
from conformance.oracle.refusals import CHECKS, Check
from conformance.schema.arrays import named
from conformance.schema.cases import WrittenCase
from conformance.suite import (
    case_files,
    case_of,
    case_to_json,
    kills_file,
    load_cases,
    select,
    suite_hash,
)

ROOT = Path(conformance.__file__).parent
SCHEMA = json.loads((ROOT / "schema" / "case.schema.json").read_text())
SPEC = ROOT.parent / "docs" / "spec.md"
FILES = {f.name: json.loads(f.read_text()) for f in case_files()}
CASES = load_cases()
COMPUTED = [c for c in CASES if c.error is None]


def arrays(case: Case) -> dict[str, Array]:
    return {**case.inputs, **{name: due.array for name, due in case.expected.items()}}


# Form ---------------------------------------------------------------------------------------


def faults(data: dict[str, Any]) -> list[str]:
    return [e.message for e in jsonschema.Draft202012Validator(SCHEMA).iter_errors(data)]


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_a_file_obeys_the_schema(name: str) -> None:
    assert faults(FILES[name]) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda c: c.update(note="x"),
        lambda c: c.pop("params"),
        lambda c: c.update(error="type"),
        lambda c: c.pop("expected"),
        lambda c: c.update(clauses=[]),
        lambda c: c.update(op="loss"),
        lambda c: c["params"].update(quantile=0.5),
        lambda c: c["inputs"].pop("keypoints"),
        lambda c: c["inputs"]["keypoints"].update(order="C"),
        lambda c: c["inputs"]["keypoints"]["bits"].append("0x000000"),
        lambda c: c["inputs"]["keypoints"]["bits"].append("00"),
        lambda c: c["expected"]["loss"].pop("tight"),
        lambda c: c["expected"]["loss"].update(budget=[-1.0]),
        lambda c: c["expected"].update(norm=c["expected"]["loss"]),
    ],
)
def test_the_schema_refuses_a_spoiled_case(spoil: Any) -> None:
    data = copy.deepcopy(FILES["exact.json"])
    assert faults(data) == []
    spoil(data["cases"][0])
    assert faults(data) != []


def unfaithful(case_json: dict[str, Any]) -> list[str]:
    """Arrays of a case whose text is not what the bits say, or that are of the wrong size."""
    found = []
    for name, data in {**case_json["inputs"], **case_json.get("expected", {})}.items():
        size = math.prod(data["shape"])
        values = bits.decode(data["bits"], data["dtype"])
        # Segment ids beyond 2**53 are numbers that a float would not hold.
        said = [int(t) if data["dtype"] == "int64" else float(t) for t in data["text"]]
        same = len(values) == len(said) == size and all(
            a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(values, said, strict=True)
        )
        if not same or list(bits.encode(values, data["dtype"])) != data["bits"]:
            found.append(name)
    return found


@pytest.mark.parametrize("name", FILES)
def test_the_text_says_what_the_bits_say(name: str) -> None:
    assert [(c["id"], unfaithful(c)) for c in FILES[name]["cases"] if unfaithful(c)] == []


def test_a_wrong_text_is_seen() -> None:
    data = copy.deepcopy(FILES["exact.json"]["cases"][0])
    data["inputs"]["keypoints"]["text"][2] = "3.5"
    assert unfaithful(data) == ["keypoints"]


def test_budgets_fit_their_arrays() -> None:
    for case in COMPUTED:
        for due in case.expected.values():
            for bounds in (due.budget, due.tight):
                assert len(bounds) in {1, len(due.array.values)} or not due.array.values
                assert all(math.isfinite(b) and b >= 0 for b in bounds)


def test_the_index_of_kills_names_cases_only() -> None:
    index = json.loads(kills_file().read_bytes())
    assert list(index) == sorted(index)
    assert {name for ids in index.values() for name in ids} <= {case.id for case in CASES}
    again = {m: [c.id for c in CASES if m in c.kills] for m in index}
    assert again == index
    assert all(again.values())


def test_a_case_survives_json() -> None:
    for case in CASES:
        text = json.dumps(case_to_json(case), allow_nan=False)
        again = case_of(msgspec.json.decode(text, type=WrittenCase), case.kills)
        assert repr(again) == repr(case)


# Reproducible -------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_files_are_what_the_generator_writes() -> None:
    assert generate.check() == []


@pytest.fixture
def one_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Leave one group of questions, and put the cases elsewhere."""
    for folder in ("questions", "cases"):
        (tmp_path / folder).mkdir()
    shutil.copy(questions.FOLDER / "valid.toml", tmp_path / "questions")
    monkeypatch.setattr(questions, "FOLDER", tmp_path / "questions")
    monkeypatch.setattr(generate, "CASES", tmp_path / "cases")
    return tmp_path


@pytest.mark.slow
def test_neither_hash_seed_nor_locale_matters(one_group: Path) -> None:
    code = "import pathlib, sys; from conformance import generate; "
    code += "generate.questions.FOLDER = pathlib.Path(sys.argv[1]); "
    code += "sys.stdout.writelines(generate.files().values())"
    env = {**os.environ, "PYTHONHASHSEED": "12345", "LC_ALL": "C"}
    done = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", code, one_group / "questions"], capture_output=True, check=True, env=env
    )
    assert done.stdout.decode() == "".join(generate.files().values())


@pytest.mark.slow
def test_the_command_compares_writes_and_removes(one_group: Path) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, arguments)
        return result.exit_code, result.output

    (one_group / "cases" / "stray.json").write_text("{}")
    assert run("--check") == (1, "differs: valid.json\ndiffers: kills.json\ndiffers: stray.json\n")
    assert run() == (0, "wrote: valid.json\nwrote: kills.json\nremoved: stray.json\n")
    assert run("--check") == (0, "all case files are as generated\n")
    for name, right, wrong in (
        ("cases/valid.json", b"5.0", b"5.1"),
        ("kills.json", b"value-valid-f32-002", b"value-valid-f32-001"),
    ):
        path = one_group / name
        text = path.read_bytes()
        path.write_bytes(text.replace(right, wrong, 1))
        assert run("--check") == (1, f"differs: {path.name}\n")
        path.write_bytes(text)
    (one_group / "questions" / "valid.toml").write_text("[[question]]")
    assert run("--check") == (
        1,
        "Error: valid.toml, question 1, without id: Object missing required field `id`\n",
    )


# Enough -------------------------------------------------------------------------------------


def test_every_clause_has_a_case_and_every_case_knows_its_clauses() -> None:
    named = {clause for case in CASES for clause in case.clauses}
    assert named == set(CLAUSES)
    assert [c.id for c in CASES if not c.clauses] == []


def test_flags_are_words_of_the_vocabulary() -> None:
    assert {flag for case in CASES for flag in case.flags} == set(FLAGS)


@pytest.mark.skipif(not SPEC.exists(), reason="the normative text is not part of an installed package")
def test_the_normative_text_has_exactly_these_clauses() -> None:
    text = SPEC.read_text()
    assert re.findall(r"^#+ (TL-[0-9.]+)\b", text, re.MULTILINE) == list(CLAUSES)
    mentioned = set(re.findall(r"TL-\d+(?:\.\d+)?", text))
    assert mentioned == set(CLAUSES)


def test_there_are_cases_of_everything() -> None:
    assert len(CASES) >= 300
    seen = {(c.op, c.dtype) for c in COMPUTED}
    assert seen == {(op, dtype) for op in Op for dtype in bits.FORMATS}
    assert {c.op for c in CASES if c.error} == set(Op)
    assert {c.error.value for c in CASES if c.error} == {"type", "shape", "value"}
    for op in (Op.VALUE, Op.GRADIENT):
        asked = [c for c in COMPUTED if c.op is op]
        assert {c.params.get("reduction", "mean") for c in asked} >= {"mean", "valid_mean", "sum"}
        assert {c.params.get("nan_policy", "propagate") for c in asked} == {"propagate", "omit"}
        assert any(len(c.inputs["keypoints"].shape) > 3 for c in asked)
        assert any("segment_ids" in c.inputs for c in asked)
    assert {c.inputs["confidences"].dtype for c in COMPUTED if "confidences" in c.inputs} == set(bits.FORMATS)


def test_the_files_stay_small() -> None:
    assert sum(len(f.read_bytes()) for f in case_files()) < 5_500_000


def test_exact_means_no_budget() -> None:
    for case in COMPUTED:
        loose = any(b for due in case.expected.values() for b in due.budget)
        assert loose == ("exact" not in case.flags), case.id


@pytest.mark.parametrize("dtype", sorted(bits.FORMATS))
def test_each_dtype_has_exact_ties_at_both_thresholds(dtype: str) -> None:
    kinks = [c for c in COMPUTED if c.dtype == dtype and "kink" in c.flags and c.op is Op.VALUE]
    tied = [s for s in map(solved, kinks) if any(e.length == s.epsilon[e.keypoint] != 0 for e in s.entries)]
    assert len(tied) >= 3
    level = [c for c in kinks if "confidences" in c.inputs]
    at = [c for c in level if oracle.read(c.request).threshold in c.inputs["confidences"].values]
    assert len(at) >= 3


def solved(case: Case) -> Solution:
    return oracle.solve(case.request)


def test_no_unmasked_step_is_both_nan_and_infinite() -> None:
    """The text leaves open whether such a length is NaN or infinite, so no case may ask."""
    for case in COMPUTED:
        if case.op is not Op.ECHO and any(math.isinf(v) for v in case.inputs["keypoints"].values):
            for e in solved(case).entries:
                special = [d for d in e.step if isinstance(d, float)]
                assert e.masked == 0 or not (any(map(math.isnan, special)) and any(map(math.isinf, special)))


def test_no_gradient_case_has_an_unmasked_infinite_step() -> None:
    """The text leaves the gradient of an infinite length open."""
    for case in COMPUTED:
        if case.op is Op.GRADIENT:
            assert not any(math.isinf(v) for v in solved(case).outputs["loss"].values), case.id


def test_no_quantile_falls_on_or_beside_an_infinite_step() -> None:
    """The text leaves such a quantile open."""
    seen = 0
    for case in COMPUTED:
        if case.op is not Op.EPSILON or not any(math.isinf(v) for v in case.inputs["keypoints"].values):
            continue
        solution = solved(case)
        for k in range(solution.problem.keypoints):
            steps = Definition().observed(solution, k)
            place = Fraction(solution.problem.quantile) * (len(steps) - 1)
            beside = steps[max(math.floor(place) - 1, 0) : math.ceil(place) + 2]
            assert math.inf not in beside, case.id
            seen += math.inf in steps
    assert seen >= 10


# The generator's own guards -----------------------------------------------------------------


def question(*values: float, flags: tuple[str, ...] = (), params: dict[str, Any] | None = None) -> Case:
    kp = Array("float32", (2, 2), tuple(values))
    inputs = {"keypoints": kp}
    return Case("value-try-f32-001", ("TL-2",), "", flags, Op.VALUE, "float32", inputs, params or {})


def test_the_generator_refuses_a_case_that_hangs_on_a_rounding() -> None:
    close = question(0.0, 0.0, 1.0, 1.0, params={"epsilon": 1.4145})
    with pytest.raises(ValueError, match="near epsilon"):
        answer(close)
    assert answer(replace(close, params={"epsilon": 1.5})).expected["loss"].array.values == (0.0,)


def test_the_generator_refuses_a_false_claim_of_exactness() -> None:
    with pytest.raises(ValueError, match="meant to be exact"):
        answer(question(0.0, 0.0, 1.0, 2.0, flags=("exact",)))
    assert answer(question(0.0, 0.0, 3.0, 4.0)).flags == ("exact",)


def test_the_generator_refuses_an_unexpected_refusal() -> None:
    with pytest.raises(ValueError, match="refusal is value"):
        answer(question(0.0, 0.0, 1.0, 2.0, params={"epsilon": -1.0}))
    with pytest.raises(ValueError, match="refusal is None"):
        answer(replace(question(0.0, 0.0, 1.0, 2.0), id="value-error-f32-001"))


# Reading ------------------------------------------------------------------------------------


def test_select_gives_cases_in_the_order_asked_for() -> None:
    first, second = CASES[3], CASES[1]
    assert select(first.id, second.id) == [first, second]
    with pytest.raises(KeyError, match="no such case: value-none-f32-999"):
        select(first.id, "value-none-f32-999")


def test_the_list_belongs_to_the_caller() -> None:
    load_cases().clear()
    assert load_cases() == CASES


def test_the_hash_is_of_names_and_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    class File:
        def __init__(self, name: str, body: bytes) -> None:
            self.name, self.body = name, body

        def read_bytes(self) -> bytes:
            return self.body

    def hashed(*files: Any) -> str:
        monkeypatch.setattr("conformance.suite.case_files", lambda: [File(*f) for f in files])
        suite_hash.cache_clear()
        return suite_hash()

    assert hashed(("a.json", b"12"), ("b.json", b"3")) == hashed(("a.json", b"12"), ("b.json", b"3"))
    different = [
        hashed(("a.json", b"12"), ("b.json", b"3")),
        hashed(("a.json", b"1"), ("b.json", b"23")),
        hashed(("c.json", b"12"), ("b.json", b"3")),
        hashed(("a.json", b"13"), ("b.json", b"3")),
        hashed(("a.json", b"12")),
    ]
    suite_hash.cache_clear()
    assert len(set(different)) == len(different)


def test_a_request_holds_nothing_of_the_answer() -> None:
    case = COMPUTED[0]
    assert vars(case.request) == {
        "case": case.id,
        "op": case.op,
        "inputs": case.inputs,
        "params": case.params,
        "variation": "",
    }


def test_parameters_are_strict_json() -> None:
    for case in CASES:
        json.dumps(named(case.params), allow_nan=False)


def test_an_error_case_has_faults_of_one_kind() -> None:
    """Otherwise the kind that is due would be a matter of order."""
    for case in CASES:
        kinds = {check.kind for check in CHECKS if _fault(check, case)}
        assert kinds == ({case.error} if case.error else set()), case.id


def _fault(check: Check, case: Case) -> bool:
    try:
        return check.fault(case.request)
    except IndexError:  # a check that needs axes which an earlier fault took away
        return False
