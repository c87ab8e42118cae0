"""Shapes of real recordings, and many terms, where a poor summation shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conformance.generate.build import ALL, WIDE, Question, array, dice
from conformance.generate.tools import ask, clear, random_array, random_confidences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.model import Array


def walk(roll: Callable[[], float], frames: int, width: int, dtype: str, grain: int = 16) -> Array:
    """Wandering positions on a grid of 1/grain pixel, as smooth as a tracked animal."""
    at = [200.0 + 100.0 * roll() for _ in range(width)]
    rows = []
    for _ in range(frames):
        at = [v + 6.0 * (roll() - 0.5) for v in at]
        rows += [math.floor(v * grain) / grain for v in at]
    return array(rows, (frames, width), dtype)


def questions() -> Iterator[Question]:
    """Cases of the group."""
    for dtype in ALL:
        roll = dice(f"batch of frames {dtype}")
        kp = random_array(roll, (32, 34), dtype, 256.0)
        yield ask(
            "value-shape",
            "TL-2 TL-5.1 TL-9 TL-7.3",
            "32 frames of 17 keypoints: a training batch",
            kp,
            confidences=random_confidences(roll, (32, 17), dtype),
            prob_threshold=0.5,
            epsilon=clear(kp, 20.0),
            flags="real-shape random" + (" half" if dtype.endswith("16") else ""),
        )
    for dtype in WIDE:
        roll = dice(f"long clip {dtype}")
        yield ask(
            "value-shape",
            "TL-2 TL-5.1 TL-9",
            "96 frames of 51 keypoints",
            random_array(roll, (96, 102), dtype),
            flags="real-shape random large",
        )
        kp = walk(roll, 10_000, 2, dtype)
        yield ask(
            "value-shape",
            "TL-2 TL-5.1 TL-11",
            "10000 frames of one keypoint: a whole video",
            kp,
            flags="real-shape large",
        )
    kp = walk(dice("four views"), 24, 40, "float64")
    yield ask(
        "value-shape",
        "TL-1.1 TL-2 TL-4.1",
        "four views of five keypoints side by side, an epsilon each",
        kp,
        epsilon=[clear(kp, 0.5 + 0.1 * k) for k in range(20)],
        flags="real-shape",
    )
    kp = walk(dice("whole video sum"), 4097, 2, "float32")
    yield ask(
        "value-shape",
        "TL-2 TL-5.4 TL-11",
        "the sum over 4096 transitions",
        kp,
        reduction="sum",
        flags="real-shape large",
    )
