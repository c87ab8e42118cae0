"""TL-10 as data: arrays and parameters that are refused, and what the message has to say.

Each message names the argument, what came and what was due. Shapes and dtypes alone decide, so the
same table holds for traced and lazy arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from temporal_loss import temporal_loss

if TYPE_CHECKING:
    from collections.abc import Callable

    from support import Arrays

Shape = tuple[int, ...]
KEYPOINTS = ((4, 6), "float32")
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


def _keypoints(id_: str, error: type[Exception], shape: Shape, dtype: str, *words: str) -> Refusal:
    return Refusal(id_, error, ("keypoints", *words), {"keypoints": (shape, dtype)}, {})


def _beside(name: str, error: type[Exception], shape: Shape, dtype: str, *words: str) -> Refusal:
    case = f"{name} {dtype} {'x'.join(map(str, shape)) or 'scalar'}"
    return Refusal(case, error, (name, *words), {"keypoints": KEYPOINTS, name: (shape, dtype)}, {})


def _keyword(name: str, value: object, *words: str) -> Refusal:
    return Refusal(
        f"{name} {value!r:.40}", ValueError, (name, *words), {"keypoints": KEYPOINTS}, {name: value}
    )


KEYPOINT_REFUSALS = (
    _keypoints("whole numbers", TypeError, (4, 6), "int32", "got int32", FLOATING),
    _keypoints("bool", TypeError, (4, 6), "bool", "got bool", FLOATING),
    _keypoints("complex", TypeError, (4, 6), "complex64", "got complex64", FLOATING),
    _keypoints("no axes", ValueError, (), "float32", "got ()", LAYOUT),
    _keypoints("one axis", ValueError, (6,), "float32", "got (6,)", LAYOUT),
    _keypoints("odd columns", ValueError, (4, 5), "float32", "(4, 5)", "even", "(T, K, D)"),
    _keypoints("one column", ValueError, (4, 1), "float32", "(4, 1)", "even"),
    _keypoints("no frames", ValueError, (0, 6), "float32", "got 0", "(0, 6)", "at least 2 frames"),
    _keypoints("one frame", ValueError, (1, 6), "float32", "got 1", "(1, 6)", "at least 2 frames"),
    _keypoints("one frame of triples", ValueError, (1, 3, 3), "float32", "got 1", "at least 2 frames"),
    _keypoints("batch of one frame", ValueError, (5, 1, 3, 2), "float32", "got 1", "at least 2 frames"),
    _keypoints("no keypoints", ValueError, (4, 0), "float32", "(4, 0)", "at least one keypoint"),
    _keypoints("no keypoint pairs", ValueError, (4, 0, 2), "float32", "(4, 0, 2)", "at least one keypoint"),
    _keypoints("no coordinates", ValueError, (4, 3, 0), "float32", "(4, 3, 0)", "at least one coordinate"),
)

BESIDE_REFUSALS = (
    _beside("confidences", TypeError, (4, 3), "int32", "got int32", FLOATING),
    _beside("confidences", TypeError, (4, 3), "bool", "got bool", FLOATING),
    _beside("confidences", TypeError, (4, 3), "complex64", "got complex64", FLOATING),
    _beside("confidences", ValueError, (3, 3), "float32", "got (3, 3)", "(4, 3)"),
    _beside("confidences", ValueError, (4, 2), "float32", "got (4, 2)", "(4, 3)"),
    _beside("confidences", ValueError, (4, 6), "float32", "got (4, 6)", "(4, 3)"),
    _beside("confidences", ValueError, (4, 1), "float32", "got (4, 1)", "(4, 3)"),
    _beside("confidences", ValueError, (4,), "float32", "got (4,)", "(4, 3)"),
    _beside("confidences", ValueError, (1, 4, 3), "float32", "got (1, 4, 3)", "(4, 3)"),
    _beside("confidences", ValueError, (), "float32", "got ()", "(4, 3)"),
    _beside("segment_ids", TypeError, (4,), "float32", "got float32", "integer"),
    _beside("segment_ids", TypeError, (4,), "bool", "got bool", "integer"),
    _beside("segment_ids", TypeError, (4,), "complex64", "got complex64", "integer"),
    _beside("segment_ids", ValueError, (3,), "int32", "got (3,)", "(4,)"),
    _beside("segment_ids", ValueError, (5,), "int32", "got (5,)", "(4,)"),
    _beside("segment_ids", ValueError, (4, 1), "int32", "got (4, 1)", "(4,)"),
    _beside("segment_ids", ValueError, (4, 3), "int32", "got (4, 3)", "(4,)"),
    _beside("segment_ids", ValueError, (), "int32", "got ()", "(4,)"),
    _beside("epsilon", TypeError, (3,), "bool", "got dtype bool", "real numbers"),
    _beside("epsilon", TypeError, (3,), "complex64", "got dtype complex64", "real numbers"),
    _beside("epsilon", ValueError, (2,), "float32", "got shape (2,)", PER_KEYPOINT),
    _beside("epsilon", ValueError, (1,), "float32", "got shape (1,)", PER_KEYPOINT),
    _beside("epsilon", ValueError, (6,), "float32", "got shape (6,)", PER_KEYPOINT),
    _beside("epsilon", ValueError, (3, 3), "float32", "got shape (3, 3)", PER_KEYPOINT),
    _beside("epsilon", ValueError, (0,), "float32", "got shape (0,)", PER_KEYPOINT),
    Refusal(
        "confidences of another batch",
        ValueError,
        ("confidences", "got (2, 4, 3)", "(5, 4, 3)"),
        {"keypoints": ((5, 4, 3, 2), "float32"), "confidences": ((2, 4, 3), "float32")},
        {},
    ),
    Refusal(
        "segment_ids of another batch",
        ValueError,
        ("segment_ids", "got (4,)", "(5, 4)"),
        {"keypoints": ((5, 4, 3, 2), "float32"), "segment_ids": ((4,), "int32")},
        {},
    ),
)

_FINITE, _NUMBER = "finite and not negative", "must be a number"
EPSILON_REFUSALS = (
    _keyword("epsilon", -1.0, _FINITE, "-1.0"),
    _keyword("epsilon", -1, _FINITE, "-1"),
    _keyword("epsilon", float("nan"), _FINITE, "nan"),
    _keyword("epsilon", float("inf"), _FINITE, "inf"),
    _keyword("epsilon", 10**400, _FINITE, "got int"),
    _keyword("epsilon", "0.5", _NUMBER, "'0.5'"),
    _keyword("epsilon", b"0.5", _NUMBER, "bytes"),
    _keyword("epsilon", None, _NUMBER, "NoneType"),
    _keyword("epsilon", True, _NUMBER, "bool True"),  # noqa: FBT003
    _keyword("epsilon", 1j, _NUMBER, "complex 1j"),
    _keyword("epsilon", {1.0}, _NUMBER, "set"),
    _keyword("epsilon", [1.0, -2.0, 1.0], "epsilon[1]", _FINITE, "-2.0"),
    _keyword("epsilon", [1, 2, -3], "epsilon[2]", _FINITE, "-3"),
    _keyword("epsilon", (1.0, 1.0, float("nan")), "epsilon[2]", _FINITE, "nan"),
    _keyword("epsilon", (float("nan"), 1.0, 1.0), "epsilon[0]", _FINITE, "nan"),
    _keyword("epsilon", [float("inf"), 1.0, 1.0], "epsilon[0]", _FINITE, "inf"),
    _keyword("epsilon", [1.0, 10**400, 1.0], "epsilon[1]", _FINITE, "int"),
    _keyword("epsilon", [1.0, "2", 1.0], "epsilon[1]", _NUMBER, "'2'"),
    _keyword("epsilon", [1.0, None, 1.0], "epsilon[1]", _NUMBER, "NoneType"),
    _keyword("epsilon", [1.0, False, 1.0], "epsilon[1]", _NUMBER, "bool False"),
    _keyword("epsilon", [[1.0], [1.0], [1.0]], "epsilon[0]", _NUMBER, "list [1.0]"),
)
LENGTH_REFUSALS = (
    _keyword("epsilon", [1.0, 2.0], "got 2 values", PER_KEYPOINT),
    _keyword("epsilon", (1.0,), "got 1 values", PER_KEYPOINT),
    _keyword("epsilon", [], "got 0 values", PER_KEYPOINT),
    _keyword("epsilon", [1.0] * 6, "got 6 values", PER_KEYPOINT),
)
THRESHOLD_REFUSALS = (
    _keyword("prob_threshold", float("nan"), _NUMBER, "NaN"),
    _keyword("prob_threshold", None, _NUMBER, "NoneType"),
    _keyword("prob_threshold", "0.9", _NUMBER, "'0.9'"),
    _keyword("prob_threshold", True, _NUMBER, "bool True"),  # noqa: FBT003
    _keyword("prob_threshold", [0.9], _NUMBER, "list [0.9]"),
    _keyword("prob_threshold", 0.9j, _NUMBER, "complex 0.9j"),
    _keyword("prob_threshold", 10**400, "range of float64", "int"),
)
WORD_REFUSALS = (
    _keyword("reduction", "median", '"mean", "valid_mean", "sum", "none"', "'median'"),
    _keyword("reduction", "Mean", '"mean", "valid_mean", "sum", "none"', "'Mean'"),
    _keyword("reduction", None, '"mean", "valid_mean", "sum", "none"', "NoneType"),
    _keyword("reduction", ["mean"], '"mean", "valid_mean", "sum", "none"', "list"),
    _keyword("nan_policy", "raise", '"propagate", "omit"', "'raise'"),
    _keyword("nan_policy", None, '"propagate", "omit"', "NoneType"),
)

ARRAY_REFUSALS = KEYPOINT_REFUSALS + BESIDE_REFUSALS
REFUSALS = ARRAY_REFUSALS + EPSILON_REFUSALS + LENGTH_REFUSALS + THRESHOLD_REFUSALS + WORD_REFUSALS


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
