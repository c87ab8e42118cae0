"""The loss as one function: check, dispatch to the library of the arrays, which runs the stages."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from temporal_loss import _checks
from temporal_loss._stages import Frames, Parameters, frame_shape, frame_shape_of, known_divisor

if TYPE_CHECKING:
    from collections.abc import Callable

    from temporal_loss._libraries import Library


def temporal_loss(  # noqa: PLR0913 - each is a parameter of the loss
    keypoints: Any,
    confidences: Any = None,
    *,
    epsilon: Any = 0.0,
    prob_threshold: float = 0.0,
    reduction: str = "mean",
    segment_ids: Any = None,
    nan_policy: str = "propagate",
) -> Any:
    """Penalise frame-to-frame motion of predicted keypoints.

    Per keypoint, the Euclidean length of each step between consecutive frames, less `epsilon`,
    at least 0; then reduced. Differentiable, with gradient exactly 0 at rest and where masked.

    Parameters
    ----------
    keypoints : array, shape (T, 2K) or (..., T, K, D)
        Predicted positions in pixels; real floating point. Two dimensions mean columns
        x0, y0, x1, y1, ...; leading axes are a batch of sequences.
    confidences : array, shape (..., T, K), optional
        A step is masked, its entry 0, where the confidence of either frame is below
        `prob_threshold`. NaN counts as confident.
    epsilon : float, sequence of K floats, or array of shape () or (K,)
        Motion in pixels that goes unpenalised.
    prob_threshold : float
        Rounded to the confidences' dtype before comparing.
    reduction : {"mean", "valid_mean", "sum", "none"}
        "mean" counts masked steps too, as the origin does; "valid_mean" does not. A mean over
        nothing is 0.
    segment_ids : integer array, shape (..., T), optional
        A step between frames of different ids is no transition: 0, and never counted.
    nan_policy : {"propagate", "omit"}
        "omit" masks the steps that touch a NaN keypoint.

    Returns
    -------
    array
        Scalar, or shape (..., T-1, K) for "none"; float64 for float64 keypoints, else float32,
        on the keypoints' device.

    Raises
    ------
    TypeError
        Not an array, arrays of two libraries, or a dtype that is not real floating point.
    ValueError
        Shapes or devices that do not fit together, fewer than 2 frames, or an unusable parameter.

    Notes
    -----
    Origin: `TemporalLoss` of lightning-pose. No input is modified, copied to the host or waited for.

    Examples
    --------
    One keypoint moves by (3, 4), then rests.

    >>> import numpy as np
    >>> walk = np.asarray([[0.0, 0.0], [3.0, 4.0], [3.0, 4.0]])
    >>> float(temporal_loss(walk))
    2.5
    >>> temporal_loss(walk, epsilon=1.0, reduction="none")
    array([[4.],
           [0.]])
    """
    frames = Frames(keypoints, confidences, segment_ids)
    library, parameters = checked(frames, epsilon, prob_threshold, reduction, nan_policy)
    return library.run(library.loss, frames, parameters)


def checked(
    frames: Frames, epsilon: Any, prob_threshold: Any, reduction: Any, nan_policy: Any
) -> tuple[Library, Parameters]:
    """Check the arguments of a call; return the arrays' library, and the numbers rounded for them."""
    keypoints, confidences, segment_ids = frames
    library = _checks.library_for("keypoints", keypoints)
    confidences_like = segment_ids_like = None
    if confidences is not None:
        _checks.check_beside(library, "confidences", confidences, keypoints)
        confidences_like = confidences.dtype, confidences.shape
    if segment_ids is not None:
        _checks.check_beside(library, "segment_ids", segment_ids, keypoints)
        segment_ids_like = segment_ids.dtype, segment_ids.shape
    likes = (keypoints.dtype, keypoints.shape), confidences_like, segment_ids_like
    settle: Callable[..., Parameters] = _settled
    plain = None
    # torch.compile looks through what is kept, and says so.
    if not library.is_compiling():
        if type(epsilon) is list:
            epsilon = tuple(epsilon)
        # Not all that is in a list can be a key, nor can an array.
        settle, plain = _settle, epsilon if _checks.are_plain_numbers(epsilon) else None
    parameters = settle(library, *likes, plain, prob_threshold, reduction, nan_policy)
    if plain is None:
        name = library.dtype_name(keypoints.dtype)
        epsilon = _checks.epsilon_for(epsilon, library, name, frame_shape(keypoints)[-1])
        # torch.compile of torch 2.8 reads neither a slice of a named tuple nor its `_replace`.
        dtype, _, threshold, *rest = parameters
        parameters = Parameters(dtype, epsilon, threshold, *rest)
    return library, parameters


def _settle(*facts: Any) -> Parameters:
    """Check and round what can be told without the arrays; in a tenth of the time if that was done before."""
    try:
        return _kept(*facts)
    except TypeError:
        # Refused, which is told below, or no key for what is kept, as a symbol for a length.
        pass
    return _settled(*facts)


def _settled(  # noqa: PLR0913, PLR0917 - each is a part of the key under which the answer is kept
    library: Library,
    keypoints: tuple[Any, Any],
    confidences: tuple[Any, Any] | None,
    segment_ids: tuple[Any, Any] | None,
    epsilon: Any,
    prob_threshold: Any,
    reduction: Any,
    nan_policy: Any,
) -> Parameters:
    """Check words, numbers, and the arrays' dtypes and shapes; round the numbers. None is another epsilon."""
    _checks.check_choice("reduction", reduction, _checks.REDUCTIONS)
    _checks.check_choice("nan_policy", nan_policy, _checks.NAN_POLICIES)
    _checks.check_number("prob_threshold", prob_threshold)
    dtype = _checks.floating_name(library, "keypoints", keypoints[0])
    shape = tuple(keypoints[1])
    _checks.check_keypoints_shape("keypoints", shape)
    shape = frame_shape_of(shape)
    threshold, own_dtype = 0.0, None
    if confidences is not None:
        own_dtype = _checks.check_confidences_like(library, confidences[0], tuple(confidences[1]), shape)
        threshold = _checks.threshold_for(library, prob_threshold, own_dtype)
    if segment_ids is not None:
        _checks.check_segment_ids_like(library, segment_ids[0], tuple(segment_ids[1]), shape)
    if epsilon is not None:
        epsilon = _checks.epsilon_for(epsilon, library, dtype, shape[-1])
    omit_nan = nan_policy == "omit"
    masks = omit_nan or confidences is not None
    divisor = known_divisor(shape, reduction, masks=masks, segments=segment_ids is not None)
    parameters = Parameters(library.result_dtype(dtype), epsilon, threshold, reduction, omit_nan, divisor)
    return library.packed(parameters, own_dtype)


# The types of numbers count too: True equals 1, and is refused.
_kept = lru_cache(maxsize=256, typed=True)(_settled)


def temporal_loss_and_grad(  # noqa: PLR0913 - each is a parameter of the loss
    keypoints: Any,
    confidences: Any = None,
    *,
    epsilon: Any = 0.0,
    prob_threshold: float = 0.0,
    reduction: str = "mean",
    segment_ids: Any = None,
    nan_policy: str = "propagate",
) -> tuple[Any, Any]:
    """Compute the temporal loss and its gradient, on libraries that differentiate and on those that do not.

    The gradient is the derivative of the loss by the keypoints, in arithmetic of its own. Where the
    library differentiates, both results can be differentiated further.

    Parameters
    ----------
    keypoints : array, shape (T, 2K) or (..., T, K, D)
        Predicted positions in pixels; real floating point.
    confidences : array, shape (..., T, K), optional
        As in `temporal_loss`, like all parameters that follow.
    epsilon : float, sequence of K floats, or array of shape () or (K,)
        Motion in pixels that goes unpenalised.
    prob_threshold : float
        Rounded to the confidences' dtype before comparing.
    reduction : {"mean", "valid_mean", "sum"}
        "none" has no gradient and is refused.
    segment_ids : integer array, shape (..., T), optional
        Steps between frames of different ids are no transitions.
    nan_policy : {"propagate", "omit"}
        "omit" masks the steps that touch a NaN keypoint.

    Returns
    -------
    loss : array
        Scalar; float64 for float64 keypoints, else float32, on the keypoints' device.
    gradient : array
        Of the shape, dtype and device of the keypoints. Exactly 0 for what is masked, at rest, at
        or below epsilon, or between segments; NaN in both frames of a step of NaN length.

    Raises
    ------
    TypeError, ValueError
        As `temporal_loss`, and for the reduction "none".

    Examples
    --------
    One keypoint moves by (3, 4), then rests.

    >>> import numpy as np
    >>> loss, gradient = temporal_loss_and_grad(np.asarray([[0.0, 0.0], [3.0, 4.0], [3.0, 4.0]]))
    >>> gradient
    array([[-0.3, -0.4],
           [ 0.3,  0.4],
           [ 0. ,  0. ]])
    """
    _checks.check_choice("reduction", reduction, _checks.SCALAR_REDUCTIONS)
    frames = Frames(keypoints, confidences, segment_ids)
    library, parameters = checked(frames, epsilon, prob_threshold, reduction, nan_policy)
    loss, gradient = library.run(library.loss_and_gradient, frames, parameters)
    return loss, gradient
