"""Drawn requests: each has the features asked for, and the text says what its answer is."""

import math
from itertools import combinations

import pytest

from conformance import casefiles, features, fresh, suite
from conformance.drawing import SIMPLEST, UndrawableError, draw
from conformance.features import FEATURES, IMPOSSIBLE, KINDS, possible
from conformance.model import Case, Op, Recipe
from conformance.oracle.refusals import ARGUMENTS


def recipe(op: Op = Op.VALUE, seed: str = "s", frames: int = 0, keypoints: int = 0, **row: str) -> Recipe:
    return Recipe(op, tuple((SIMPLEST | row).values()), seed, frames, keypoints)


HIDES = {"confidences": "same", "threshold": "ordinary", "size": "few"}
NEEDS = {
    "axes": {"layout": "single"},
    "confidences": {"dtype": "float32"},
    "nan": HIDES,
    "inf": HIDES,
}


@pytest.mark.parametrize("op", [Op.VALUE, Op.GRADIENT])
@pytest.mark.parametrize(("name", "value"), [(n, v) for n, f in FEATURES.items() for v in f.values])
def test_a_feature_that_is_asked_for_is_had(name: str, value: str, op: Op) -> None:
    row = NEEDS.get(name, {}) | {name: value}
    if (op, value) == (Op.GRADIENT, "none") and name == "reduction":
        pytest.skip("a gradient is of a scalar")
    case = draw("a", recipe(op, **row))
    assert features.features(case.request) == SIMPLEST | row
    assert case.op is op


@pytest.mark.parametrize(
    ("row", "shape"),
    [
        ({}, (2, 6)),
        ({"layout": "single"}, (2, 3, 2)),
        ({"layout": "batch", "axes": "1", "size": "few"}, (2, 4, 3, 1)),
        ({"layout": "deep", "axes": "3", "size": "few"}, (1, 2, 4, 3, 3)),
        ({"size": "many"}, (87, 6)),
    ],
)
def test_shapes(row: dict[str, str], shape: tuple[int, ...]) -> None:
    assert draw("a", recipe(frames=4, keypoints=3, **row)).inputs["keypoints"].shape == shape


def test_what_the_words_mean() -> None:
    """By hand, not by the functions that the draw itself is held to."""
    for seed in "abcdefgh":
        narrow = draw("a", recipe(seed=seed, dtype="float16", confidences="narrower")).inputs["confidences"]
        assert narrow.dtype == "bfloat16"
        for where, op in (("open", Op.VALUE), ("hidden", Op.GRADIENT)):
            case = draw("a", recipe(op, seed, nan=where, **HIDES))
            assert any(map(math.isnan, case.inputs["keypoints"].values))
            assert math.isnan(case.expected["loss"].array.values[0]) == (where == "open")
        low = draw("a", recipe(seed=seed, **HIDES))
        assert 0.2 <= low.params["prob_threshold"] < 0.9
        listed = draw("a", recipe(seed=seed, epsilon="list", keypoints=2))
        assert len(listed.params["epsilon"]) == 2
        rows = draw("a", recipe(seed=seed, epsilon="array", reduction="none", keypoints=3))
        assert rows.inputs["epsilon"].shape == (3,)
        assert rows.params["reduction"] == "none"


def test_the_same_seed_draws_the_same_and_another_another() -> None:
    one, again, other = (draw("a", recipe(seed=s, **HIDES)) for s in ("1", "1", "2"))
    assert one == again
    assert one.inputs["keypoints"] != other.inputs["keypoints"]


@pytest.mark.parametrize(
    ("row", "op"),
    [
        ({"axes": "3"}, Op.VALUE),
        ({"nan": "open", "nan_policy": "omit"}, Op.VALUE),
        ({"nan": "hidden"}, Op.VALUE),
        ({"inf": "hidden", "nan_policy": "omit"}, Op.VALUE),
        ({"reduction": "none"}, Op.GRADIENT),
        # One sequence of two frames is one segment or two.
        ({"nan": "hidden", "inf": "open", "segments": "given", "keypoints": "1"}, Op.VALUE),
    ],
)
def test_what_cannot_be_is_not_drawn(row: dict[str, str], op: Op) -> None:
    keypoints = int(row.pop("keypoints", 0))
    with pytest.raises(UndrawableError, match="a: no"):
        draw("a", recipe(op, keypoints=keypoints, **row))


@pytest.mark.slow
def test_the_text_decides_every_drawn_case() -> None:
    """No gradient of an infinite step, and no step that is both NaN and infinite."""
    drawn = [c for c in fresh.cases(300, 3) if any(map(math.isinf, c.inputs["keypoints"].values))]
    gradients = [c for c in drawn if c.op is Op.GRADIENT]
    assert len(gradients) > 20
    assert not any(math.isinf(c.expected["loss"].array.values[0]) for c in gradients)
    for case in drawn:
        for output in case.expected.values():
            assert len(output.array.values) == math.prod(output.array.shape)


# The stored cases ---------------------------------------------------------------------------


def without(monkeypatch: pytest.MonkeyPatch, *gone: Case) -> list[str]:
    left = [c for c in suite.load_cases() if c not in gone]
    monkeypatch.setattr(suite, "load_cases", lambda: left)
    return casefiles.problems()


def test_every_pair_has_a_case_of_each_kind() -> None:
    counted = features.count(c.request for c in suite.load_cases() if c.error is None)
    assert {kind: set(counted[kind]) for kind in KINDS} == {kind: set(possible(kind)) for kind in KINDS}
    assert {len(set(possible(kind))) for kind in KINDS} == {758, 721}
    assert all(IMPOSSIBLE.values())


@pytest.mark.parametrize("op", ["value", "gradient"])
def test_a_removed_case_is_told_by_its_pairs(op: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = without(monkeypatch, *suite.select(f"{op}-pair-f16-001"))
    row = features.features(suite.select(f"{op}-pair-f16-001")[0].request)
    every = {f"half: no case has {' '.join(a)} with {' '.join(b)}" for a, b in combinations(row.items(), 2)}
    assert found
    assert set(found) <= every


def test_a_removed_refusal_is_told_by_its_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    [case] = suite.select("gradient-error-f64-007")
    assert without(monkeypatch, case) == ["gradient: no case has the fault keypoints-axes"]


def test_an_operation_takes_what_its_cases_give() -> None:
    given = {
        op: {n for c in suite.load_cases() if c.op is op for n in (*c.inputs, *c.params)} for op in ARGUMENTS
    }
    assert given == {op: set(names) for op, names in ARGUMENTS.items()}
