"""The dialogue with a port, kept in a file for people to read and for programs to send again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.port.text import clean_bytes

if TYPE_CHECKING:
    from pathlib import Path

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
        self._write(b"> " + line.rstrip(b"\n"))

    def got(self, line: bytes) -> None:
        """Keep a line that came from the port."""
        self._write(b"< " + line)

    def broken(self, part: bytes | bytearray) -> None:
        """Keep the start of what came in place of a line."""
        if part:
            self._write(b"< " + clean_bytes(part).encode())

    def stderr(self, chunk: bytes) -> None:
        """Keep some of stderr."""
        kept, self._left = chunk[: self._left], max(self._left - len(chunk), 0)
        for line in kept.splitlines():
            self._write(b"! " + line)

    def note(self, text: str) -> None:
        """Keep a remark of the runner."""
        self._write(b"# " + text.encode())

    def _write(self, line: bytes) -> None:
        if self._path is not None:
            with self._path.open("ab", buffering=0) as file:
                file.write(line + b"\n")
