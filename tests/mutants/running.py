"""Subjects of the suite made of plain implementations, and the verdicts on them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import array_api_compat
import pytest
from support.selection import select

from conformance import suite
from conformance.judge import judge
from conformance.model import Status, Verdict
from conformance.subjects import backends

if TYPE_CHECKING:
    from conformance.subjects.backends.protocol import Backend
    from conformance.subjects.native import NativeSubject
    from mutants.plain import Loss
    from mutants.registry import Mutant


def backend_for(mutant: Mutant) -> tuple[Backend, str]:
    """First backend under test that will do, and a device of it; skips where there is none."""
    chosen = select()
    reasons = {name: chosen.absent.get(name, "is not under test") for name in mutant.backends}
    for name in mutant.backends:
        if name not in chosen.names:
            continue
        backend = backends.load(name)
        devices = backend.devices()
        if not mutant.elsewhere:
            return backend, devices[0]
        if len(devices) > 1:
            return backend, devices[1]
        reasons[name] = "has one device here"
    pytest.skip("; ".join(f"{name}: {reason}" for name, reason in reasons.items()))


def start(kind: type[Loss], backend: Backend, device: str = "", mode: str = "") -> NativeSubject:
    """Make the subject that the suite would make of this implementation."""
    device, mode = device or backend.devices()[0], mode or backend.modes[0]
    sample = backend.from_bytes(b"", "float32", (0,), device, mode)
    implementation = kind(array_api_compat.array_namespace(sample))
    return implementation.subject(kind.__name__, backend, device, mode)


def verdict(subject: NativeSubject, case_id: str) -> Verdict:
    """Ask twice, as the suite does, and give the first verdict that is no pass."""
    (case,) = suite.select(case_id)
    # One request for both: compiled code is kept for as long as the request is the same.
    request = case.request
    with warnings.catch_warnings():
        # The suite runs its cases without them too: a RuntimeWarning of NumPy is no wrong answer.
        warnings.simplefilter("ignore")
        answers = [subject.answer(request) for _ in range(2)]
    verdicts = [judge(case, a, subject=subject.name, device=subject.device) for a in answers]
    return next((v for v in verdicts if v.status is not Status.PASS), verdicts[0])


def original(kind: type[Loss]) -> type[Loss]:
    """Correct implementation that a wrong one was made from."""
    return next(k for k in kind.__mro__ if not k.__module__.startswith("mutants.wrong"))
