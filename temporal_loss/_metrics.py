"""Measures around the loss: the per-frame norm of whole videos, and which epsilon to take."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from temporal_loss import _backend, _chunks, _inputs, _parameters, _stages
from temporal_loss._function import step_lengths

if TYPE_CHECKING:
    from temporal_loss._backend import Library


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
    library = _inputs.check_keypoints(keypoints)
    xp = library.xp
    lengths = step_lengths(library, keypoints)
    first = xp.full_like(lengths[..., :1, :], math.nan)
    norms = xp.concat([first, lengths], axis=-2)
    return _chunks.cut_like(norms, keypoints) if library.in_chunks else norms


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
        In pixels; NaN for a keypoint without a step to go by. Steps that touch a NaN are left
        out. float64 for float64 keypoints, else float32, on the keypoints' device.

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
    quantile = _parameters.check_quantile(quantile)
    prob_threshold = _parameters.check_number("prob_threshold", prob_threshold)
    library = _inputs.check_keypoints(keypoints)
    if confidences is not None:
        _inputs.check_confidences(library, confidences, keypoints, _inputs.frame_shape(keypoints))

    xp = library.xp
    lengths = step_lengths(library, keypoints)
    ignored = xp.isnan(lengths)
    if confidences is not None:
        threshold = _parameters.rounded(prob_threshold, _backend.dtype_name(confidences))
        ignored = ignored | _stages.either_frame(_stages.unsure(confidences, threshold))

    keypoint_count = lengths.shape[-1]
    # What is left out is sorted to the end, where no index reaches.
    steps = xp.reshape(xp.where(ignored, math.inf, lengths), (-1, keypoint_count))
    steps = xp.sort(steps, axis=0)
    observed = xp.reshape(xp.logical_not(ignored), (-1, keypoint_count))
    count = xp.sum(xp.astype(observed, xp.int32), axis=0, dtype=xp.int32)
    last = xp.where(count > 0, count - 1, 0)

    position = quantile * xp.astype(last, steps.dtype)
    below = xp.floor(position)
    fraction = position - below
    index = xp.astype(below, last.dtype)
    low = _pick(library, steps, index)
    high = _pick(library, steps, xp.where(index < last, index + 1, last))
    # Only where there is something to add: infinities have no difference, and 0 * inf is NaN.
    rising = (fraction > 0) & (high > low)
    gap = xp.where(rising, high, 0.0) - xp.where(rising, low, 0.0)
    return xp.where(count > 0, low + fraction * gap, math.nan)


def _pick(library: Library, rows: Any, index: Any) -> Any:
    """Row `index[k]` of column k; a sum of one term, since not every backend can gather."""
    xp = library.xp
    numbers = xp.arange(rows.shape[0], dtype=index.dtype, device=library.device_for_new(rows))
    return xp.sum(xp.where(numbers[:, None] == index, rows, 0.0), axis=0)
