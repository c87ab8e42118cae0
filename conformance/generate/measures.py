"""`temporal_norm` and `estimate_epsilon`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conformance.generate import measures_special
from conformance.generate.build import ALL, HALF, WIDE, Question, dice
from conformance.generate.measures_special import eight_steps
from conformance.generate.shapes import walk
from conformance.generate.tools import ask, exact_walk, flat, nested, path, random_array

if TYPE_CHECKING:
    from collections.abc import Iterator


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


def estimates() -> Iterator[Question]:
    """Cases of estimate_epsilon."""
    for dtype in ALL:
        half = " half" if dtype in HALF else ""
        kp = eight_steps(dtype)
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
    yield from measures_special.questions()
