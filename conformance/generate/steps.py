"""Each stage by itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conformance.generate.build import ALL, HALF, WIDE, Question, dice
from conformance.generate.tools import (
    ask,
    clear,
    flat,
    nested,
    path,
    random_array,
    random_confidences,
    two_paths,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def questions() -> Iterator[Question]:
    """Cases of the group."""
    for dtype in ALL:
        half = " half" if dtype in HALF else ""
        rows = flat(
            [path([(3, 4), (6, 8), (0, 0), (4, 3)], (4, 4)), path([(4, 3), (0, 1), (8, 0), (0, 0)], (9, 1))]
        )
        kp = nested(rows, dtype)
        sure = nested([[1, 1], [1, 0.25], [1, 1], [1, 1], [1, 1]], dtype)
        yield ask("stages-exact", "TL-6 TL-2", "differences alone", kp, flags="exact rest" + half)
        yield ask(
            "stages-exact",
            "TL-6 TL-3.1 TL-4",
            "the mask comes before epsilon, each stage seen",
            kp,
            confidences=sure,
            prob_threshold=0.5,
            epsilon=[2.5, 4.0],
            flags="exact rest" + half,
        )
        yield ask(
            "stages-exact",
            "TL-6 TL-4",
            "an epsilon without confidences",
            kp,
            epsilon=5.0,
            flags="exact kink" + half,
        )
        lost = [
            [math.nan if (t, c) == (1, 2) else v for c, v in enumerate(row)] for t, row in enumerate(rows)
        ]
        yield ask(
            "stages-special",
            "TL-6 TL-3.4 TL-4",
            "NaN is seen in the differences and is gone behind the mask",
            nested(lost, dtype),
            confidences=sure,
            prob_threshold=0.5,
            epsilon=1.0,
            flags="masked-nan exact" + half,
        )
        yield ask(
            "stages-special",
            "TL-6 TL-3.4 TL-4",
            "an unmasked NaN passes every stage",
            nested(lost, dtype),
            epsilon=1.0,
            flags="nan exact" + half,
        )
        yield ask(
            "stages-special",
            "TL-6 TL-3.2",
            "a confidence that prints like the threshold is kept",
            kp,
            confidences=nested([[1, 1], [0.9, 1], [1, 1], [1, 0.875], [1, 1]], dtype),
            prob_threshold=0.9,
            flags="exact kink rounding" + half,
        )
        yield ask(
            "stages-random",
            "TL-6 TL-2 TL-11",
            "random positions of shape (5, 4)",
            random_array(dice(f"stages {dtype}"), (5, 4), dtype, 250.0),
            flags="random" + half,
        )
    for dtype in WIDE:
        roll = dice(f"stages parameters {dtype}")
        for shape, cells in (((6, 6), (6, 3)), ((4, 2, 3), (4, 2)), ((2, 5, 2, 2), (2, 5, 2))):
            kp = random_array(roll, shape, dtype)
            yield ask(
                "stages-random",
                "TL-6 TL-3.1 TL-4 TL-11",
                f"random positions of shape {shape} with confidences and an epsilon",
                kp,
                confidences=random_confidences(roll, cells, dtype),
                prob_threshold=0.5,
                epsilon=clear(kp, 90.0),
                flags="random batch" if len(shape) > 3 else "random",
            )
        infinite = [
            [math.inf if (t, c) == (2, 0) else v for c, v in enumerate(row)] for t, row in enumerate(rows)
        ]
        yield ask(
            "stages-special",
            "TL-6 TL-2.2",
            "an infinite step stays infinite above an epsilon",
            nested(infinite, dtype),
            epsilon=2.0,
            flags="inf exact",
        )
    for dtype in WIDE:
        yield ask(
            "stages-exact",
            "TL-6 TL-4.1",
            "two steps of two keypoints, an epsilon each",
            nested(flat([path([(3, 4), (8, 0)], (1, 2)), path([(6, 8), (0, 2)], (3, 1))]), dtype),
            epsilon=[9.0, 1.0],
            flags="exact",
        )
        yield ask(
            "stages-special",
            "TL-6 TL-2.2 TL-3.4",
            "infinite steps of one keypoint, NaN steps of the other, and low confidence",
            two_paths(dtype, (2, 0, math.inf), (1, 2, math.nan)),
            confidences=nested([[0.25, 1], [1, 1], [1, 1], [1, math.inf], [1, -math.inf]], dtype),
            prob_threshold=0.5,
            epsilon=2.0,
            flags="inf nan exact",
        )
