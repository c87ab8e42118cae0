"""The words every part of the suite shares: arrays as bits, cases, requests, answers, verdicts.

Nothing here imports an array library: an array is a dtype name, a shape and exact Python numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from conformance import bits
from conformance.text import Clean


class Op(StrEnum):
    """What a request asks for."""

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
    ECHO = "echo"
    """What was read, given back as bits, and `first`; asked only of those who are reached through text."""


COMPUTED = tuple(op for op in Op if op is not Op.ECHO)
"""The operations that compute something."""


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

    @property
    def bits(self) -> tuple[str, ...]:
        """Raw big-endian bits of each element, in hex."""
        return bits.encode(self.values, self.dtype)

    @property
    def text(self) -> tuple[str, ...]:
        """Shortest decimal of each element that reads back to the same number; NaN and infinity by name."""
        return tuple(map(repr, self.values))


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
    """A request, and what is demanded of the answer.

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
    """What a subject gets to see of a case: never the expected values.

    `variation` is one of `conformance.variations`, for a subject that can be asked in it, or empty.
    """

    case: str
    op: Op
    inputs: dict[str, Array]
    params: dict[str, Any]
    variation: str = ""


@dataclass(frozen=True)
class Outputs(Clean):
    """A subject's results, and the name of the device each was found on.

    `mutated` names the inputs that were found changed afterwards.
    """

    arrays: dict[str, Array]
    device: str
    mutated: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rejected(Clean):
    """The subject refused the input.

    `also` holds further kinds that the refusal may stand for: Python's ValueError does not tell
    a wrong shape from a wrong value.
    """

    kind: ErrorKind
    message: str
    also: tuple[ErrorKind, ...] = ()


@dataclass(frozen=True)
class Unsupported(Clean):
    """The subject says it does not do this; never counted as passed."""

    reason: str


@dataclass(frozen=True)
class Errored(Clean):
    """The subject broke: `status` is CRASH, TIMEOUT or PROTOCOL."""

    status: Status
    message: str


Answer = Outputs | Rejected | Unsupported | Errored


@dataclass(frozen=True)
class Recipe(Clean):
    """What a drawn case is drawn from.

    `features` holds a value for each of `conformance.features.FEATURES`, and all numbers come from `seed`.
    Where `frames` or `keypoints` is 0, their number does, too; the size "few" alone leaves it to `frames`.
    """

    op: Op
    features: tuple[str, ...]
    seed: str
    frames: int = 0
    keypoints: int = 0


@dataclass(frozen=True)
class Verdict(Clean):
    """The judgement on one case and one subject.

    `worst` is the largest error over its budget (above 1 is a failure), `ulp` the largest
    distance in units in the last place, `grade` "exact", "tight" or "budget", `spread` the
    largest distance in ULP between two runs of the same case, `suspects` the known mistakes
    that give the same wrong answer. A verdict with a `smaller` case is on that one, to which the
    fresh case was shrunk.
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
    smaller: Recipe | None = None
