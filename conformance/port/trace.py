"""The dialogue with a port, kept in a file for people to read and for programs to send again."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from conformance.exits import UsageError
from conformance.text import clean_bytes

_STDERR = 1 << 16


class Trace:
    """Lines with a mark in front: `>` to the port, `<` from it, `!` its stderr, `#` what happened.

    Every process of a run appends to the same file, one write per line. Of stderr each start of
    the port gets 64 KiB.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._left = 0

    def started(self, command: str) -> None:
        """Note that the port was started."""
        self._left = _STDERR
        self.note(f"started: {command}")

    def sent(self, line: bytes) -> None:
        """Keep a line that went to the port."""
        self._keep(b"> " + line.rstrip(b"\n"))

    def got(self, line: bytes) -> None:
        """Keep a line that came from the port."""
        self._keep(b"< " + line)

    def broken(self, part: bytes | bytearray) -> None:
        """Keep the start of what came in place of a line."""
        if part:
            self._keep(b"< " + clean_bytes(part).encode())

    def stderr(self, chunk: bytes) -> None:
        """Keep some of stderr."""
        kept, self._left = chunk[: self._left], max(self._left - len(chunk), 0)
        for line in kept.splitlines():
            self._keep(b"! " + line)

    def note(self, text: str) -> None:
        """Keep a remark of the runner."""
        self._keep(b"# " + text.encode())

    def _keep(self, line: bytes) -> None:
        # A full disk ends no dialogue; `check` tells of it.
        if self._path is not None:
            with suppress(OSError):
                _append(self._path, line)


def check(path: str) -> None:
    """End the file, if there is one: UsageError if no more can be written to it, as where a disk is full."""
    try:
        if path:
            _append(Path(path), b"# ended")
    except OSError as error:
        message = f"--trace {path}: {error.strerror}: the dialogue is not whole"
        raise UsageError(message) from error


def _append(path: Path, line: bytes) -> None:
    with path.open("ab", buffering=0) as file:
        file.write(line + b"\n")
