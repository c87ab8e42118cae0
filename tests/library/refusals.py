"""TL-10 as data: arrays and parameters that are refused, and what the message has to say.

The suite asks for the kind of more refusals; here is each message there is: it names the argument, what
came and what was due. Shapes and dtypes alone decide, so the same table holds for traced and lazy arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from temporal_loss import temporal_loss

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from support import Arrays

Shape = tuple[int, ...]
LAYOUT = "(T, 2K) or (..., T, K, D)"
PER_KEYPOINT = "one number or one per keypoint (3)"
FLOATING = "float16, bfloat16, float32 or float64"


class Refusal(NamedTuple):
    """What is due for arrays, given as shape and dtype by argument, and further keywords."""

    id: str
    error: type[Exception]
    words: tuple[str, ...]
    arrays: dict[str, tuple[Shape, str]]
    keywords: dict[str, Any]

    def build(self, arrays: Arrays, device: str | None = None) -> dict[str, Any]:
        return {name: arrays.zeros(*spec, device=device) for name, spec in self.arrays.items()}

    def call(self, built: dict[str, Any]) -> Any:
        return temporal_loss(**built, **self.keywords)


def _of(name: str, shape: Shape, dtype: str, *words: str, keypoints: Shape = (4, 6)) -> Refusal:
    """Refuse an array: a dtype that is not its own is a TypeError, else its shape is wrong."""
    usual = "int32" if name == "segment_ids" else "float32"
    arrays = {"keypoints": (keypoints, "float32"), name: (shape, dtype)}
    error = ValueError if dtype == usual else TypeError
    return Refusal(f"{name} {dtype} {'x'.join(map(str, shape))}", error, (name, *words), arrays, {})


def _keyword(name: str, value: object, *words: str) -> Refusal:
    arrays = {"keypoints": ((4, 6), "float32")}
    return Refusal(f"{name} {value!r:.40}", ValueError, (name, *words), arrays, {name: value})


KEYPOINT_REFUSALS = (
    _of("keypoints", (4, 6), "int32", "got int32", FLOATING),
    _of("keypoints", (4, 6), "complex64", "got complex64", FLOATING),
    _of("keypoints", (), "float32", "got ()", LAYOUT),
    _of("keypoints", (4, 5), "float32", "(4, 5)", "even", "(T, K, D)"),
    _of("keypoints", (0, 6), "float32", "got 0", "(0, 6)", "at least 2 frames"),
    _of("keypoints", (5, 1, 3, 2), "float32", "got 1", "(5, 1, 3, 2)", "at least 2 frames"),
    _of("keypoints", (4, 0), "float32", "(4, 0)", "at least one keypoint"),
    _of("keypoints", (4, 3, 0), "float32", "(4, 3, 0)", "at least one coordinate"),
    _of("keypoints", (7, 9, 2, 17), "float32", "last axis", "got 17", "1, 2 or 3", "swapped", "to the end"),
)
CONFIDENCE_REFUSALS = (
    _of("confidences", (4, 3), "int32", "got int32", FLOATING),
    _of("confidences", (4, 3), "bool", "got bool", FLOATING),
    _of("confidences", (4, 1), "float32", "got (4, 1)", "(4, 3)"),
    _of("confidences", (), "float32", "got ()", "(4, 3)"),
    _of("confidences", (2, 4, 3), "float32", "got (2, 4, 3)", "(5, 4, 3)", keypoints=(5, 4, 3, 2)),
)
LENGTH_REFUSALS = (
    _keyword("epsilon", [1.0, 2.0], "got a sequence of 2", PER_KEYPOINT),
    _keyword("epsilon", (1.0,), "got a sequence of 1", PER_KEYPOINT),
    _keyword("epsilon", [], "got a sequence of 0", PER_KEYPOINT),
)
ARRAY_REFUSALS = (
    *KEYPOINT_REFUSALS,
    *CONFIDENCE_REFUSALS,
    _of("segment_ids", (4,), "float32", "got float32", "integer"),
    _of("segment_ids", (4,), "bool", "got bool", "integer"),
    _of("segment_ids", (4, 3), "int32", "got (4, 3)", "(4,)"),
    _of("segment_ids", (4,), "int32", "got (4,)", "(5, 4)", keypoints=(5, 4, 3, 2)),
    _of("epsilon", (3,), "bool", "got dtype bool", "real numbers"),
    _of("epsilon", (3,), "complex64", "got dtype complex64", "real numbers"),
    _of("epsilon", (1,), "float32", "got shape (1,)", PER_KEYPOINT),
    _of("epsilon", (3, 3), "float32", "got shape (3, 3)", PER_KEYPOINT),
)

_FINITE, _NUMBER = "finite and not negative", "must be a number"
EPSILON_REFUSALS = (
    _keyword("epsilon", -1.0, _FINITE, "-1.0"),
    _keyword("epsilon", -1, _FINITE, "-1"),
    _keyword("epsilon", float("nan"), _FINITE, "nan"),
    _keyword("epsilon", 10**400, _FINITE, "got int"),
    _keyword("epsilon", "0.5", _NUMBER, "'0.5'"),
    _keyword("epsilon", None, _NUMBER, "NoneType"),
    _keyword("epsilon", True, _NUMBER, "bool True"),  # noqa: FBT003
    _keyword("epsilon", 1j, _NUMBER, "complex 1j"),
    _keyword("epsilon", {1.0}, _NUMBER, "set"),
    _keyword("epsilon", [1.0, -2.0, 1.0], "epsilon[1]", _FINITE, "-2.0"),
    _keyword("epsilon", (1, 1.0, float("nan")), "epsilon[2]", _FINITE, "nan"),
    _keyword("epsilon", [float("inf"), 1.0, 1.0], "epsilon[0]", _FINITE, "inf"),
    _keyword("epsilon", [1.0, "2", 1.0], "epsilon[1]", _NUMBER, "'2'"),
    _keyword("epsilon", [1.0, False, 1.0], "epsilon[1]", _NUMBER, "bool False"),
    _keyword("epsilon", [[1.0], [1.0], [1.0]], "epsilon[0]", _NUMBER, "list [1.0]"),
)
THRESHOLD_REFUSALS = (
    _keyword("prob_threshold", float("nan"), _NUMBER, "NaN"),
    _keyword("prob_threshold", "0.9", _NUMBER, "'0.9'"),
    _keyword("prob_threshold", True, _NUMBER, "bool True"),  # noqa: FBT003
    _keyword("prob_threshold", [0.9], _NUMBER, "list [0.9]"),
    _keyword("prob_threshold", 10**400, "range of float64", "int"),
)
WORD_REFUSALS = (
    _keyword("reduction", "Mean", '"mean", "valid_mean", "sum", "none"', "'Mean'"),
    _keyword("reduction", ["mean"], '"mean", "valid_mean", "sum", "none"', "list"),
    _keyword("nan_policy", None, '"propagate", "omit"', "NoneType"),
)
PARAMETER_REFUSALS = EPSILON_REFUSALS + LENGTH_REFUSALS + THRESHOLD_REFUSALS + WORD_REFUSALS
REFUSALS = ARRAY_REFUSALS + PARAMETER_REFUSALS


def each(refusals: Sequence[Refusal]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("refusal", refusals, ids=[refusal.id for refusal in refusals])


def assert_refused(refusal: Refusal, call: Callable[..., Any], *args: Any, **keywords: Any) -> None:
    """Check that the call raises the very exception, with every word in its message."""
    with pytest.raises(refusal.error) as caught:
        call(*args, **keywords)
    assert type(caught.value) is refusal.error
    missing = [word for word in refusal.words if word not in str(caught.value)]
    assert not missing, f"the message lacks {missing}: {caught.value}"


def due(error: type[Exception], *words: str) -> Refusal:
    """Say what is due where the call is written out."""
    return Refusal("", error, words, {}, {})
