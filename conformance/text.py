"""Text from outside, made fit to be shown: shortened, with nothing in it that a terminal or a file obeys."""

from __future__ import annotations

from enum import Enum
from typing import Any

SHOWN = 300
LONGEST = 4000


class Clean:
    """A record that may hold text from outside: each of its texts is cleaned where the record is made."""

    def __post_init__(self) -> None:
        """Clean what the fields hold."""
        for name, value in list(vars(self).items()):
            object.__setattr__(self, name, _cleaned(value))


def _cleaned(value: Any) -> Any:
    if isinstance(value, str) and not isinstance(value, Enum):
        return clean(value, LONGEST)
    if isinstance(value, tuple | list):
        return type(value)(map(_cleaned, value))
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(held) for key, held in value.items()}
    return value


def clean(text: str, shown: int = SHOWN) -> str:
    """Shorten, and escape what a terminal would obey or no encoding can hold: controls, lone surrogates."""
    # A subject may hand over a text of a class of its own, with methods of its own.
    text = str.__str__(text)
    plain = "".join(c if c.isprintable() else _escaped(c) for c in text[:shown])
    return plain[:shown] + "…" if len(text) > shown or len(plain) > shown else plain


def clean_bytes(data: bytes | bytearray, shown: int = SHOWN) -> str:
    """`clean` for bytes that should be UTF-8 and may be anything."""
    # One character has at most four bytes, so this many are enough to show.
    head = bytes(data[: 4 * shown + 4]).decode("utf-8", "backslashreplace")
    more = "…" if len(data) > 4 * shown + 4 and len(head) <= shown else ""
    return clean(head, shown) + more


def said(error: BaseException) -> str:
    """Return the first line of what an exception says; to ask for it runs code of whoever raised it."""
    try:
        return clean(str.__str__(str(error)).strip().partition("\n")[0], LONGEST)
    except Exception as another:  # noqa: BLE001 - it is no answer either
        return f"(a message that cannot be had: {type(another).__name__})"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode()
