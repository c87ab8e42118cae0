"""The temporal loss in NumPy with a gradient by hand: stands for whatever framework is to be wrapped."""

import math
from contextlib import suppress

import numpy as np

with suppress(ImportError):
    import ml_dtypes  # noqa: F401 - with it NumPy knows bfloat16

REAL = ("float16", "bfloat16", "float32", "float64")


class ShapeError(ValueError):
    """A wrong shape: ValueError alone may also mean a wrong value, and the protocol asks which."""

    kind = "shape"


def loss(keypoints, confidences=None, **options):
    """Return the loss."""
    return _reduced(*_solve(keypoints, confidences, **options))


def stages(keypoints, confidences=None, **options):
    """Return lengths, masked lengths, and those above epsilon."""
    return _solve(keypoints, confidences, **options)[:3]


def loss_and_gradient(keypoints, confidences=None, **options):
    """Return the loss and its derivative by the keypoints."""
    solved = _solve(keypoints, confidences, **options)
    length, _, rectified, _, reduction, count, step = solved
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = step / length[..., None]
    # A step that is infinite or NaN has no direction; what is 0 after epsilon pulls nowhere.
    unit = np.where(np.isfinite(length)[..., None], unit, np.nan)
    unit = np.where((rectified == 0)[..., None], 0, unit)
    gradient = np.zeros((*step.shape[:-3], step.shape[-3] + 1, *step.shape[-2:]), step.dtype)
    gradient[..., 1:, :, :] += unit
    gradient[..., :-1, :, :] -= unit
    gradient /= 1 if reduction == "sum" else max(count, 1)
    return _reduced(*solved), gradient.reshape(keypoints.shape).astype(keypoints.dtype)


def temporal_norm(keypoints):
    """Return the length of the step into each frame."""
    length = _solve(keypoints)[0]
    first = np.full_like(length[..., :1, :], np.nan)
    return np.concatenate([first, length], axis=-2)


def estimate_epsilon(keypoints, confidences=None, *, prob_threshold=0.0, quantile=0.99):
    """Return a quantile of each keypoint's steps."""
    if not _is_number(quantile) or not 0 <= quantile <= 1:
        raise ValueError(f"quantile is {quantile!r}; expected a number from 0 to 1")
    length, _, _, hidden, *_ = _solve(keypoints, confidences, prob_threshold=prob_threshold)
    kept = np.where(hidden, np.nan, length).reshape(-1, length.shape[-1])
    return np.array([_quantile(steps[~np.isnan(steps)], quantile) for steps in kept.T], length.dtype)


def _quantile(steps, quantile):
    if steps.size == 0:
        return math.nan
    steps, place = np.sort(steps).astype(np.float64), quantile * (steps.size - 1)
    low = math.floor(place)
    return steps[low] if place == low else steps[low] + (steps[low + 1] - steps[low]) * (place - low)


def _reduced(length, _masked, rectified, _hidden, reduction, count, _step):
    if reduction == "none":
        return rectified
    total = rectified.sum(dtype=length.dtype)
    return total if reduction == "sum" else total / length.dtype.type(max(count, 1))


def _solve(
    keypoints,
    confidences=None,
    *,
    epsilon=0.0,
    prob_threshold=0.0,
    reduction="mean",
    segment_ids=None,
    nan_policy="propagate",
):
    points = _points(keypoints)
    *lead, frames, count, _ = points.shape
    epsilon = _epsilon(epsilon, count, points.dtype)
    known = reduction in ("mean", "valid_mean", "sum", "none") and nan_policy in ("propagate", "omit")
    if not known or not _is_number(prob_threshold):
        raise ValueError(f"got {reduction=}, {nan_policy=}, {prob_threshold=}")
    hidden = np.zeros((*lead, frames - 1, count), bool)
    if confidences is not None:
        _check("confidences", confidences, (*lead, frames, count), REAL)
        hidden |= _either(confidences < _rounded(prob_threshold, confidences.dtype))
    if nan_policy == "omit":
        hidden |= _either(np.isnan(points).any(-1))
    joins = np.zeros_like(hidden)
    if segment_ids is not None:
        _check("segment_ids", segment_ids, (*lead, frames), ("int64",))
        joins |= (segment_ids[..., 1:] != segment_ids[..., :-1])[..., None]
    with np.errstate(invalid="ignore"):
        step = points[..., 1:, :, :] - points[..., :-1, :, :]
        length = np.sqrt((step * step).sum(-1))
        masked = np.where(joins | hidden, 0, length)
        rest = masked - epsilon
    # Written so that NaN stays NaN.
    rectified = np.where(rest <= 0, 0, rest)
    counted = ~joins & ~hidden if reduction == "valid_mean" else ~joins
    return length, masked, rectified, hidden, reduction, int(counted.sum()), step


def _rounded(value, dtype):
    if dtype.itemsize > 2:
        return np.asarray(value, dtype)
    # A half may be rounded by way of float32, where an odd last digit remembers that something was cut.
    value, near = np.float64(value), np.float32(value)
    if near != value:
        beyond = np.nextafter(near, np.float32(np.inf if value > near else -np.inf))
        near = max(near, beyond, key=lambda number: number.view(np.uint32) & 1)
    return near.astype(dtype)


def _either(low):
    return low[..., 1:, :] | low[..., :-1, :]


def _points(keypoints):
    shape = keypoints.shape
    if keypoints.dtype.name not in REAL:
        raise TypeError(f"keypoints have dtype {keypoints.dtype}; expected one of {REAL}")
    if len(shape) == 2 and shape[1] % 2 == 0:
        shape = (shape[0], shape[1] // 2, 2)
    if len(shape) < 3 or shape[-3] < 2 or 0 in shape[-2:] or shape[-1] > 3:
        raise ShapeError(
            f"keypoints have shape {keypoints.shape}; expected (T, 2K) or (..., T, K, D), D 1 to 3"
        )
    # Halves are widened before anything is subtracted.
    return keypoints.reshape(shape).astype(np.result_type(keypoints.dtype, np.float32))


def _check(name, array, shape, dtypes):
    if array.dtype.name not in dtypes:
        raise TypeError(f"{name} has dtype {array.dtype}; expected one of {dtypes}")
    if array.shape != shape:
        raise ShapeError(f"{name} has shape {array.shape}; expected {shape}")


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def _epsilon(epsilon, count, dtype):
    if isinstance(epsilon, np.ndarray):
        if epsilon.dtype.name not in (*REAL, "int64"):
            raise TypeError(f"epsilon has dtype {epsilon.dtype}; expected real numbers")
    else:
        values = epsilon if isinstance(epsilon, list) else [epsilon]
        if not all(_is_number(v) and 0 <= v < math.inf for v in values):
            raise ValueError(f"epsilon is {epsilon!r}; expected finite numbers from 0 on")
        epsilon = np.asarray(epsilon, np.float64)
    if epsilon.shape not in ((), (count,)):
        raise ShapeError(f"epsilon has shape {epsilon.shape}; expected () or ({count},)")
    return epsilon.astype(dtype)
