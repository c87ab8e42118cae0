"""`temporal_norm` and `estimate_epsilon`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conformance.generate.build import ALL, HALF, WIDE, Question, array, dice
from conformance.generate.shapes import walk
from conformance.generate.tools import ask, exact_walk, flat, nested, path, random_array, random_confidences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.model import Array


def norms() -> Iterator[Question]:
    """Cases of temporal_norm."""
    for dtype in ALL:
        half = " half" if dtype in HALF else ""
        rows = flat(
            [path([(3, 4), (6, 8), (0, 0), (4, 3)], (4, 4)), path([(4, 3), (0, 1), (8, 0), (0, 0)], (9, 1))]
        )
        yield ask(
            "norm-exact",
            "TL-12",
            "exact steps in flat columns",
            nested(rows, dtype),
            flags="exact rest" + half,
        )
        yield ask(
            "norm-exact",
            "TL-12",
            "two frames, the fewest there can be",
            nested([[1, 5], [-2, 1]], dtype),
            flags="exact" + half,
        )
        kp = random_array(dice(f"norm {dtype}"), (5, 4), dtype, 250.0)
        yield ask("norm-random", "TL-12 TL-11", "random positions", kp, flags="random" + half)
    for dtype in WIDE:
        roll = dice(f"norms {dtype}")
        lost = [
            [math.nan if (t, c) == (1, 2) else v for c, v in enumerate(row)] for t, row in enumerate(rows)
        ]
        lost[3][0] = math.inf
        yield ask(
            "norm-special",
            "TL-12 TL-2.2",
            "NaN and infinite coordinates",
            nested(lost, dtype),
            flags="nan inf exact",
        )
        deep = nested([exact_walk(roll, 5, 2), exact_walk(roll, 5, 2)], dtype)
        yield ask(
            "norm-batch", "TL-12 TL-5.5", "every sequence starts with a NaN row", deep, flags="batch exact"
        )
        yield ask(
            "norm-batch",
            "TL-12 TL-5.5 TL-1.1",
            "a batch with two leading axes, or in space",
            random_array(roll, (2, 3, 4, 2, 2) if dtype == "float32" else (4, 3, 2, 3), dtype),
            flags="batch random",
        )
    yield ask(
        "norm-long",
        "TL-12",
        "1000 frames of two keypoints",
        walk(roll, 1000, 4, "float64"),
        flags="real-shape",
    )


def _sizes(dtype: str) -> Array:
    """Eight steps of one keypoint 1..8 in mixed order, of another in twos."""
    order = (3, 1, 8, 5, 2, 7, 4, 6)
    first, second = [0.0], [0.0]
    for i, size in enumerate(order):
        sign = 1 if i % 2 else -1
        first.append(first[-1] + sign * size)
        second.append(second[-1] + sign * (2 * size if i < 4 else 0))
    return nested([[[a, 0.0], [0.0, b]] for a, b in zip(first, second, strict=True)], dtype)


def estimates() -> Iterator[Question]:
    """Cases of estimate_epsilon."""
    for dtype in ALL:
        half = " half" if dtype in HALF else ""
        kp = _sizes(dtype)
        for q in (0.0, 0.5, 0.25, 1.0):
            yield ask(
                "epsilon-exact",
                "TL-13.1 TL-13.2",
                f"steps 1 to 8: the quantile {q}",
                kp,
                quantile=q,
                flags="exact rest" + half,
            )
        yield ask(
            "epsilon-exact",
            "TL-13.2",
            "steps 1 to 8: the quantile 0.99 is the default",
            kp,
            flags="rest" + half,
        )
        yield ask(
            "epsilon-exact",
            "TL-13.2",
            "steps 1 to 8: the quantile 0.9",
            kp,
            quantile=0.9,
            flags="rest" + half,
        )
        yield ask(
            "epsilon-random",
            "TL-13.1 TL-13.2 TL-11",
            "random positions",
            random_array(dice(f"estimate {dtype}"), (9, 2, 2), dtype, 250.0),
            quantile=0.75,
            flags="random" + half,
        )
        sure = [[1.0, 1.0] for _ in range(9)]
        sure[3][0] = sure[4][1] = 0.25
        yield ask(
            "epsilon-masked",
            "TL-13.1 TL-3.1",
            "low-confidence steps are left out",
            kp,
            confidences=nested(sure, dtype),
            prob_threshold=0.5,
            quantile=0.5,
            flags="exact" + half,
        )
    for dtype in WIDE:
        yield from _special(dtype)


def _special(dtype: str) -> Iterator[Question]:
    kp = _sizes(dtype)
    lost = array([math.nan if i in (8, 9, 18) else v for i, v in enumerate(kp.values)], kp.shape, dtype)
    yield ask("epsilon-nan", "TL-13.1", "NaN steps are left out", lost, quantile=0.5, flags="nan exact")
    yield ask(
        "epsilon-nan",
        "TL-13.1",
        "NaN steps of low confidence and of high",
        lost,
        confidences=nested(
            [[1, 1], [1, 0.25], [0, 1], [1, 1], [1, 1], [1, 1], [1, 1], [1, 1], [0.25, 1]], dtype
        ),
        prob_threshold=0.5,
        quantile=0.5,
        flags="nan masked-nan",
    )
    gone = array([math.nan if i % 4 == 2 else v for i, v in enumerate(kp.values)], kp.shape, dtype)
    yield ask(
        "epsilon-nan", "TL-13.2", "a keypoint that is never seen: NaN", gone, quantile=0.5, flags="nan exact"
    )
    yield ask(
        "epsilon-nan",
        "TL-13.2 TL-13.1",
        "no step is sure enough: NaN",
        kp,
        confidences=nested([[1, 0.25]] * 9, dtype),
        prob_threshold=0.5,
        quantile=0.25,
        flags="exact",
    )
    yield ask(
        "epsilon-nan",
        "TL-13.1 TL-3.3",
        "NaN confidences leave nothing out",
        kp,
        confidences=nested([[math.nan, 1]] * 9, dtype),
        prob_threshold=0.5,
        quantile=0.5,
        flags="nan exact",
    )
    yield ask(
        "epsilon-masked",
        "TL-13.1 TL-3.2",
        "a confidence that equals the threshold in its dtype is kept",
        kp,
        confidences=nested([[0.9, 1]] * 8 + [[0.875, 1]], dtype),
        prob_threshold=0.9,
        quantile=0.5,
        flags="kink rounding",
    )
    roll = dice(f"estimates {dtype}")
    yield ask(
        "epsilon-masked",
        "TL-13.1 TL-13.2",
        "a single step is left: it is every quantile",
        kp,
        confidences=nested([[1, 1], [1, 0], [0, 1], [0, 1]] + [[0, 0]] * 5, dtype),
        prob_threshold=0.5,
        quantile=0.75,
        flags="exact",
    )
    deep = random_array(roll, (2, 5, 2, 2), dtype)
    yield ask(
        "epsilon-batch",
        "TL-13.1 TL-5.5",
        "the steps of all sequences together, none over their joins",
        deep,
        quantile=0.6,
        flags="batch random",
    )
    yield ask(
        "epsilon-batch",
        "TL-13.1 TL-5.5 TL-3.1",
        "a batch with confidences",
        deep,
        confidences=random_confidences(roll, (2, 5, 2), dtype),
        prob_threshold=0.5,
        quantile=0.6,
        flags="batch random",
    )
    if dtype == "float32":
        yield ask(
            "epsilon-random",
            "TL-13.1 TL-1.1",
            "positions in space",
            random_array(roll, (4, 2, 3), dtype),
            quantile=0.4,
            flags="random",
        )
        return
    yield ask(
        "epsilon-long",
        "TL-13.2 TL-11",
        "1000 frames of two keypoints, the default quantile",
        walk(roll, 1000, 4, dtype),
        flags="real-shape large",
    )
