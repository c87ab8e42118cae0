"""Messages of the protocol as the suite's words, and back. Their types: conformance/schema/protocol.py."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from conformance import bits
from conformance.model import Answer, Array, Errored, Op, Outputs, Rejected, Request, Status, Unsupported
from conformance.oracle.echo import is_number, number
from conformance.port.strict import BadLineError
from conformance.schema import protocol
from conformance.schema.arrays import named, numbers
from conformance.schema.protocol import Started
from conformance.text import clean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_T = TypeVar("_T")
_HEX = re.compile(r"[0-9a-fA-F]*")


def _line(message: msgspec.Struct) -> bytes:
    # The library would write NaN as null, and numbers in other digits than Python does.
    text = json.dumps(msgspec.to_builtins(message), allow_nan=False, ensure_ascii=False)
    return text.encode() + b"\n"


START = _line(protocol.Start(protocol=1))
STOP = _line(protocol.Stop())


def lacking(request: Request, ops: Collection[str], dtypes: Collection[str]) -> str | None:
    """Name the operation or dtype that a request needs and that is not among these; None if there is none."""
    if request.op not in ops:
        return str(request.op)
    for name, array in request.inputs.items():
        # Arrays of other kinds are there to be refused, whatever is claimed, or are no floats.
        if array.dtype in bits.FORMATS and array.dtype not in dtypes:
            return f"{array.dtype} ({name})"
    return None


def unclaimed(request: Request, port: Started) -> str | None:
    """Say what the request needs and the port does not claim; None if it is to be asked."""
    missing = lacking(request, port.capabilities.ops, port.capabilities.dtypes)
    return f"its capabilities have no {missing}" if missing else None


def size(request: Request) -> int:
    """Return how many elements the arrays of a request have, and of an answer to it at most."""
    # An echo gives some of the keypoints twice.
    twice = len(request.inputs["keypoints"].values) if request.op is Op.ECHO else 0
    return twice + sum(len(array.values) for array in request.inputs.values())


def run_line(request: Request, seq: str, device: str) -> bytes:
    """Write the message that asks for one answer."""
    inputs = {name: _sent(array) for name, array in request.inputs.items()}
    again = {name: _sent(number(v)) for name, v in request.params.items() if is_number(v)}
    return _line(
        protocol.Run(seq, request.op, device, inputs, named(request.params), again, request.variation)
    )


def _sent(array: Array) -> protocol.SentArray:
    return protocol.SentArray(array.dtype, array.shape, array.bits)


def request_of(message: protocol.Run) -> Request:
    """Read what `run_line` wrote."""
    inputs = {n: Array(a.dtype, a.shape, bits.decode(a.bits, a.dtype)) for n, a in message.inputs.items()}
    return Request(message.seq, message.op, inputs, numbers(message.params), message.variation)


def started_line(started: Started) -> bytes:
    """Write the answer to `start`."""
    return _line(started)


def refusal_line(why: str, *, usage: bool) -> bytes:
    """Write the answer to `start` of who cannot; `usage` if the user asked for what is not there."""
    return _line(protocol.NotStarted(protocol.Trouble(clean(why), usage)))


def answer_line(seq: str, answer: Answer) -> bytes:
    """Write an answer to a request."""
    if isinstance(answer, Outputs):
        arrays = {name: _given(array) for name, array in answer.arrays.items()}
        return _line(protocol.Outputs(seq, answer.device or "unknown", arrays, answer.mutated))
    if isinstance(answer, Rejected):
        return _line(protocol.Rejected(seq, protocol.Refusal(answer.kind, clean(answer.message))))
    if isinstance(answer, Unsupported):
        return _line(protocol.Unsupported(seq, clean(answer.reason)))
    return _line(protocol.Errored(seq, protocol.Trouble(clean(answer.message))))


def _given(array: Array) -> protocol.GivenArray:
    known = array.dtype in bits.WIDTHS
    return protocol.GivenArray(clean(array.dtype, 40), array.shape, array.bits if known else ())


def trouble_of(message: Mapping[str, Any]) -> protocol.Trouble | None:
    """Read why a port cannot start, if that is its answer to `start`."""
    return _converted(message, protocol.NotStarted).errored if "errored" in message else None


def started_of(message: Mapping[str, Any]) -> Started:
    """Read the answer to `start`; BadLineError if it is none."""
    return _converted(message, Started)


def answer_of(message: Mapping[str, Any]) -> Answer:
    """Read the answer to a request; BadLineError if it is none."""
    kinds = [kind for kind in protocol.ANSWERS if kind in message]
    if len(kinds) != 1:
        held = " and ".join(kinds) or "none"
        problem = f"one of outputs, rejected, unsupported and errored is due, it holds {held}"
        raise BadLineError(problem)
    answer = _converted(message, protocol.ANSWERS[kinds[0]])
    if isinstance(answer, protocol.Outputs):
        arrays = {name: _unpacked(name, a) for name, a in answer.outputs.items()}
        return Outputs(arrays, answer.device, answer.mutated)
    if isinstance(answer, protocol.Rejected):
        return Rejected(answer.rejected.kind, clean(answer.rejected.message))
    if isinstance(answer, protocol.Unsupported):
        return Unsupported(clean(answer.unsupported))
    return Errored(Status.CRASH, f"it says that it broke: {clean(answer.errored.message)}")


def _converted(message: Mapping[str, Any], kind: type[_T]) -> _T:
    try:
        return msgspec.convert(message, kind)
    except msgspec.ValidationError as error:
        problem = f"{clean(str(error))} (messages are as in conformance/schema/protocol-answer.schema.json)"
        raise BadLineError(problem) from error


def _unpacked(name: str, array: protocol.GivenArray) -> Array:
    if array.dtype not in bits.WIDTHS:
        return Array(clean(array.dtype, 40), array.shape, ())
    width = 2 * bits.WIDTHS[array.dtype]
    for place, word in enumerate(array.bits):
        if len(word) != width or not _HEX.fullmatch(word):
            found = f"bits[{place}] of {name} is {clean(repr(word), 60)}"
            problem = f"{found}; {array.dtype} has {width} hex digits"
            raise BadLineError(problem)
    return Array(array.dtype, array.shape, bits.decode(array.bits, array.dtype))
