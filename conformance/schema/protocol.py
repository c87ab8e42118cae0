"""Messages to ports and from them, one per line: docs/porting.md."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from conformance.model import ErrorKind, Op
from conformance.schema.arrays import (
    NEEDED,
    UNIQUE,
    Dtype,
    InputName,
    ParamName,
    Params,
    Record,
    Shape,
)

Word = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.:+#/*-]{0,63}(?!\n)$")]
Float = Literal["float16", "bfloat16", "float32", "float64"]
Seq = Annotated[str, Meta(description="As it came with the request.")]


# To the port.


class SentArray(Record, frozen=True):
    """Elements in C order, each as the hex digits of its bits, most significant first.

    2 digits for bool, 4, 8 or 16 for floats of 16, 32 or 64 bits, 16 for int64, 16 for complex64 (two
    float32).
    """

    dtype: Dtype
    shape: Shape
    bits: tuple[Annotated[str, Meta(pattern="^([0-9a-f]{2}|[0-9a-f]{4}|[0-9a-f]{8}|[0-9a-f]{16})$")], ...]


class Start(Record, frozen=True, tag_field="cmd", tag="start"):
    """Comes first: say who you are."""

    protocol: Literal[1]


class Run(Record, frozen=True, tag_field="cmd", tag="run", omit_defaults=True):
    """Compute one thing."""

    seq: Annotated[str, Meta(min_length=1, description="To be given back with the answer.")]
    op: Op
    device: Annotated[str, Meta(min_length=1, description="One of the devices that the port named.")]
    inputs: Annotated[dict[InputName, SentArray], Meta(extra_json_schema=NEEDED)]
    params: Params
    param_bits: Annotated[
        dict[ParamName, SentArray],
        Meta(description="Once more the params that are numbers or lists of numbers, as float64 bits."),
    ]
    variation: Annotated[str, Meta(description="How else to ask a Python callable; no port is sent it.")] = ""


class Stop(Record, frozen=True, tag_field="cmd", tag="stop"):
    """Comes last: end. So does the end of input."""


# From the port.


class Port(Record, frozen=True):
    """Who it is."""

    name: Word
    version: Word
    language: Word


class Capabilities(Record, frozen=True):
    """What is not named here is not asked for, and counts as unsupported."""

    ops: Annotated[tuple[Op, ...], Meta(min_length=1, extra_json_schema=UNIQUE)]
    dtypes: Annotated[tuple[Float, ...], Meta(min_length=1, extra_json_schema=UNIQUE)]
    devices: Annotated[tuple[Word, ...], Meta(min_length=1, extra_json_schema=UNIQUE)]

    def __post_init__(self) -> None:
        """Refuse what is named twice."""
        for name in self.__struct_fields__:
            words = getattr(self, name)
            if len(set(words)) < len(words):
                message = f"{name} names something twice"
                raise ValueError(message)


class Started(Record, frozen=True):
    """Answer to start."""

    protocol: Literal[1]
    port: Port
    capabilities: Capabilities


class GivenArray(Record, frozen=True):
    """Elements in C order, each as the hex digits of its bits, most significant first.

    Each has as many digits as its dtype.
    """

    dtype: str
    shape: Shape
    # The digits are held to the dtype where they are read, in plainer words than a pattern has.
    bits: tuple[Annotated[str, Meta(extra_json_schema={"pattern": "^[0-9a-fA-F]+$"})], ...]


class Outputs(Record, frozen=True):
    """A result. Its arrays: loss; differences, masked and rectified; loss and gradient; norm; epsilon."""

    seq: Seq
    device: Annotated[Word, Meta(description="Where the result was found.")]
    outputs: dict[str, GivenArray]
    mutated: Annotated[tuple[InputName, ...], Meta(description="Inputs that were found changed.")] = ()


class Refusal(Record, frozen=True):
    """Only the kind is judged."""

    kind: ErrorKind
    message: str


class Rejected(Record, frozen=True):
    """The input is refused."""

    seq: Seq
    rejected: Refusal


class Unsupported(Record, frozen=True):
    """The port does not do this. Never counts as passed."""

    seq: Seq
    unsupported: Annotated[str, Meta(min_length=1, description="The reason.")]


class Trouble(Struct, frozen=True, omit_defaults=True):
    """What broke; there may be more than the message."""

    message: str
    usage: Annotated[bool, Meta(description="Whether the user asked for what is not there.")] = False


class NotStarted(Record, frozen=True):
    """Answer to start of a port that cannot."""

    errored: Trouble


class Errored(Record, frozen=True):
    """The port broke on this request and goes on living. Counts as a crash."""

    seq: Seq
    errored: Trouble


ANSWERS: dict[str, type[Outputs | Rejected | Unsupported | Errored]] = {
    "outputs": Outputs,
    "rejected": Rejected,
    "unsupported": Unsupported,
    "errored": Errored,
}
"""Answers to a request, by the one field that only they have."""
