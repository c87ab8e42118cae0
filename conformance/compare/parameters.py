"""The parameters of a comparison, as a person types them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conformance.recordings.recording import RecordingError, quote, show

if TYPE_CHECKING:
    from collections.abc import Sequence


def read_epsilon(given: str | float | None, names: Sequence[str]) -> float | list[float]:
    """Read one number of pixels, or one per keypoint, separated by commas."""
    if given is None:
        return 0.0
    texts = str(given).split(",")
    numbers = [_number(text) for text in texts]
    for text, number in zip(texts, numbers, strict=True):
        if number is None or not 0.0 <= number < math.inf:
            message = (
                f"epsilon: found {quote(text)}, expected a number of pixels, finite and not negative,"
                " or one per keypoint separated by commas"
            )
            raise RecordingError(message)
    found = [number for number in numbers if number is not None]
    if len(found) == 1:
        return found[0]
    if len(found) != len(names):
        listed = show(", ".join(names), 60)
        message = f"epsilon: found {len(found)} numbers, expected 1, or {len(names)} for {listed}"
        raise RecordingError(message)
    return found


def read_threshold(given: str | float) -> float:
    """Read a confidence from 0 to 1."""
    number = _number(str(given))
    if number is None or not 0.0 <= number <= 1.0:
        message = f"prob_threshold: found {quote(str(given))}, expected a number from 0 to 1"
        raise RecordingError(message)
    return number


def read_nan_policy(given: str) -> str:
    """Read one of the library's two words."""
    if given not in ("propagate", "omit"):
        message = f"nan_policy: found {quote(given)}, expected propagate or omit"
        raise RecordingError(message)
    return given


def _number(text: str) -> float | None:
    if "_" in text or not text.isascii():  # `float` also reads 1_000 and other scripts' digits
        return None
    try:
        return float(text)
    except ValueError:
        return None
