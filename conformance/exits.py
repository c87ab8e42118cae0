"""Exit codes of the command line, and the errors that end it before a run."""

from enum import IntEnum

from conformance.text import LONGEST, clean


class Exit(IntEnum):
    """What the exit code of `python -m conformance` says."""

    CONFORMS = 0
    DOES_NOT = 1
    USAGE = 2
    NOT_STARTED = 3
    FAULT = 4
    INCOMPLETE = 5


class _OneLineError(Exception):
    def __init__(self, message: str) -> None:
        super().__init__(clean(message, LONGEST))


class UsageError(_OneLineError):
    """The user asked for something that is not there; one line that says what to do."""


class NothingRanError(_OneLineError):
    """What was selected of the cases is none of them."""


class StartError(_OneLineError):
    """A subject did not start, so nothing can be said about it."""
