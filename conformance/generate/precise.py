"""Half precision, cancellation, and the ends of the promised range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.generate.build import HALF, WIDE, Question, dice
from conformance.generate.tools import ask, flat, nested, path, random_array

if TYPE_CHECKING:
    from collections.abc import Iterator


def questions() -> Iterator[Question]:
    """Cases of the group."""
    for dtype in HALF:
        yield from _half(dtype)
    yield from _half_limits()
    for dtype in WIDE:
        yield from _cancellation(dtype)
        yield from _range(dtype)


def _half(dtype: str) -> Iterator[Question]:
    jump = nested([[0, 0], [300, 400]], "float64" if dtype == "float64" else dtype)
    yield ask("value-half", "TL-7.1", "a jump of (300, 400) is 500 pixels", jump, flags="half exact")
    yield ask(
        "value-half",
        "TL-7.1 TL-4",
        "the same jump above an epsilon of 0.25",
        jump,
        epsilon=0.25,
        flags="half exact",
    )
    yield ask(
        "value-half",
        "TL-7.1",
        "a difference that the half format cannot hold",
        nested(flat([path([(-0.25 - 250, 0)], (250, 6))]), dtype),
        flags="half exact",
    )
    kp = random_array(dice(f"half {dtype}"), (5, 4), dtype, 1000.0)
    for reduction in ("mean", "sum", "none"):
        yield ask(
            "value-half",
            "TL-7.1",
            f"random positions, {reduction}",
            kp,
            reduction=reduction,
            flags="half random",
        )
    yield ask(
        "value-half",
        "TL-7.1 TL-5.4",
        "a sum of 512 steps of 1 and of 8.125, beyond what half precision adds up",
        nested(
            flat([path([(1, 0), (-1, 0)] * 256, (2, 2)), path([(0, 8.125), (0, -8.125)] * 256, (0, 0))]),
            dtype,
        ),
        reduction="sum",
        flags="half exact large",
    )
    deep = random_array(dice(f"half batch {dtype}"), (2, 5, 2, 2), dtype, 100.0)
    yield ask("value-half", "TL-7.1 TL-5.5", "a batch", deep, flags="half random batch")


def _half_limits() -> Iterator[Question]:
    yield ask(
        "value-half",
        "TL-7.1",
        "from one end of float16 to the other",
        nested([[-65504, 3], [65504, 3]], "float16"),
        flags="half exact range",
    )
    tiny = 2.0**-24
    yield ask(
        "value-half",
        "TL-7.1",
        "steps between the smallest float16 numbers",
        nested([[0, tiny], [3 * tiny, 5 * tiny]], "float16"),
        flags="half exact range",
    )
    yield ask(
        "value-half",
        "TL-7.1",
        "bfloat16 positions beyond the range of float16",
        nested([[0, 0], [3 * 2.0**40, 2.0**42]], "bfloat16"),
        flags="half exact range",
    )


def _cancellation(dtype: str) -> Iterator[Question]:
    far, fine = (2.0**20, 2.0**-3) if dtype == "float32" else (2.0**40, 2.0**-12)
    yield ask(
        "value-cancel",
        "TL-2 TL-11",
        "steps of one unit in the last place far from the origin",
        nested(
            flat([path([(3 * fine, 4 * fine), (0, fine)], (far, -far)), path([(0, 0)] * 2, (far, far))]),
            dtype,
        ),
        flags="cancellation exact",
    )
    roll = dice(f"cancellation {dtype}")
    rows = [[far + fine * int(64 * roll()) for _ in range(4)] for _ in range(5)]
    for reduction in ("mean", "none"):
        yield ask(
            "value-cancel",
            "TL-2 TL-11",
            f"small random steps far from the origin, {reduction}",
            nested(rows, dtype),
            reduction=reduction,
            flags="cancellation random",
        )


def _range(dtype: str) -> Iterator[Question]:
    edge = 60 if dtype == "float32" else 500
    for power, text in ((-edge, "smallest"), (edge - 3, "largest")):
        unit = 2.0**power
        kp = nested(
            flat([path([(3 * unit, 4 * unit), (0, unit)], (0, 0)), path([(unit, 0), (0, 0)], (0, unit))]),
            dtype,
        )
        yield ask("value-range", "TL-11", f"the {text} steps of the promised range", kp, flags="range exact")
        roll = dice(f"range {dtype} {power}")
        rows = [[unit * (1 + 3 * roll()) * (-1) ** (t + c) for c in range(4)] for t in range(5)]
        yield ask(
            "value-range",
            "TL-11",
            f"random steps among the {text}",
            nested(rows, dtype),
            reduction="none",
            flags="range random",
        )
    mixed = nested(
        flat([path([(2.0 ** (edge - 1), 0), (0, 2.0**-edge)], (0, 0)), path([(0, 1), (0, 0)], (0, 0))]), dtype
    )
    yield ask(
        "value-range",
        "TL-11",
        "both ends of the range in one clip",
        mixed,
        reduction="none",
        flags="range exact",
    )
