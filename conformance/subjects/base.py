"""A subject: an implementation under test with a name and a device, which answers requests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from types import TracebackType

    from conformance.model import Answer, Request


class Subject(ABC):
    """One thing under test.

    Attributes
    ----------
    name : str
        Unique within a run, such as "torch/cpu/eager".
    device : str or None
        Where results have to be found; None where the subject cannot say.
    mode : str
        How it runs: "eager", "jit", "lazy-time" and so on.
    costly : bool
        Whether asking in a variation takes long, so that few cases are asked in each.
    """

    name: str
    device: str | None = None
    mode: str = "eager"
    costly: bool = False

    @property
    def variations(self) -> tuple[str, ...]:
        """Those of `conformance.variations` in which it can be asked."""
        return ()

    @abstractmethod
    def answer(self, request: Request) -> Answer:
        """Answer one request; every failure of the subject is an answer, not an exception."""

    def check(self) -> None:  # noqa: B027 - most subjects have started once they are made
        """Start, so that nothing is asked of what does not; StartError if it does not, or UsageError."""

    def close(self) -> None:  # noqa: B027 - most subjects hold nothing
        """Release what the subject holds. Safe to call twice."""

    def __enter__(self) -> Self:
        """Return the subject, ready to answer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the subject."""
        self.close()


class Startable(Protocol):
    """A subject that is not started yet."""

    @property
    def name(self) -> str:
        """Name of the subject."""

    @property
    def device(self) -> str | None:
        """Where its results have to be."""

    @property
    def mode(self) -> str:
        """How it runs."""

    @property
    def rerun(self) -> str:
        """Options of the command that runs this subject alone."""

    def start(self) -> Subject:
        """Start it; StartError if it does not."""
