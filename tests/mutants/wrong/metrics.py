"""Mistakes in `temporal_norm` and `estimate_epsilon`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from conformance.model import Status
from mutants.direct import Estimate, Norm
from mutants.registry import mutant

if TYPE_CHECKING:
    from mutants.checks import Question


@mutant("norm-exact-f64-001", passes="norm-error-f64-003")
class FirstRowZero(Norm):
    """Sets the first row to 0."""

    def first(self, lengths: Any) -> Any:
        return self.xp.zeros_like(lengths[..., :1, :])


@mutant("norm-exact-f64-001", passes="norm-error-f64-003")
class NanRowLast(Norm):
    """Puts each length beside the frame its step starts from."""

    def framed(self, lengths: Any) -> Any:
        return self.xp.concat([lengths, self.first(lengths)], axis=-2)


@mutant("norm-exact-f64-002", passes="norm-error-f64-003")
class NoNanRow(Norm):
    """Gives T-1 rows."""

    def framed(self, lengths: Any) -> Any:
        return lengths


@mutant("norm-batch-f64-001", passes="norm-exact-f64-001")
class NanRowOfFirstSequence(Norm):
    """Starts the first sequence of a batch with NaN and goes on from it into the next."""

    def answer(self, q: Question) -> dict[str, Any]:
        points = self.points(q.keypoints)
        joined = self.xp.reshape(points, (-1, *points.shape[-2:]))
        found = super().answer(q._replace(keypoints=joined))["norm"]
        return {"norm": self.xp.reshape(found, tuple(points.shape[:-1]))}


@mutant("norm-special-f64-001", passes="norm-exact-f64-001")
class NanStepsZero(Norm):
    """Gives 0 where a keypoint is NaN."""

    def lengths(self, steps: Any) -> Any:
        lengths = super().lengths(steps)
        return self.zeroed(lengths, self.xp.isnan(lengths))


@mutant("norm-random-f64-001", passes="norm-exact-f64-001")
class NormInFloat32(Norm):
    """Takes the origin's detour through float32."""

    def lengths(self, steps: Any) -> Any:
        lengths = super().lengths(self.xp.astype(steps, self.xp.float32))
        return self.xp.astype(lengths, steps.dtype)


@mutant("epsilon-exact-f64-003", passes="epsilon-exact-f64-001")
class LowerStep(Estimate):
    """Takes the step below the quantile."""

    def between(self, low: Any, high: Any, weight: float) -> Any:
        del high, weight
        return low


@mutant("epsilon-exact-f64-003", passes="epsilon-exact-f64-004")
class UpperStep(Estimate):
    """Takes the step above the quantile."""

    def between(self, low: Any, high: Any, weight: float) -> Any:
        return high if weight else low


@mutant("epsilon-exact-f64-003", passes="epsilon-exact-f64-001")
class NearestStep(Estimate):
    """Takes the step nearest to the quantile."""

    def between(self, low: Any, high: Any, weight: float) -> Any:
        return high if weight > 0.5 else low


@mutant("epsilon-exact-f64-003", passes="epsilon-exact-f64-002")
class MiddleOfSteps(Estimate):
    """Takes the middle between the steps around the quantile."""

    def between(self, low: Any, high: Any, weight: float) -> Any:
        return (low + high) / 2 if weight else low


@mutant("epsilon-long-f64-001", passes="epsilon-exact-f64-001")
class PlacedByCount(Estimate):
    """Places the quantile at q*n."""

    def span(self, ordered: Any) -> int:
        return int(ordered.shape[0])

    def quantile(self, ordered: Any, quantile: float) -> Any:
        last = (ordered.shape[0] - 1) / max(ordered.shape[0], 1)
        return super().quantile(ordered, min(quantile, max(last, 0.0)))


@mutant("epsilon-exact-f64-003", passes="epsilon-exact-f64-002")
class QuantileFromAbove(Estimate):
    """Takes the quantile 1 - q."""

    def quantile(self, ordered: Any, quantile: float) -> Any:
        return super().quantile(ordered, 1 - quantile)


@mutant("epsilon-exact-f64-005", passes="epsilon-exact-f64-003")
class OtherDefault(Estimate):
    """Takes the quantile 0.95 where none is asked for."""

    def outputs(self, inputs: Any, params: Any) -> dict[str, Any]:
        return super().outputs(inputs, {"quantile": 0.95, **params})


@mutant("epsilon-masked-f64-001", passes="epsilon-exact-f64-002")
class UnsureStepsKept(Estimate):
    """Looks at the low-confidence steps too."""

    def touched(self, low: Any) -> Any:
        return self.xp.zeros_like(low[..., 1:, :])


@mutant("epsilon-masked-f64-001", passes="epsilon-exact-f64-002")
class UnsureStepsZero(Estimate):
    """Takes low-confidence steps for steps of length 0."""

    def quantiles(self, q: Question, quantile: float) -> Any:
        if q.confidences is None:
            return super().quantiles(q, quantile)
        points = self.points(self.widened(q.keypoints))
        lengths = self.masked(self.lengths(self.steps(points)), self.hidden(q, points))
        columns = [self.xp.sort(lengths[..., k]) for k in range(lengths.shape[-1])]
        return self.xp.stack([self.quantile(column, quantile) for column in columns])


@mutant("epsilon-nan-f64-001", passes="epsilon-exact-f64-002")
class OneNanSpoilsAll(Estimate):
    """Gives NaN as soon as one step is NaN."""

    def kept(self, lengths: Any, dropped: Any) -> Any:
        kept = super().kept(lengths, dropped)
        return kept * math.nan if self.xp.any(self.xp.isnan(lengths)) else kept


@mutant("epsilon-nan-f64-003", passes="epsilon-exact-f64-002")
class NothingIsZero(Estimate):
    """Gives 0 where no step is left."""

    def nothing(self, ordered: Any) -> Any:
        return self.number(0.0, ordered)


@mutant("epsilon-nan-f64-003", Status.CRASH, passes="epsilon-exact-f64-002")
class NothingBreaks(Estimate):
    """Looks for the first step where no step is left."""

    def nothing(self, ordered: Any) -> Any:
        return ordered[0]


@mutant("epsilon-exact-f64-001", passes="epsilon-nan-f64-003")
class RestLeftOut(Estimate):
    """Leaves steps of length 0 out."""

    def dropped(self, hidden: Any, lengths: Any) -> Any:
        return super().dropped(hidden, lengths) | (lengths == 0)


@mutant("epsilon-exact-f64-004", passes="epsilon-error-f64-003")
class OneQuantileForAll(Estimate):
    """Takes one quantile over the steps of all keypoints."""

    def quantiles(self, q: Question, quantile: float) -> Any:
        points = self.points(self.widened(q.keypoints))
        lengths = self.lengths(self.steps(points))
        kept = self.kept(lengths, self.dropped(self.hidden(q, points), lengths))
        return self.xp.stack([self.quantile(kept, quantile)] * lengths.shape[-1])


@mutant("epsilon-batch-f64-001", passes="epsilon-exact-f64-002")
class StepsOverJoins(Estimate):
    """Runs the sequences of a batch together."""

    def points(self, keypoints: Any) -> Any:
        points = super().points(keypoints)
        return self.xp.reshape(points, (-1, *points.shape[-2:]))


@mutant("epsilon-batch-f64-001", passes="epsilon-exact-f64-002")
class MeanOfQuantiles(Estimate):
    """Averages the quantiles of the sequences."""

    def quantiles(self, q: Question, quantile: float) -> Any:
        if q.keypoints.ndim < 4 or q.confidences is not None:
            return super().quantiles(q, quantile)
        count = q.keypoints.shape[0]
        each = [q._replace(keypoints=q.keypoints[i, ...]) for i in range(count)]
        return sum(super(MeanOfQuantiles, self).quantiles(one, quantile) for one in each) / count


@mutant("epsilon-nan-f64-005", passes="epsilon-masked-f64-001")
class NanConfidenceLeftOut(Estimate):
    """Leaves out the steps of NaN confidence."""

    def unsure(self, confidences: Any, threshold: Any) -> Any:
        return ~(confidences >= threshold)


@mutant("epsilon-masked-f64-002", passes="epsilon-masked-f64-001")
class ThresholdLeftOut(Estimate):
    """Leaves out the steps whose confidence equals the threshold."""

    def unsure(self, confidences: Any, threshold: Any) -> Any:
        return confidences <= threshold


@mutant("epsilon-error-f64-008", Status.WRONGLY_ACCEPTED, passes="epsilon-error-f64-003")
class QuantileInPercent(Estimate):
    """Takes a quantile above 1 for percent."""

    def outputs(self, inputs: Any, params: Any) -> dict[str, Any]:
        quantile = params.get("quantile", 0.99)
        if isinstance(quantile, float) and 1 < quantile <= 100:
            params = {**params, "quantile": quantile / 100}
        return super().outputs(inputs, params)
