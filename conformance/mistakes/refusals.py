"""Mistakes in what is refused, and as what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.mistakes.registry import Wrong
from conformance.model import ErrorKind
from conformance.oracle.refusals import CHECKS

if TYPE_CHECKING:
    from conformance.model import Request


class _Refusal(Wrong):
    """Base of the mistakes that change no number."""

    computes = False


class AcceptsWrongDtype(_Refusal):
    """Takes integer, boolean or complex keypoints."""

    accepts = ("keypoints-dtype",)


class AcceptsAnyConfidences(_Refusal):
    """Takes confidences that are not floating point."""

    accepts = ("confidences-dtype",)


class AcceptsOneAxis(_Refusal):
    """Takes keypoints without a time or a keypoint axis."""

    accepts = ("keypoints-axes",)


class AcceptsOddWidth(_Refusal):
    """Takes an odd number of flat columns."""

    accepts = ("odd-width",)


class AcceptsNoCoordinates(_Refusal):
    """Takes keypoints with no coordinates, D = 0."""

    accepts = ("coordinate-axis-empty",)


class AcceptsSwappedAxes(_Refusal):
    """Takes more than three coordinates, as in time by space by keypoints."""

    accepts = ("coordinate-axis-long",)


class AcceptsNoKeypoints(_Refusal):
    """Takes K = 0."""

    accepts = ("no-keypoints",)


class AcceptsOneFrame(_Refusal):
    """Takes fewer than two frames."""

    accepts = ("few-frames",)


class BroadcastsConfidences(_Refusal):
    """Takes confidences of another shape."""

    accepts = ("confidences-shape",)


class AcceptsAnySegments(_Refusal):
    """Takes segment_ids that are not integers."""

    accepts = ("segments-dtype",)


class BroadcastsSegments(_Refusal):
    """Takes segment_ids of another shape."""

    accepts = ("segments-shape",)


class AcceptsAnyEpsilonArray(_Refusal):
    """Takes an epsilon array that does not hold real numbers."""

    accepts = ("epsilon-dtype",)


class BroadcastsEpsilon(_Refusal):
    """Takes a number of epsilons that is not K."""

    accepts = ("epsilon-length",)


class AcceptsEpsilonText(_Refusal):
    """Takes an epsilon that is no number."""

    accepts = ("epsilon-not-a-number",)


class AcceptsInfiniteEpsilon(_Refusal):
    """Takes an epsilon that is NaN or infinite."""

    accepts = ("epsilon-not-finite",)


class AcceptsNegativeEpsilon(_Refusal):
    """Takes a negative epsilon."""

    accepts = ("epsilon-negative",)


class AcceptsThresholdText(_Refusal):
    """Takes a prob_threshold that is no number."""

    accepts = ("threshold-not-a-number",)


class AcceptsAnyReduction(_Refusal):
    """Takes an unknown reduction."""

    accepts = ("unknown-reduction",)


class AcceptsAnyNanPolicy(_Refusal):
    """Takes an unknown nan_policy."""

    accepts = ("unknown-nan-policy",)


class AcceptsAnyQuantile(_Refusal):
    """Takes a quantile outside 0 to 1."""

    accepts = ("quantile-out-of-range",)


class RefusesNothing(_Refusal):
    """Answers every input."""

    accepts = tuple(check.name for check in CHECKS)


class RefusesAllAsValue(_Refusal):
    """Refuses what it should, but names every reason a wrong value."""

    def refuses(self, request: Request) -> ErrorKind | None:
        return None if super().refuses(request) is None else ErrorKind.VALUE


class RefusesAllAsType(_Refusal):
    """Refuses what it should, but names every reason a wrong type."""

    def refuses(self, request: Request) -> ErrorKind | None:
        return None if super().refuses(request) is None else ErrorKind.TYPE
