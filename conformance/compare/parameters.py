"""The parameters of a comparison, as a person types them."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

from temporal_loss.recordings.recording import RecordingError, quote, show

if TYPE_CHECKING:
    from collections.abc import Sequence

_PIXELS = "a number of pixels, finite and not negative, or one per keypoint separated by commas"


def read_epsilon(given: str, names: Sequence[str]) -> float | list[float]:
    """Read one number of pixels, or one per keypoint, separated by commas."""
    found = [_number("epsilon", text, _PIXELS, sys.float_info.max) for text in given.split(",")]
    if len(found) == 1:
        return found[0]
    if len(found) != len(names):
        listed = show(", ".join(names), 60)
        message = f"epsilon: found {len(found)} numbers, expected 1, or {len(names)} for {listed}"
        raise RecordingError(message)
    return found


def read_threshold(given: str) -> float:
    """Read a confidence from 0 to 1."""
    return _number("prob_threshold", given, "a number from 0 to 1", 1.0)


def _number(name: str, text: str, expected: str, largest: float) -> float:
    try:
        # `float` also reads 1_000 and other scripts' digits.
        number = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        number = math.nan
    if not 0.0 <= number <= largest:
        message = f"{name}: found {quote(text)}, expected {expected}"
        raise RecordingError(message)
    return number
