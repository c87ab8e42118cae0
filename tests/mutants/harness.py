"""What a wrong implementation declares, and how it is run by the suite."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import array_api_compat
import pytest
from support.selection import select

from conformance import suite
from conformance.judge import judge
from conformance.model import Case, Status, Verdict
from conformance.run.varied import varied
from conformance.subjects import backends
from conformance.subjects.callables import CallableSubject
from mutants.plain import Loss

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.subjects.backends.protocol import Backend

PLAIN = ("numpy", "torch")
Kind = TypeVar("Kind", bound=type[Loss])


@dataclass(frozen=True)
class Mutant:
    """A wrong implementation.

    Attributes
    ----------
    kind : type
        Makes it, given a namespace.
    killer, survives : str
        Ids of the case that kills it, and of one that it passes, so that it is not plain broken.
    status : Status
        The verdict.
    on : tuple of str
        It runs on the first one that is under test.
    mode : str
        How it runs there; empty for eager.
    elsewhere : bool
        Whether it needs a device that is not the default one.
    after : str
        Id of a case that has to be asked first, of the same subject.
    way : str
        The variation that kills it, where it is one.
    """

    kind: type[Loss]
    killer: str
    survives: str
    status: Status = Status.FAIL
    on: tuple[str, ...] = PLAIN
    mode: str = ""
    elsewhere: bool = False
    after: str = ""
    way: str = ""

    def place(self) -> tuple[Backend, str]:
        """First backend under test that will do, and a device of it; skips where there is none."""
        chosen = select()
        for name in self.on:
            devices = backends.load(name).devices() if name in chosen.names else []
            if len(devices) > self.elsewhere:
                return backends.load(name), devices[self.elsewhere]
        pytest.skip(f"not under test, or has one device: {', '.join(self.on)}")


MUTANTS: list[Mutant] = []


def mutant(killer: str, **rest: Any) -> Callable[[Kind], Kind]:
    """Declare a class as a wrong implementation; the arguments are as for `Mutant`.

    Declare it again for another backend.
    """

    def declare(kind: Kind) -> Kind:
        MUTANTS.append(Mutant(kind, killer, **rest))
        return kind

    return declare


def start(kind: type[Loss], backend: Backend, device: str = "", mode: str = "") -> CallableSubject:
    """Make the subject that the suite would make of this implementation."""
    device, mode = device or backend.devices()[0], mode or backend.modes[0]
    sample = backend.from_bytes(b"", "float32", (0,), device, mode)
    loss = kind(array_api_compat.array_namespace(sample))
    return CallableSubject(kind.__name__, loss, backend, device, mode)


def verdict(subject: CallableSubject, case: Case | str, times: int = 2) -> Verdict:
    """Ask twice and in each variation, as the suite does, or once; give the first verdict that is no pass."""
    if isinstance(case, str):
        (case,) = suite.select(case)
    # One request for both: compiled code is kept for as long as the request is the same.
    request = case.request
    with warnings.catch_warnings():
        # The suite runs its cases without them too: a RuntimeWarning of NumPy is no wrong answer.
        warnings.simplefilter("ignore")
        answers = [subject.answer(request) for _ in range(times)]
        verdicts = [judge(case, a, subject=subject.name, device=subject.device) for a in answers]
        found = next((v for v in verdicts if v.status is not Status.PASS), verdicts[0])
        asked_on = found.status is Status.PASS and times > 1
        return (varied(subject, case) if asked_on else None) or found
