"""What is normal for each keypoint of a recording, and its worst frames."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from temporal_loss import estimate_epsilon, temporal_loss, temporal_norm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from temporal_loss.recordings.recording import Recording


class Step(NamedTuple):
    """One step: into `frame`, counted from 0, in pixels, and by how many it exceeds epsilon."""

    frame: int
    keypoint: str
    pixels: float
    excess: float


class Examination:
    """The steps of a recording, a column per keypoint (of each individual or sequence).

    Attributes
    ----------
    recording : Recording
    names : tuple of K str
    steps : array (T, K)
        Length of the step into each frame in pixels, as `temporal_norm` gives it.
    masked : array of bool (T-1, K)
        Steps that are left out: low confidence in either frame; for "omit", a NaN in either position.
    missing : array of bool (T-1, K)
        Steps that touch a NaN, masked or not.
    median, suggested, epsilon : array (K,)
        The median step that is not masked; the 99 % step, which `estimate_epsilon` suggests; what was taken.
    excess : array (T-1, K)
        Entries of the loss: by how much a step exceeds epsilon; 0 where it is masked.
    loss : float
        Their mean.
    worst : list of Step
        The largest entries, the largest first.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        epsilon: float | str | Sequence[float] = "auto",
        prob_threshold: float = 0.0,
        nan_policy: str = "propagate",
        top: int = 20,
    ) -> None:
        self.recording = recording
        points, confidences = _columns(recording.keypoints, 3), recording.confidences
        lead = recording.keypoints.shape[:-3]
        sequences = [f"sequence {i}/" for i in range(math.prod(lead))] if lead else [""]
        self.names = tuple(sequence + name for sequence in sequences for name in recording.names)
        usable = np.ones(points.shape[:2], dtype=bool)
        if confidences is not None:
            confidences = _columns(confidences, 2)
            usable &= ~(confidences < confidences.dtype.type(prob_threshold))
        self.steps = temporal_norm(points)
        known = {"prob_threshold": prob_threshold}
        self.median = estimate_epsilon(points, confidences, quantile=0.5, **known)
        self.suggested = estimate_epsilon(points, confidences, **known)
        # A keypoint without a step to go by has none that epsilon could be subtracted from.
        given = np.nan_to_num(self.suggested) if isinstance(epsilon, str) and epsilon == "auto" else epsilon
        if lead and np.shape(given) == (len(recording.names),):
            given = np.tile(given, len(sequences)).tolist()  # of a list the values are checked
        loss: dict[str, Any] = {**known, "epsilon": given, "nan_policy": nan_policy}
        self.loss = float(temporal_loss(points, confidences, **loss))
        self.excess = temporal_loss(points, confidences, reduction="none", **loss)
        self.epsilon = np.broadcast_to(np.asarray(given, dtype=np.float64), (len(self.names),))
        there = ~np.isnan(points).any(axis=-1)
        if nan_policy == "omit":
            usable &= there
        self.masked = ~(usable[1:] & usable[:-1])
        self.missing = ~(there[1:] & there[:-1])
        self.worst = self._worst(top)

    def _worst(self, top: int) -> list[Step]:
        excess = np.nan_to_num(self.excess, nan=0.0, posinf=np.inf)
        order = np.argsort(-excess, axis=None, kind="stable")[:top]
        places = [divmod(place, len(self.names)) for place in order.tolist()]
        return [
            Step(t + 1, self.names[k], float(self.steps[t + 1, k]), float(excess[t, k]))
            for t, k in places
            if excess[t, k] > 0
        ]

    def scores(self) -> str:
        """Give the steps as CSV: a row per frame, as lightning-pose's temporal_norm file has them."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["", *self.names])
        for frame, row in enumerate(self.steps.tolist()):
            writer.writerow([frame, *("" if step != step else step for step in row)])  # noqa: PLR0124 - NaN
        return text.getvalue()


def _columns(values: Any, axes: int) -> Any:
    """Make (T, columns[, D]) of sequences of keypoints; the last `axes` are of one sequence."""
    by_time = np.moveaxis(values.reshape(-1, *values.shape[-axes:]), 0, 1)
    return by_time.reshape(by_time.shape[0], -1, *by_time.shape[3:])
