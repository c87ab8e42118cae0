"""Questions in TOML: what each word of theirs stands for, and what is said of a wrong one."""

import math
from pathlib import Path
from typing import Any

import pytest

from conformance.generate import questions
from conformance.generate.arrays import Told, make
from conformance.generate.build import answer
from conformance.model import Array, Case, ErrorKind, Op

GUIDE = Path(__file__).parents[2] / "CONTRIBUTING.md"
NAN = math.nan
FORM = """
[[question]]
id = "value-try-*-001"
clauses = ["TL-2"]
description = "d"
keypoints = [[0, 0], [3, 4]]
"""


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Read texts of TOML files, named a.toml, b.toml, ...; give all cases."""
    monkeypatch.setattr(questions, "FOLDER", tmp_path)

    def reading(*texts: str) -> list[Case]:
        for name, text in zip("abc", texts, strict=False):
            (tmp_path / f"{name}.toml").write_text(text)
        return [case for cases in questions.groups().values() for case in cases]

    return reading


def test_a_question_stands_for_two_dtypes(read: Any) -> None:
    first, second = read(FORM)
    assert (first.id, first.dtype, second.id, second.dtype) == (
        "value-try-f32-001",
        "float32",
        "value-try-f64-001",
        "float64",
    )
    assert first.inputs == {"keypoints": Array("float32", (2, 2), (0.0, 0.0, 3.0, 4.0))}
    assert (first.op, first.clauses, first.description, first.params) == (Op.VALUE, ("TL-2",), "d", {})


def test_rows_words_dtypes_and_parameters(read: Any) -> None:
    cases = read("""
        withdrawn = ["stages-try-f16-009"]
        [[question]]
        dtypes = ["bfloat16", "float16"]
        clauses = ["TL-2"]
        description = "{dtype}, {reduction}"
        flags = ["rest"]
        keypoints = [[1, 2]]
        confidences = { values = [[0.1]], dtype = "float64" }
        segment_ids = [7]
        epsilon = { values = [2] }
        prob_threshold = { float16 = 1, bfloat16 = nan }
        null = ["nan_policy"]
        each = [
            { id = { float16 = "value-try-f16-002", bfloat16 = "value-try-bf16-009" }, reduction = "sum" },
            { id = "value-try-*-001", dtypes = ["float16"], reduction = "none", epsilon = [1, 2.5] },
        ]
    """)
    assert [c.id for c in cases] == ["value-try-bf16-009", "value-try-f16-001", "value-try-f16-002"]
    assert [c.description for c in cases] == ["bfloat16, sum", "float16, none", "float16, sum"]
    assert repr([c.params for c in cases]) == repr(
        [
            {"nan_policy": None, "prob_threshold": NAN, "reduction": "sum"},
            {"epsilon": [1, 2.5], "nan_policy": None, "prob_threshold": 1, "reduction": "none"},
            {"nan_policy": None, "prob_threshold": 1, "reduction": "sum"},
        ]
    )
    assert cases[0].inputs == {
        "keypoints": Array("bfloat16", (1, 2), (1.0, 2.0)),
        "confidences": Array("float64", (1, 1), (0.1,)),
        "segment_ids": Array("int64", (1,), (7,)),
        "epsilon": Array("bfloat16", (1,), (2.0,)),
    }
    assert "epsilon" not in cases[1].inputs


@pytest.mark.parametrize(
    ("told", "shape", "values"),
    [
        ([[1, 2.5], [-0.5, 4]], (2, 2), (1.0, 2.5, -0.5, 4.0)),
        (0.1, (), (0.0999755859375,)),
        ("named", (2, 2), (1.0, 2.0, 3.0, 4.0)),
        ({"array": "named", "put": [[1, 0, NAN]]}, (2, 2), (1.0, 2.0, NAN, 4.0)),
        ({"array": "named", "put": [[1, NAN], [0, 1, 9]]}, (2, 2), (1.0, 9.0, NAN, NAN)),
        ({"array": "changed"}, (2, 2), (8.0, 2.0, 3.0, 4.0)),
        ({"array": "named", "times": "2**-1", "plus": -1}, (2, 2), (-0.5, 0.0, 0.5, 1.0)),
        ({"values": [[1, 2], [3, 4]], "frames": 3}, (3, 2), (1.0, 2.0, 3.0, 4.0, 1.0, 2.0)),
        ({"values": [], "shape": [0, 2]}, (0, 2), ()),
        ({"shape": [2, 2]}, (2, 2), (0.0, 1.0, 2.0, 3.0)),
        ({"shape": [3], "dtype": "int64"}, (3,), (0, 1, 0)),
        ({"values": ["2**53+1", "-2**63"], "dtype": "int64"}, (2,), (2**53 + 1, -(2**63))),
        # float16 has 2**-11 between its numbers above one half, and half of that below.
        (["0.5-", "0.5+", "0.9-"], (3,), (0.5 - 2**-12, 0.5 + 2**-11, 0.89990234375 - 2**-11)),
    ],
)
def test_arrays(told: Any, shape: tuple[int, ...], values: tuple[float, ...]) -> None:
    named = {"named": [[1, 2], [3, 4]], "changed": {"array": "named", "put": [[0, 0, 8]]}}
    array = make(told, "float16", named)
    assert repr((array.shape, array.values)) == repr((shape, values))


def test_draws_depend_on_seed_and_place() -> None:
    def drawn(**more: Any) -> Array:
        return make({"draw": "uniform", "seed": "s {dtype}", "shape": [4], **more}, "float64", {})

    assert drawn() == drawn() == drawn(seed="s float64")
    assert drawn(skip=1).values[:3] == drawn().values[1:]
    assert drawn(seed="t").values != drawn().values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[question]", "a.toml: Expected"),
        ("x = 1\n" + FORM, "a.toml: Object contains unknown field `x`"),
        (
            FORM + 'reducton = "sum"',
            "a.toml, question 1, value-try-*-001: Object contains unknown field `reducton`",
        ),
        (
            FORM + FORM.replace('description = "d"', ""),
            "a.toml, question 2, value-try-*-001: .*`description`",
        ),
        (
            FORM.replace('"d"', "5"),
            r"question 1, value-try-\*-001: Expected `str`, got `int` - at `\$.description`",
        ),
        (FORM.replace('"d"', '"{word}"'), "description: there is no 'word'"),
        (FORM.replace("-001", "-1"), "id: 'value-try-f32-1' is not"),
        (FORM.replace("value-", "loss-"), "id: 'loss-try-f32-001' is not"),
        (FORM.replace("*", "f64"), "id: 'value-try-f64-001' is not OPERATION-WORD-f32-NNN"),
        (FORM + 'dtypes = ["float8"]', "dtypes: Invalid enum value 'float8'"),
        (FORM + "epsilon = { float32 = 1 }", "epsilon: there is no 'float64'"),
        (FORM + "confidences = [[1], [1, 2]]", "confidences: the rows of an array have different lengths"),
        (FORM + "confidences = 'c'", "confidences: no array is named 'c'"),
        ("arrays.c = 'c'" + FORM + "confidences = 'c'", "confidences: no array is named 'c'"),
        (FORM + "confidences = { draw = 'd' }", "confidences: no draw is named 'd': there are uniform, "),
        (FORM + "confidences = { draw = 'd', values = 1 }", "confidences: .* one of"),
        (FORM + "confidences = { valves = 1 }", "confidences: .*`valves`"),
        (
            FORM + "confidences = { shape = [2, 1], put = [[2, 0]] }",
            r"confidences: `put` at \[2\]: the shape",
        ),
        (FORM + "confidences = ['1']", "confidences: '1' is no number"),
        (FORM + "segment_ids = [0.5]", "segment_ids: 0.5 is no whole number"),
    ],
)
def test_what_is_said_of_a_wrong_question(text: str, message: str, read: Any) -> None:
    with pytest.raises(ValueError, match=message.replace("try-*", r"try-\*")):
        read(text)


def test_an_id_is_given_once(read: Any) -> None:
    with pytest.raises(ValueError, match="value-try-f32-001: given twice"):
        read(FORM, FORM)
    with pytest.raises(ValueError, match="value-try-f64-001: withdrawn"):
        read(FORM, 'question = []\nwithdrawn = ["value-try-f64-001"]')


def test_flags_that_can_be_seen_are_added(read: Any) -> None:
    text = FORM.replace("[[0, 0], [3, 4]]", "{ shape = [2, 2, 1, 2] }") + "segment_ids = [[0, 0], [0, 1]]\n"
    case = answer(read(text + 'flags = ["random"]\ndtypes = ["float16"]')[0])
    assert case.flags == ("batch", "half", "random", "segments")
    refused = answer(read(FORM.replace("try", "error") + "epsilon = -1")[0])
    assert (refused.flags, refused.error) == (("error",), ErrorKind.VALUE)


@pytest.mark.skipif(not GUIDE.exists(), reason="the guide is not part of an installed package")
def test_the_guide_names_every_key() -> None:
    text = GUIDE.read_text()
    keys = {
        "dtypes",
        "each",
        "arrays",
        "withdrawn",
        *questions.Question.__struct_fields__,
        *Told.__struct_fields__,
    }
    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []
