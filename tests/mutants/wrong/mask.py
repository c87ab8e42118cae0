"""Mistakes about the confidences and the threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.model import Status
from mutants.plain import Loss
from mutants.registry import mutant

if TYPE_CHECKING:
    from mutants.checks import Question


@mutant("value-kink-f64-006", passes="value-exact-f64-006")
class ThresholdNotStrict(Loss):
    """Masks a confidence that equals the threshold."""

    def unsure(self, confidences: Any, threshold: Any) -> Any:
        return confidences <= threshold


@mutant("value-exact-f64-006", passes="value-exact-f64-003")
class MaskIgnored(Loss):
    """Ignores the confidences."""

    def unsure(self, confidences: Any, threshold: Any) -> Any:
        del threshold
        return self.xp.zeros_like(confidences, dtype=self.xp.bool)


@mutant("value-confidence-f64-005", passes="value-exact-f64-003")
class MaskInverted(Loss):
    """Keeps the low confidences and masks the others."""

    def unsure(self, confidences: Any, threshold: Any) -> Any:
        return confidences >= threshold


@mutant("value-valid-f64-002", passes="value-confidence-f64-008")
class EarlierFrameAlone(Loss):
    """Looks at the confidence of the frame a step starts from."""

    def touched(self, low: Any) -> Any:
        return low[..., :-1, :]


@mutant("value-valid-f64-002", passes="value-confidence-f64-008")
class LaterFrameAlone(Loss):
    """Looks at the confidence of the frame a step ends in."""

    def touched(self, low: Any) -> Any:
        return low[..., 1:, :]


@mutant("value-exact-f64-006", passes="value-confidence-f64-008")
class BothFramesLow(Loss):
    """Masks only where the confidence is low in both frames."""

    def touched(self, low: Any) -> Any:
        return low[..., 1:, :] & low[..., :-1, :]


@mutant("value-valid-f64-001", passes="value-valid-f64-002")
class WholeFrameMasked(Loss):
    """Masks every keypoint of a frame in which one is unsure."""

    def touched(self, low: Any) -> Any:
        whole = self.xp.any(low, axis=-1, keepdims=True) | self.xp.zeros_like(low)
        return super().touched(whole)


@mutant("value-random-f64-012", passes="value-confidence-f64-008")
class MeanConfidence(Loss):
    """Compares the mean of the two confidences with the threshold."""

    def hidden(self, q: Question, points: Any) -> Any:
        if q.confidences is None:
            return super().hidden(q, points)
        c = q.confidences
        return self.unsure((c[..., 1:, :] + c[..., :-1, :]) / 2, self.threshold(q))


@mutant("value-confidence-f64-004", passes="value-exact-f64-006")
class SmallerConfidence(Loss):
    """Takes the smaller confidence with `minimum`, so that one NaN hides the other's low value."""

    def hidden(self, q: Question, points: Any) -> Any:
        if q.confidences is None:
            return super().hidden(q, points)
        c = q.confidences
        return self.unsure(self.xp.minimum(c[..., 1:, :], c[..., :-1, :]), self.threshold(q))


@mutant("value-confidence-f64-002", passes="value-exact-f64-006")
class NanConfidenceIsLow(Loss):
    """Asks whether a confidence is not at least the threshold, which NaN never is."""

    def unsure(self, confidences: Any, threshold: Any) -> Any:
        return ~(confidences >= threshold)


@mutant("value-kink-f64-011", passes="value-kink-f64-006")
class ThresholdInFloat32(Loss):
    """Compares float64 confidences with a threshold rounded to float32, as the origin does."""

    def threshold(self, q: Question) -> Any:
        rounded = self.xp.astype(super().threshold(q), self.xp.float32)
        return self.xp.astype(rounded, q.confidences.dtype)


@mutant("value-kink-f32-007", passes="value-kink-f32-006")
class ThresholdNotRounded(Loss):
    """Compares in float64 with a threshold that keeps all its digits."""

    def unsure(self, confidences: Any, threshold: Any) -> Any:
        return self.xp.astype(confidences, self.xp.float64) < threshold

    def threshold(self, q: Question) -> Any:
        return self.number(q.prob_threshold, self.xp.astype(q.confidences, self.xp.float64))


@mutant("value-kink-f32-009", passes="value-kink-f32-007")
class ConfidencesInKeypointsDtype(Loss):
    """Converts confidences to the keypoints' dtype before it compares them."""

    def low(self, q: Question, points: Any) -> Any:
        if q.confidences is not None:
            q = q._replace(confidences=self.xp.astype(q.confidences, q.keypoints.dtype))
        return super().low(q, points)


@mutant("value-kink-f64-009", Status.WRONGLY_REJECTED, passes="value-kink-f64-007")
class OneDtypeForAll(Loss):
    """Refuses confidences of another floating dtype than the keypoints'."""

    def check_confidences(self, q: Question) -> None:
        super().check_confidences(q)
        if q.confidences is not None and q.confidences.dtype != q.keypoints.dtype:
            message = f"confidences of {q.confidences.dtype}"
            raise TypeError(message)


@mutant("value-confidence-f64-007", passes="value-confidence-f64-005")
class NoThresholdNoMask(Loss):
    """Skips the mask where the threshold is 0, though a confidence may be negative."""

    def low(self, q: Question, points: Any) -> Any:
        return super().low(q if q.prob_threshold else q._replace(confidences=None), points)


@mutant("value-confidence-f64-006", passes="value-exact-f64-003")
class NoConfidenceIsNone(Loss):
    """Takes absent confidences for 0."""

    def low(self, q: Question, points: Any) -> Any:
        if q.confidences is None:
            q = q._replace(confidences=self.xp.zeros_like(points[..., 0]))
        return super().low(q, points)


@mutant("value-confidence-f64-005", passes="value-exact-f64-003")
class WeightedByConfidence(Loss):
    """Multiplies each length by the confidence of the later frame."""

    def loss(self, q: Question) -> Any:
        parts = self.parts(q)
        entries = self.entries(q, parts)
        weights = 1 if q.confidences is None else q.confidences[..., 1:, :]
        return self.reduced(q, entries * weights, parts)


@mutant("value-exact-f64-006", passes="value-confidence-f64-008")
class UnsureFramesAtZero(Loss):
    """Puts low-confidence keypoints at the origin, and measures the steps there and back."""

    def parts(self, q: Question) -> Any:
        if q.confidences is None:
            return super().parts(q)
        low = self.unsure(q.confidences, self.threshold(q))
        points = self.zeroed(self.points(self.widened(q.keypoints)), low[..., None])
        return super().parts(q._replace(keypoints=points, confidences=None))


@mutant("value-confidence-f64-017", passes="value-confidence-f64-001")
class InfinityIsNoConfidence(Loss):
    """Takes an infinite confidence for a missing one, so that -inf masks nothing."""

    def unsure(self, confidences: Any, threshold: Any) -> Any:
        return super().unsure(confidences, threshold) & self.xp.isfinite(confidences)


@mutant("value-confidence-f64-019", passes="value-confidence-f64-001")
class InfiniteConfidenceIsLow(Loss):
    """Masks an infinite confidence, +inf too."""

    def unsure(self, confidences: Any, threshold: Any) -> Any:
        return super().unsure(confidences, threshold) | self.xp.isinf(confidences)


@mutant("value-confidence-f64-009", passes="value-confidence-f64-004")
class NanConfidenceIsOne(Loss):
    """Replaces a NaN confidence by 1, which a higher threshold masks."""

    def unsure(self, confidences: Any, threshold: Any) -> Any:
        missing = self.xp.isnan(confidences)
        return super().unsure(self.xp.where(missing, self.xp.ones_like(confidences), confidences), threshold)


@mutant("value-confidence-f64-015", passes="value-exact-f64-006")
class ConfidencesClamped(Loss):
    """Clamps confidences to 0..1 before it compares them."""

    def unsure(self, confidences: Any, threshold: Any) -> Any:
        above = self.xp.maximum(confidences, self.xp.zeros_like(confidences))
        return super().unsure(self.xp.minimum(above, self.xp.ones_like(confidences)), threshold)


@mutant("value-exact-f64-019", passes="value-exact-f64-006")
class ConfidencesTransposed(Loss):
    """Reads confidences as (K, T) where there are as many frames as keypoints."""

    def unsure(self, confidences: Any, threshold: Any) -> Any:
        unsure = super().unsure(confidences, threshold)
        return self.xp.matrix_transpose(unsure) if unsure.shape[-2] == unsure.shape[-1] else unsure


@mutant("value-valid-f64-008", passes="value-exact-f64-006")
class ConfidencesOfFirstSequence(Loss):
    """Uses the confidences of the first sequence for all."""

    def unsure(self, confidences: Any, threshold: Any) -> Any:
        unsure = super().unsure(confidences, threshold)
        return unsure[:1, ...] | self.xp.zeros_like(unsure) if unsure.ndim > 2 else unsure
