"""Libraries that compile (JAX): the pipeline as one function, rather than one operation after the other."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from temporal_loss import _inputs, _pipeline
from temporal_loss._settings import transitions

if TYPE_CHECKING:
    from temporal_loss._settings import Frames, Settings


def entries(frames: Frames, settings: Settings) -> Any:
    """Entries (..., T-1, K)."""
    return _run(frames, settings, "none")


def reduce(frames: Frames, settings: Settings, reduction: str) -> Any:
    """Run all stages; `reduction` is not "none"."""
    return _run(frames, settings, reduction)


def _run(frames: Frames, settings: Settings, reduction: str) -> Any:
    # Numbers are handed over as arrays are, or each new value would be compiled anew; all but "no epsilon".
    numbers = {}
    if frames.confidences is not None:
        numbers["threshold"] = settings.threshold
    if not isinstance(settings.epsilon, float) or settings.epsilon:
        numbers["epsilon"] = settings.epsilon
    fixed = settings._replace(epsilon=0.0, threshold=0.0, zero=0.0, transitions=1.0)
    return _compiled(fixed, reduction)(frames, numbers)


@cache
def _compiled(fixed: Settings, reduction: str) -> Any:
    def temporal_loss(frames: Frames, numbers: dict[str, Any]) -> Any:
        settings = fixed._replace(**numbers, transitions=transitions(_inputs.frame_shape(frames.keypoints)))
        if reduction == "none":
            return _pipeline.entries(frames, settings)
        return _pipeline.reduce(frames, settings, reduction)

    return fixed.library.compile(temporal_loss)
