"""The loss on labelled arrays: xarray's DataArray by the names of its dimensions, movement's Dataset whole.

Time, keypoints (or keypoint) and space are found by name, in whatever order; all other dimensions, such
as individuals and views, are a batch. The arrays inside go to the functions of `temporal_loss` as they
are, so those of Dask stay lazy. This module imports xarray; the package itself does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import xarray as xr

from temporal_loss import _loss, _metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

__all__ = ["estimate_epsilon", "temporal_loss", "temporal_loss_and_grad", "temporal_norm"]

_NAMES: dict[str, tuple[Hashable, ...]] = {
    "time": ("time",),
    "keypoints": ("keypoints", "keypoint"),
    "space": ("space",),
}
_INDIVIDUALS = ("individuals", "individual")
_NOT_SPACE = {"likelihood", "confidence", "score"}
_UNITS = ("units", "space_unit")  # by convention, and by movement
# Keypoints, and what else epsilon differs along, made one dimension: the K of the functions of arrays.
_COLUMNS = "temporal_loss columns"


def temporal_loss(  # noqa: PLR0913 - each is a parameter of the loss
    keypoints: xr.DataArray | xr.Dataset,
    confidences: xr.DataArray | None = None,
    *,
    epsilon: Any = 0.0,
    prob_threshold: float = 0.0,
    reduction: str = "mean",
    segment_ids: xr.DataArray | None = None,
    nan_policy: str = "propagate",
    dims: Mapping[str, Hashable] | None = None,
) -> xr.DataArray:
    """Penalise frame-to-frame motion of predicted keypoints.

    Parameters
    ----------
    keypoints : DataArray, or Dataset with the variable position
        Predicted positions in pixels. The variable confidence of a Dataset is taken along.
    confidences : DataArray, optional
        Like all that is given beside the keypoints, repeated along dimensions that it lacks and
        brought into the order of their labels.
    epsilon : float, sequence of K floats, or DataArray
        A DataArray may differ by keypoint and along dimensions of the batch.
    prob_threshold, reduction, nan_policy
        As in `temporal_loss.temporal_loss`.
    segment_ids : DataArray, optional
        Along time, and dimensions of the batch along which epsilon does not differ.
    dims : mapping, optional
        Names of the dimensions, where they are others: ``{"time": "frame", "space": "coords"}``.

    Returns
    -------
    DataArray
        Scalar; for "none" as the keypoints without space, a step being at the time of the later of
        its frames. Of attributes, units are kept.

    Raises
    ------
    TypeError
        Not labelled, or what `temporal_loss.temporal_loss` refuses.
    ValueError
        Dimensions that are missing, too many or ambiguous, lengths or labels that do not fit, or
        what `temporal_loss.temporal_loss` refuses.

    Examples
    --------
    One keypoint moves by (3, 4), then rests.

    >>> import xarray as xr
    >>> from temporal_loss.xarray import temporal_loss
    >>> walk = xr.DataArray([[[0.0, 3.0, 3.0]], [[0.0, 4.0, 4.0]]], dims=["space", "keypoints", "time"])
    >>> float(temporal_loss(walk))
    2.5
    """
    call = _Call(keypoints, dims, confidences=confidences, segment_ids=segment_ids, epsilon=epsilon)
    options = {"prob_threshold": prob_threshold, "reduction": reduction, "nan_policy": nan_policy}
    loss = call.run(_loss.temporal_loss, call.entries if reduction == "none" else [], **options)
    return call.labelled("temporal_loss", loss)


def temporal_loss_and_grad(  # noqa: PLR0913 - each is a parameter of the loss
    keypoints: xr.DataArray | xr.Dataset,
    confidences: xr.DataArray | None = None,
    *,
    epsilon: Any = 0.0,
    prob_threshold: float = 0.0,
    reduction: str = "mean",
    segment_ids: xr.DataArray | None = None,
    nan_policy: str = "propagate",
    dims: Mapping[str, Hashable] | None = None,
) -> tuple[xr.DataArray, xr.DataArray]:
    """Compute the temporal loss and its gradient by the positions.

    Parameters and errors are those of `temporal_loss`; the reduction "none" is refused.

    Returns
    -------
    loss : DataArray
        Scalar.
    gradient : DataArray
        As the keypoints, without units.
    """
    call = _Call(keypoints, dims, confidences=confidences, segment_ids=segment_ids, epsilon=epsilon)
    options = {"prob_threshold": prob_threshold, "reduction": reduction, "nan_policy": nan_policy}
    loss, gradient = call.run(_loss.temporal_loss_and_grad, [], [*call.entries, call.space], **options)
    return call.labelled("temporal_loss", loss), call.labelled("gradient", gradient, units=())


def temporal_norm(
    keypoints: xr.DataArray | xr.Dataset, *, dims: Mapping[str, Hashable] | None = None
) -> xr.DataArray:
    """Length of each keypoint's step into each frame.

    Parameters and errors are those of `temporal_loss`.

    Returns
    -------
    DataArray
        As the keypoints without space. A step is at the time of the later of its frames; the first
        frame, into which there is no step, is NaN.

    Notes
    -----
    It is the length of movement's `compute_backward_displacement`, which is 0 in the first frame.
    Its `compute_forward_displacement` has a step at the time of the earlier frame.

    Examples
    --------
    >>> import xarray as xr
    >>> from temporal_loss.xarray import temporal_norm
    >>> walk = xr.DataArray([[[0.0, 3.0, 3.0]], [[0.0, 4.0, 4.0]]], dims=["space", "keypoints", "time"])
    >>> temporal_norm(walk).values
    array([[nan,  5.,  0.]])
    """
    call = _Call(keypoints, dims)
    return call.labelled("temporal_norm", call.run(_metrics.temporal_norm, call.entries))


def estimate_epsilon(  # noqa: PLR0913 - each is a parameter of the estimate
    keypoints: xr.DataArray | xr.Dataset,
    confidences: xr.DataArray | None = None,
    *,
    prob_threshold: float = 0.0,
    quantile: float = 0.99,
    per: str | Sequence[Hashable] = (),
    dims: Mapping[str, Hashable] | None = None,
) -> xr.DataArray:
    """Suggest an epsilon per keypoint: a quantile of the steps seen in predictions known to be good.

    Parameters and errors are those of `temporal_loss` and `temporal_loss.estimate_epsilon`, and:

    Parameters
    ----------
    per : dimension, or sequence of them
        Dimensions of the batch that get an epsilon each, such as "individuals"; others are pooled.

    Returns
    -------
    DataArray
        Along keypoints and `per`, as `temporal_loss` takes it. NaN without a step to go by.
    """
    call = _Call(keypoints, dims, per, confidences=confidences)
    options = {"prob_threshold": prob_threshold, "quantile": quantile}
    return call.labelled("epsilon", call.run(_metrics.estimate_epsilon, [_COLUMNS], **options))


class _Call:
    """What a call was given, its dimensions by what they mean, and the way to the arrays and back."""

    def __init__(self, keypoints: Any, dims: Any, per: Any = (), **beside: Any) -> None:
        if isinstance(keypoints, xr.Dataset):
            if "position" not in keypoints:
                msg = f"keypoints of a Dataset must be its variable position, got {_listed(keypoints)}"
                raise ValueError(msg)
            if "confidences" in beside and beside["confidences"] is None:
                beside["confidences"] = keypoints.get("confidence")
            keypoints = keypoints["position"]
        _check_labelled("keypoints", keypoints)
        self.time, keypoint, self.space = find_roles(keypoints.dims, dims or {})
        if self.space in keypoints.indexes and not _NOT_SPACE.isdisjoint(keypoints.indexes[self.space]):
            msg = (
                f"{self.space} must hold coordinates alone, got {_listed(keypoints.indexes[self.space])}; "
                "give what is not a position as confidences"
            )
            raise ValueError(msg)
        batch = [dim for dim in keypoints.dims if dim not in {self.time, keypoint, self.space}]
        by_label = isinstance(beside.get("epsilon"), xr.DataArray)
        apart = [d for d in batch if d in beside["epsilon"].dims] if by_label else _named(per, batch)
        self.columns = [*apart, keypoint]
        frames = [*(dim for dim in batch if dim not in apart), self.time]
        self.entries = [*frames, _COLUMNS]
        due = {"confidences": frames + self.columns, "segment_ids": frames, "epsilon": self.columns}
        self.options = {"epsilon": beside.pop("epsilon")} if "epsilon" in beside and not by_label else {}
        self.keypoints = keypoints
        in_columns = {_COLUMNS: self.columns}
        self.variables = {"keypoints": keypoints.variable.stack(in_columns)}
        for name, array in beside.items():
            if array is not None:
                variable = _aligned(keypoints, name, array, due[name], self.time).variable
                self.variables[name] = variable if name == "segment_ids" else variable.stack(in_columns)
        if any(variable.chunks is not None for variable in self.variables.values()):
            # What is lazy and what is not are arrays of two libraries.
            self.variables = {name: variable.chunk() for name, variable in self.variables.items()}

    def run(self, function: Callable[..., Any], *outputs: list[Hashable], **options: Any) -> Any:
        """Call a function of arrays; return a Variable for each list of dimensions."""
        given, order = self.variables, [*self.entries, self.space]

        def on_arrays(*arrays: Any) -> Any:
            return function(**dict(zip(given, arrays, strict=True)), **self.options, **options)

        return xr.apply_ufunc(
            on_arrays,
            *given.values(),
            input_core_dims=[[dim for dim in order if dim in variable.dims] for variable in given.values()],
            output_core_dims=outputs,
            exclude_dims={self.time},  # steps are one fewer than frames
            dask="allowed",
        )

    def labelled(self, name: str, result: xr.Variable, units: tuple[str, ...] = _UNITS) -> xr.DataArray:
        """Put the keypoints' dimensions, in their order, and coordinates on a result."""
        keypoints = self.keypoints
        if _COLUMNS in result.dims:
            result = result.unstack({_COLUMNS: {dim: keypoints.sizes[dim] for dim in self.columns}})
        if result.sizes.get(self.time) == keypoints.sizes[self.time] - 1:
            keypoints = keypoints.isel({self.time: slice(1, None)})
        result = result.transpose(*(dim for dim in keypoints.dims if dim in result.dims))
        gone = set(keypoints.dims) - set(result.dims)
        labels = keypoints.coords.to_dataset().drop_dims(gone, errors="ignore").coords
        attrs = {unit: keypoints.attrs[unit] for unit in units if unit in keypoints.attrs}
        return xr.DataArray(result, labels, name=name, attrs=attrs)


def _check_labelled(name: str, value: Any) -> None:
    if not isinstance(value, xr.DataArray):
        msg = f"{name} must be a DataArray, got {type(value).__name__}; for arrays, see temporal_loss itself"
        raise TypeError(msg)


def find_roles(present: tuple[Hashable, ...], dims: Mapping[str, Hashable]) -> list[Hashable]:
    """Find the dimensions for time, keypoints and space."""
    if not dims.keys() <= _NAMES.keys():
        msg = f"dims must name any of {_listed(_NAMES)}, got {_listed(dims)}"
        raise ValueError(msg)
    found: list[Hashable] = []
    for role, usual in _NAMES.items():
        names = (dims[role],) if role in dims else usual
        here = [name for name in names if name in present and name not in found]
        if len(here) != 1:
            due = f"one dimension {' or '.join(map(str, names))}, or what dims[{role!r}] names"
            msg = f"keypoints must have {due}, got dimensions {_listed(present)}"
            raise ValueError(msg)
        found += here
    return found


def _named(per: Any, batch: list[Hashable]) -> list[Hashable]:
    """Find the dimensions asked for; those of individuals may be called in the other number."""
    asked = [per] if isinstance(per, str) else list(per)
    names = [_INDIVIDUALS if each in _INDIVIDUALS else (each,) for each in asked]
    found = [dim for dim in batch if any(dim in each for each in names)]
    if len(found) != len(asked):
        msg = f"per must name dimensions of the batch ({_listed(batch) or 'none'}), got {_listed(asked)}"
        raise ValueError(msg)
    return found


def _aligned(keypoints: Any, name: str, array: Any, due: list[Hashable], time: Hashable) -> xr.DataArray:
    """Bring what is beside the keypoints to dimensions `due` and into the order of their labels."""
    _check_labelled(name, array)
    if not set(due) & {time} <= set(array.dims) <= set(due):
        least = f" ({time} at least)" if time in due else ""
        msg = f"{name} must have dimensions out of {_listed(due)}{least}, got {_listed(array.dims) or 'none'}"
        raise ValueError(msg)
    for dim in array.dims:
        if array.sizes[dim] != keypoints.sizes[dim]:
            msg = f"{name} must have length {keypoints.sizes[dim]} along {dim}, got {array.sizes[dim]}"
            raise ValueError(msg)
        labels, wanted = array.indexes.get(dim), keypoints.indexes.get(dim)
        if labels is None or wanted is None or labels.equals(wanted):
            continue
        if not (labels.is_unique and wanted.is_unique and labels.isin(wanted).all()):
            other = _listed(labels[~labels.isin(wanted)][:3]) or "one of them twice"
            msg = (
                f"{name} must have the keypoints' labels along {dim}, {_listed(wanted[:3])}, ..., got {other}"
            )
            raise ValueError(msg)
        array = array.isel({dim: labels.get_indexer(wanted)})
    return array.expand_dims({dim: keypoints.sizes[dim] for dim in due if dim not in array.dims})


def _listed(names: Any) -> str:
    return ", ".join(map(str, names))
