"""A Python callable as a port.

The code under test is imported and called in this process and in no other. What it says goes to the
process that judges, line by line, as the answers of any port do.
"""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

import msgspec

from conformance.exits import StartError, UsageError
from conformance.model import Answer, Errored, Op, Status
from conformance.port import messages
from conformance.schema import protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.subjects.base import Subject


def started(device: str) -> protocol.Started:
    """Return what is said of a callable; which requests it takes hangs on more than operation and dtype."""
    port = protocol.Port("callable", "1", "Python")
    dtypes: tuple[protocol.Float, ...] = ("float16", "bfloat16", "float32", "float64")
    return protocol.Started(1, port, protocol.Capabilities(tuple(Op), dtypes, (device,)))


def main(arguments: Sequence[str]) -> int:
    """Answer requests until there are no more; arguments are the callable, backend, device and mode."""
    spec, backend, device, mode = arguments
    requests, answers = _streams()
    try:
        subject = _import(spec, backend, device, mode)
    except (StartError, UsageError) as error:
        why = str(error).removeprefix(f"--subject {spec}: ")
        answers.write(messages.refusal_line(why, usage=isinstance(error, UsageError)))
        return 1
    body, request = b"", None
    for line in requests:
        message = msgspec.json.decode(line, type=protocol.Start | protocol.Run | protocol.Stop)
        if isinstance(message, protocol.Stop):
            break
        if isinstance(message, protocol.Start):
            answers.write(messages.started_line(started(device)))
            continue
        # A case comes twice under two seqs; what was compiled for it is kept for the same request only.
        question = line.partition(message.seq.encode())[2]
        if request is None or question != body:
            body, request = question, messages.request_of(message)
        try:
            answer: Answer = subject.answer(request)
        except KeyboardInterrupt:
            answer = Errored(Status.CRASH, "KeyboardInterrupt")
        answers.write(messages.answer_line(message.seq, answer))
    return 0


def _import(spec: str, backend: str, device: str, mode: str) -> Subject:
    from conformance.subjects import backends  # noqa: PLC0415 - the runner imports this module too
    from conformance.subjects.callables import CallableSubject, load  # noqa: PLC0415

    # The array library first, as in a run of its own: a callable may change what others import.
    arrays = backends.load(backend)
    return CallableSubject(spec, load(spec), arrays, device, mode)


def _streams() -> tuple[IO[bytes], IO[bytes]]:
    """Take standard input and output for the dialogue; what the callable prints goes to standard error."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, answers
