"""Measures around the loss: the norm per frame, which epsilon to take, and how many entries count."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from temporal_loss import _checks, _stages
from temporal_loss._loss import checked
from temporal_loss._stages import Frames, Parameters, frame_shape

if TYPE_CHECKING:
    from types import ModuleType

    from temporal_loss._libraries import Library
    from temporal_loss._stages import Array

_LIMB = 1 << 15


def temporal_norm(keypoints: Any) -> Any:
    """Length of each keypoint's step into each frame.

    Parameters
    ----------
    keypoints : array, shape (T, 2K) or (..., T, K, D)
        Predicted positions in pixels; real floating point.

    Returns
    -------
    array, shape (..., T, K)
        In pixels; the first frame, into which there is no step, is NaN. float64 for float64
        keypoints, else float32, on the keypoints' device.

    Raises
    ------
    TypeError
        Not an array, or a dtype that is not real floating point.
    ValueError
        Another shape, or fewer than 2 frames.

    Notes
    -----
    Origin: `temporal_norm` of lightning-pose's metrics, without its detour through float32.

    Examples
    --------
    >>> import numpy as np
    >>> temporal_norm(np.asarray([[0.0, 0.0], [3.0, 4.0], [3.0, 4.0]]))
    array([[nan],
           [ 5.],
           [ 0.]])
    """
    library, dtype = _checks.check_keypoints(keypoints)
    with library.working_on(keypoints):
        xp = library.xp
        lengths = library.loss(Frames(keypoints), Parameters(library.result_dtype(dtype)))
        first = xp.full_like(lengths[..., :1, :], math.nan)
        return library.in_chunks_of(keypoints, xp.concat([first, lengths], axis=-2))


def estimate_epsilon(
    keypoints: Any,
    confidences: Any = None,
    *,
    prob_threshold: float = 0.0,
    quantile: float = 0.99,
) -> Any:
    """Suggest an epsilon per keypoint: a quantile of the steps seen in predictions known to be good.

    Parameters
    ----------
    keypoints : array, shape (T, 2K) or (..., T, K, D)
        Predicted positions in pixels; real floating point. All leading axes are pooled.
    confidences : array, shape (..., T, K), optional
        Steps with a confidence below `prob_threshold` in either frame are left out.
    prob_threshold : float
        Rounded to the confidences' dtype before comparing.
    quantile : float
        From 0 to 1; linear between the two nearest observed steps.

    Returns
    -------
    array, shape (K,)
        In pixels; NaN for a keypoint without a step to go by, which does the loss no harm where it
        masks the same steps. Steps that touch a NaN are left out. float64 for float64 keypoints,
        else float32, on the keypoints' device.

    Raises
    ------
    TypeError
        Not an array, arrays of two libraries, or a dtype that is not real floating point.
    ValueError
        Shapes or devices that do not fit together, fewer than 2 frames, or an unusable parameter.

    Examples
    --------
    >>> import numpy as np
    >>> steps = np.arange(101.0)  # the first of them is no step yet
    >>> positions = np.stack([np.cumsum(steps), np.zeros(101)], axis=-1)
    >>> estimate_epsilon(positions, quantile=0.5)
    array([50.5])
    """
    quantile = _checks.check_quantile(quantile)
    _checks.check_number("prob_threshold", prob_threshold)
    library, dtype = _checks.check_keypoints(keypoints)
    threshold = 0.0
    if confidences is not None:
        own_dtype = _checks.check_confidences(library, confidences, keypoints, frame_shape(keypoints))
        threshold = _checks.threshold_for(library, prob_threshold, own_dtype)
    with library.working_on(keypoints):
        fixed = library, library.result_dtype(dtype), quantile
        return library.at_once(_quantile_of_steps, fixed, keypoints, confidences, threshold)


def count_valid(
    keypoints: Any,
    confidences: Any = None,
    *,
    prob_threshold: float = 0.0,
    segment_ids: Any = None,
    nan_policy: str = "propagate",
) -> Any:
    """Count the entries that "valid_mean" divides the sum by: neither masked nor between segments.

    Sums and counts of several processes, batches or recordings can be added up, which means cannot.
    Without confidences and NaN policy it is the count of "mean".

    Parameters
    ----------
    keypoints : array, shape (T, 2K) or (..., T, K, D)
        Predicted positions in pixels; real floating point.
    confidences : array, shape (..., T, K), optional
        As in `temporal_loss`, like all parameters that follow.
    prob_threshold : float
        Rounded to the confidences' dtype before comparing.
    segment_ids : integer array, shape (..., T), optional
        Steps between frames of different ids are no transitions.
    nan_policy : {"propagate", "omit"}
        "omit" leaves out the steps that touch a NaN keypoint.

    Returns
    -------
    array
        Scalar, a whole number, over all leading axes; 0 where nothing counts. float64 for float64
        keypoints, else float32, which is exact up to 2**24; on the keypoints' device.

    Raises
    ------
    TypeError, ValueError
        As `temporal_loss`.

    Examples
    --------
    >>> import numpy as np
    >>> walk = np.asarray([[0.0, 0.0], [3.0, 4.0], [3.0, 4.0], [9.0, 12.0]])
    >>> confidences = np.asarray([[0.9], [0.9], [0.9], [0.1]])
    >>> float(count_valid(walk, confidences, prob_threshold=0.5))
    2.0
    """
    frames = Frames(keypoints, confidences, segment_ids)
    library, parameters = checked(frames, 0.0, prob_threshold, "valid_mean", nan_policy)
    with library.working_on(keypoints):
        if parameters.divisor is not None:
            # Nothing is left out, as in one segment.
            first = _stages.coordinates(keypoints)[0][..., 0]
            one_segment = library.xp.zeros_like(first, dtype=library.xp.int32)
            frames = Frames(keypoints, None, one_segment)
            parameters = Parameters(parameters.dtype, reduction="valid_mean")
        return library.count(frames, parameters)


def _quantile_of_steps(
    fixed: tuple[Library, Any, float], keypoints: Array, confidences: Array | None, threshold: Any
) -> Array:
    """Quantile of each keypoint's steps that are confident and not NaN."""
    library, dtype, quantile = fixed
    xp = library.xp
    lengths = library.loss(Frames(keypoints), Parameters(dtype))
    ignored = xp.isnan(lengths)
    if confidences is not None:
        ignored = ignored | _stages.either_frame(_stages.low_confidence(confidences, threshold))
    columns = (-1, lengths.shape[-1])
    return _quantile(library, xp.reshape(lengths, columns), xp.reshape(ignored, columns), quantile)


def _quantile(library: Library, lengths: Array, ignored: Array, quantile: float) -> Array:
    """Quantile of each column, linear between the two nearest; NaN where all is ignored."""
    xp = library.xp
    # What is left out is sorted to the end, where no index reaches.
    ordered = xp.sort(xp.where(ignored, math.inf, lengths), axis=0)
    count = xp.sum(xp.astype(~ignored, xp.int32), axis=0, dtype=xp.int32)
    last = xp.where(count > 0, count - 1, 0)
    index, fraction = _position(xp, quantile, last, ordered.dtype)
    low = _pick(library, ordered, index)
    high = _pick(library, ordered, xp.where(index < last, index + 1, last))
    # Only where there is something to add: infinities have no difference, and 0 * inf is NaN.
    rising = (fraction > 0.0) & (high > low)
    gap = xp.where(rising, high, 0.0) - xp.where(rising, low, 0.0)
    return xp.where(count > 0, low + fraction * gap, math.nan)


def _position(xp: ModuleType, quantile: float, last: Array, dtype: Any) -> tuple[Array, Array]:
    """Whole and fractional part of `quantile * last`, for `last` below 2**31.

    By long multiplication, 15 bits at a time: float32 has no whole numbers beyond 2**24, and there
    may be no wider type.
    """
    if quantile == 1.0:
        return last, xp.zeros_like(last, dtype=dtype)
    first = int(quantile * _LIMB)
    second = int((quantile * _LIMB - first) * _LIMB)
    rest = quantile - first / _LIMB - second / _LIMB**2
    high, low = last // _LIMB, last % _LIMB
    upper, middle, lower = first * low, second * high, second * low
    below_one = (
        xp.astype(upper % _LIMB + middle % _LIMB, dtype) / _LIMB
        + xp.astype(lower, dtype) / _LIMB**2
        + rest * xp.astype(last, dtype)
    )
    carried = xp.floor(below_one)
    index = first * high + upper // _LIMB + middle // _LIMB + xp.astype(carried, last.dtype)
    return xp.where(index < last, index, last), below_one - carried


def _pick(library: Library, rows: Array, index: Array) -> Array:
    """Row `index[k]` of column k; a sum of one term, since not every backend can gather."""
    xp = library.xp
    numbers = library.indices(rows, index.dtype)
    return xp.sum(xp.where(numbers[:, None] == index[None, :], rows, 0.0), axis=0)
