"""`TemporalLoss`, with the surface of lightning-pose's class of that name."""

from __future__ import annotations

import math
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from temporal_loss import _checks, _stages
from temporal_loss._libraries import library_of
from temporal_loss._loss import checked, temporal_loss
from temporal_loss._stages import Frames, Parameters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from temporal_loss._libraries import Library

_STAGES = ("compute_loss", "remove_nans", "rectify_epsilon", "reduce_loss")
_PARAMETERS = ("data_module", "epsilon", "prob_threshold", "log_weight", "reduction", "nan_policy")
_ARGUMENTS = ("keypoints_pred", "confidences", "stage", "segment_ids")
_LONG_ENOUGH = 5


class TemporalLoss:
    """Penalise temporal differences for each keypoint.

    Motion model: x_t = x_(t-1) + e_t, e_t ~ N(0, s). A drop-in for lightning-pose's class, for
    the arrays of any supported library; parameters follow the arrays' dtype and device.

    Parameters
    ----------
    data_module : object, optional
        Kept as an attribute; the loss does not use it.
    epsilon : float, sequence of K floats, or array of shape () or (K,)
        Motion in pixels that goes unpenalised.
    prob_threshold : float
        Steps with a confidence below it in either frame are masked.
    log_weight : float or array
        `weight` is 1 / (2 exp(log_weight)); an array may be one that is being trained.
    reduction : {"mean", "valid_mean", "sum", "none"}
        As in `temporal_loss.temporal_loss`.
    nan_policy : {"propagate", "omit"}
        "omit" masks the steps that touch a NaN keypoint.
    **kwargs
        Accepted and ignored, as at the origin; one that is nearly the name of a parameter warns.

    Raises
    ------
    ValueError
        A parameter that is no number (or sequence of numbers, or array), an epsilon, alone or in
        a sequence, that is negative or not finite, or an unknown reduction or NaN policy. The
        values of arrays are not looked at.

    Examples
    --------
    >>> import numpy as np
    >>> loss, logs = TemporalLoss(epsilon=1.0)(np.asarray([[0.0, 0.0], [3.0, 4.0]]), stage="train")
    >>> float(loss)
    4.0
    >>> [entry["name"] for entry in logs]
    ['train_temporal_loss', 'temporal_weight']
    """

    loss_name = "temporal"

    def __init__(  # noqa: PLR0913 - each is a parameter of the loss
        self,
        data_module: Any = None,
        epsilon: Any = 0.0,
        prob_threshold: float = 0.0,
        log_weight: Any = 0.0,
        *,
        reduction: str = "mean",
        nan_policy: str = "propagate",
        **kwargs: Any,
    ) -> None:
        _checks.check_epsilon(epsilon)
        _checks.check_number("prob_threshold", prob_threshold)
        _checks.check_choice("reduction", reduction, _checks.REDUCTIONS)
        _checks.check_choice("nan_policy", nan_policy, _checks.NAN_POLICIES)
        if _checks.is_number(log_weight) or library_of(log_weight) is None:
            _checks.check_number("log_weight", log_weight)
        if kwargs:
            _warn_of_near_names(kwargs, _PARAMETERS)
        self.data_module = data_module
        self.epsilon = epsilon
        self.prob_threshold = prob_threshold
        self.log_weight = log_weight
        self.reduction = reduction
        self.nan_policy = nan_policy

    def __repr__(self) -> str:
        """Show the parameters."""
        names = ("epsilon", "prob_threshold", "log_weight", "reduction", "nan_policy")
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    @property
    def weight(self) -> Any:
        """Weight of this loss in an objective, 1 / (2 exp(log_weight)).

        A float for a number, an array of the same library for an array.
        """
        library = None if _checks.is_number(self.log_weight) else library_of(self.log_weight)
        if library is not None:
            with library.working_on(self.log_weight):
                return _stages.weight(library.xp, self.log_weight)
        try:
            return 1.0 / (2.0 * math.exp(self.log_weight))
        except OverflowError:
            return 0.0
        except ZeroDivisionError:
            return math.inf

    def __call__(
        self,
        keypoints_pred: Any,
        confidences: Any = None,
        stage: str | None = None,
        *,
        segment_ids: Any = None,
        **kwargs: Any,
    ) -> tuple[Any, list[dict[str, Any]]]:
        """Compute the temporal loss, unweighted, and what to log of it.

        Parameters
        ----------
        keypoints_pred : array, shape (T, 2K) or (..., T, K, D)
            Predicted positions in pixels; real floating point.
        confidences : array, shape (..., T, K), optional
            Of the same library and device.
        stage : str, optional
            Prefix of the logged name: "train", "val" or "test".
        segment_ids : integer array, shape (..., T), optional
            Steps between frames of different ids are no transitions.
        **kwargs
            Accepted and ignored, as at the origin, whose factory passes every model output; one that
            is nearly the name of an argument warns.

        Returns
        -------
        loss : array
            Scalar, or entries (..., T-1, K) for the reduction "none"; float64 for float64
            keypoints, else float32.
        logs : list of dict
            The loss and its weight, each with "name" and "value".

        Raises
        ------
        TypeError, ValueError
            As `temporal_loss.temporal_loss`.
        """
        if kwargs:
            _warn_of_near_names(kwargs, _ARGUMENTS, keypoints_pred)
        if self._overrides(*_STAGES):
            loss = self._run_stages(Frames(keypoints_pred, confidences, segment_ids))
        else:
            loss = temporal_loss(
                keypoints_pred,
                confidences,
                epsilon=self.epsilon,
                prob_threshold=self.prob_threshold,
                reduction=self.reduction,
                segment_ids=segment_ids,
                nan_policy=self.nan_policy,
            )
        return loss, self.log_loss(loss=loss, stage=stage)

    def _overrides(self, *stages: str) -> bool:
        own, kind = self.__dict__, type(self)
        for stage in stages:
            if stage in own or (
                kind is not TemporalLoss and getattr(kind, stage) is not getattr(TemporalLoss, stage)
            ):
                return True
        return False

    def _run_stages(self, frames: Frames) -> Any:
        """Run the stages by keyword, as the origin does, so that what is overridden takes effect."""
        words = self.epsilon, self.prob_threshold, self.reduction, self.nan_policy
        library, parameters = checked(frames, *words)
        keypoints, confidences, _ = frames
        xp = library.xp
        with library.working_on(keypoints):
            hidden = _stages.hidden_frames(xp, keypoints, frames, parameters)
            masked, crossing = _stages.masked_steps(hidden, frames.segment_ids)
            if masked is None or not library.may_differentiate(keypoints):
                entries = self.compute_loss(predictions=keypoints)
            else:
                entries = self._harmless_lengths(library, keypoints, masked, crossing)
            if confidences is not None:
                entries = self.remove_nans(loss=entries, confidences=confidences)
            absent = _stages.has_nan(xp, keypoints) if parameters.omit_nan else None
            others, _ = _stages.masked_steps(absent, frames.segment_ids)
            if others is not None:
                entries = _stages.mask(xp, entries, others)
            entries = self.rectify_epsilon(loss=entries)
            # Once more, since an array of epsilons may hold what is not finite; what confidence masks is
            # for who overrides that to say.
            again = others if self._overrides("remove_nans") else masked
            if again is not None:
                entries = _stages.mask(xp, entries, again)
            if parameters.reduction in {"sum", "none"}:
                return self.reduce_loss(entries, method=parameters.reduction)
            if parameters.divisor is not None:
                return self.reduce_loss(entries, method="mean")
            marks = masked if parameters.reduction == "valid_mean" else crossing
            count = _stages.count_unmarked(xp, marks, entries.shape, entries.dtype)
            return self.reduce_loss(entries, method="sum") / _stages.divisor(xp, parameters, count)

    def _harmless_lengths(self, library: Library, keypoints: Any, masked: Any, crossing: Any) -> Any:
        """Compute the first stage so that no NaN of a masked step can reach a gradient.

        A position none of whose steps counts becomes a constant, which takes no gradient: of the same
        value, or 0 for what is not finite. Between segments both frames may count, each for its other
        step: then every other segment becomes constant, and the rest in a second call.
        """
        xp = library.xp
        shape = _stages.frame_shape(keypoints)
        positions = _stages.apart(xp, keypoints)
        closed = xp.zeros_like(positions[..., :1, :, 0], dtype=xp.bool)
        opened = xp.broadcast_to(~masked, (*shape[:-2], shape[-2] - 1, shape[-1]))
        counts = xp.concat([closed, opened], axis=-2) | xp.concat([opened, closed], axis=-2)
        finite = xp.isfinite(positions)
        constant = xp.where(finite, library.constant(positions), 0.0)
        refill = None
        if self._overrides("remove_nans"):
            # It may keep what confidence would mask, and then numbers have a gradient; the others are NaN.
            refill = ~xp.all(finite, axis=-1) & ~counts
            counts = ~refill

        def lengths(present: Any) -> Any:
            kept = xp.where(present[..., None], positions, constant)
            return self.compute_loss(predictions=xp.reshape(kept, keypoints.shape))

        if crossing is None:
            entries = lengths(counts)
        else:
            number = xp.cumulative_sum(xp.astype(crossing, xp.int32), axis=-2, include_initial=True)
            odd_segment = number % 2 == 1
            entries = xp.where(
                odd_segment[..., :-1, :], lengths(counts & odd_segment), lengths(counts & ~odd_segment)
            )
        return entries if refill is None else xp.where(_stages.either_frame(refill), math.nan, entries)

    def compute_loss(self, predictions: Any) -> Any:
        """Euclidean length of each keypoint's step between consecutive frames.

        Parameters
        ----------
        predictions : array, shape (T, 2K) or (..., T, K, D)
            Predicted positions in pixels; real floating point.

        Returns
        -------
        array, shape (..., T-1, K)
            In pixels; float64 for float64 predictions, else float32.

        Raises
        ------
        TypeError
            Not an array, or a dtype that is not real floating point.
        ValueError
            Another shape, or fewer than 2 frames.
        """
        library, dtype = _checks.check_keypoints(predictions, "predictions")
        with library.working_on(predictions):
            return library.loss(Frames(predictions), Parameters(library.result_dtype(dtype)))

    def remove_nans(self, loss: Any, confidences: Any) -> Any:
        """Set entries to 0 where either of their two frames has low confidence.

        Parameters
        ----------
        loss : array, shape (..., T-1, K)
        confidences : array, shape (..., T, K)

        Returns
        -------
        array
            Of the shape and dtype of `loss`. A NaN in a masked entry of `loss` is gone from the
            value; it is `__call__` that keeps it out of the gradient of the keypoints too.

        Raises
        ------
        TypeError
            Not an array, arrays of two libraries, or a dtype that is not real floating point.
        ValueError
            Shapes or devices that do not fit together.
        """
        library, _ = _checks.check_entries("loss", loss)
        shape = (*loss.shape[:-2], loss.shape[-2] + 1, loss.shape[-1])
        dtype = _checks.check_confidences(library, confidences, loss, shape)
        _checks.check_number("prob_threshold", self.prob_threshold)
        threshold = _checks.threshold_for(library, self.prob_threshold, dtype)
        with library.working_on(loss):
            masked = _stages.either_frame(_stages.low_confidence(confidences, threshold))
            return _stages.mask(library.xp, loss, masked)

    def rectify_epsilon(self, loss: Any) -> Any:
        """Soft threshold, max(loss - epsilon, 0); NaN stays NaN.

        Parameters
        ----------
        loss : array, shape (..., T-1, K)

        Returns
        -------
        array
            Of the shape and dtype of `loss`.

        Raises
        ------
        TypeError
            Not an array, or an epsilon of another library.
        ValueError
            An epsilon with another length than K, negative or not finite.
        """
        library, dtype = _checks.check_entries("loss", loss)
        epsilon = _checks.epsilon_for(self.epsilon, library, dtype, loss.shape[-1])
        with library.working_on(loss):
            # Entries that an overridden stage made negative are rectified by 0 too.
            guard = library.may_differentiate(loss, epsilon)
            epsilon = 0.0 if epsilon is None else epsilon
            epsilon = library.epsilon_beside(epsilon, loss, loss.dtype, guard=guard)
            if not isinstance(epsilon, (float, int)) and epsilon.ndim:
                # JAX can be told to refuse to combine arrays of different ranks.
                epsilon = library.xp.reshape(epsilon, (1,) * (loss.ndim - 1) + (-1,))
            return _stages.rectify(library.xp, loss, epsilon, guard=guard)

    def reduce_loss(self, loss: Any, method: str = "mean") -> Any:
        """Reduce entries to a scalar.

        Parameters
        ----------
        loss : array
        method : {"mean", "sum", "none"}
            "valid_mean" needs the mask, which entries do not carry: see `temporal_loss`.

        Returns
        -------
        array
            Scalar of the dtype of `loss`, or `loss` itself for "none".

        Raises
        ------
        TypeError
            Not an array, or a dtype that is not real floating point.
        ValueError
            An unknown method.
        """
        _checks.check_choice("method", method, ("mean", "sum", "none"))
        library, _ = _checks.check_floating("loss", loss)
        if method == "none":
            return loss
        with library.working_on(loss):
            loss_sum = library.total(loss)
            return loss_sum if method == "sum" else loss_sum / max(math.prod(loss.shape), 1)

    def log_loss(self, loss: Any, stage: str | None = None) -> list[dict[str, Any]]:
        """List what a trainer logs: the loss under `{stage}_temporal_loss`, and the weight.

        Parameters
        ----------
        loss : array
            Scalar.
        stage : str, optional
            Prefix of the logged name.

        Returns
        -------
        list of dict
            Each with "name" and "value"; values are arrays beside `loss`, since trainers move
            them between devices.
        """
        weight = self.weight
        library = library_of(loss)
        if isinstance(weight, float) and library is not None:
            with library.working_on(loss):
                weight = library.xp.full_like(loss, weight)
        return [
            {"name": f"{stage}_{self.loss_name}_loss", "value": loss, "prog_bar": True},
            {"name": f"{self.loss_name}_weight", "value": weight},
        ]


def _warn_of_near_names(given: Iterable[str], known: tuple[str, ...], keypoints: Any = None) -> None:
    library = library_of(keypoints)
    if library is not None and library.is_compiling():
        return
    for name in given:
        near = _near_name(name, known)
        if near is not None:
            msg = f"TemporalLoss ignores the unknown keyword {name!r}; did you mean {near!r}?"
            warnings.warn(msg, UserWarning, stacklevel=3)


@lru_cache(maxsize=256)
def _near_name(name: str, known: tuple[str, ...]) -> str | None:
    import difflib  # noqa: PLC0415 - 5 ms of importing, for few

    # The origin's factory passes keypoints_targ, which is 0.79 like keypoints_pred.
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
    near += [each for each in known if len(name) >= _LONG_ENOUGH and name in each]
    return near[0] if near else None
