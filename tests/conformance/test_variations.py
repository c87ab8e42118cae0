"""Variations: what is due in them, who can be asked in them, and that none kills what is right."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from support.selection import select

import temporal_loss
from conformance import bits, oracle, suite, variations
from conformance.expected import expect
from conformance.features import FEATURES, features
from conformance.model import Array, Case, Op, Unsupported
from conformance.run.varied import varied
from conformance.subjects import backends
from conformance.subjects.backend_subject import BackendSubject
from conformance.subjects.callables import CallableSubject
from conformance.variations import (
    CLASS,
    DERIVATIVES,
    LAYOUTS,
    SIZE,
    STATES,
    WORDS,
    WRITTEN,
    due,
    enlarged,
    has_turn,
)

if TYPE_CHECKING:
    from collections.abc import Callable

HAND = Case(
    "gradient-hand",
    ("TL-8.1",),
    "steps of 5 and 2, and of 1 and 0",
    (),
    Op.GRADIENT,
    "float64",
    {"keypoints": Array("float64", (3, 4), (0.0, 0.0, 9.0, 9.0, 3.0, 4.0, 9.0, 10.0, 3.0, 6.0, 9.0, 10.0))},
    {"epsilon": [1.0, 1.0]},
    dict(suite.select("gradient-moving-f64-001")[0].expected),
)
MOVING = suite.select("gradient-moving-f64-001")[0]
DIFFERENTIATE = [n for n in ("torch", "jax") if n in select().names]


def by_epsilon(**changes: Any) -> Any:
    found = due(replace(HAND, **changes), "by-epsilon")
    return found and found.expected["gradient"].array.values


def test_the_derivative_by_epsilon_counts_what_is_longer() -> None:
    # Of four entries two are longer than 1, both of the first keypoint; one ties with it.
    assert by_epsilon() == (-0.5, 0.0)
    assert by_epsilon(params={"epsilon": [0.0, 0.5], "reduction": "sum"}) == (-2.0, -1.0)
    assert by_epsilon(params={}) == (-0.75,)
    given = {**HAND.inputs, "epsilon": Array("float32", (2,), (4.0, 0.5))}
    assert by_epsilon(inputs=given, params={}) == (-0.25, -0.25)


def test_of_what_no_clause_speaks_nobody_is_asked() -> None:
    keypoints = HAND.inputs["keypoints"]
    lost = replace(keypoints, values=(float("nan"), *keypoints.values[1:]))
    assert by_epsilon(inputs={"keypoints": lost}) is None
    assert by_epsilon(inputs={**HAND.inputs, "epsilon": Array("int64", (2,), (1, 1))}) is None
    (refused,) = suite.select("value-error-f64-001")
    assert [due(refused, name) for name in WORDS] == [None] * len(WORDS)
    (value,) = suite.select("value-exact-f64-003")
    plain = {*WORDS} - {*SIZE}
    assert {name for name in plain if due(value, name) is None} == {*DERIVATIVES, *CLASS}


def test_what_is_above_scales_value_gradient_and_budgets() -> None:
    for name, factor in (("upstream", -4.0), ("weighted", 0.5)):
        found = due(MOVING, name)
        assert found is not None
        for output, e in MOVING.expected.items():
            scaled = found.expected[output]
            assert scaled.array.values == tuple(factor * v for v in e.array.values)
            assert scaled.budget == tuple(abs(factor) * b for b in e.budget)


@pytest.mark.slow
def test_each_variation_has_its_share_of_everything() -> None:
    wide = {"dtype", "layout", "axes", "reduction", "nan_policy", "segments", "confidences"}
    rare = {"inf", "nan", "epsilon", "threshold", "size"}
    computed = [c for c in suite.load_cases() if c.error is None and c.op in {Op.VALUE, Op.GRADIENT}]
    told = {c.id: features(c.request) for c in computed}
    assert {*FEATURES} == wide | rare
    for name, costly in product({*WORDS} - {*SIZE}, (True, False)):
        asked = [c for c in computed if due(c, name) and has_turn(c, name, costly=costly)]
        everybody = [c for c in computed if c.op is Op.GRADIENT or name not in {**DERIVATIVES, **CLASS}]
        for feature in wide:
            there = {told[c.id][feature] for c in everybody}
            assert len(there - {told[c.id][feature] for c in asked}) <= (feature == "layout"), (name, feature)
        # As few as said, and not all the same.
        part = 8 if costly else 4 if name == "threads" else 1
        assert len(everybody) / part / 1.6 < len(asked) < len(everybody) / part * 1.4


SIZED = [(n, case) for n in SIZE for case in suite.load_cases() if has_turn(case, n, costly=True)]


@pytest.mark.parametrize(("name", "case"), SIZED, ids=lambda part: getattr(part, "id", part))
def test_what_is_due_in_a_size_is_what_the_oracle_finds(
    name: str, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(variations._SIZES, name, replace(variations._SIZES[name], keypoints=5, frames=40))
    large = due(case, name)
    assert large is not None
    asked = enlarged(replace(large.request, variation=name))
    inputs = {key: replace(array, values=tuple(array.values)) for key, array in asked.inputs.items()}
    for key, array in inputs.items():
        assert len(array.values) == len(asked.inputs[key].values) == math.prod(array.shape)
        packed = bits.pack(asked.inputs[key].values, array.dtype)
        assert packed == bits.pack(array.values, array.dtype)
    frames, keypoints = (
        oracle.read(replace(case.request, inputs=inputs)).frames,
        inputs["keypoints"].shape[-1],
    )
    assert frames >= 40 / 2 - 1
    assert keypoints >= 5 or inputs["keypoints"].shape[-2] >= 5
    truth = expect(replace(case, inputs=inputs, expected={}, flags=()))
    assert large.expected["loss"].array == truth.expected["loss"].array
    assert large.expected["loss"].budget == truth.expected["loss"].budget
    assert large.expected["loss"].tight == truth.expected["loss"].tight


def test_sizes_are_what_is_said_of_them() -> None:
    assert {case.dtype for _, case in SIZED} == {"float16", "float32", "float64"}
    for name, case in SIZED:
        large = due(case, name)
        assert large is not None
        shape = enlarged(replace(case.request, variation=name)).inputs["keypoints"].shape
        flat = len(shape) == 2
        assert (shape[1] // 2 if flat else shape[-2]) > 64 or name == "long"
        assert shape[0 if flat else -3] > 2**17
        if name != "large":
            continue
        solved = oracle.solve(case.request)
        # So many are counted, by what the loss of the same movement has become.
        once, now = (c.expected["loss"].array.values[0] for c in (case, large))
        counted = solved.count * 66 / solved.problem.keypoints * once / now
        assert 2**24 < counted < 2**25, case.id


def test_who_has_no_turn_is_not_asked() -> None:
    class Asked:
        name, device, costly, variations = "s", None, True, tuple(LAYOUTS)
        requests: ClassVar[list[str]] = []

        def answer(self, request: Any) -> Any:
            self.requests.append(request.variation)
            return Unsupported("no")

    (case,) = suite.select("value-exact-f64-003")
    subject: Any = Asked()
    varied(subject, case)
    assert subject.requests == [n for n in LAYOUTS if has_turn(case, n, costly=True)] != [*LAYOUTS]
    subject.costly = False
    subject.requests.clear()
    varied(subject, case)
    assert subject.requests == [*LAYOUTS]


def test_backends_say_what_they_can() -> None:
    for name in select().names:
        backend = backends.load(name)
        assert {*backend.layouts} <= {*LAYOUTS}
        assert {*backend.states} <= {*STATES}
        device, *_ = backend.devices()
        quick, *compiled = (BackendSubject(backend, device, mode).variations for mode in backend.modes)
        assert quick == (*backend.layouts, *backend.states, *(SIZE if backend.large else WRITTEN))
        assert not any(compiled)


@pytest.mark.slow
@pytest.mark.parametrize("name", DIFFERENTIATE)
@pytest.mark.parametrize(
    ("weight", "told"),
    [
        (lambda _: 0.5, "by-log-weight"),
        (lambda self: 1 / (2 + self.log_weight), "by-log-weight"),
        (lambda self: 1 / (1 + 0 * self.log_weight), "weighted"),
    ],
    ids=["a number", "another slope", "another weight"],
)
def test_a_wrong_weight_of_the_class_is_told(
    name: str, weight: Callable[[Any], Any], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporal_loss.TemporalLoss, "weight", property(weight))
    backend = backends.load(name)
    subject = BackendSubject(backend, backend.devices()[0], f"{backend.modes[0]}-autodiff")
    # Here in every way, whichever have their turn.
    subject.costly = False
    verdict = varied(subject, MOVING)
    assert verdict is not None
    assert verdict.reason.startswith(WORDS[told]), verdict


@pytest.mark.skipif("numpy" not in select().names, reason="numpy is not under test")
def test_a_lock_is_no_mistake() -> None:
    lock = threading.Lock()

    def locked(keypoints: Any, confidences: Any = None, **options: Any) -> Any:
        with lock:
            return temporal_loss.temporal_loss(keypoints, confidences, **options)

    subject = CallableSubject("m:locked", locked, backends.load("numpy"), "cpu", "eager")
    assert varied(subject, suite.select("value-exact-f64-003")[0]) is None
