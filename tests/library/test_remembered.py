"""Checks are not skipped for a call that only resembles an earlier one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from temporal_loss import temporal_loss

if TYPE_CHECKING:
    from collections.abc import Callable

    from support import Arrays

# Steps of 5 and 10, in two ways of writing them.
FLAT = [[0, 0, 0, 0], [3, 4, 6, 8]]
SURE = [[1, 1], [1, 1]]


def ask(arrays: Arrays, **changed: Any) -> Any:
    given = {
        "keypoints": arrays.make(FLAT),
        "confidences": arrays.make(SURE),
        "epsilon": [1.0, 1.0],
        "prob_threshold": 1,
        "reduction": "sum",
        "segment_ids": arrays.make([0, 0], "int32"),
        "nan_policy": "propagate",
    }
    return arrays.read(temporal_loss(**{**given, **changed}))


@pytest.fixture
def passed(arrays: Arrays) -> Arrays:
    for _ in range(2):
        assert ask(arrays) == 13.0
        assert ask(arrays, epsilon=1) == 13.0
        assert ask(arrays, segment_ids=None) == 13.0
    return arrays


REFUSED: dict[str, Callable[[Arrays], dict[str, Any]]] = {
    "epsilon of True": lambda _: {"epsilon": [True, 1.0]},
    "epsilon True": lambda _: {"epsilon": True},
    "epsilon of other length": lambda _: {"epsilon": [1.0, 1.0, 1.0]},
    "negative epsilon": lambda _: {"epsilon": [1.0, -1.0]},
    "epsilon of NaN": lambda _: {"epsilon": [1.0, math.nan]},
    "epsilon of lists": lambda _: {"epsilon": [[1.0], [1.0]]},
    "prob_threshold True": lambda _: {"prob_threshold": True},
    "prob_threshold NaN": lambda _: {"prob_threshold": math.nan},
    "unknown reduction": lambda _: {"reduction": "total"},
    "list of reductions": lambda _: {"reduction": ["sum"]},
    "unknown nan_policy": lambda _: {"nan_policy": "raise"},
    "integer keypoints": lambda arrays: {"keypoints": arrays.make(FLAT, "int32")},
    "one frame": lambda arrays: {"keypoints": arrays.make(FLAT[:1])},
    "list of keypoints": lambda _: {"keypoints": FLAT},
    "integer confidences": lambda arrays: {"confidences": arrays.make(SURE, "int32")},
    "confidences of other shape": lambda arrays: {"confidences": arrays.make([[1, 1]] * 3)},
    "list of confidences": lambda _: {"confidences": SURE},
    "floating segment_ids": lambda arrays: {"segment_ids": arrays.make([0, 0])},
    "segment_ids of other shape": lambda arrays: {"segment_ids": arrays.make([0, 0, 0], "int32")},
    "confidences for segment_ids": lambda arrays: {
        "confidences": None,
        "segment_ids": arrays.make(SURE),
    },
}


@pytest.mark.parametrize("change", REFUSED)
def test_what_is_nearly_like_it_is_refused(passed: Arrays, change: str) -> None:
    given = REFUSED[change](passed)
    (culprit, _) = list(given.items())[-1]
    for _ in range(2):
        with pytest.raises((TypeError, ValueError), match=rf"^{culprit}\b"):
            ask(passed, **given)
    assert ask(passed) == 13.0


OTHER: dict[str, tuple[Callable[[Arrays], dict[str, Any]], Any]] = {
    "epsilon": (lambda _: {"epsilon": [1.0, 2.0]}, 12.0),
    "epsilon the other way round": (lambda _: {"epsilon": [2.0, 1.0]}, 12.0),
    "epsilon as a number": (lambda _: {"epsilon": 2.0}, 11.0),
    "no epsilon": (lambda _: {"epsilon": 0}, 15.0),
    "prob_threshold": (lambda _: {"prob_threshold": 2}, 0.0),
    "reduction": (lambda _: {"reduction": "mean"}, 6.5),
    "no reduction": (lambda _: {"reduction": "none"}, [[4.0, 9.0]]),
    "values": (lambda arrays: {"keypoints": arrays.make([[0, 0, 0, 0], [0, 4, 0, 4]])}, 6.0),
    "no confidences": (lambda _: {"confidences": None, "prob_threshold": 2}, 13.0),
    "no segment_ids": (lambda _: {"segment_ids": None}, 13.0),
    "nan_policy": (
        lambda arrays: {"nan_policy": "omit", "keypoints": arrays.make([[0, 0, 0, math.nan], [3, 4, 6, 8]])},
        4.0,
    ),
    "spatial": (lambda arrays: {"keypoints": arrays.make([[[0, 0], [0, 0]], [[3, 4], [6, 8]]])}, 13.0),
}


@pytest.mark.parametrize("change", OTHER)
def test_what_is_asked_differently_is_answered_so(passed: Arrays, change: str) -> None:
    differently, expected = OTHER[change]
    for _ in range(2):
        assert ask(passed, **differently(passed)) == expected
    assert ask(passed) == 13.0


def test_each_dtype_gets_its_own(arrays: Arrays, dtype: str) -> None:
    # 0.7 is another number in each: a confidence written like it is kept.
    confidences = [[0.7, 1], [1, 1]]
    for name in (dtype, "float32", dtype):
        given = {"keypoints": arrays.make(FLAT, name), "confidences": arrays.make(confidences, name)}
        assert ask(arrays, **given, prob_threshold=0.7) == 13.0
        found = temporal_loss(arrays.make(FLAT, name), epsilon=1.0)
        assert arrays.dtype_of(found) == ("float64" if name == "float64" else "float32")


def test_a_gradient_after_a_call_without(autodiff: Arrays) -> None:
    # One keypoint rests: only arithmetic made for gradients gives it 0, and the other one a unit vector.
    keypoints = autodiff.make([[[0], [0]], [[0], [8]]])

    def loss(keypoints: Any) -> Any:
        return temporal_loss(keypoints, reduction="sum")

    for _ in range(2):
        assert autodiff.read(loss(keypoints)) == 8.0
        assert autodiff.gradient(loss, keypoints) == [[[0.0], [-1.0]], [[0.0], [1.0]]]
