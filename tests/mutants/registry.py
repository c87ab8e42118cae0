"""What a wrong implementation declares: the case that kills it, and one that it passes."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from conformance.model import Status
from mutants.plain import Loss

if TYPE_CHECKING:
    from collections.abc import Callable

THEMES = (
    "layout",
    "lengths",
    "mask",
    "thresholds",
    "missing",
    "epsilon",
    "epsilon_lists",
    "reduction",
    "segments",
    "precision",
    "gradient",
    "gradient_by_hand",
    "metrics",
    "estimates",
    "refused_arrays",
    "refused_parameters",
    "calls",
    "transforms",
)
PLAIN = ("numpy", "torch")
Kind = TypeVar("Kind", bound=type[Loss])


@dataclass(frozen=True)
class Mutant:
    """A wrong implementation.

    Attributes
    ----------
    kind : type
        Makes it, given a namespace.
    case : str
        Id of the case that kills it.
    status : Status
        The verdict.
    passes : str
        Id of a case that it passes, so that it is not plain broken; empty where there is none.
    backends : tuple of str
        It runs on the first one that is under test.
    mode : str
        How it runs there; empty for eager.
    elsewhere : bool
        Whether it needs a device that is not the default one.
    after : str
        Id of a case that has to be asked first, with the same subject.
    """

    kind: type[Loss]
    case: str
    status: Status
    passes: str
    backends: tuple[str, ...]
    mode: str
    elsewhere: bool
    after: str

    @property
    def id(self) -> str:
        """Name of the class, and of the backend where it has to be a certain one."""
        return f"{self.kind.__name__}-{self.backends[0]}" if len(self.backends) == 1 else self.kind.__name__


_declared: list[Mutant] = []


def mutant(  # noqa: PLR0913 - what there is to declare
    case: str,
    status: Status = Status.FAIL,
    *,
    passes: str = "",
    on: tuple[str, ...] = PLAIN,
    mode: str = "",
    elsewhere: bool = False,
    after: str = "",
) -> Callable[[Kind], Kind]:
    """Declare a class as a wrong implementation. Declare it again for another backend."""

    def declare(kind: Kind) -> Kind:
        _declared.append(Mutant(kind, case, status, passes, on, mode, elsewhere, after))
        return kind

    return declare


def mutants() -> list[Mutant]:
    """Every wrong implementation. Nothing is imported of any array library."""
    for theme in THEMES:
        import_module(f"mutants.wrong.{theme}")
    return list(_declared)
