"""What case files and messages to and from ports have in common: arrays and parameters."""

from __future__ import annotations

import math
from typing import Annotated, Any, NotRequired, TypedDict

from msgspec import Meta, Struct

DTYPES = ["float16", "bfloat16", "float32", "float64", "int64", "bool", "complex64"]
INPUTS = ["keypoints", "confidences", "segment_ids", "epsilon"]
Dtype = Annotated[str, Meta(extra_json_schema={"enum": DTYPES})]
NUMBERS = ["epsilon", "prob_threshold", "quantile"]
InputName = Annotated[str, Meta(extra_json_schema={"enum": INPUTS})]
ParamName = Annotated[str, Meta(extra_json_schema={"enum": NUMBERS})]
Shape = tuple[Annotated[int, Meta(ge=0)], ...]
Parameter = Annotated[
    int | float | str | None,
    Meta(
        description="A float64. The texts nan, inf and -inf stand for what JSON has no number for; "
        "any other text, and null, is no number."
    ),
]
NEEDED = {"required": INPUTS[:1]}
UNIQUE = {"uniqueItems": True}


class Record(Struct, frozen=True, forbid_unknown_fields=True):
    """What every object of the wire is: complete, and without anything else."""


class Params(TypedDict):
    """Parameters that are no arrays. An absent one has its default.

    Any may be of a wrong kind or have a wrong value: those are to be refused.
    """

    epsilon: NotRequired[Parameter | tuple[Parameter, ...]]
    prob_threshold: NotRequired[Parameter]
    quantile: NotRequired[Parameter]
    reduction: NotRequired[str | None]
    nan_policy: NotRequired[str | None]


_NUMBERS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def named(value: Any) -> Any:
    """Put the names of NaN and the infinities in their place, which JSON has no numbers for."""
    if isinstance(value, dict):
        return {key: named(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [named(v) for v in value]
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value


def numbers(value: Any) -> Any:
    """Undo `named`."""
    if isinstance(value, dict):
        return {key: numbers(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [numbers(v) for v in value]
    return _NUMBERS.get(value, value) if isinstance(value, str) else value
