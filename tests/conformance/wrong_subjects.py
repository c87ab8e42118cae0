"""Wrong implementations for the command line's tests; each does one thing wrong."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from temporal_loss import temporal_loss as right

if TYPE_CHECKING:
    from collections.abc import Callable


def _after(change: Callable[[Any], Any]) -> Callable[..., Any]:
    """Compute what is right, and change it."""
    return lambda keypoints, confidences=None, **options: change(right(keypoints, confidences, **options))


def _instead(do: Callable[[], object]) -> Callable[..., Any]:
    """Compute nothing."""
    return lambda keypoints, confidences=None, **options: do()  # noqa: ARG005


def _raise(error: BaseException) -> None:
    raise error


wrong_dtype = _after(lambda loss: loss.astype(np.float64 if loss.dtype == np.float32 else np.float32))
one_for_scalar = _after(lambda loss: np.reshape(loss, (1,)))
zeros = _after(lambda loss: loss * 0)
converts = _after(float)
refuses_everything = _instead(lambda: _raise(ValueError()))
crashes = _instead(lambda: _raise(RuntimeError("broken")))
leaves = _instead(lambda: os._exit(0))
exits = _instead(lambda: sys.exit(0))
first: list[Any] = []
# Gives the first answer for ever.
remembers = _after(lambda loss: first[0] if first else first.append(loss) or loss)
calls: list[Any] = []
# Right at every other call only.
alternates = _after(lambda loss: calls.append(1) or loss * (len(calls) % 2))


def mutates(keypoints: Any, confidences: Any = None, **options: Any) -> Any:
    loss = right(keypoints, confidences, **options)
    keypoints += 1
    return loss


def two_mistakes(keypoints: Any, confidences: Any = None, **options: Any) -> Any:
    """Off by far where there are no confidences; else masks by the later frame alone."""
    if confidences is None:
        return right(keypoints, **options) + 1000
    threshold, reduction = options.pop("prob_threshold", 0.0), options.pop("reduction", "mean")
    entries = right(keypoints, reduction="none", **options)
    low = confidences[..., 1:, :] < confidences.dtype.type(threshold)
    entries = np.where(low, entries.dtype.type(0), entries)
    return {"mean": np.mean, "sum": np.sum}.get(reduction, np.asarray)(entries)


def accepts_everything(keypoints: Any, confidences: Any = None, **options: Any) -> Any:
    try:
        return right(keypoints, confidences, **options)
    except (TypeError, ValueError):
        return np.float32(0)


def prints(keypoints: Any, confidences: Any = None, **options: Any) -> Any:
    print("noise from the subject")  # noqa: T201
    print("more noise", file=sys.stderr)  # noqa: T201
    return right(keypoints, confidences, **options)


def no_segments(
    keypoints: Any,
    confidences: Any = None,
    *,
    epsilon: Any = 0.0,
    prob_threshold: float = 0.0,
    reduction: str = "mean",
) -> Any:
    return right(keypoints, confidences, epsilon=epsilon, prob_threshold=prob_threshold, reduction=reduction)


def counts_in_short(keypoints: Any, confidences: Any = None, **options: Any) -> Any:
    """Counts in 16 bits what the mean is taken of."""
    loss = right(keypoints, confidences, **options)
    entries = keypoints.size // 2 - keypoints.shape[-1] // 2
    short = options.get("reduction", "mean") == "mean" and entries > 2**15
    return loss * loss.dtype.type(entries / (entries % 2**15 or 1)) if short else loss


def half_with_segments_and_omit(keypoints: Any, confidences: Any = None, **options: Any) -> Any:
    loss = right(keypoints, confidences, **options)
    wrong = keypoints.dtype == np.float16 and "segment_ids" in options and options.get("nan_policy") == "omit"
    return loss * np.float32(1.01) if wrong else loss
