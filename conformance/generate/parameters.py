"""Parameters as they come: whole numbers, and numbers that round at a tie or only just beside one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance import bits
from conformance.generate.build import ALL, HALF, WIDE, Question
from conformance.generate.tools import ask, flat, neighbours, nested, path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.model import Array

FINE = 2.0**-40
"""Less than float32 can tell from nothing beside one half."""


def questions() -> Iterator[Question]:
    """Cases of the group."""
    for dtype in ALL:
        yield from _whole(dtype)
        yield from _large(dtype)
    for dtype in ("float32", *HALF):
        yield from _epsilon_ties(dtype)
        yield from _threshold_ties(dtype)
    yield from _beyond_float64()


def motion(dtype: str) -> Array:
    """Three frames of two keypoints, steps 5, 8 and 10, 2."""
    return nested(flat([path([(3, 4), (8, 0)], (1, 2)), path([(6, 8), (0, 2)], (3, 1))]), dtype)


def _flags(dtype: str, *words: str) -> str:
    return " ".join((*words, "exact", *(["half"] if dtype in HALF else [])))


def _whole(dtype: str) -> Iterator[Question]:
    yield ask(
        "value-kink",
        "TL-3.1 TL-3.2",
        "a whole number as threshold",
        motion(dtype),
        confidences=nested([[1, 1], [1, 0.5], [1, 1]], dtype),
        prob_threshold=1,
        flags=_flags(dtype, "kink"),
    )
    for reduction in ("mean", "none"):
        yield ask(
            "value-kink",
            "TL-4.1 TL-4.2",
            f"whole numbers as epsilons, {reduction}",
            motion(dtype),
            epsilon=[3, 2],
            reduction=reduction,
            flags=_flags(dtype, "kink"),
        )
    yield ask(
        "value-kink",
        "TL-4.1 TL-4.2",
        "a whole number and a fraction as epsilons",
        motion(dtype),
        epsilon=[3, 2.5],
        reduction="none",
        flags=_flags(dtype),
    )


def _large(dtype: str) -> Iterator[Question]:
    if dtype == "float16":
        return
    size = 2.0**25
    kp = nested([[0, 0, 0, size], [size, 0, 0, 0], [0, 0, 0, 2 * size]], dtype)
    yield ask(
        "value-kink",
        "TL-4.1 TL-4.2",
        "whole numbers as epsilons that float32 rounds at a tie",
        kp,
        epsilon=[2**24 + 1, 2**24 + 3],
        reduction="none",
        flags=_flags(dtype, "rounding"),
    )


def _epsilon_ties(dtype: str) -> Iterator[Question]:
    # Beside one half float32 has a number every 2**-24, and what is left of a step of 1 is exact.
    kp = nested([[0, 0, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0]], dtype)
    half_way = [0.5 + 2.0**-25, 0.5 + 3 * 2.0**-25]
    beside = [0.5 + 2.0**-25 + FINE, 0.5 + 3 * 2.0**-25 - FINE]
    for text, epsilons in (
        ("half way between two float32 numbers", half_way),
        ("just beside half way between two float32 numbers", beside),
    ):
        yield ask(
            "value-kink",
            "TL-4.1 TL-4.2",
            f"epsilons {text}",
            kp,
            epsilon=epsilons,
            reduction="none",
            flags=_flags(dtype, "rounding"),
        )
    yield ask(
        "value-kink",
        "TL-4.1 TL-4.2",
        "epsilons half way between two float32 numbers, in a float64 array",
        kp,
        epsilon=nested(half_way, "float64"),
        reduction="none",
        flags=_flags(dtype, "rounding"),
    )


def _threshold_ties(dtype: str) -> Iterator[Question]:
    step = bits.ulp(0.5, dtype)
    for threshold, text in (
        (0.5 + step / 2, "half way, the lower one is even"),
        (0.5 + 3 * step / 2, "half way, the upper one is even"),
        (0.5 + step / 2 + FINE, "just above half way"),
        (0.5 + 3 * step / 2 - FINE, "just below half way"),
    ):
        below, at, _ = neighbours(threshold, dtype)
        yield ask(
            "value-kink",
            "TL-3.1 TL-3.2",
            f"a threshold between two numbers of {dtype}: {text}",
            motion(dtype),
            confidences=nested([[0.25, 1], [1, below], [at, 1]], dtype),
            prob_threshold=threshold,
            reduction="none",
            flags=_flags(dtype, "kink", "rounding"),
        )


def _beyond_float64() -> Iterator[Question]:
    """Whole numbers of an array that float64 would bring to a tie of float32."""
    size = 2.0**55
    large = [2**54 + 2**30 + 1, 2**54 + 3 * 2**30 - 1]
    for dtype in WIDE:
        yield ask(
            "value-kink",
            "TL-4.1 TL-4.2",
            "an epsilon array of integers that float64 cannot hold",
            nested([[0, 0, 0, size], [size, 0, 0, 0], [0, 0, 0, size]], dtype),
            epsilon=nested(large, "int64"),
            reduction="none",
            flags=_flags(dtype, "rounding"),
        )
