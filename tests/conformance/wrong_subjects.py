"""Wrong implementations for the command line's tests; each does one thing wrong."""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

import numpy as np

from temporal_loss import temporal_loss as right


def wrong_dtype(keypoints: Any, confidences: Any = None, **options: Any) -> Any:
    loss = right(keypoints, confidences, **options)
    return loss.astype(np.float64 if loss.dtype == np.float32 else np.float32)


def mutates(keypoints: Any, confidences: Any = None, **options: Any) -> Any:
    loss = right(keypoints, confidences, **options)
    keypoints += 1
    return loss


def one_for_scalar(keypoints: Any, confidences: Any = None, **options: Any) -> Any:
    return np.reshape(right(keypoints, confidences, **options), (1,))


def all_nan(keypoints: Any, confidences: Any = None, **options: Any) -> Any:
    return right(keypoints, confidences, **options) * np.float32("nan")


def zeros(keypoints: Any, confidences: Any = None, **options: Any) -> Any:
    return right(keypoints, confidences, **options) * 0


def off_by_one_ulp(keypoints: Any, confidences: Any = None, **options: Any) -> Any:
    loss = right(keypoints, confidences, **options)
    return np.nextafter(loss, np.asarray(np.inf, loss.dtype))


def refuses_everything(keypoints: Any, confidences: Any = None, **options: Any) -> NoReturn:
    del keypoints, confidences, options
    raise ValueError


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


def crashes(keypoints: Any, confidences: Any = None, **options: Any) -> NoReturn:
    del keypoints, confidences, options
    message = "broken"
    raise RuntimeError(message)


def leaves(keypoints: Any, confidences: Any = None, **options: Any) -> NoReturn:
    del keypoints, confidences, options
    os._exit(0)


def exits(keypoints: Any, confidences: Any = None, **options: Any) -> NoReturn:
    del keypoints, confidences, options
    sys.exit(0)


def prints(keypoints: Any, confidences: Any = None, **options: Any) -> Any:
    print("noise from the subject")  # noqa: T201
    print("more noise", file=sys.stderr)  # noqa: T201
    return right(keypoints, confidences, **options)


def converts(keypoints: Any, confidences: Any = None, **options: Any) -> Any:
    return float(right(keypoints, confidences, **options))


class Remembers:
    """Gives the first answer for ever."""

    def __init__(self) -> None:
        self.first: Any = None

    def __call__(self, keypoints: Any, confidences: Any = None, **options: Any) -> Any:
        loss = right(keypoints, confidences, **options)
        if self.first is None:
            self.first = loss
        return self.first


remembers = Remembers()


class Alternates:
    """Right at every other call only."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, keypoints: Any, confidences: Any = None, **options: Any) -> Any:
        self.calls += 1
        return right(keypoints, confidences, **options) * (self.calls % 2)


alternates = Alternates()


def no_segments(
    keypoints: Any,
    confidences: Any = None,
    *,
    epsilon: Any = 0.0,
    prob_threshold: float = 0.0,
    reduction: str = "mean",
) -> Any:
    return right(keypoints, confidences, epsilon=epsilon, prob_threshold=prob_threshold, reduction=reduction)


not_callable = 3
