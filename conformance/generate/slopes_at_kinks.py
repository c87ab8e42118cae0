"""Gradients at the kinks: exactly 0 at rest, at a tie, under the mask; NaN where NaN is in the open."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from conformance.generate.build import HALF, Question
from conformance.generate.tools import ask, flat, nested, path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.model import Array

NAN = math.nan


def slope(clauses: str, text: str, keypoints: Array, flags: str = "", **rest: Any) -> Question:
    """Ask for a gradient; `group` is the middle of its id."""
    half = " half" if keypoints.dtype in HALF else ""
    return ask(
        "gradient-" + rest.pop("group"), clauses, text, keypoints, flags=(flags + half).strip(), **rest
    )


def kinks(dtype: str) -> Iterator[Question]:
    """Rest, ties and a masked frame, exact in every dtype."""
    still = nested([[7, 3, 5, 5], [7, 3, 5, 9], [7, 3, 5, 9]], dtype)
    yield slope("TL-8.2", "one keypoint never moves, the other once", still, "rest exact", group="rest")
    yield slope(
        "TL-8.2", "nothing moves: exactly 0", nested([[7, 3, 1, 1]] * 3, dtype), "rest exact", group="rest"
    )
    yield slope(
        "TL-8.2",
        "nothing moves and everything is masked",
        nested([[7, 3, 1, 1]] * 3, dtype),
        "rest exact",
        group="rest",
        confidences=nested([[0.0, 0.0]] * 3, dtype),
        prob_threshold=0.5,
    )
    ties = nested(flat([path([(3, 4), (0, 8)], (1, 2)), path([(6, 8), (0, 4)], (3, 1))]), dtype)
    yield slope(
        "TL-8.2",
        "a length that equals epsilon has no slope",
        ties,
        "kink",
        group="kink",
        epsilon=5.0,
        reduction="sum",
    )
    yield slope(
        "TL-8.2 TL-4.1",
        "each keypoint has an epsilon that equals one of its lengths",
        ties,
        "kink exact",
        group="kink",
        epsilon=[5.0, 10.0],
    )
    yield slope("TL-8.2 TL-4", "every length is below epsilon", ties, "exact", group="kink", epsilon=64.0)
    for reduction in ("mean", "valid_mean"):
        yield slope(
            "TL-8.2 TL-3.1",
            f"low confidence in the middle frame masks both steps, {reduction}",
            nested(flat([path([(4, 0), (0, 8)], (1, 2)), path([(0, 2), (0, 4)], (3, 1))]), dtype),
            "exact",
            group="masked",
            confidences=nested([[1, 1], [0.25, 1], [1, 1]], dtype),
            prob_threshold=0.5,
            reduction=reduction,
        )


def masked(dtype: str) -> Iterator[Question]:
    """NaN and infinity, under the mask and in the open."""
    lost: list[list[float]] = [[0, 0, 5, 5], [0, 4, NAN, NAN], [0, 8, 5, 9], [2, 8, 5, 1], [2, 8, 9, 1]]
    sure = [[1, 1], [1, 0], [1, 1], [1, 1], [1, 1]]
    for text, value in (("NaN", NAN), ("infinite", math.inf)):
        rows = [[value if v != v else v for v in row] for row in lost]  # noqa: PLR0124
        yield slope(
            "TL-8.2 TL-3.4",
            f"masked {text} keypoints: exactly 0, and the neighbours keep theirs",
            nested(rows, dtype),
            "masked-nan exact",
            group="masked",
            confidences=nested(sure, dtype),
            prob_threshold=0.5,
        )
    for reduction in ("mean", "valid_mean", "sum"):
        yield slope(
            "TL-8.2 TL-3.5",
            f"omitted NaN keypoints, {reduction}",
            nested(lost, dtype),
            "masked-nan",
            group="masked",
            nan_policy="omit",
            reduction=reduction,
        )
    yield slope(
        "TL-8.2 TL-5.3",
        "nothing is valid: loss 0, gradient 0",
        nested(lost, dtype),
        "masked-nan exact",
        group="masked",
        confidences=nested([[0, 0]] * 5, dtype),
        prob_threshold=0.5,
        reduction="valid_mean",
    )
    yield slope(
        "TL-8.2 TL-3.1",
        "a masked keypoint at rest beside a moving one",
        nested([[3, 3, 0, 0], [3, 3, 0, 4], [3, 3, 0, 6]], dtype),
        "rest exact",
        group="masked",
        confidences=nested([[0, 1], [0, 1], [0, 1]], dtype),
        prob_threshold=0.5,
    )
    yield slope(
        "TL-8.3 TL-3.4",
        "an unmasked NaN keypoint: NaN in its frames only",
        nested(lost, dtype),
        "nan",
        group="nan",
    )
    half_lost = [[v if (t, c) != (1, 3) else 7.0 for c, v in enumerate(row)] for t, row in enumerate(lost)]
    yield slope(
        "TL-8.3",
        "a NaN in x alone gives NaN in y too",
        nested(half_lost, dtype),
        "nan",
        group="nan",
        reduction="sum",
    )
    yield slope(
        "TL-8.3 TL-4",
        "an unmasked NaN keypoint under an epsilon",
        nested(lost, dtype),
        "nan",
        group="nan",
        epsilon=[3.0, 6.0],
    )
