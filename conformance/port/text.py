"""Text that comes from a port, made fit to be shown."""

from __future__ import annotations

SHOWN = 300


def clean(text: str, shown: int = SHOWN) -> str:
    """Shorten, and escape what a terminal would obey or no encoding can hold: controls, lone surrogates."""
    plain = "".join(c if c.isprintable() else _escaped(c) for c in text[:shown])
    return plain + "…" if len(text) > shown else plain


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode()


def clean_bytes(data: bytes | bytearray, shown: int = SHOWN) -> str:
    """`clean` for bytes that should be UTF-8 and may be anything."""
    # One character has at most four bytes, so this many are enough to show.
    head = bytes(data[: 4 * shown + 4]).decode("utf-8", "backslashreplace")
    more = "…" if len(data) > 4 * shown + 4 and len(head) <= shown else ""
    return clean(head, shown) + more
