"""`estimate_epsilon` where steps are left out, infinite, or of odd confidence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from conformance import bits
from conformance.generate.build import WIDE, Question, array, dice
from conformance.generate.shapes import walk
from conformance.generate.tools import Nested, ask, nested, random_array, random_confidences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.model import Array

NAN, INF = math.nan, math.inf


def questions() -> Iterator[Question]:
    """Cases of the group."""
    for dtype in WIDE:
        yield from _special(dtype)
    for dtype in WIDE:
        yield from _infinite(dtype)
        yield from _thresholds(dtype)
        yield from _whole(dtype)


def eight_steps(dtype: str) -> Array:
    """Eight steps of one keypoint 1..8 in mixed order, of another in twos."""
    order = (3, 1, 8, 5, 2, 7, 4, 6)
    first, second = [0.0], [0.0]
    for i, size in enumerate(order):
        sign = 1 if i % 2 else -1
        first.append(first[-1] + sign * size)
        second.append(second[-1] + sign * (2 * size if i < 4 else 0))
    return nested([[[a, 0.0], [0.0, b]] for a, b in zip(first, second, strict=True)], dtype)


def _special(dtype: str) -> Iterator[Question]:
    kp = eight_steps(dtype)
    lost = array([NAN if i in (8, 9, 18) else v for i, v in enumerate(kp.values)], kp.shape, dtype)
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
    gone = array([NAN if i % 4 == 2 else v for i, v in enumerate(kp.values)], kp.shape, dtype)
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
        confidences=nested([[NAN, 1]] * 9, dtype),
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


def _marked(dtype: str, marks: dict[int, float]) -> Array:
    """Eight steps with numbers put in; element 4 t + 2 k + d is coordinate d of keypoint k in frame t."""
    kp = eight_steps(dtype)
    return array([marks.get(i, v) for i, v in enumerate(kp.values)], kp.shape, dtype)


def _infinite(dtype: str) -> Iterator[Question]:
    def question(text: str, marks: dict[int, float], quantile: float = 0.5, **rest: Any) -> Question:
        kp = _marked(dtype, marks)
        return ask("epsilon-inf", "TL-13.1 TL-13.2 TL-2.2", text, kp, quantile=quantile, **rest)

    yield question("one step is infinite and counts as the longest", {32: INF}, flags="inf exact")
    yield question("two steps are infinite", {17: -INF}, flags="inf exact")
    yield question("the shortest step beside an infinite one", {32: INF}, 0.0, flags="inf exact")
    yield question(
        "one keypoint has an infinite step, the other a NaN one", {32: INF, 3: NAN}, flags="nan inf exact"
    )
    yield question(
        "a keypoint has an infinite step and a NaN one", {32: INF, 0: NAN}, 0.25, flags="nan inf exact"
    )
    yield question(
        "an infinite step of low confidence is left out",
        {32: INF},
        confidences=nested([[1, 1]] * 8 + [[0.25, 1]], dtype),
        prob_threshold=0.5,
        flags="inf masked-nan exact",
    )


def _thresholds(dtype: str) -> Iterator[Question]:
    def question(text: str, rows: Nested, threshold: float, kind: str, flags: str) -> Question:
        return ask(
            "epsilon-masked",
            "TL-13.1 TL-3.1 TL-3.2 TL-3.3",
            text,
            eight_steps(dtype),
            confidences=nested(rows, kind),
            prob_threshold=threshold,
            quantile=0.5,
            flags=flags,
        )

    for threshold in (0.9, 0.1):
        between = (bits.round_to(threshold, "float32") + threshold) / 2
        yield question(
            f"a float64 confidence between {threshold} and its float32 neighbour",
            [[1, 1]] * 3 + [[1, between]] + [[1, 1]] * 4 + [[between, threshold]],
            threshold,
            "float64",
            "kink rounding",
        )
    yield question(
        "a threshold of 1.5: a confidence of 1 is low, NaN is not", [[NAN, 1]] * 9, 1.5, dtype, "nan exact"
    )
    yield question(
        "a threshold of -0.5: only a confidence of -0.75 is low",
        [[0, -0.5]] * 8 + [[-0.75, NAN]],
        -0.5,
        dtype,
        "nan kink exact",
    )
    yield question(
        "a confidence of inf is high and one of -inf is low",
        [[INF, 1]] * 8 + [[-INF, INF]],
        0.5,
        dtype,
        "inf exact",
    )


def _whole(dtype: str) -> Iterator[Question]:
    yield ask(
        "epsilon-exact",
        "TL-13.1 TL-13.2",
        "a whole number as threshold, and one as quantile",
        eight_steps(dtype),
        confidences=nested([[1, 1]] * 3 + [[0.5, 0.5]] + [[1, 1]] * 5, dtype),
        prob_threshold=1,
        quantile=1,
        flags="exact",
    )
