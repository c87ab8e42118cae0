"""The high-precision value of a recording and its error budget."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

np = pytest.importorskip("numpy", reason="recordings are read with NumPy, which is not installed")

from conformance import budget, oracle  # noqa: E402 - after the skip
from conformance.compare import pairs, reference, steps  # noqa: E402
from conformance.model import Array, Op, Request  # noqa: E402


def question(dtype: str = "float64", *, seed: int = 0, **changes: Any) -> steps.Question:
    """Three sequences of 40 frames and 3 keypoints in 2 dimensions, a third of them masked or slow."""
    rng = np.random.default_rng(seed)
    shape = changes.pop("shape", (3, 40, 3, 2))
    given = {
        "keypoints": rng.normal(200, 5, shape).astype(dtype).astype("float64"),
        "confidences": rng.uniform(0.5, 1, shape[:-1]).astype(dtype),
        "epsilon": [2.0, 0.1, 6.0][: shape[-2]],
        "prob_threshold": 0.6,
        "nan_policy": "propagate",
    }
    return steps.Question(dtype, **{**given, **changes})


def solve(q: steps.Question) -> oracle.Solution:
    """Answer of the oracle to the whole question at once."""
    inputs = {"keypoints": Array(q.dtype, q.keypoints.shape, tuple(q.keypoints.ravel().tolist()))}
    if q.confidences is not None:
        values = tuple(q.confidences.ravel().tolist())
        inputs["confidences"] = Array(str(q.confidences.dtype), q.confidences.shape, values)
    return oracle.solve(Request("", Op.VALUE, inputs, q.params))


def same(one: Fraction | float, other: Fraction | float, digits: int) -> bool:
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        near: bool = abs(one - other) <= abs(other) * Fraction(1, 10) ** digits
        return near
    return str(one) == str(other)


def with_holes(q: steps.Question, value: float, sequence: int = 1) -> steps.Question:
    points = q.keypoints.copy()
    points[sequence, 7, 1, 0] = value
    return replace(q, keypoints=points)


QUESTIONS = {
    "float32": question("float32"),
    "float64": question(),
    "one-epsilon": question(epsilon=0.3),
    "no-confidences": question(confidences=None),
    "half-precision-confidences": question(confidences=np.full((3, 40, 3), 0.6, dtype="float16")),
    "one-sequence": question(shape=(50, 3, 2)),
    "one-axis": question(shape=(40, 2, 1)),
    "three-axes": question(shape=(2, 2, 40, 3, 3)),
    "at-rest": question(keypoints=np.ones((3, 40, 3, 2))),
    "nothing-above-epsilon": question(epsilon=1e6),
    "all-masked": question(confidences=np.zeros((3, 40, 3))),
    "nan": with_holes(question(), math.nan),
    "nan-omitted": with_holes(question(nan_policy="omit"), math.nan),
    "infinite": with_holes(question(confidences=None), math.inf),
    "infinite-and-nan": with_holes(with_holes(question(confidences=None), math.inf), math.nan, 0),
    "confidence-is-nan": question(confidences=np.where(np.arange(360) % 3, np.nan, 0.5).reshape(3, 40, 3)),
    "many-sizes": question(keypoints=np.exp(np.random.default_rng(4).normal(0, 9, size=(3, 40, 3, 2)))),
    "far-apart": question(
        keypoints=np.random.default_rng(3).normal(size=(3, 40, 3, 2)) * 1e-40 + [[0.0, 1e40]]
    ),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_pieces_and_pairs_of_float64_add_up_to_the_whole(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    q = QUESTIONS[name]
    due = solve(q).outputs["loss"].values[0]
    monkeypatch.setattr(reference, "_PIECE", 21)  # 7 frames
    seen: list[float] = []
    found = reference.refer(q, seen.append)
    assert found.exact
    assert same(found.value, due, 60)
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert len(seen) > 1
    monkeypatch.setattr(pairs, "_FRAMES", 9)
    monkeypatch.setattr(reference, "EXACT_ENTRIES", 0)
    found = reference.refer(q, lambda _: None)
    assert not found.exact
    assert same(found.value, due, 28)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pairs_hold_at_the_edge_of_epsilon(seed: int, dtype: str) -> None:
    # Lengths equal to epsilon but for rounding: the difference is all there is.
    q = question(dtype, seed=seed, shape=(30, 1, 2), confidences=None)
    length = float(np.linalg.norm(q.keypoints[1, 0] - q.keypoints[0, 0]))
    epsilon = float(np.dtype(dtype).type(length))
    q = replace(q, keypoints=q.keypoints[:2], epsilon=epsilon)
    exact, found = solve(q).outputs["loss"].values[0], pairs.mean_loss(q)
    assert isinstance(exact, Fraction)
    assert isinstance(found, Fraction)
    assert abs(found - exact) <= Fraction(length) / 2**98


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(2, 1, 2), (40, 3, 2), (500, 3, 3)])
def test_the_budget_is_that_of_the_suite(dtype: str, shape: tuple[int, ...]) -> None:
    q = question(dtype, shape=shape)
    found = reference.refer(q, lambda _: None)
    solution = solve(q)
    for mine, model in ((found.budget, budget.BUDGET), (found.tight, budget.TIGHT)):
        (due,) = budget.budgets(solution, model)["loss"]
        # One is a sum over entries, rounded up; the other is made of sums.
        assert 0.75 * due <= mine <= 1.01 * due


def test_no_motion_has_no_budget() -> None:
    found = reference.refer(QUESTIONS["at-rest"], lambda _: None)
    assert (found.value, found.budget, found.tight) == (0, 0, 0)
    assert (found.off(0.0), found.off(-0.0), found.relative(0.0), found.ulp(0.0)) == (0, 0, 0, 0)
    assert found.relative(found.off(1e-9)) == math.inf


def test_distances_by_hand() -> None:
    third = reference.Reference("float32", Fraction(1, 3), exact=True, budget=0.0, tight=0.0)
    near = float(np.float32(1) / np.float32(3))  # 11184811 / 2**25
    off = third.off(near)
    assert off == pytest.approx(1 / 3 / 2**25, rel=1e-12)
    assert third.ulp(off) == pytest.approx(1 / 3, rel=1e-12)
    assert third.relative(off) == pytest.approx(2.0**-25, rel=1e-12)
    assert third.text == "0.33333333333333333333"
    assert third.rounded == near


@pytest.mark.parametrize(
    ("value", "found", "off"),
    [
        (math.nan, math.nan, 0.0),
        (math.nan, 1.0, math.inf),
        (math.inf, math.inf, 0.0),
        (math.inf, -math.inf, math.inf),
        (math.inf, math.nan, math.inf),
        (Fraction(1), math.nan, math.inf),
        (Fraction(1), math.inf, math.inf),
    ],
)
def test_values_that_are_no_numbers(value: Fraction | float, found: float, off: float) -> None:
    assert reference.Reference("float64", value, exact=True, budget=1.0, tight=1.0).off(found) == off
