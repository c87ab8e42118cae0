"""Exit codes of the command line."""

from enum import IntEnum


class Exit(IntEnum):
    """What the exit code of `python -m conformance` says."""

    CONFORMS = 0
    DOES_NOT = 1
    USAGE = 2
    NOT_STARTED = 3
    FAULT = 4
    INCOMPLETE = 5
