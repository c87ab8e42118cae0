"""Runs in two halves: requests are written to a file, and answers are judged from a file.

For ports that cannot be started here: on a cluster, in a browser, on a device without a shell.
"""

from __future__ import annotations

import codecs
import hashlib
import io
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING

from conformance import fresh, suite
from conformance.bits import FORMATS
from conformance.exits import UsageError
from conformance.model import Answer, Case, Errored, Request, Status, Unsupported
from conformance.port import messages, strict
from conformance.port.limits import Limits
from conformance.port.strict import BadLineError
from conformance.port.subject import quoted, subject_name
from conformance.schema.protocol import Started
from conformance.subjects.base import Subject
from conformance.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

TIMES = 2
"""Every case is asked twice, as in a live run."""


def seq_of(case: str, time: int) -> str:
    """Return the seq of the first or second asking, which does not say what case it is.

    It tells the cases of one suite from those of another.
    """
    digest = hashlib.sha256(f"{_edition()} {case} {time}".encode()).hexdigest()
    return f"{_edition()}/{digest[:16]}"


@cache
def _edition() -> str:
    return suite.suite_hash()[:12]


def emit(cases: Iterable[Case], device: str = "cpu") -> Iterator[bytes]:
    """Yield the lines of a dialogue, the port's side left out; `device` is where the port is to compute."""
    yield messages.START
    for case in cases:
        for time in range(1, TIMES + 1):
            yield messages.run_line(case.request, seq_of(case.id, time), device)
    yield messages.STOP


@dataclass(frozen=True)
class AnswersChoice:
    """A file of answers, whose first line has been read.

    Attributes
    ----------
    path : str
    started : Started
        What the port said of itself.
    device : str
    cases : tuple of str
        Ids of the cases that were emitted; none means all.
    fresh, seed : int
        How many were drawn beside all, and from what.
    remark : str
        What is in the file beside answers, in a line; empty where there is nothing.
    """

    path: str
    started: Started
    device: str = "cpu"
    cases: tuple[str, ...] = ()
    fresh: int = 0
    seed: int = 0
    remark: str = ""
    mode: str = "eager"

    @property
    def name(self) -> str:
        """Name of the subject, the same as in a live run."""
        return subject_name(self.started, self.device)

    @property
    def rerun(self) -> str:
        """Words of the command that judges again."""
        device = f" --device {quoted(self.device)}" if self.device != "cpu" else ""
        return f"judge {quoted(self.path)}{device}"

    @property
    def emitted(self) -> list[Case]:
        """The cases whose requests were emitted."""
        stored = [c for c in suite.load_cases() if not self.cases or c.id in self.cases]
        named = [case for name in self.cases if (case := fresh.by_id(name))]
        return [*stored, *named, *fresh.cases(self.fresh, self.seed)]

    def start(self) -> AnswersSubject:
        """Read the file."""
        return AnswersSubject(self)

    @classmethod
    def of(
        cls, path: Path, device: str, cases: Sequence[str] = (), drawn: int = 0, seed: int = 0
    ) -> AnswersChoice:
        """Read a file once; UsageError if it does not hold the answer to `start`, or not these answers."""
        said = {found for found, _ in _lines(path) if isinstance(found, Started)}
        if len(said) != 1:
            count = "no answer" if not said else f"{len(said)} different answers"
            message = f"{path}: {count} to the request in the first line, start; there has to be one"
            raise UsageError(message)
        started = said.pop()
        there = started.capabilities.devices
        if device not in there:
            message = f"{path}: the port has no device {device!r}, only {', '.join(there)} (--device)"
            raise UsageError(message)
        choice = cls(str(path), started, device, tuple(cases), drawn, seed)
        answers, strays = _read(path, choice.known)
        _hold_to(choice, answers, strays)
        return replace(choice, remark=_remark(path, strays))

    @property
    def known(self) -> list[Case]:
        """All cases that the file may answer: it may hold more than what is judged."""
        return [*suite.load_cases(), *self.emitted]

    @property
    def due(self) -> list[str]:
        """The seq of each answer that has to be there, in the order of the requests."""
        asked = (c.id for c in self.emitted if not messages.unclaimed(c.request, self.started))
        return [seq_of(name, time) for name in asked for time in range(1, TIMES + 1)]


class AnswersSubject(Subject):
    """Answers from a file as a subject.

    Parameters
    ----------
    choice : AnswersChoice
    """

    def __init__(self, choice: AnswersChoice) -> None:
        self.name, self.device, self.mode = choice.name, choice.device, choice.mode
        self._started = choice.started
        self._asked: Counter[str] = Counter()
        self._answers, self._strays = _read(Path(choice.path), choice.known)

    def answer(self, request: Request) -> Answer:
        """Look the answer up."""
        missing = messages.unclaimed(request, self._started)
        if missing:
            return Unsupported(missing)
        self._asked[request.case] += 1
        time = min(self._asked[request.case], TIMES)
        found = self._answers.get(seq_of(request.case, time))
        if found is not None:
            return found
        if self._strays:
            return Errored(Status.PROTOCOL, f"no answer under its seq; {self._strays[0]}")
        return Errored(Status.CRASH, "no answer in the file: the port ended before")


def _hold_to(choice: AnswersChoice, answers: dict[str, Answer], strays: list[str]) -> None:
    """Raise UsageError where one line says of the whole file what a verdict each would say of every case."""
    due = choice.due
    there = [seq in answers for seq in due]
    if due and not any(there) and any(_OTHER in stray for stray in strays):
        message = f"{choice.path}: answers to other cases than those installed here; print the requests anew"
        raise UsageError(message)
    ends = max((place for place, here in enumerate(there, 1) if here), default=0)
    no_strays = all(_TORN in stray for stray in strays)
    if no_strays and all(there[:ends]) and len(due) - ends > TIMES:
        message = (
            f"{choice.path}: cut short: it ends after {ends} of {len(due)} answers; "
            "have the port answer the other requests, and put the files together"
        )
        raise UsageError(message)
    here = [c.request for c in choice.emitted if seq_of(c.id, 1) in answers]
    gone = [c.request for c in choice.emitted if not messages.unclaimed(c.request, choice.started)]
    gone = [request for request in gone if seq_of(request.case, 1) not in answers]
    ops = {request.op for request in here}
    dtypes = {array.dtype for request in here for array in request.inputs.values()} & {*FORMATS}
    if here and gone and no_strays and all(messages.lacking(request, ops, dtypes) for request in gone):
        message = (
            f"{choice.path}: only answers to {', '.join(sorted(ops))} in {', '.join(sorted(dtypes))}; "
            "give the --op and --dtype that emit was given, or have the port answer the other requests"
        )
        raise UsageError(message)


_OTHER = "is of another suite"
_TORN = "ends before its time"


def _remark(path: Path, strays: list[str]) -> str:
    if not strays:
        return ""
    count = "a line is no answer" if len(strays) == 1 else f"{len(strays)} lines are no answers"
    return f"{path}: {count}, and passed over; {strays[0]}"


def _read(path: Path, cases: Iterable[Case]) -> tuple[dict[str, Answer], list[str]]:
    """Read all answers by their seq, and what is wrong with each line that answers nothing."""
    asked = {seq_of(case.id, time) for case in cases for time in range(1, TIMES + 1)}
    answers: dict[str, Answer] = {}
    strays: list[str] = []
    for number, (found, seq) in enumerate(_lines(path), 1):
        if isinstance(found, Started) or found == _BLANK:
            continue
        if seq is None or seq not in asked:
            why = found if isinstance(found, str) else f"seq {clean(str(seq), 60)!r} {_stranger(seq)}"
            strays.append(f"line {number} of the answers: {why}")
        elif seq in answers:
            answers[seq] = Errored(Status.PROTOCOL, f"answered again in line {number}")
        else:
            answers[seq] = Errored(Status.PROTOCOL, found) if isinstance(found, str) else found
    return answers, strays


def _stranger(seq: str | None) -> str:
    edition, slash, _ = (seq or "").partition("/")
    return _OTHER if slash and edition != _edition() else "was never asked"


_BLANK = ""


def _lines(path: Path) -> Iterator[tuple[Answer | Started | str, str | None]]:
    """Yield what each line holds, or what is wrong with it, and its seq."""
    longest = max(messages.size(case.request) for case in suite.load_cases())
    limit = Limits().line_bytes
    try:
        with _opened(path) as file:
            for line in iter(lambda: file.readline(limit), b""):
                found, seq = _line(line.removeprefix(codecs.BOM_UTF8), longest)
                if isinstance(found, str) and found and len(line) < limit and not line.endswith(b"\n"):
                    found = f"{_TORN}: {found}"
                yield found, seq
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise UsageError(message) from error


def _opened(path: Path) -> IO[bytes]:
    """Open a file to be read as UTF-8; some shells write UTF-16 where output is redirected."""
    file = path.open("rb")
    start = file.read(2)
    file.seek(0)
    if b"\0" not in start and start not in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return file
    with file:
        order = "be" if start in {codecs.BOM_UTF16_BE, b"\0{"} else "le"
        return io.BytesIO(file.read().decode(f"utf-16-{order}", "replace").encode())


def _line(line: bytes, longest: int) -> tuple[Answer | Started | str, str | None]:
    seq = None
    if not line.strip():
        return _BLANK, seq
    try:
        message = strict.read(line, longest)
        if "protocol" in message:
            return messages.started_of(message), None
        seq = message.get("seq")
        seq = seq if isinstance(seq, str) else None
        return messages.answer_of(message), seq
    except BadLineError as error:
        return str(error), seq
