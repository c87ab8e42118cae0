"""Exact ties: a length that equals its epsilon, a confidence that equals the threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance import bits
from conformance.generate import parameters
from conformance.generate.build import ALL, HALF, WIDE, Question
from conformance.generate.parameters import motion
from conformance.generate.tools import ask, neighbours, nested

if TYPE_CHECKING:
    from collections.abc import Iterator


def questions() -> Iterator[Question]:
    """Cases of the group."""
    for dtype in ALL:
        yield from _epsilon(dtype)
        for threshold in (0.5, 0.9, 0.1):
            yield _threshold(dtype, dtype, threshold)
    for dtype, other in (
        ("float32", "float64"),
        ("float64", "float32"),
        ("float32", "float16"),
        ("float32", "bfloat16"),
        ("float16", "float32"),
        ("bfloat16", "float32"),
        ("float16", "float64"),
    ):
        for threshold in (0.9, 0.1):
            yield _threshold(dtype, other, threshold)
    yield from _single_threshold()
    yield from _rounded_epsilon()
    yield from parameters.questions()


def _flags(dtype: str, extra: str = "") -> str:
    return f"kink exact {extra} {'half' if dtype in HALF else ''}".strip()


def _epsilon(dtype: str) -> Iterator[Question]:
    kp = motion(dtype)
    for epsilon, text in ((5.0, "one length equals epsilon"), (8.0, "epsilon equals the third length")):
        yield ask("value-kink", "TL-4", text, kp, epsilon=epsilon, reduction="none", flags=_flags(dtype))
    yield ask(
        "value-kink",
        "TL-4 TL-4.1",
        "each keypoint has an epsilon that equals one of its lengths",
        kp,
        epsilon=[5.0, 2.0],
        flags=_flags(dtype),
    )
    yield ask(
        "value-kink",
        "TL-4 TL-4.1",
        "the same epsilons as an array",
        kp,
        epsilon=nested([5.0, 2.0], dtype),
        flags=_flags(dtype),
    )
    yield ask(
        "value-kink", "TL-4", "epsilon above every length: exactly 0", kp, epsilon=1000.0, flags=_flags(dtype)
    )


def _threshold(dtype: str, other: str, threshold: float) -> Question:
    below, at, above = neighbours(threshold, other)
    return ask(
        "value-kink",
        "TL-3.1 TL-3.2 TL-1.3" if dtype != other else "TL-3.1 TL-3.2",
        f"{other} confidences just below, at and just above {threshold}",
        motion(dtype),
        confidences=nested([[at, below], [above, above], [at, at]], other),
        prob_threshold=threshold,
        flags=_flags(dtype, "rounding"),
    )


def _single_threshold() -> Iterator[Question]:
    """float64 confidences between a threshold and its float32 neighbour."""
    for dtype in WIDE:
        for threshold in (0.9, 0.1):
            single = bits.round_to(threshold, "float32")
            between = (single + threshold) / 2
            yield ask(
                "value-kink",
                "TL-3.2",
                f"a float64 confidence between {threshold} and its float32 neighbour",
                motion(dtype),
                confidences=nested([[1.0, between], [1.0, 1.0], [threshold, 1.0]], "float64"),
                prob_threshold=threshold,
                flags=_flags(dtype, "rounding"),
            )


def _rounded_epsilon() -> Iterator[Question]:
    for dtype in ("float32", *HALF):
        kp = nested([[0, 0, 0, 0], [0.5, 0, 0, 2], [0.5, 0, 0, 2]], dtype)
        yield ask(
            "value-kink",
            "TL-4.2",
            "an epsilon that float32 rounds up to the length",
            kp,
            epsilon=0.5 - 2.0**-30,
            reduction="none",
            flags=_flags(dtype, "rounding"),
        )
        yield ask(
            "value-kink",
            "TL-4.2",
            "the same epsilon in a float64 array",
            kp,
            epsilon=nested([0.5 - 2.0**-30, 0.5 + 2.0**-30], "float64"),
            reduction="none",
            flags=_flags(dtype, "rounding"),
        )
        yield ask(
            "value-kink",
            "TL-4.2",
            "an epsilon that half precision cannot hold",
            kp,
            epsilon=0.1,
            flags="rounding" + (" half" if dtype in HALF else ""),
        )
    yield ask(
        "value-kink",
        "TL-4.2",
        "epsilon 0.1 beside float64 keypoints keeps all its digits",
        nested([[0, 0], [0.5, 0]], "float64"),
        epsilon=0.1,
        flags="rounding",
    )
    for dtype in WIDE:
        kp = motion(dtype)
        for values, other in (([3.0, 1.0], "int64"), ([0.5, 0.25], "float16"), ([4.5, 2.0], "float32")):
            yield ask(
                "value-kink",
                "TL-4.1 TL-4.2",
                f"an epsilon array of {other}",
                kp,
                epsilon=nested([int(v) for v in values] if other == "int64" else values, other),
                flags=_flags(dtype),
            )
        yield ask(
            "value-kink",
            "TL-4.1 TL-4.2",
            "an epsilon array without axes is one epsilon for all",
            kp,
            epsilon=nested(2.5, dtype),
            flags=_flags(dtype),
        )
        yield ask("value-kink", "TL-4.1", "a whole number as epsilon", kp, epsilon=3, flags=_flags(dtype))
