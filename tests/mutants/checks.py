"""The refusals of the plain implementation, one method for each reason."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

HALVES = ("float16", "bfloat16")
FLOATS = (*HALVES, "float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


class Question(NamedTuple):
    """The arguments of one call."""

    keypoints: Any
    confidences: Any = None
    epsilon: Any = 0.0
    prob_threshold: Any = 0.0
    reduction: Any = "mean"
    segment_ids: Any = None
    nan_policy: Any = "propagate"

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """Shape (..., T, K) of the confidences."""
        shape = tuple(self.keypoints.shape)
        return (shape[0], shape[1] // 2) if len(shape) == 2 else shape[:-1]


def dtype_name(array: Any) -> str:
    """Name of a dtype without its library."""
    return str(array.dtype).rpartition(".")[2]


class Checks:
    """Each method raises what its name is about, or does nothing."""

    def check(self, q: Question) -> None:
        self.check_kinds(q)
        self.check_axes(q)
        self.check_columns(q)
        self.check_coordinates(q)
        self.check_frames(q)
        self.check_keypoints(q)
        self.check_confidences(q)
        self.check_segments(q)
        self.check_epsilon(q)
        self.check_threshold(q)
        self.check_reduction(q)
        self.check_policy(q)

    def check_kinds(self, q: Question) -> None:
        self.check_kind("keypoints", q.keypoints, FLOATS)
        if q.confidences is not None:
            self.check_kind("confidences", q.confidences, FLOATS)
        if q.segment_ids is not None:
            self.check_kind("segment_ids", q.segment_ids, INTEGERS)
        if hasattr(q.epsilon, "dtype"):
            self.check_kind("epsilon", q.epsilon, FLOATS + INTEGERS)

    def check_kind(self, name: str, array: Any, allowed: tuple[str, ...]) -> None:
        if dtype_name(array) not in allowed:
            message = f"{name} of dtype {array.dtype}"
            raise TypeError(message)

    def check_axes(self, q: Question) -> None:
        if q.keypoints.ndim < 2:
            self.refuse_shape("keypoints", q.keypoints.shape)

    def check_columns(self, q: Question) -> None:
        if q.keypoints.ndim == 2 and q.keypoints.shape[1] % 2:
            self.refuse_shape("keypoints", q.keypoints.shape)

    def check_coordinates(self, q: Question) -> None:
        if q.keypoints.ndim > 2 and q.keypoints.shape[-1] > 3:
            self.refuse_shape("keypoints", q.keypoints.shape)

    def check_frames(self, q: Question) -> None:
        if q.frame_shape[-2] < 2:
            self.refuse_shape("keypoints", q.keypoints.shape)

    def check_keypoints(self, q: Question) -> None:
        if 0 in (q.frame_shape[-1], q.keypoints.shape[-1]):
            self.refuse_shape("keypoints", q.keypoints.shape)

    def check_confidences(self, q: Question) -> None:
        if q.confidences is not None and tuple(q.confidences.shape) != q.frame_shape:
            self.refuse_shape("confidences", q.confidences.shape)

    def check_segments(self, q: Question) -> None:
        if q.segment_ids is not None and tuple(q.segment_ids.shape) != q.frame_shape[:-1]:
            self.refuse_shape("segment_ids", q.segment_ids.shape)

    def check_epsilon(self, q: Question) -> None:
        if hasattr(q.epsilon, "dtype"):
            self.check_epsilon_shape(tuple(q.epsilon.shape), q)
            return
        if isinstance(q.epsilon, list):
            self.check_epsilon_shape((len(q.epsilon),), q)
        for number in q.epsilon if isinstance(q.epsilon, list) else [q.epsilon]:
            self.check_epsilon_number(number)

    def check_epsilon_shape(self, shape: tuple[int, ...], q: Question) -> None:
        if shape not in {(), (q.frame_shape[-1],)}:
            self.refuse_shape("epsilon", shape)

    def check_epsilon_number(self, number: Any) -> None:
        if not isinstance(number, int | float) or not 0 <= number < math.inf:
            message = f"epsilon of {number!r}"
            raise ValueError(message)

    def check_threshold(self, q: Question) -> None:
        if not isinstance(q.prob_threshold, int | float):
            message = f"prob_threshold of {q.prob_threshold!r}"
            raise ValueError(message)  # noqa: TRY004 - the specification says which

    def check_reduction(self, q: Question) -> None:
        self.check_choice(q.reduction, ("mean", "valid_mean", "sum", "none"))

    def check_policy(self, q: Question) -> None:
        self.check_choice(q.nan_policy, ("propagate", "omit"))

    def check_choice(self, word: Any, words: tuple[str, ...]) -> None:
        if word not in words:
            message = f"{word!r} is none of {', '.join(words)}"
            raise ValueError(message)

    def refuse_shape(self, name: str, shape: tuple[int, ...]) -> None:
        message = f"{name} of shape {tuple(shape)}"
        raise ValueError(message)
