"""Mistakes about which arrays are refused, and as what."""

from __future__ import annotations

from typing import Any

from conformance.model import Status
from mutants.checks import FLOATS, INTEGERS, Question, dtype_name
from mutants.plain import Loss
from mutants.registry import mutant

ACCEPTED, REJECTED = Status.WRONGLY_ACCEPTED, Status.WRONGLY_REJECTED


@mutant("value-error-int64-001", ACCEPTED, passes="value-error-bool-001")
class IntegersConverted(Loss):
    """Converts integer keypoints to float64."""

    def check_kind(self, name: str, array: Any, allowed: tuple[str, ...]) -> None:
        super().check_kind(name, array, allowed + INTEGERS * (name == "keypoints"))

    def widened(self, keypoints: Any) -> Any:
        whole = dtype_name(keypoints) in INTEGERS
        return self.xp.astype(keypoints, self.xp.float64) if whole else super().widened(keypoints)


@mutant("value-error-complex64-001", ACCEPTED, passes="value-error-int64-001")
class RealPartTaken(Loss):
    """Takes the real part of complex keypoints."""

    def check_kind(self, name: str, array: Any, allowed: tuple[str, ...]) -> None:
        super().check_kind(name, array, (*allowed, "complex64", "complex128"))

    def widened(self, keypoints: Any) -> Any:
        unreal = dtype_name(keypoints).startswith("complex")
        return self.xp.real(keypoints) if unreal else super().widened(keypoints)


@mutant("value-error-f64-002", ACCEPTED, passes="value-error-f64-003")
class YesAndNoAsConfidence(Loss):
    """Takes booleans for confidences."""

    def check_kind(self, name: str, array: Any, allowed: tuple[str, ...]) -> None:
        super().check_kind(name, array, (*allowed, "bool"))

    def low(self, q: Question, points: Any) -> Any:
        return super().low(q._replace(confidences=self.xp.astype(q.confidences, points.dtype)), points)


@mutant("value-error-f64-001", ACCEPTED, passes="value-error-f64-002")
class WholeConfidences(Loss):
    """Takes integers for confidences."""

    def check_kind(self, name: str, array: Any, allowed: tuple[str, ...]) -> None:
        super().check_kind(name, array, (*allowed, "int64"))


@mutant("value-error-f64-004", ACCEPTED, passes="value-error-f64-005")
class FloatingIds(Loss):
    """Takes segment ids that are no integers."""

    def check_kind(self, name: str, array: Any, allowed: tuple[str, ...]) -> None:
        super().check_kind(name, array, allowed + FLOATS)


@mutant("value-error-f64-006", ACCEPTED, passes="value-error-f64-007")
class BooleanEpsilon(Loss):
    """Takes booleans for epsilons."""

    def check_kind(self, name: str, array: Any, allowed: tuple[str, ...]) -> None:
        super().check_kind(name, array, (*allowed, "bool") if name == "epsilon" else allowed)


@mutant("value-error-int64-001", passes="value-error-f64-010")
class DtypeIsAValue(Loss):
    """Raises ValueError for a wrong dtype."""

    def check_kind(self, name: str, array: Any, allowed: tuple[str, ...]) -> None:
        if dtype_name(array) not in allowed:
            message = f"{name} of dtype {array.dtype}"
            raise ValueError(message)


@mutant("value-error-f64-010", passes="value-error-int64-001")
class ShapeIsAType(Loss):
    """Raises TypeError for a wrong shape."""

    def refuse_shape(self, name: str, shape: tuple[int, ...]) -> None:
        message = f"{name} of shape {tuple(shape)}"
        raise TypeError(message)


@mutant("value-error-f64-020", Status.CRASH, passes="value-error-int64-001")
class ShapeIsAsserted(Loss):
    """Asserts shapes, which is no refusal."""

    def refuse_shape(self, name: str, shape: tuple[int, ...]) -> None:
        message = f"{name} of shape {tuple(shape)}"
        raise AssertionError(message)


@mutant("value-error-f64-009", ACCEPTED, passes="value-error-f64-008")
class OneAxisIsTime(Loss):
    """Takes a single axis for the frames of one coordinate."""

    def check(self, q: Question) -> None:
        super().check(self.spread(q))

    def loss(self, q: Question) -> Any:
        return super().loss(self.spread(q))

    def spread(self, q: Question) -> Question:
        if q.keypoints.ndim != 1:
            return q
        return q._replace(keypoints=self.xp.reshape(q.keypoints, (-1, 1, 1)))


@mutant("value-error-f64-010", ACCEPTED, passes="value-error-f64-011")
class OddColumnDropped(Loss):
    """Drops the last of an odd number of columns."""

    def check_columns(self, q: Question) -> None:
        pass

    def points(self, keypoints: Any) -> Any:
        odd = keypoints.ndim == 2 and keypoints.shape[1] % 2
        return super().points(keypoints[:, :-1] if odd else keypoints)


@mutant("value-error-f64-069", ACCEPTED, passes="value-error-f64-010")
class AnyNumberOfCoordinates(Loss):
    """Takes time by space by keypoints for keypoints of many coordinates."""

    def check_coordinates(self, q: Question) -> None:
        pass


@mutant("value-error-f64-011", ACCEPTED, passes="value-error-f64-010")
class OneFrameIsRest(Loss):
    """Gives 0 for a single frame."""

    def check_frames(self, q: Question) -> None:
        pass


@mutant("value-error-f64-016", ACCEPTED, passes="value-error-f64-010")
class NoKeypointIsRest(Loss):
    """Gives 0 for no keypoint."""

    def check_keypoints(self, q: Question) -> None:
        pass


@mutant("value-error-f64-018", ACCEPTED, passes="value-error-f64-017")
class NoCoordinateIsRest(Loss):
    """Gives 0 for keypoints without coordinates."""

    def check_keypoints(self, q: Question) -> None:
        if not q.frame_shape[-1]:
            super().check_keypoints(q)


@mutant("value-error-f64-021", ACCEPTED, passes="value-error-f64-019")
class ConfidencesSpread(Loss):
    """Spreads one confidence per frame over the keypoints."""

    def check_confidences(self, q: Question) -> None:
        if q.confidences is not None and tuple(q.confidences.shape) != (q.frame_shape[0], 1):
            super().check_confidences(q)


@mutant("value-error-f64-034", ACCEPTED, passes="value-error-f64-029")
class IdsSpread(Loss):
    """Spreads the segment ids of one sequence over a batch."""

    def check_segments(self, q: Question) -> None:
        if q.segment_ids is not None and tuple(q.segment_ids.shape) != q.frame_shape[-2:-1]:
            super().check_segments(q)


@mutant("value-batch-f64-011", REJECTED, passes="value-batch-f64-001")
class EmptyBatchRefused(Loss):
    """Refuses a batch of no sequence."""

    def check_axes(self, q: Question) -> None:
        super().check_axes(q)
        if q.keypoints.shape[0] == 0 and q.keypoints.ndim > 3:
            self.refuse_shape("keypoints", q.keypoints.shape)
