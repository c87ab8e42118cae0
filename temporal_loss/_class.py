"""`TemporalLoss`, with the surface of lightning-pose's class of that name."""

from __future__ import annotations

import math
from typing import Any

from temporal_loss import _backend, _inputs, _parameters, _stages
from temporal_loss._function import step_lengths, temporal_loss

_STAGES = frozenset({"compute_loss", "remove_nans", "rectify_epsilon", "reduce_loss"})


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
    **kwargs
        Accepted and ignored, as at the origin.

    Raises
    ------
    ValueError
        A parameter that is no number (or sequence of numbers, or array), or an epsilon that is
        negative or not finite.

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

    def __init__(
        self,
        data_module: Any = None,
        epsilon: Any = 0.0,
        prob_threshold: float = 0.0,
        log_weight: Any = 0.0,
        **kwargs: Any,  # noqa: ARG002 - the origin's factory passes more than the loss needs
    ) -> None:
        _parameters.check_epsilon(epsilon)
        _parameters.check_number("prob_threshold", prob_threshold)
        if _backend.library_of(log_weight) is None:
            _parameters.check_number("log_weight", log_weight)
        self.data_module = data_module
        self.epsilon = epsilon
        self.prob_threshold = prob_threshold
        self.log_weight = log_weight

    def __repr__(self) -> str:
        """Show the parameters."""
        return (
            f"{type(self).__name__}(epsilon={self.epsilon!r}, prob_threshold={self.prob_threshold!r}, "
            f"log_weight={self.log_weight!r})"
        )

    @property
    def weight(self) -> Any:
        """Weight of this loss in an objective, 1 / (2 exp(log_weight)).

        A float for a number, an array of the same library for an array.
        """
        library = None if _parameters.is_number(self.log_weight) else _backend.library_of(self.log_weight)
        if library is not None:
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
        **kwargs: Any,  # noqa: ARG002 - the origin's factory passes every model output
    ) -> tuple[Any, list[dict[str, Any]]]:
        """Compute the mean temporal loss, unweighted, and what to log of it.

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
            Accepted and ignored, as at the origin.

        Returns
        -------
        loss : array
            Scalar; float64 for float64 keypoints, else float32.
        logs : list of dict
            The loss and its weight, each with "name" and "value".

        Raises
        ------
        TypeError, ValueError
            As `temporal_loss.temporal_loss`.
        """
        if self._overrides_a_stage():
            loss = self._run_stages(keypoints_pred, confidences, segment_ids)
        else:
            loss = temporal_loss(
                keypoints_pred,
                confidences,
                epsilon=self.epsilon,
                prob_threshold=self.prob_threshold,
                segment_ids=segment_ids,
            )
        return loss, self.log_loss(loss=loss, stage=stage)

    def _overrides_a_stage(self) -> bool:
        kind = type(self)
        if kind is not TemporalLoss and any(
            getattr(kind, n) is not getattr(TemporalLoss, n) for n in _STAGES
        ):
            return True
        return not _STAGES.isdisjoint(vars(self))

    def _run_stages(self, keypoints: Any, confidences: Any, segment_ids: Any) -> Any:
        # One by one and by keyword, as the origin does, so that what is overridden takes effect.
        entries = self.compute_loss(predictions=keypoints)
        if confidences is not None:
            entries = self.remove_nans(loss=entries, confidences=confidences)
        if segment_ids is None:
            return self.reduce_loss(self.rectify_epsilon(loss=entries), method="mean")
        library = _inputs.check_keypoints(keypoints)
        _inputs.check_segment_ids(library, segment_ids, keypoints, _inputs.frame_shape(keypoints))
        crossing = _stages.crossing(segment_ids)
        entries = self.rectify_epsilon(loss=_stages.mask(library.xp, entries, crossing))
        counted = _stages.count_unmarked(library.xp, crossing, entries.dtype) * entries.shape[-1]
        return _stages.ratio(library.xp, self.reduce_loss(entries, method="sum"), counted)

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
        library = _inputs.check_keypoints(predictions, "predictions")
        return step_lengths(library, predictions)

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
            value, but only `__call__` and `temporal_loss` keep it out of the gradient too.

        Raises
        ------
        TypeError
            Not an array, arrays of two libraries, or a dtype that is not real floating point.
        ValueError
            Shapes or devices that do not fit together.
        """
        library = _inputs.check_entries("loss", loss)
        shape = (*loss.shape[:-2], loss.shape[-2] + 1, loss.shape[-1])
        _inputs.check_confidences(library, confidences, loss, shape)
        threshold = _parameters.check_number("prob_threshold", self.prob_threshold)
        threshold = _parameters.rounded(threshold, _backend.dtype_name(confidences))
        masked = _stages.either_frame(_stages.unsure(confidences, threshold))
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
        library = _inputs.check_entries("loss", loss)
        epsilon = _parameters.check_epsilon(self.epsilon)
        epsilon = _parameters.epsilon_like(library, epsilon, loss, loss.shape[-1])
        guard = library.may_differentiate(loss, epsilon)
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
        _parameters.check_choice("method", method, ("mean", "sum", "none"))
        library = _inputs.check_floating("loss", loss)
        if method == "none":
            return loss
        loss_sum = _stages.total(library.xp, loss)
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
        library = _backend.library_of(loss)
        if isinstance(weight, float) and library is not None:
            weight = library.xp.full_like(loss, weight)
        return [
            {"name": f"{stage}_{self.loss_name}_loss", "value": loss, "prog_bar": True},
            {"name": f"{self.loss_name}_weight", "value": weight},
        ]
