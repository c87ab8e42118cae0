"""Features of requests: each told by hand, and the count of their pairs."""

import math
from typing import Any

import pytest

from conformance import cli, features, suite
from conformance.features import FEATURES, IMPOSSIBLE, KINDS
from conformance.model import Array, Op, Request

CASES = [case for case in suite.load_cases() if case.error is None]


def request(shape: tuple[int, ...] = (3, 4), op: Op = Op.VALUE, **more: Any) -> Request:
    """Ask about keypoints at rest, but for what is put into them."""
    values = [0.0] * math.prod(shape)
    for at, value in more.pop("put", {}).items():
        values[at] = value
    inputs = {"keypoints": Array(more.pop("dtype", "float32"), shape, tuple(values))}
    inputs |= {name: more.pop(name) for name in list(more) if isinstance(more[name], Array)}
    return Request("", op, inputs, more)


def sure(dtype: str, *values: float) -> dict[str, Any]:
    return {"confidences": Array(dtype, (3, 2), values or (1.0,) * 6), "prob_threshold": 0.5}


LAST_LOW = sure("float32", 1.0, 1.0, 1.0, 1.0, 1.0, 0.0)
JOINS = Array("int64", (3,), (0, 0, 1))
NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("name", "told", "asked"),
    [
        ("layout", "flat", request()),
        ("layout", "single", request((3, 2, 2))),
        ("layout", "batch", request((1, 3, 2, 2))),
        ("layout", "deep", request((1, 1, 1, 3, 2, 2))),
        ("axes", "2", request((3, 6))),
        ("axes", "1", request((3, 2, 1))),
        ("axes", "3", request((3, 2, 3))),
        ("dtype", "bfloat16", request(dtype="bfloat16")),
        ("size", "two frames", request((2, 4000))),
        ("size", "few", request((255, 2))),
        ("size", "many", request((4, 8, 8, 3))),
        ("size", "two frames", request((3, 2, 2, 2))),
        ("confidences", "none", request()),
        ("confidences", "same", request(**sure("float32"))),
        ("confidences", "wider", request(**sure("float64"))),
        ("confidences", "narrower", request(**sure("bfloat16"), dtype="float16")),
        ("threshold", "none", request()),
        ("threshold", "0", request(prob_threshold=0)),
        ("threshold", "ordinary", request(prob_threshold=1.0)),
        ("threshold", "above 1", request(prob_threshold=1.5)),
        ("threshold", "negative", request(prob_threshold=-0.5)),
        ("epsilon", "none", request()),
        ("epsilon", "0", request(epsilon=0.0)),
        ("epsilon", "tiny", request(epsilon=1e-9)),
        ("epsilon", "number", request(epsilon=2)),
        ("epsilon", "list", request(epsilon=[0.0, 1.0])),
        ("epsilon", "array", request(epsilon=Array("float32", (), (0.0,)))),
        ("reduction", "mean", request()),
        ("reduction", "sum", request(reduction="sum")),
        ("segments", "none", request()),
        ("segments", "given", request(segment_ids=JOINS)),
        ("nan_policy", "propagate", request()),
        ("nan_policy", "omit", request(nan_policy="omit")),
        ("nan", "none", request(put={0: INF})),
        ("nan", "open", request(put={11: NAN})),
        ("nan", "hidden", request(put={11: NAN}, **LAST_LOW)),
        ("nan", "open", request(put={9: NAN}, **LAST_LOW)),
        ("nan", "hidden", request(put={11: NAN}, segment_ids=JOINS)),
        ("nan", "open", request(put={7: NAN}, segment_ids=JOINS)),
        ("nan", "hidden", request(put={7: NAN}, nan_policy="omit")),
        ("inf", "none", request(put={0: NAN})),
        ("inf", "hidden", request(put={10: -INF}, **LAST_LOW)),
        ("inf", "open", request(put={7: INF}, nan_policy="omit")),
    ],
)
def test_features(name: str, told: str, asked: Request) -> None:
    assert features.features(asked)[name] == told


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("value", request()),
        ("gradient", request(op=Op.GRADIENT)),
        ("half", request(op=Op.GRADIENT, dtype="float16")),
        (None, request(op=Op.NORM)),
        (None, request(op=Op.STAGES, dtype="float16")),
    ],
)
def test_kinds(kind: str | None, asked: Request) -> None:
    assert features.kind(asked) == kind
    assert {k: sum(c.values()) for k, c in features.count([asked]).items()} == {
        k: 66 * (k == kind) for k in KINDS
    }


def test_cases_have_features_that_are_declared_and_possible() -> None:
    everything = {(name, value) for name, feature in FEATURES.items() for value in feature.values}
    for kind, counted in features.count(case.request for case in CASES).items():
        assert {choice for pair in counted for choice in pair} <= everything
        assert set(counted) <= set(features.possible(kind))
    assert {choice for pair in IMPOSSIBLE for choice in pair} <= everything


def test_what_is_missing_is_what_no_case_has() -> None:
    one, other = request(), request(reduction="sum", op=Op.GRADIENT)
    left = features.missing([one, other])
    assert [len(list(features.possible(k))) - len(left[k]) for k in KINDS] == [66, 66, 0]
    assert (("layout", "flat"), ("reduction", "mean")) not in left["value"]
    assert (("layout", "flat"), ("reduction", "sum")) in left["value"]
    assert (("layout", "flat"), ("reduction", "sum")) not in left["gradient"]
    assert (("layout", "flat"), ("reduction", "none")) not in left["gradient"]


def test_the_command_prints_a_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = next(c for c in CASES if c.id == "value-exact-f32-001")
    monkeypatch.setattr(suite, "load_cases", lambda: [case])
    assert cli.main(["cases", "pairs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["kind", "feature", "never", "with"]
    row = next(line for line in lines if line.split()[:3] == ["value", "axes", "2"])
    assert "dtype float64; size few, many; confidences same, wider, narrower;" in row
    assert [line.split(" of ")[0] for line in lines[-3:]] == ["value: 66", "gradient: 0", "half: 0"]
