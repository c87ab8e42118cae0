"""No motion, NaN and infinity: under the mask, in the open, in the confidences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conformance.generate.build import ALL, HALF, WIDE, Question
from conformance.generate.special_together import questions as together
from conformance.generate.tools import ask, nested, two_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.model import Array

NAN, INF = math.nan, math.inf


def _sure(dtype: str, *low: tuple[int, int]) -> Array:
    rows = [[1.0, 1.0] for _ in range(5)]
    for frame, keypoint in low:
        rows[frame][keypoint] = 0.25
    return nested(rows, dtype)


def questions() -> Iterator[Question]:
    """Cases of the group."""
    for dtype in ALL:
        yield from _rest(dtype)
        yield from _masked(dtype)
    for dtype in WIDE:
        yield from _open(dtype)
        yield from _confidences(dtype)
        yield from _policy(dtype)
    yield from together()


def _half(dtype: str) -> str:
    return " half" if dtype in HALF else ""


def _rest(dtype: str) -> Iterator[Question]:
    still = nested([[7.5, 3.25, 100, 2]] * 5, dtype)
    yield ask(
        "value-rest", "TL-2 TL-5.1", "nothing moves: exactly 0", still, flags="rest exact" + _half(dtype)
    )
    yield ask(
        "value-rest",
        "TL-2 TL-4 TL-5.4",
        "nothing moves, with an epsilon",
        still,
        epsilon=0.5,
        reduction="none",
        flags="rest exact" + _half(dtype),
    )


def _masked(dtype: str) -> Iterator[Question]:
    flags = "masked-nan exact" + _half(dtype)
    for text, value in (("NaN", NAN), ("infinite", INF), ("negatively infinite", -INF)):
        kp = two_paths(dtype, (2, 2, value), (2, 3, value))
        for reduction in ("mean", "none"):
            yield ask(
                "value-masked",
                "TL-3.4",
                f"{text} keypoints in a low-confidence frame, {reduction}",
                kp,
                confidences=_sure(dtype, (2, 1)),
                prob_threshold=0.5,
                reduction=reduction,
                flags=flags + (" inf" if math.isinf(value) else ""),
            )


def _open(dtype: str) -> Iterator[Question]:
    one = two_paths(dtype, (2, 3, NAN))
    for reduction in ("mean", "valid_mean", "sum", "none"):
        yield ask(
            "value-nan",
            "TL-3.4",
            f"an unmasked NaN coordinate, {reduction}",
            one,
            reduction=reduction,
            flags="nan",
        )
    yield ask(
        "value-nan",
        "TL-3.4 TL-4",
        "an unmasked NaN coordinate stays NaN under an epsilon",
        one,
        epsilon=2.5,
        reduction="none",
        flags="nan",
    )
    yield ask(
        "value-nan",
        "TL-3.4 TL-3.1",
        "a NaN keypoint whose confidence is high, another's is low",
        one,
        confidences=_sure(dtype, (2, 0)),
        prob_threshold=0.5,
        reduction="none",
        flags="nan",
    )
    for text, marks in (
        ("an infinite coordinate", ((2, 1, INF),)),
        ("a negatively infinite coordinate", ((1, 2, -INF),)),
        (
            "infinity in two frames running: inf - inf is NaN",
            ((1, 0, INF), (2, 0, INF), (1, 1, 3), (2, 1, 3)),
        ),
    ):
        yield ask(
            "value-inf",
            "TL-2.2 TL-4",
            f"{text}",
            two_paths(dtype, *marks),
            epsilon=1.0,
            reduction="none",
            flags="inf",
        )
    yield ask(
        "value-inf", "TL-2.2", "the mean with an infinite step", two_paths(dtype, (2, 1, INF)), flags="inf"
    )


def _confidences(dtype: str) -> Iterator[Question]:
    lost = [[1.0, NAN], [1.0, 1.0], [NAN, 1.0], [1.0, 1.0], [1.0, NAN]]
    for reduction in ("mean", "none", "valid_mean"):
        yield ask(
            "value-confidence",
            "TL-3.3",
            f"NaN confidences mask nothing, {reduction}",
            two_paths(dtype),
            confidences=nested(lost, dtype),
            prob_threshold=0.5,
            reduction=reduction,
            flags="nan exact",
        )
    beside = [[0.25, NAN], [NAN, 0.25], [1.0, NAN], [NAN, 1.0], [0.25, NAN]]
    yield ask(
        "value-confidence",
        "TL-3.1 TL-3.3",
        "a NaN confidence beside a low one does not save the entry",
        two_paths(dtype),
        confidences=nested(beside, dtype),
        prob_threshold=0.5,
        reduction="none",
        flags="nan exact",
    )
    yield ask(
        "value-confidence",
        "TL-3.1",
        "a threshold of 0 masks nothing, not even a confidence of 0",
        two_paths(dtype),
        confidences=nested([[0.0, 1.0]] * 5, dtype),
        flags="exact",
    )
    yield ask(
        "value-confidence",
        "TL-3.1",
        "a threshold without confidences masks nothing",
        two_paths(dtype),
        prob_threshold=0.9,
        flags="exact",
    )
    yield ask(
        "value-confidence",
        "TL-3.1",
        "a negative confidence below a threshold of 0 is masked",
        two_paths(dtype),
        confidences=nested([[1, 1], [-0.5, 1], [1, 1], [1, 1], [1, 1]], dtype),
        flags="exact",
    )
    yield ask(
        "value-confidence",
        "TL-3.1 TL-5.1",
        "every entry is masked: the mean is 0",
        two_paths(dtype, (3, 0, NAN)),
        confidences=nested([[0.0, 0.25]] * 5, dtype),
        prob_threshold=0.5,
        flags="masked-nan exact",
    )


def _policy(dtype: str) -> Iterator[Question]:
    lost = two_paths(dtype, (2, 3, NAN), (3, 3, NAN))
    for reduction, clause in (
        ("mean", "TL-5.1"),
        ("valid_mean", "TL-5.2"),
        ("sum", "TL-5.4"),
        ("none", "TL-5.4"),
    ):
        yield ask(
            "value-policy",
            f"TL-3.5 {clause}",
            f"two frames of a keypoint are NaN in y, omitted, {reduction}",
            lost,
            nan_policy="omit",
            reduction=reduction,
            flags="masked-nan",
        )
    yield ask(
        "value-policy",
        "TL-3.5 TL-3.1 TL-5.2",
        "omit and confidences together, valid_mean",
        two_paths(dtype, (0, 0, NAN)),
        confidences=_sure(dtype, (4, 1), (1, 1)),
        prob_threshold=0.5,
        epsilon=0.5,
        nan_policy="omit",
        reduction="valid_mean",
        flags="masked-nan exact",
    )
    yield ask(
        "value-policy",
        "TL-3.5",
        "an infinite step is not omitted",
        two_paths(dtype, (0, 0, INF)),
        nan_policy="omit",
        reduction="none",
        flags="inf",
    )
    yield ask(
        "value-policy",
        "TL-3.5",
        "inf - inf is NaN but no keypoint is: not omitted",
        two_paths(dtype, (0, 0, INF), (1, 0, INF), (2, 0, 5), (0, 1, 1), (1, 1, 1), (2, 1, 1)),
        nan_policy="omit",
        reduction="none",
        flags="inf",
    )
    yield ask(
        "value-policy",
        "TL-3.5 TL-5.3",
        "every step omitted, valid_mean: 0",
        two_paths(dtype, *((t, c, NAN) for t in (1, 3) for c in (0, 2))),
        nan_policy="omit",
        reduction="valid_mean",
        flags="masked-nan exact",
    )
    yield ask(
        "value-policy",
        "TL-3.5",
        "the policy named, with nothing to omit",
        two_paths(dtype),
        nan_policy="propagate",
        flags="exact",
    )
    yield ask(
        "value-policy",
        "TL-3.4 TL-3.5",
        "the policy named propagate lets NaN through",
        lost,
        nan_policy="propagate",
        flags="nan",
    )
