"""Mistakes about which number is what: columns, axes, sequences, and which frames make a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.model import Status
from mutants.plain import Loss, Parts
from mutants.registry import mutant

if TYPE_CHECKING:
    from mutants.checks import Question


@mutant("value-exact-f64-002", passes="value-exact-f64-001")
class PlanarColumns(Loss):
    """Reads flat columns as x0, x1, ..., y0, y1, ..."""

    def points(self, keypoints: Any) -> Any:
        if keypoints.ndim > 2:
            return keypoints
        half = keypoints.shape[1] // 2
        return self.xp.stack([keypoints[:, :half], keypoints[:, half:]], axis=-1)


@mutant("value-exact-f64-013", passes="value-exact-f64-002")
class FlatTriples(Loss):
    """Guesses x, y, z where a flat width can be divided by three."""

    def points(self, keypoints: Any) -> Any:
        if keypoints.ndim == 2 and keypoints.shape[1] % 3 == 0:
            return self.xp.reshape(keypoints, (keypoints.shape[0], keypoints.shape[1] // 3, 3))
        return super().points(keypoints)


@mutant("value-exact-f64-011", passes="value-exact-f64-002")
class PlaneOnly(Loss):
    """Uses the first two coordinates of a keypoint only."""

    def points(self, keypoints: Any) -> Any:
        return super().points(keypoints)[..., :2]


@mutant("value-exact-f64-014", passes="value-nan-f64-001")
class AxesSwapped(Loss):
    """Takes differences along keypoints and not along time."""

    def steps(self, points: Any) -> Any:
        return points[..., :, 1:, :] - points[..., :, :-1, :]

    def masked(self, lengths: Any, hidden: Any) -> Any:
        del hidden
        return lengths

    def shown(self, steps: Any, hidden: Any) -> Any:
        del hidden
        return steps


@mutant("value-batch-f64-001", passes="value-exact-f64-014")
class SequencesJoined(Loss):
    """Runs the sequences of a batch together into one."""

    def points(self, keypoints: Any) -> Any:
        points = super().points(keypoints)
        return self.xp.reshape(points, (-1, *points.shape[-2:]))


@mutant("value-batch-f64-002", passes="value-exact-f64-004")
class FirstSequenceOnly(Loss):
    """Looks at the first sequence of a batch only."""

    def points(self, keypoints: Any) -> Any:
        points = super().points(keypoints)
        return points[0, ...] if points.ndim > 3 else points


@mutant("value-batch-f64-003", Status.WRONGLY_REJECTED, passes="value-exact-f64-005")
class OneSequence(Loss):
    """Knows three axes and no more."""

    def steps(self, points: Any) -> Any:
        _, _, _ = points.shape
        return super().steps(points)


@mutant("value-exact-f64-005", passes="value-exact-f64-004")
class EntriesInARow(Loss):
    """Gives (T-1)*K numbers in a row where (T-1, K) is due."""

    def reduced(self, q: Question, entries: Any, parts: Parts) -> Any:
        found = super().reduced(q, entries, parts)
        return self.xp.reshape(found, (-1,)) if q.reduction == "none" else found


@mutant("value-random-f64-008", passes="value-random-f64-007")
class EntriesTransposed(Loss):
    """Gives (K, T-1) entries where (T-1, K) is due."""

    def reduced(self, q: Question, entries: Any, parts: Parts) -> Any:
        found = super().reduced(q, entries, parts)
        return self.xp.matrix_transpose(found) if q.reduction == "none" else found


@mutant("value-kink-f64-002", passes="value-random-f64-007")
class TimeReversed(Loss):
    """Gives the last step first."""

    def points(self, keypoints: Any) -> Any:
        return self.xp.flip(super().points(keypoints), axis=-3)


class _OtherSteps(Loss):
    """Base of wrong steps, where nothing is masked."""

    def shown(self, steps: Any, hidden: Any) -> Any:
        del hidden
        return steps

    def masked(self, lengths: Any, hidden: Any) -> Any:
        del hidden
        return lengths


@mutant("value-exact-f64-004", passes="value-rest-f64-001")
class StepsWrapAround(_OtherSteps):
    """Adds a step from the last frame back to the first, as `roll` does."""

    def steps(self, points: Any) -> Any:
        return points - self.xp.roll(points, 1, axis=-3)


@mutant("value-exact-f64-004", passes="value-rest-f64-001")
class FirstStepDropped(_OtherSteps):
    """Starts at the second frame."""

    def steps(self, points: Any) -> Any:
        return super().steps(points)[..., 1:, :, :]


@mutant("value-exact-f64-004", passes="value-rest-f64-001")
class LastStepDropped(_OtherSteps):
    """Ends one frame early."""

    def steps(self, points: Any) -> Any:
        return super().steps(points)[..., :-1, :, :]


@mutant("value-exact-f64-014", passes="value-exact-f64-001")
class StepsFromFirstFrame(Loss):
    """Measures every frame from the first one and not from the one before."""

    def steps(self, points: Any) -> Any:
        return points[..., 1:, :, :] - points[..., :1, :, :]


@mutant("value-exact-f64-013", passes="value-rest-f64-001")
class FramesInPairs(_OtherSteps):
    """Takes frames in disjoint pairs: 0 and 1, 2 and 3, and so on."""

    def steps(self, points: Any) -> Any:
        return super().steps(points)[..., ::2, :, :]


@mutant("value-exact-f64-005", passes="value-exact-f64-004")
class ZeroStepFirst(_OtherSteps):
    """Puts a zero step before the first frame, as `diff` with `prepend` does."""

    def steps(self, points: Any) -> Any:
        steps = super().steps(points)
        return self.xp.concat([self.xp.zeros_like(steps[..., :1, :, :]), steps], axis=-3)


@mutant("value-exact-f64-001", Status.WRONGLY_REJECTED, passes="value-exact-f64-002")
class TwoFramesTooFew(Loss):
    """Refuses two frames, the fewest there can be."""

    def check_frames(self, q: Question) -> None:
        if q.frame_shape[-2] <= 2:
            self.refuse_shape("keypoints", q.keypoints.shape)


@mutant("value-exact-f64-012", Status.WRONGLY_REJECTED, passes="value-exact-f64-014")
class PairsOnly(Loss):
    """Refuses any number of coordinates but two."""

    def check_axes(self, q: Question) -> None:
        super().check_axes(q)
        if q.keypoints.ndim > 2 and q.keypoints.shape[-1] != 2:
            self.refuse_shape("keypoints", q.keypoints.shape)
