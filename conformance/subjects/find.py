"""Which subjects can run here, and why the others cannot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conformance.exits import UsageError
from conformance.results import Absence
from conformance.subjects import backends
from conformance.subjects.backend_subject import BackendSubject
from conformance.subjects.backends.protocol import AUTODIFF
from conformance.text import clean

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from conformance.subjects.backends.protocol import Backend
    from conformance.subjects.base import Subject


_LONGEST_WORD = 64


@dataclass(frozen=True)
class Choice:
    """A backend on a device in a mode, not yet started."""

    backend: str
    device: str
    mode: str

    @property
    def name(self) -> str:
        """Name of the subject."""
        return f"{self.backend}/{self.device}/{self.mode}"

    @property
    def rerun(self) -> str:
        """Options of the command that runs this subject alone."""
        return f"--backend {backends.word(self.backend)} --device {self.device} --mode {self.mode}"

    def start(self) -> Subject:
        """Make the subject."""
        return BackendSubject(backends.load(self.backend), self.device, self.mode)


def find(
    names: Sequence[str] = (),
    devices: Sequence[str] = (),
    modes: Sequence[str] = (),
    require: Collection[str] = (),
) -> tuple[list[Choice], list[Absence]]:
    """Find the subjects of the backends asked for.

    Parameters
    ----------
    names : sequence of str
        Backends, as `backends.load` takes them, which then have to be here. None means all that are,
        array-api-strict with its pretended devices only where `modes` has "all".
    devices : sequence of str
        Such as "cpu" or "cuda:0"; "cuda" means each of its kind. None means all.
    modes : sequence of str
        A backend's own words, or "eager" (the default), "compiled", "all".
    require : collection of str
        Backends that have to be here, beside whichever others are.

    Returns
    -------
    choices, absences

    Raises
    ------
    UsageError
        Unknown names, or a backend that was asked for and is absent.
    """
    usual = [name for name in backends.names() if name != backends.PRETENDED or "all" in modes]
    # All before any is asked whether it is here: one from elsewhere may change what others import.
    loaded = [backends.load(name) for name in (*(names or usual), *require)]
    known = known_modes(loaded)
    for word in modes:
        if word not in known:
            message = f"no mode {word!r}: choose from {', '.join(known)}"
            raise UsageError(message)
    wanted = {backends.load(name).name for name in (*names, *require)}
    choices: list[Choice] = []
    absences: list[Absence] = []
    for backend in dict.fromkeys(loaded):
        reason = backend.available()
        found, lacking = ([], []) if reason else _choices(backend, devices, modes)
        if not found:
            reason = reason or (lacking[0].reason if lacking else _nothing(backend, devices, modes))
            absences.append(Absence(backend.name, reason))
        else:
            absences += lacking
        choices += found
    missing = [a for a in absences if a.name in wanted]
    if missing:
        message = "asked for but absent: " + "; ".join(f"{a.name} ({a.reason})" for a in missing)
        raise UsageError(message)
    return choices, absences


def modes_of(backend: Backend, wanted: Sequence[str]) -> list[str]:
    """Modes of a backend that the words stand for, in the backend's order."""
    words = set(wanted or ("eager",))
    chosen = words & set(_all_modes(backend))
    for word, modes in (
        ("all", backend.modes),
        ("eager", backend.modes[:1]),
        ("compiled", backend.compiled_modes),
    ):
        if word in words:
            chosen.update(form for mode in modes for form in _forms(backend, mode))
    return [mode for mode in _all_modes(backend) if mode in chosen]


def known_modes(more: Sequence[Backend] = ()) -> list[str]:
    """Every word `--mode` takes where there are more backends than the suite's own."""
    own = [m for backend in (*map(backends.load, backends.NAMES), *more) for m in _all_modes(backend)]
    return list(dict.fromkeys(["eager", "compiled", "all", *own]))


def _all_modes(backend: Backend) -> list[str]:
    return [form for mode in backend.modes for form in _forms(backend, mode)]


def _forms(backend: Backend, mode: str) -> list[str]:
    return [mode, f"{mode}{AUTODIFF}"] if backend.autodiff else [mode]


def _choices(
    backend: Backend, devices: Sequence[str], modes: Sequence[str]
) -> tuple[list[Choice], list[Absence]]:
    devices_there = backend.devices()
    for word in (backend.name, *backend.modes, *devices_there):
        if clean(word, _LONGEST_WORD) != word:
            message = (
                f"--backend {backends.word(backend.name)}: cannot be shown: {clean(word, _LONGEST_WORD)}"
            )
            raise UsageError(message)
    places = [d for d in devices_there if not devices or _matches(d, devices)]
    wanted = [Choice(backend.name, d, m) for m in modes_of(backend, modes) for d in places]
    lacking = {
        c: reason for c in wanted if (reason := backend.lacks(c.device, c.mode.removesuffix(AUTODIFF)))
    }
    choices = [c for c in wanted if c not in lacking]
    # One absence tells it for both forms of a mode.
    told = {replace(c, mode=c.mode.removesuffix(AUTODIFF)): reason for c, reason in lacking.items()}
    return choices, [Absence(c.name, reason) for c, reason in told.items()]


def _matches(device: str, wanted: Sequence[str]) -> bool:
    return any(device == word or device.partition(":")[0] == word for word in wanted)


def _nothing(backend: Backend, devices: Sequence[str], modes: Sequence[str]) -> str:
    if not modes_of(backend, modes):
        return f"has no mode {' or '.join(modes)}, only {', '.join(_all_modes(backend))}"
    return f"no device {' or '.join(devices)} here, only {', '.join(backend.devices())}"
