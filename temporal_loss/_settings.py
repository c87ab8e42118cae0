"""What a call asks for: checked, and remembered for the next call that asks the same of arrays alike."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from temporal_loss import _backend, _inputs, _parameters

if TYPE_CHECKING:
    from temporal_loss._backend import Library


class Frames(NamedTuple):
    """What is given per frame."""

    keypoints: Any
    confidences: Any = None
    segment_ids: Any = None


class Settings(NamedTuple):
    """Checked parameters, ready to meet the arrays; numbers are arrays beside them where that is quicker."""

    library: Library
    dtype: Any
    widen: bool
    guard: bool
    epsilon: Any = 0.0
    threshold: Any = 0.0
    zero: Any = 0.0
    transitions: Any = 1.0
    omit_nan: bool = False
    in_blocks: bool = False


_passed: dict[tuple[Any, ...], Settings] = {}
_MOST_PASSED = 256


def settings_of_call(
    frames: Frames, epsilon: Any, prob_threshold: Any, reduction: Any, nan_policy: Any
) -> Settings:
    """Check the arguments of a call, unless the same parameters and arrays alike have passed before."""
    key = _key(frames, epsilon, prob_threshold, reduction, nan_policy)
    settings = None if key is None else _passed.get(key)
    if settings is None:
        settings = _checked(frames, epsilon, prob_threshold, reduction, nan_policy)
        if key is not None and _are_keepable(settings):
            if len(_passed) >= _MOST_PASSED:
                _passed.clear()
            _passed[key] = settings
    return settings


def settings_of_steps(keypoints: Any, library: Library) -> Settings:
    """Set up what takes the lengths of steps and no more, of keypoints that are checked."""
    dtype = _backend.result_dtype(library, keypoints)
    return Settings(
        library,
        dtype=dtype,
        widen=_backend.is_half(keypoints),
        guard=library.may_differentiate(keypoints),
    )


def transitions(shape: tuple[int, ...]) -> float:
    """Count the entries of frames of shape (..., T, K), those that are masked included; at least 1."""
    *batch, frames, keypoints = shape
    return float(max(math.prod(batch) * (frames - 1) * keypoints, 1))


def _checked(frames: Frames, epsilon: Any, prob_threshold: Any, reduction: Any, nan_policy: Any) -> Settings:
    _parameters.check_choice("reduction", reduction, _parameters.REDUCTIONS)
    _parameters.check_choice("nan_policy", nan_policy, _parameters.NAN_POLICIES)
    epsilon = _parameters.check_epsilon(epsilon)
    threshold = _parameters.check_number("prob_threshold", prob_threshold)
    keypoints, confidences, segment_ids = frames
    library = _inputs.check_keypoints(keypoints)
    shape = _inputs.frame_shape(keypoints)
    if confidences is not None:
        _inputs.check_confidences(library, confidences, keypoints, shape)
        threshold = _parameters.rounded(threshold, _backend.dtype_name(confidences))
        # With arrays of half precision ml_dtypes warns of NaN.
        if not _backend.is_half(confidences):
            threshold = _parameters.beside(library, keypoints, threshold, confidences.dtype)
    if segment_ids is not None:
        _inputs.check_segment_ids(library, segment_ids, keypoints, shape)
    epsilon = _parameters.epsilon_like(library, epsilon, keypoints, shape[-1])
    dtype = _backend.result_dtype(library, keypoints)
    return Settings(
        library,
        dtype=dtype,
        widen=_backend.is_half(keypoints),
        guard=library.may_differentiate(keypoints, epsilon),
        epsilon=epsilon,
        threshold=threshold,
        zero=_parameters.beside(library, keypoints, 0.0, dtype),
        transitions=_parameters.beside(library, keypoints, transitions(shape), dtype, ndim=0),
        omit_nan=nan_policy == "omit",
    )


def _key(
    frames: Frames, epsilon: Any, prob_threshold: Any, reduction: Any, nan_policy: Any
) -> tuple[Any, ...] | None:
    """All that the outcome of the checks depends on; None if that is more than can be told at once."""
    if type(epsilon) in {list, tuple}:
        numbers = epsilon = tuple(epsilon)
    else:
        numbers = (epsilon,)
    plain = _parameters.are_plain_numbers((*numbers, prob_threshold))
    if not plain or type(reduction) is not str or type(nan_policy) is not str or _backend.is_compiling():
        return None
    keypoints = frames.keypoints
    kind = type(keypoints)
    library = _backend.library_of(keypoints)
    if library is None:
        return None
    key = [epsilon, prob_threshold, reduction, nan_policy, kind, library.may_differentiate(keypoints)]
    for array in frames:
        if array is None:
            key.append(None)
            continue
        alike = library.alike(array) if type(array) is kind else None
        if alike is None:
            return None
        key += array.shape, array.dtype, alike
    return tuple(key)


def _are_keepable(settings: Settings) -> bool:
    # Arrays that were made within a trace are part of it, though the keypoints may be none.
    numbers = (settings.epsilon, settings.threshold, settings.zero, settings.transitions)
    return all(isinstance(each, float) or settings.library.is_keepable(each) for each in numbers)
