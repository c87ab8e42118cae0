"""Case files."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from conformance import bits
from conformance.model import Array, ErrorKind, Expected, Op
from conformance.schema.arrays import INPUTS, NEEDED, UNIQUE, Dtype, InputName, Params, Record, Shape

Id = Annotated[str, Meta(pattern="^[a-z]+-[a-z]+-[a-z0-9]+-[0-9]{3}$", description="Never reused.")]
Clause = Annotated[str, Meta(pattern=r"^TL-[0-9]+(\.[0-9]+)?$")]
COMPUTED = ["loss", "gradient", "differences", "masked", "rectified", "norm", "epsilon"]
ECHOED = [*INPUTS[:3], "prob_threshold", "quantile", "first"]
OUTPUTS = [*COMPUTED, *ECHOED]
OutputName = Annotated[str, Meta(extra_json_schema={"enum": OUTPUTS})]
Bounds = Annotated[
    tuple[Annotated[float, Meta(ge=0)], ...],
    Meta(description="One absolute bound per element, or a single one for all. 0 demands the same number."),
]


class WrittenArray(Record, frozen=True):
    """An array: the bits of its elements in C order, and beside them their text, for people only."""

    dtype: Dtype
    shape: Shape
    bits: tuple[Annotated[str, Meta(extra_json_schema={"pattern": "^[0-9a-f]+$"})], ...]
    text: tuple[str, ...]

    @property
    def array(self) -> Array:
        """The array that the bits say."""
        return Array(self.dtype, self.shape, bits.decode(self.bits, self.dtype))


class ExpectedArray(WrittenArray, frozen=True):
    """An output as it has to be, and how far off it may be."""

    budget: Bounds
    tight: Bounds

    @property
    def expected(self) -> Expected:
        """The array with its bounds."""
        return Expected(self.array, self.budget, self.tight)


class WrittenCase(Record, frozen=True, kw_only=True):
    """A request, and either the outputs that are due or the kind of refusal."""

    id: Id
    clauses: Annotated[tuple[Clause, ...], Meta(min_length=1, extra_json_schema=UNIQUE)]
    description: Annotated[str, Meta(min_length=1)]
    flags: Annotated[tuple[str, ...], Meta(description="Why the case exists.", extra_json_schema=UNIQUE)]
    op: Op
    dtype: Annotated[Dtype, Meta(description="Dtype of the keypoints.")]
    inputs: Annotated[dict[InputName, WrittenArray], Meta(extra_json_schema=NEEDED)]
    params: Params
    expected: Annotated[dict[OutputName, ExpectedArray], Meta(min_length=1)] | UnsetType = UNSET
    error: ErrorKind | UnsetType = UNSET


class CaseFile(Record, frozen=True):
    """Cases of one group."""

    suite: Literal[1]
    group: str
    cases: Annotated[tuple[WrittenCase, ...], Meta(min_length=1)]


_FIELDS = {
    Op.VALUE: (
        "keypoints confidences segment_ids epsilon",
        "epsilon prob_threshold reduction nan_policy",
        "loss",
    ),
    Op.STAGES: ("keypoints confidences epsilon", "epsilon prob_threshold", "differences masked rectified"),
    Op.GRADIENT: (
        "keypoints confidences segment_ids epsilon",
        "epsilon prob_threshold reduction nan_policy",
        "loss gradient",
    ),
    Op.NORM: ("keypoints", "", "norm"),
    Op.EPSILON: ("keypoints confidences", "prob_threshold quantile", "epsilon"),
    Op.ECHO: (
        "keypoints confidences segment_ids epsilon",
        "epsilon prob_threshold quantile",
        "keypoints confidences segment_ids epsilon prob_threshold quantile first",
    ),
}
"""Inputs, parameters and outputs of each operation."""


def rules() -> dict[str, dict[str, object]]:
    """Return what types cannot say of cases and arrays, as JSON Schema by the name of the type."""
    ops = []
    for op, fields in _FIELDS.items():
        inputs, params, outputs = ({"propertyNames": {"enum": names.split()}} for names in fields)
        # An echo has what came, and one output more.
        due = outputs | {"required": ["keypoints", "first"] if op is Op.ECHO else fields[2].split()}
        ops.append(_when("op", op.value, {"inputs": inputs, "params": params, "expected": due}))
    widths = [
        _when("dtype", dtype, {"bits": {"items": {"minLength": 2 * width, "maxLength": 2 * width}}})
        for dtype, width in bits.WIDTHS.items()
    ]
    either = [{"required": ["expected"]}, {"required": ["error"]}]
    return {
        "WrittenCase": {"oneOf": either, "allOf": ops},
        "WrittenArray": {"allOf": widths},
        "ExpectedArray": {"allOf": widths},
    }


def _when(name: str, value: str, then: dict[str, object]) -> dict[str, object]:
    return {"if": {"properties": {name: {"const": value}}}, "then": {"properties": then}}
