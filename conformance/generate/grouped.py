"""Batches of sequences, segments within them, and the count of what is valid."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conformance.generate import grouped_together
from conformance.generate.build import WIDE, Question, array, dice
from conformance.generate.tools import ask, clear, exact_walk, nested, random_array, random_confidences

if TYPE_CHECKING:
    from collections.abc import Iterator


def batches() -> Iterator[Question]:
    """Cases with leading axes."""
    for dtype in WIDE:
        roll = dice(f"batch {dtype}")
        whole = nested([exact_walk(roll, 5, 2), exact_walk(roll, 5, 2)], dtype)
        for reduction in ("mean", "sum", "none"):
            yield ask(
                "value-batch",
                "TL-5.5",
                f"two sequences of exact steps, {reduction}",
                whole,
                reduction=reduction,
                flags="batch exact",
            )
        single = dtype == "float32"
        for shape in (
            (2, 5, 2, 2),
            *(((1, 4, 2, 2), (2, 3, 4, 2, 2)) if single else ((4, 3, 2, 3), (2, 1, 2, 3, 1, 1))),
        ):
            yield ask(
                "value-batch",
                "TL-1.1 TL-5.5 TL-9",
                f"random positions of shape {shape}",
                random_array(roll, shape, dtype),
                flags="batch random",
            )
        kp = random_array(roll, (2, 5, 2, 2), dtype)
        confidences = random_confidences(roll, (2, 5, 2), dtype)
        for reduction in ("mean", "valid_mean", "none"):
            yield ask(
                "value-batch",
                "TL-1.2 TL-3.1 TL-5.5",
                f"two sequences with confidences and an epsilon per keypoint, {reduction}",
                kp,
                confidences=confidences,
                prob_threshold=0.5,
                epsilon=[clear(kp, 50.0), clear(kp, 200.0)],
                reduction=reduction,
                flags="batch random",
            )
        yield ask(
            "value-batch",
            "TL-3.4 TL-5.5",
            "a NaN in one sequence leaves the other's entries alone",
            array([math.nan if i == 5 else float(v) for i, v in enumerate(kp.values)], kp.shape, dtype),
            reduction="none",
            flags="batch nan",
        )
        yield ask(
            "value-batch",
            "TL-5.3 TL-5.5",
            "the mean over a batch of no sequence: 0",
            array([], (0, 5, 2, 2), dtype),
            flags="batch exact",
        )
    yield from grouped_together.batches()


def segments() -> Iterator[Question]:
    """Cases with joins between clips."""
    for dtype in WIDE:
        roll = dice(f"segments {dtype}")
        kp = nested(exact_walk(roll, 9, 2), dtype)
        ids = (
            ("two clips", [0, 0, 0, 0, 1, 1, 1, 1, 1]),
            ("ids that fall", [5, 5, 3, 3, 3, 3, -2, -2, -2]),
            ("an id that comes back is another clip", [1, 1, 1, 2, 2, 1, 1, 1, 1]),
            ("a clip of a single frame", [0, 0, 0, 0, 7, 4, 4, 4, 4]),
            ("padding of single frames at the end", [3, 3, 3, 3, 3, -1, -2, -3, -4]),
            ("large neighbouring ids", [2**40, 2**40, 2**40 + 1, 2**40 + 1, 2**40 + 1, 9, 9, 9, 9]),
            ("ids that differ by 2**32", [1, 1, 1, 2**32 + 1, 2**32 + 1, 2**32 + 1, 1, 1, 1]),
            ("one clip", [4] * 9),
        )
        for text, row in ids:
            yield ask(
                "value-segments",
                "TL-2.1 TL-5.1",
                text,
                kp,
                segments=row,
                flags="segments",
            )
        for reduction in ("sum", "none", "valid_mean"):
            yield ask(
                "value-segments",
                "TL-2.1",
                f"three clips, {reduction}",
                kp,
                segments=[0, 0, 0, 1, 1, 1, 2, 2, 2],
                reduction=reduction,
                flags="segments",
            )
        for reduction in ("mean", "valid_mean", "sum", "none"):
            yield ask(
                "value-segments",
                "TL-2.1 TL-5.3",
                f"every step is a join, {reduction}",
                kp,
                segments=list(range(9)),
                reduction=reduction,
                flags="segments exact",
            )
        yield ask(
            "value-segments",
            "TL-2.1 TL-3.1 TL-4 TL-5.2",
            "joins, confidences and an epsilon, valid_mean",
            kp,
            confidences=random_confidences(roll, (9, 2), dtype),
            prob_threshold=0.5,
            epsilon=0.5,
            segments=[0, 0, 0, 0, 0, 6, 6, 6, 6],
            reduction="valid_mean",
            flags="segments",
        )
        yield ask(
            "value-segments",
            "TL-2.1 TL-3.4",
            "NaN padding behind a join, each padded frame a clip of its own",
            array([math.nan if i >= 24 else v for i, v in enumerate(kp.values)], (9, 2, 2), dtype),
            segments=[0, 0, 0, 0, 0, 0, 1, 2, 3],
            flags="segments masked-nan",
        )
        deep = nested([exact_walk(roll, 5, 2), exact_walk(roll, 5, 2)], dtype)
        for reduction in ("mean", "none"):
            yield ask(
                "value-segments",
                "TL-2.1 TL-5.5",
                f"a batch whose sequences are cut in different places, {reduction}",
                deep,
                segments=[[0, 0, 1, 1, 1], [0, 0, 0, 0, 1]],
                reduction=reduction,
                flags="segments batch",
            )
        flat = nested([[v for point in row for v in point] for row in exact_walk(roll, 6, 3)], dtype)
        yield ask(
            "value-segments",
            "TL-2.1 TL-1.1",
            "flat columns cut in two",
            flat,
            segments=[0, 0, 0, 9, 9, 9],
            flags="segments",
        )
    yield from grouped_together.segments()


def valid() -> Iterator[Question]:
    """Cases of valid_mean."""
    for dtype in WIDE:
        roll = dice(f"valid {dtype}")
        kp = nested(exact_walk(roll, 5, 4), dtype)
        for text, rows in (
            (
                "one keypoint mostly lost",
                [[1, 1, 0, 1], [1, 1, 0, 1], [1, 1, 0, 1], [1, 1, 1, 1], [1, 1, 1, 1]],
            ),
            ("one frame lost", [[1, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1]]),
            ("scattered losses", [[0, 1, 1, 1], [1, 1, 1, 0], [1, 1, 1, 1], [1, 0, 1, 1], [1, 1, 1, 1]]),
            ("nothing lost", [[1, 1, 1, 1]] * 5),
        ):
            yield ask(
                "value-valid",
                "TL-5.2",
                f"valid_mean: {text}",
                kp,
                confidences=nested([[float(v) for v in row] for row in rows], dtype),
                prob_threshold=0.5,
                reduction="valid_mean",
                flags="exact" if text in ("one frame lost", "nothing lost") else "",
            )
        yield ask(
            "value-valid",
            "TL-5.2 TL-4",
            "entries that epsilon brings to 0 still count as valid",
            kp,
            confidences=nested([[1.0] * 4] * 5, dtype),
            prob_threshold=0.5,
            epsilon=5.0,
            reduction="valid_mean",
            flags="exact kink",
        )
        yield ask(
            "value-valid",
            "TL-5.2",
            "without confidences every entry is valid",
            kp,
            reduction="valid_mean",
            flags="exact",
        )
        yield ask(
            "value-valid",
            "TL-5.2 TL-5.3",
            "no entry is valid: 0",
            kp,
            confidences=nested([[0.0] * 4] * 5, dtype),
            prob_threshold=0.5,
            reduction="valid_mean",
            flags="exact",
        )
    yield from grouped_together.valid()
