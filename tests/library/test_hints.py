"""TL-10: messages that say what to do next, for what is nearly an array or nearly in order."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from support import available

from temporal_loss import (
    TemporalLoss,
    estimate_epsilon,
    temporal_loss,
    temporal_loss_and_grad,
    temporal_norm,
)

from .refusals import assert_refused, due

if TYPE_CHECKING:
    from collections.abc import Callable

    from support import Arrays

FUNCTIONS: tuple[Callable[..., Any], ...] = (
    temporal_loss,
    TemporalLoss(),
    temporal_loss_and_grad,
    temporal_norm,
    estimate_epsilon,
)


def _library(name: str) -> Any:
    return pytest.importorskip(name, reason=f"{name} is not installed")


def _assert_hinted(given: Any, *words: str) -> None:
    for function in FUNCTIONS:
        assert_refused(due(TypeError, "keypoints", *words), function, given)


def test_axes_that_look_swapped(arrays: Arrays) -> None:
    # Time, space, keypoints: each of four moves by (3, 4).
    swapped = arrays.make([[[0] * 4, [0] * 4], [[3] * 4, [4] * 4]])
    for function in FUNCTIONS:
        assert_refused(due(ValueError, "keypoints", "got 4", "swapped", "to the end"), function, swapped)
    assert arrays.read(temporal_loss(arrays.make([[[0, 0]] * 4, [[3, 4]] * 4]))) == 5.0
    # Flat keypoints may be as many as they are.
    assert arrays.read(temporal_loss(arrays.zeros((2, 34)))) == 0.0


def test_a_labelled_array() -> None:
    np, xarray = _library("numpy"), _library("xarray")
    labelled = xarray.DataArray(np.zeros((4, 2, 3)), dims=("time", "space", "keypoints"))
    for given in (labelled, labelled.to_dataset(name="position")):
        _assert_hinted(given, type(given).__name__, "temporal_loss.xarray", "how-to")


def test_a_table() -> None:
    table = _library("pandas").DataFrame({"x": [0.0, 3.0], "y": [0.0, 4.0]})
    for kind in (table, table.x):
        _assert_hinted(kind, type(kind).__name__, "keypoints.to_numpy(dtype=float)", "how-to")
    assert float(temporal_loss(table.to_numpy(dtype=float))) == 5.0


def test_a_list(arrays: Arrays) -> None:
    for given in ([[0.0, 0.0], [3.0, 4.0]], ((0.0, 0.0), (3.0, 4.0)), range(4)):
        _assert_hinted(given, type(given).__name__, "make an array", "numpy.asarray(keypoints")
    refusal = due(TypeError, "confidences", "list", "make an array", "numpy.asarray(confidences")
    assert_refused(refusal, temporal_loss, arrays.zeros((2, 4)), [[1.0, 1.0]] * 2)
    refusal = due(TypeError, "segment_ids", "list", "make an array", "numpy.asarray(segment_ids, dtype=int)")
    assert_refused(refusal, temporal_loss, arrays.zeros((2, 4)), segment_ids=[0, 0])


@pytest.mark.parametrize("given", ["poses.csv", b"poses", 1.5, None])
def test_of_what_is_nothing_like_an_array_no_more_is_said(given: Any) -> None:
    with pytest.raises(TypeError) as caught:
        temporal_loss(given)
    assert "make an array" not in str(caught.value)
    assert "how-to" not in str(caught.value)


def test_an_array_where_a_number_is_needed(arrays: Arrays) -> None:
    keypoints, confidences = arrays.zeros((3, 4)), arrays.zeros((3, 2))
    number = arrays.make(0.5)
    for name, call in {
        "prob_threshold": lambda: temporal_loss(keypoints, confidences, prob_threshold=number),
        "quantile": lambda: estimate_epsilon(keypoints, quantile=number),
    }.items():
        assert_refused(due(ValueError, name, "a number", f"float({name})"), call)
    refusal = due(ValueError, "epsilon[0]", "a number", "one array of shape (K,)")
    assert_refused(refusal, temporal_loss, keypoints, epsilon=[arrays.make([[0.5, 0.5]]), 1.0])


# Python refuses to write the longer ones.
@pytest.mark.parametrize("digits", [400, 5000])
def test_numbers_beyond_any_dtype(arrays: Arrays, digits: int) -> None:
    for number in (10**digits, Fraction(10**digits, 3)):
        refusal = due(ValueError, "epsilon", "finite", f"{type(number).__name__} of", "bits")
        assert_refused(refusal, temporal_loss, arrays.zeros((3, 4)), epsilon=number)
        refusal = due(ValueError, "log_weight", "in the range of float64", "bits")
        assert_refused(refusal, lambda beyond=number: TemporalLoss(log_weight=-beyond))


# Masks --------------------------------------------------------------------------------------


def _of_numpy() -> Any:
    np = _library("numpy")
    return np.ma.masked_array(np.zeros((3, 4)), np.ones((3, 4), bool))


def _of_marray() -> Any:
    # Its parts are modules that are made when they are asked for.
    xp = _library("marray").numpy
    return xp.asarray(_library("numpy").zeros((3, 4)), mask=_library("numpy").ones((3, 4), dtype=bool))


def _torch() -> Any:
    if available("torch") is not None:
        pytest.skip("torch is not installed")
    import torch  # noqa: PLC0415

    return torch


def _of_torch() -> Any:
    torch = _torch()
    return torch.masked.masked_tensor(torch.zeros(3, 4), torch.ones(3, 4, dtype=torch.bool))


# torch says that its masked tensors are not finished.
@pytest.mark.filterwarnings("ignore:The PyTorch API of MaskedTensors:UserWarning")
@pytest.mark.filterwarnings("ignore:It is not recommended to create a MaskedTensor:UserWarning")
@pytest.mark.parametrize("make", [_of_numpy, _of_marray, _of_torch])
def test_arrays_with_a_mask_of_their_own(make: Callable[[], Any]) -> None:
    masked = make()
    for _ in range(2):
        _assert_hinted(masked, "without a mask", type(masked).__name__, "NaN or confidences")
    plain = masked.get_data() if make is _of_torch else masked.data
    assert float(temporal_loss(plain)) == 0.0
    refusal = due(TypeError, "confidences", "without a mask")
    assert_refused(refusal, temporal_loss, plain[:, :2], masked[:, :1])
    assert_refused(due(TypeError, "loss", "without a mask"), TemporalLoss().reduce_loss, masked)
    for name in ("segment_ids", "epsilon"):
        with pytest.raises((TypeError, ValueError), match=f"^{name} must be"):
            temporal_loss(plain, **{name: masked})


def test_a_dask_array_with_masked_chunks() -> None:
    np, dask = _library("numpy"), _library("dask.array")
    masked = dask.from_array(np.ma.masked_array(np.zeros((3, 4)), np.ones((3, 4), bool)))
    for function in FUNCTIONS:
        assert_refused(due(TypeError, "keypoints", "dense", "Dask array of MaskedArray"), function, masked)
    refusal = due(TypeError, "confidences", "Dask array of MaskedArray")
    assert_refused(refusal, temporal_loss, dask.zeros((3, 4)), masked[:, :2])


# Tensors without elementwise arithmetic -----------------------------------------------------

# How each is made of a dense tensor, and what the message calls it.
SPARSE: dict[str, Callable[[Any], Any]] = {
    "sparse_coo": lambda tensor: tensor.to_sparse(),
    "sparse_csr": lambda tensor: tensor.to_sparse_csr(),
    "nested": lambda tensor: _torch().nested.nested_tensor([tensor, tensor[:2]]),
    "jagged": lambda tensor: _torch().nested.nested_tensor([tensor, tensor[:2]], layout=_torch().jagged),
    "mkldnn": lambda tensor: tensor.to_mkldnn(),
}


@pytest.mark.filterwarnings("ignore:.*(nested|Sparse|sparse).*:UserWarning")
@pytest.mark.parametrize("kind", SPARSE)
def test_tensors_that_are_not_dense(kind: str) -> None:
    torch = _torch()
    if kind == "mkldnn" and not torch.backends.mkldnn.is_available():
        pytest.skip("torch was built without mkldnn")
    tensor = SPARSE[kind](torch.zeros(3, 4))
    for function in FUNCTIONS:
        with pytest.raises(TypeError, match=rf"^keypoints must be a dense array, got .*({kind}|nested)"):
            function(tensor)
    if kind == "sparse_coo":
        for name, beside in {
            "confidences": torch.zeros(3, 2),
            "segment_ids": torch.zeros(3, dtype=torch.int64),
            "epsilon": torch.zeros(2),
        }.items():
            with pytest.raises(TypeError, match=rf"^{name} must be a dense array"):
                temporal_loss(torch.zeros(3, 4), **{name: SPARSE[kind](beside)})
