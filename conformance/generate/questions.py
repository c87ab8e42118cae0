"""Questions: cases without their answers, read from a TOML file per group."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, UnsetType

from conformance.drawing import draw
from conformance.features import FEATURES
from conformance.generate.arrays import Dtype, choose, make
from conformance.model import Case, Op, Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER = Path(__file__).parent.parent / "questions"

_OPS = {
    "value": Op.VALUE,
    "stages": Op.STAGES,
    "gradient": Op.GRADIENT,
    "norm": Op.NORM,
    "epsilon": Op.EPSILON,
    "echo": Op.ECHO,
}
_SHORT = {"float16": "f16", "bfloat16": "bf16", "float32": "f32", "float64": "f64"}

Parameter = float | int | str | UnsetType


@contextmanager
def about(key: str) -> Iterator[None]:
    """Say which key of a question an error is about."""
    try:
        yield
    except (KeyError, ValueError) as error:
        message = f"{key}: " + (f"there is no {error}" if isinstance(error, KeyError) else str(error))
        raise ValueError(message) from error


class Question(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One question of one dtype; what is not said is left to its default."""

    id: str
    clauses: list[str]
    description: str
    keypoints: Any
    flags: list[str] = []
    confidences: Any = UNSET
    segment_ids: Any = UNSET
    epsilon: Parameter | list[float | int | str] | dict[str, Any] = UNSET
    nan_policy: Parameter = UNSET
    prob_threshold: Parameter = UNSET
    quantile: Parameter = UNSET
    reduction: Parameter = UNSET
    null: list[str] = []

    def inputs(self, dtype: str, named: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """Give the arrays of the question by name."""
        for name in ("keypoints", "confidences", "segment_ids", "epsilon"):
            told = getattr(self, name)
            if told is UNSET or (name == "epsilon" and not isinstance(told, dict)):
                continue
            with about(name):
                yield name, make(told, "int64" if name == "segment_ids" else dtype, named)

    def params(self) -> dict[str, Any]:
        """Give the plain parameters of the question."""
        names = ("epsilon", "nan_policy", "prob_threshold", "quantile", "reduction")
        told = {name: getattr(self, name) for name in names} | dict.fromkeys(self.null)
        return {n: v for n, v in sorted(told.items()) if v is not UNSET and not isinstance(v, dict)}


class Drawn(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Questions that are drawn: a row is an id, from which all numbers come, and a value of each feature."""

    features: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class File(msgspec.Struct, forbid_unknown_fields=True):
    """A file of questions; `withdrawn` are ids of cases that are no more, and that no other may get."""

    question: list[dict[str, Any]] = []
    drawn: Drawn = Drawn((), ())
    arrays: dict[str, Any] = {}
    withdrawn: list[str] = []


def groups() -> dict[str, list[Case]]:
    """Read all files: the cases of each group without their answers, in the order of their ids."""
    files = {path.stem: _decoded(path) for path in sorted(FOLDER.glob("*.toml"))}
    found = {group: sorted(_cases(group, file), key=lambda case: case.id) for group, file in files.items()}
    ids = Counter(case.id for cases in found.values() for case in cases)
    gone = {name for file in files.values() for name in file.withdrawn}
    for name, count in ids.items():
        if count > 1 or name in gone:
            message = f"{name}: " + ("given twice" if count > 1 else "withdrawn, and never to be given again")
            raise ValueError(message)
    return found


def _decoded(path: Path) -> File:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=File)
    except ValueError as error:
        message = f"{path.name}: {error}"
        raise ValueError(message) from error


def _cases(group: str, file: File) -> Iterator[Case]:
    """Give a case for every question, row of `each` and dtype, and for every row that is drawn."""
    for name, *values in file.drawn.rows:
        try:
            row = dict(zip(file.drawn.features, values, strict=True))
            features = tuple(row[feature] for feature in FEATURES)
            with about("id"):
                op = _named(name, row["dtype"])
            yield draw(name, Recipe(op, features, name))
        except (KeyError, ValueError) as error:
            message = f"{group}.toml, {name}: " + str(error)
            raise ValueError(message) from error
    for number, told in enumerate(file.question, 1):
        for row in told.get("each", [{}]):
            fields = {key: value for key, value in {**told, **row}.items() if key != "each"}
            try:
                with about("dtypes"):
                    dtypes = msgspec.convert(fields.pop("dtypes", ["float32", "float64"]), list[Dtype])
                for dtype in dtypes:
                    yield _case(fields, dtype, file.arrays)
            except ValueError as error:
                message = f"{group}.toml, question {number}, {fields.get('id', 'without id')}: {error}"
                raise ValueError(message) from error


def _case(told: dict[str, Any], dtype: str, named: Mapping[str, Any]) -> Case:
    fields = {}
    for key, value in told.items():
        with about(key):
            fields[key] = choose(value, dtype)
    question = msgspec.convert(fields, Question)
    name = question.id.replace("*", _SHORT.get(dtype, dtype))
    with about("id"):
        op = _named(name, dtype)
    with about("description"):
        description = question.description.format_map({**fields, "dtype": dtype})
    return Case(
        id=name,
        clauses=tuple(question.clauses),
        description=description,
        flags=tuple(question.flags),
        op=op,
        dtype=dtype,
        inputs=dict(question.inputs(dtype, named)),
        params=question.params(),
    )


def _named(name: str, dtype: str) -> Op:
    """Give the operation that an id names."""
    short = _SHORT.get(dtype, dtype)
    if not re.fullmatch(rf"({'|'.join(_OPS)})-[a-z]+-{short}-\d{{3}}", name):
        message = f"{name!r} is not OPERATION-WORD-{short}-NNN, OPERATION one of {', '.join(_OPS)}"
        raise ValueError(message)
    return _OPS[name.split("-", maxsplit=1)[0]]
