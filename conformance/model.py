"""The words every part of the suite shares: arrays as bits, cases, requests, answers, verdicts.

Nothing here imports an array library: an array is a dtype name, a shape and exact Python numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from conformance import bits


class Op(StrEnum):
    """What a subject is asked to compute."""

    VALUE = "value"
    """`temporal_loss`; output `loss` (a scalar, or the array for reduction "none")."""
    STAGES = "stages"
    """The per-entry arrays `differences`, `masked` and `rectified`."""
    GRADIENT = "gradient"
    """Outputs `loss` and `gradient`, the derivative of the scalar loss by the keypoints."""
    NORM = "temporal_norm"
    """`temporal_norm`; output `norm`."""
    EPSILON = "estimate_epsilon"
    """`estimate_epsilon`; output `epsilon`."""


class ErrorKind(StrEnum):
    """Why an input is refused: of the wrong kind, the wrong shape, or with a wrong value."""

    TYPE = "type"
    SHAPE = "shape"
    VALUE = "value"


class Status(StrEnum):
    """Verdict on one case and one subject."""

    PASS = "pass"  # noqa: S105 - a verdict, no secret
    FAIL = "fail"
    WRONGLY_ACCEPTED = "wrongly-accepted"
    WRONGLY_REJECTED = "wrongly-rejected"
    CRASH = "crash"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"
    UNSUPPORTED = "unsupported"
    XFAIL = "xfail"
    XPASS = "xpass"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Array:
    """An array as data: `values` in C order, exact Python numbers, one per element."""

    dtype: str
    shape: tuple[int, ...]
    values: tuple[float | int, ...]

    def to_json(self) -> dict[str, Any]:
        """JSON form: raw big-endian bits in hex, with the readable text beside them."""
        return {
            "dtype": self.dtype,
            "shape": list(self.shape),
            "bits": [bits.encode(v, self.dtype) for v in self.values],
            "text": [bits.text(v) for v in self.values],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Array:
        """Read the JSON form; the bits decide, the text is only for people."""
        values = bits.decode_all(data["bits"], data["dtype"])
        return cls(data["dtype"], tuple(data["shape"]), values)


@dataclass(frozen=True)
class Expected:
    """One output as the oracle has it, rounded once, with its error budgets.

    `budget` and `tight` hold one absolute bound per element, or a single one for all.
    A budget of 0.0 demands the same bits (any NaN equals any NaN, -0.0 equals 0.0).
    """

    array: Array
    budget: tuple[float, ...]
    tight: tuple[float, ...]


@dataclass(frozen=True)
class Case:
    """One question with its answer.

    `inputs` maps `keypoints`, `confidences`, `segment_ids` and (where it is an array) `epsilon`
    to arrays. `params` holds the JSON-plain keywords: `epsilon` (number or list),
    `prob_threshold`, `reduction`, `nan_policy`, `quantile`. Exactly one of `expected` and `error` is set.
    `kills` names the mutants (of `conformance.mutants`) that this case tells from the truth; they are
    read from an index of their own.
    """

    id: str
    clauses: tuple[str, ...]
    description: str
    flags: tuple[str, ...]
    op: Op
    dtype: str
    inputs: dict[str, Array]
    params: dict[str, Any]
    expected: dict[str, Expected] = field(default_factory=dict)
    error: ErrorKind | None = None
    kills: tuple[str, ...] = ()

    @property
    def request(self) -> Request:
        """The part of the case that a subject gets to see."""
        return Request(self.id, self.op, self.inputs, self.params)


@dataclass(frozen=True)
class Request:
    """What a subject gets to see of a case: never the expected values."""

    case: str
    op: Op
    inputs: dict[str, Array]
    params: dict[str, Any]


_NAMED = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def params_to_json(params: dict[str, Any]) -> dict[str, Any]:
    """Keywords as strict JSON: NaN and the infinities, which JSON lacks, become their names."""

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(v) for v in value]
        if isinstance(value, float) and not math.isfinite(value):
            return repr(value)
        return value

    return {name: plain(value) for name, value in params.items()}


def params_from_json(data: dict[str, Any]) -> dict[str, Any]:
    """Keywords as written by `params_to_json`, the names of NaN and the infinities read as numbers."""

    def number(value: Any) -> Any:
        if isinstance(value, list):
            return [number(v) for v in value]
        return _NAMED.get(value, value) if isinstance(value, str) else value

    return {name: number(value) for name, value in data.items()}


@dataclass(frozen=True)
class Outputs:
    """A subject's results, and the name of the device each was found on.

    `mutated` names the inputs that were found changed afterwards.
    """

    arrays: dict[str, Array]
    device: str
    mutated: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rejected:
    """The subject refused the input.

    `also` holds further kinds that the refusal may stand for: Python's ValueError does not tell
    a wrong shape from a wrong value.
    """

    kind: ErrorKind
    message: str
    also: tuple[ErrorKind, ...] = ()


@dataclass(frozen=True)
class Unsupported:
    """The subject says it does not do this; never counted as passed."""

    reason: str


@dataclass(frozen=True)
class Errored:
    """The subject broke: `status` is CRASH, TIMEOUT or PROTOCOL."""

    status: Status
    message: str


Answer = Outputs | Rejected | Unsupported | Errored


@dataclass(frozen=True)
class Verdict:
    """The judgement on one case and one subject.

    `worst` is the largest error over its budget (above 1 is a failure), `ulp` the largest
    distance in units in the last place, `grade` "exact", "tight" or "budget", `spread` the
    largest distance in ULP between two runs of the same case, `suspects` the known mistakes
    that give the same wrong answer.
    """

    case: str
    subject: str
    status: Status
    reason: str = ""
    worst: float | None = None
    ulp: float | None = None
    grade: str = ""
    seconds: float = 0.0
    spread: float | None = None
    suspects: tuple[str, ...] = ()
