"""Reading lines strictly: what each reader of JSON would forgive is refused, and nothing else."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance import suite
from conformance.model import Outputs
from conformance.port import messages, strict
from conformance.port.strict import BadLineError
from conformance.text import clean, clean_bytes

GOOD = {
    "seq": "1",
    "device": "cpu",
    "outputs": {"loss": {"dtype": "float64", "shape": [], "bits": ["0" * 16]}},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def schema(name: str) -> dict[str, Any]:
    text = files("conformance").joinpath("schema", f"protocol-{name}.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.slow
@settings(max_examples=50)
@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_reads_what_json_is(value: dict[str, Any]) -> None:
    for ascii_only in (True, False):
        line = json.dumps(value, ensure_ascii=ascii_only)
        assert strict.read(line.encode(), 100) == value


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "not JSON"),
        (b"{}{}", "not JSON at column 3: Extra data"),
        (b"[1]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": 1,}', "not JSON"),
        (b'{"a": 01}', "not JSON"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": -Infinity}', "-Infinity is not JSON"),
        (b'{"a": 1e400}', "outside of float64"),
        (b'{"a": -1e400}', "outside of float64"),
        (b'{"a": 0.' + b"1" * 500 + b"}", "a number of 502 characters"),
        (b'{"a": ' + b"1" * 500 + b"}", "a number of 500 characters"),
        (b'{"a": 1, "b": {"c": 1, "c": 1}}', "the key 'c' twice"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"\\udfff": 1}', "surrogate"),
        (b'{"a": "\xff"}', "not UTF-8 at byte 7"),
        (b'{"a": "\x00"}', "not JSON"),
        (b'\xef\xbb\xbf{"a": 1}', "byte order mark"),
        (b'{"a": 1}'.decode().encode("utf-16"), "not UTF-8"),
        (b'{"a": ' + b"[" * 200 + b"]" * 200 + b"}", "far more items"),
        (b'{"a": [' + b"1," * 2000 + b"1]}", "far more items"),
        (b'{"a": "' + b"x" * 10_000, "not JSON"),
    ],
)
def test_refuses(line: bytes, why: str) -> None:
    with pytest.raises(BadLineError, match=re.escape(why)) as caught:
        strict.read(line, 100)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "line", [b'{"a": "\\ud83d\\ude00"}', b'{"a": "\xf0\x9f\x98\x80"}', b' {"a": 1e308}\r']
)
def test_lets_pass(line: bytes) -> None:
    assert set(strict.read(line, 0)) == {"a"}


def test_an_answer_as_long_as_its_request_is_never_too_rich() -> None:
    count = 10_000
    array = {"dtype": "float64", "shape": [count], "bits": ["0" * 16] * count}
    outputs = {"differences": array, "masked": array, "rectified": array}
    line = json.dumps(GOOD | {"outputs": outputs}).encode()
    assert strict.read(line, count)["outputs"] == outputs


def test_shown_text_cannot_reach_the_terminal() -> None:
    assert clean("\x1b[2J\u202eevil\n") == "\\x1b[2J\\u202eevil\\n"
    assert clean("x" * 1000, 10) == "x" * 10 + "…"
    assert clean("\ud800") == "\\ud800"
    assert clean_bytes(b"caf\xe9", 10) == "caf\\xe9"
    assert clean_bytes(b"\xe9" * 1000, 10).endswith("…")


@pytest.mark.slow
def test_every_request_of_the_suite_is_as_the_schema_says() -> None:
    check = jsonschema.Draft202012Validator(schema("request"))
    for case in suite.load_cases():
        if sum(len(a.values) for a in case.inputs.values()) < 200:
            check.validate(json.loads(messages.run_line(case.request, "1", "cpu")))
    for line in (messages.START, messages.STOP):
        check.validate(json.loads(line))


def without(key: str) -> dict[str, Any]:
    return {k: v for k, v in GOOD.items() if k != key}


def loss(**changed: object) -> dict[str, Any]:
    return GOOD | {"outputs": {"loss": GOOD["outputs"]["loss"] | changed}}  # type: ignore[index,operator]


BAD = [
    without("seq"),
    without("device"),
    without("outputs"),
    GOOD | {"seq": 1},
    GOOD | {"device": None},
    GOOD | {"device": "\x1b[2J"},
    GOOD | {"outputs": []},
    GOOD | {"outputs": {"loss": 5.0}},
    GOOD | {"unsupported": "and yet"},
    loss(shape=5),
    loss(shape=[-1]),
    loss(shape=[True]),
    loss(shape=[0.5]),
    loss(bits="0" * 16),
    loss(bits=[0]),
    loss(bits=[None]),
    loss(bits=["0x" + "0" * 14]),
    loss(bits=[" " + "0" * 15]),
    loss(bits=["\u0660" * 16]),
    loss(text=["0.0"]),
    {"seq": "1", "unsupported": ""},
    {"seq": "1", "unsupported": None},
    {"seq": "1", "rejected": {"kind": "shape"}},
    {"seq": "1", "rejected": {"kind": "Shape", "message": ""}},
    {"seq": "1", "rejected": "shape"},
    {"seq": "1", "errored": {}},
    {"seq": "1", "errored": "boom"},
]
FINE = [
    GOOD,
    loss(bits=["ABCDEFabcdef0123"]),
    loss(shape=[0], bits=[]),
    loss(shape=[1.0]),
    loss(dtype="complex256"),
    GOOD | {"outputs": {}},
    {"seq": "1", "unsupported": "no"},
    {"seq": "1", "rejected": {"kind": "shape", "message": ""}},
    {"seq": "1", "errored": {"message": "boom", "trace": ["a", "b"]}},
]


STARTED = {
    "protocol": 1,
    "port": {"name": "a b", "version": "1", "language": "C++"},
    "capabilities": {"ops": ["value"], "dtypes": ["float64"], "devices": ["cpu", "cuda:0"]},
}


def claiming(**changed: object) -> dict[str, Any]:
    return STARTED | {"capabilities": STARTED["capabilities"] | changed}  # type: ignore[operator]


BAD_STARTS = [
    STARTED | {"protocol": 2},
    STARTED | {"protocol": True},
    STARTED | {"seq": "1"},
    STARTED | {"port": {"name": "a", "version": "1"}},
    STARTED | {"port": {"name": "\x1b", "version": "1", "language": "C"}},
    STARTED | {"port": {"name": "a\n", "version": "1", "language": "C"}},
    STARTED | {"port": {"name": "a" * 65, "version": "1", "language": "C"}},
    claiming(ops=[]),
    claiming(ops=["value", "value"]),
    claiming(ops=["sum"]),
    claiming(dtypes=["int64"]),
    claiming(devices="cpu"),
    claiming(more=[]),
]


def read(message: dict[str, Any]) -> object:
    found = strict.read(json.dumps(message).encode(), 10)
    return messages.started_of(found) if "protocol" in found else messages.answer_of(found)


@pytest.mark.parametrize("message", BAD + BAD_STARTS, ids=json.dumps)
def test_schema_and_reader_refuse_alike(message: dict[str, Any]) -> None:
    assert not jsonschema.Draft202012Validator(schema("answer")).is_valid(message)
    with pytest.raises(BadLineError):
        read(message)


@pytest.mark.parametrize("message", [*FINE, STARTED, claiming(ops=["stages"])], ids=json.dumps)
def test_schema_and_reader_accept_alike(message: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(schema("answer")).validate(message)
    assert read(message)


def test_bits_are_read_to_the_number() -> None:
    answer = messages.answer_of(loss(bits=["C014000000000001"]))
    assert isinstance(answer, Outputs)
    assert answer.arrays["loss"].values == (-5.000000000000001,)
