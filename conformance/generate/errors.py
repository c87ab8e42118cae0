"""Inputs to refuse, one fault each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from conformance.generate.build import Question, array
from conformance.generate.tools import ask
from conformance.model import Array

if TYPE_CHECKING:
    from collections.abc import Iterator


def _zeros(shape: tuple[int, ...], dtype: str = "float64") -> Array:
    size = math.prod(shape)
    whole = dtype in ("int64", "bool")
    return array([(i % 2 if whole else float(i)) for i in range(size)], shape, dtype)


def questions() -> Iterator[Question]:
    """Cases of the group."""
    yield from _types()
    yield from _shapes()
    yield from _companions()
    yield from _values()
    yield from _metrics()
    yield from _swapped()


def _types() -> Iterator[Question]:
    for dtype, kind in (("int64", "integers"), ("bool", "booleans"), ("complex64", "complex numbers")):
        for op in ("value", "stages"):
            yield ask(
                f"{op}-error", "TL-10.1 TL-1.3", f"keypoints of {kind}", _zeros((3, 4), dtype), flags="error"
            )
    kp = _zeros((3, 4))
    for dtype, kind in (("int64", "integers"), ("bool", "booleans"), ("complex64", "complex numbers")):
        yield ask(
            "value-error",
            "TL-10.1 TL-1.3",
            f"confidences of {kind}",
            kp,
            confidences=_zeros((3, 2), dtype),
            flags="error",
        )
    for dtype in ("float64", "bool"):
        yield ask(
            "value-error",
            "TL-10.1 TL-2.1",
            f"segment_ids of {dtype}",
            kp,
            segments=_zeros((3,), dtype),
            flags="error",
        )
    for dtype in ("bool", "complex64"):
        yield ask(
            "value-error",
            "TL-10.1 TL-4.2",
            f"an epsilon array of {dtype}",
            kp,
            epsilon=_zeros((2,), dtype),
            flags="error",
        )


def _bad(op: str, description: str, keypoints: Array, clauses: str = "", **rest: Any) -> Question:
    return ask(f"{op}-error", f"TL-10.2 {clauses}".strip(), description, keypoints, flags="error", **rest)


def _shapes() -> Iterator[Question]:
    """Give keypoints of wrong shapes."""
    bad = _bad
    yield bad("value", "keypoints without axes", Array("float64", (), (1.0,)), "TL-1.1")
    yield bad("value", "keypoints of one axis", _zeros((4,)), "TL-1.1")
    for dtype in ("float32", "float64", "float16"):
        yield bad("value", "an odd number of flat columns", _zeros((3, 5), dtype), "TL-1.1")
        yield bad("value", "a single frame", _zeros((1, 4), dtype))
    yield bad("value", "a width of three is not one xyz keypoint", _zeros((3, 3)), "TL-1.1")
    yield bad("value", "no frame at all", _zeros((0, 4)))
    yield bad("value", "a single frame of (T, K, D)", _zeros((1, 2, 2)))
    yield bad("value", "a single frame in each sequence of a batch", _zeros((4, 1, 2, 2)))
    yield bad("value", "no keypoint in flat columns", _zeros((3, 0)))
    yield bad("value", "no keypoint in (T, K, D)", _zeros((3, 0, 2)))
    yield bad("value", "no coordinate in (T, K, D)", _zeros((3, 2, 0)), "TL-1.1")


def _companions() -> Iterator[Question]:
    """Give arrays that do not fit the keypoints."""
    bad = _bad
    shape: tuple[int, ...]
    kp, deep, batch = _zeros((3, 4)), _zeros((3, 2, 2)), _zeros((2, 3, 2, 2))
    for shape in ((3, 4), (2, 2), (3, 1), (1, 2), (3,), (1, 3, 2)):
        yield bad(
            "value", f"confidences of shape {shape} beside (3, 2)", kp, "TL-1.2", confidences=_zeros(shape)
        )
    for shape in ((3, 2), (1, 3, 2), (3, 3, 2), (2, 3, 2, 2)):
        yield bad(
            "value",
            f"confidences of shape {shape} beside (2, 3, 2)",
            batch,
            "TL-1.2",
            confidences=_zeros(shape),
        )
    for shape in ((2,), (4,), (3, 1), (3, 2), (1,)):
        yield bad(
            "value",
            f"segment_ids of shape {shape} beside (3,)",
            deep,
            "TL-2.1",
            segments=_zeros(shape, "int64"),
        )
    for shape in ((3,), (2,), (3, 2)):
        yield bad(
            "value",
            f"segment_ids of shape {shape} beside (2, 3)",
            batch,
            "TL-2.1",
            segments=_zeros(shape, "int64"),
        )
    for count in (0, 1, 3, 4):
        yield bad("value", f"{count} epsilons for two keypoints", kp, "TL-4.1", epsilon=[1.0] * count)
    for shape in ((1,), (3,), (1, 2), (2, 1)):
        yield bad(
            "value",
            f"an epsilon array of shape {shape} for two keypoints",
            kp,
            "TL-4.1",
            epsilon=_zeros(shape),
        )
    yield bad("gradient", "an odd number of flat columns", _zeros((3, 5)))
    yield bad("gradient", "a single frame", _zeros((1, 4)))
    yield bad("gradient", "confidences of another shape", kp, confidences=_zeros((3, 4)))
    yield bad("stages", "an odd number of flat columns", _zeros((3, 5)))
    yield bad("stages", "a single frame", _zeros((1, 4)))
    yield bad("stages", "confidences of another shape", kp, confidences=_zeros((2, 2)))
    yield bad("stages", "three epsilons for two keypoints", kp, epsilon=[1.0, 2.0, 3.0])


def _values() -> Iterator[Question]:
    kp, confidences = _zeros((3, 4)), _zeros((3, 2))

    def bad(description: str, clauses: str = "", keypoints: Array = kp, **rest: Any) -> Question:
        return ask("value-error", f"TL-10.3 {clauses}".strip(), description, keypoints, flags="error", **rest)

    for number in (-1.0, -1e-30, math.nan, math.inf, -math.inf):
        yield bad(f"an epsilon of {number!r}", "TL-4", epsilon=number)
        yield bad(f"{number!r} in a list of epsilons", "TL-4.1", epsilon=[1.0, number])
    yield bad("a negative epsilon beside float32 keypoints", "TL-4", _zeros((3, 4), "float32"), epsilon=-0.5)
    for text in ("1.0", None):
        yield bad(f"an epsilon of {text!r}", "TL-4", epsilon=text)
        yield bad(f"a prob_threshold of {text!r}", "TL-3.2", confidences=confidences, prob_threshold=text)
    yield bad("a list of epsilons with a text in it", "TL-4.1", epsilon=[1.0, "2"])
    for reduction in ("average", "", "Mean", "meanvalid", None):
        yield bad(f"a reduction of {reduction!r}", "TL-5.1", reduction=reduction)
    for policy in ("ignore", "", "Omit", None):
        yield bad(f"a nan_policy of {policy!r}", "TL-3.5", nan_policy=policy)
    yield ask("stages-error", "TL-10.3 TL-4", "a negative epsilon", kp, epsilon=-1.0, flags="error")
    yield ask(
        "stages-error",
        "TL-10.3 TL-3.2",
        "a prob_threshold that is a text",
        kp,
        prob_threshold="high",
        flags="error",
    )
    yield ask("gradient-error", "TL-10.3 TL-4", "a negative epsilon", kp, epsilon=-1.0, flags="error")
    yield ask("gradient-error", "TL-10.3", "an unknown reduction", kp, reduction="average", flags="error")


def _metrics() -> Iterator[Question]:
    kp = _zeros((3, 4))
    for op, clause in (("norm", "TL-12"), ("epsilon", "TL-13.1")):
        for description, kind, keypoints in (
            ("integers", "TL-10.1", _zeros((3, 4), "int64")),
            ("one axis", "TL-10.2", _zeros((4,))),
            ("an odd width", "TL-10.2", _zeros((3, 3))),
            ("a single frame", "TL-10.2", _zeros((1, 4))),
            ("no keypoint", "TL-10.2", _zeros((3, 0, 2))),
        ):
            yield ask(
                f"{op}-error", f"{kind} {clause}", f"keypoints: {description}", keypoints, flags="error"
            )
    yield ask(
        "epsilon-error",
        "TL-10.2 TL-13.1",
        "confidences of another shape",
        kp,
        confidences=_zeros((3, 4)),
        prob_threshold=0.5,
        flags="error",
    )
    yield ask(
        "epsilon-error",
        "TL-10.1 TL-13.1",
        "integer confidences",
        kp,
        confidences=_zeros((3, 2), "int64"),
        flags="error",
    )
    for q in (-0.01, 1.01, math.nan, math.inf, "0.5", None):
        yield ask("epsilon-error", "TL-10.3 TL-13.2", f"a quantile of {q!r}", kp, quantile=q, flags="error")
    yield ask(
        "epsilon-error",
        "TL-10.3 TL-13.1",
        "a prob_threshold that is a text",
        kp,
        prob_threshold="high",
        flags="error",
    )


def _swapped() -> Iterator[Question]:
    """Give keypoints by space, or a batch last, where space belongs."""
    for op in ("value", "gradient", "stages", "norm", "epsilon"):
        yield _bad(op, "keypoints in the last axis, space before it", _zeros((4, 2, 17)), "TL-1.1")
    for dtype in ("float32", "float16"):
        yield _bad("value", "four coordinates", _zeros((3, 2, 4), dtype), "TL-1.1")
    yield _bad("value", "a batch in the last axis", _zeros((4, 3, 2, 5)), "TL-1.1")
