"""Random motion without structure, in small shapes where a wrong divisor shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.generate.build import WIDE, Question, dice
from conformance.generate.tools import ask, clear, random_array, random_confidences

if TYPE_CHECKING:
    from collections.abc import Iterator


def questions() -> Iterator[Question]:
    """Cases of the group."""
    for dtype in WIDE:
        yield from _plain(dtype)
        yield from _parameters(dtype)
    kp = random_array(dice("random in space"), (3, 2, 3), "float64")
    clauses = "TL-1.1 TL-2 TL-5.1 TL-11"
    yield ask("value-random", clauses, "random positions in space, mean", kp, flags="random")


def _plain(dtype: str) -> Iterator[Question]:
    # Every new shape costs a compiling backend seconds, so the two dtypes share the odd ones.
    single = dtype == "float32"
    odd = ((7, 10), (3, 2, 1), (4, 2, 3)) if single else ((4, 6), (9, 1, 2))
    shapes = ((2, 2), (5, 4), (5, 4, 2), *odd)
    for shape in shapes:
        kp = random_array(dice(f"random {dtype} {shape}"), shape, dtype)
        yield ask(
            "value-random",
            "TL-1.1 TL-2 TL-5.1 TL-11",
            f"random positions of shape {shape}, mean",
            kp,
            flags="random",
        )
    kp = random_array(dice(f"random reductions {dtype}"), (5, 4), dtype)
    for reduction in ("sum", "none"):
        yield ask(
            "value-random",
            "TL-2 TL-5.4 TL-11",
            f"random positions of shape (5, 4), {reduction}",
            kp,
            reduction=reduction,
            flags="random",
        )


def _parameters(dtype: str) -> Iterator[Question]:
    roll = dice(f"random parameters {dtype}")
    kp = random_array(roll, (5, 4), dtype)
    confidences = random_confidences(roll, (5, 2), dtype)
    epsilon = clear(kp, 150.0)
    each = [clear(kp, wanted) for wanted in (60.0, 250.0)]
    for reduction in ("mean", "valid_mean", "sum", "none"):
        clause = {"mean": "TL-5.1", "valid_mean": "TL-5.2"}.get(reduction, "TL-5.4")
        yield ask(
            "value-random",
            f"TL-3.1 TL-4 {clause}",
            f"random positions and confidences, one epsilon, {reduction}",
            kp,
            confidences=confidences,
            prob_threshold=0.5,
            epsilon=epsilon,
            reduction=reduction,
            flags="random",
        )
    yield ask(
        "value-random",
        "TL-4 TL-4.1",
        "random positions, a list of epsilons",
        kp,
        epsilon=each,
        flags="random",
    )
    yield ask(
        "value-random",
        "TL-3.1 TL-4.1 TL-5.4",
        "random positions and confidences, a list of epsilons, entries asked for",
        kp,
        confidences=confidences,
        prob_threshold=0.5,
        epsilon=each,
        reduction="none",
        flags="random",
    )
    deep = random_array(roll, (4, 2, 3), dtype)
    yield ask(
        "value-random",
        "TL-1.1 TL-1.2 TL-3.1 TL-4",
        "random positions in space with confidences and an epsilon",
        deep,
        confidences=random_confidences(roll, (4, 2), dtype),
        prob_threshold=0.5,
        epsilon=clear(deep, 100.0),
        flags="random",
    )
