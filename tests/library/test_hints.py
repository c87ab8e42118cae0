"""TL-10: messages that say what to do next, for what is nearly an array or nearly in order."""

from __future__ import annotations

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

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "loss": temporal_loss,
    "class": TemporalLoss(),
    "gradient": temporal_loss_and_grad,
    "norm": temporal_norm,
    "epsilon": estimate_epsilon,
}
each_function = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)


# Swapped axes -------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(100, 2, 17), (7, 100, 2, 17), (5, 3, 4), (2, 2, 1000)], ids=str)
@each_function
def test_axes_that_look_swapped(arrays: Arrays, function: Callable[..., Any], shape: tuple[int, ...]) -> None:
    words = ("keypoints", "last axis", f"got {shape[-1]}", str(shape), "1, 2 or 3", "swapped", "to the end")
    assert_refused(due(ValueError, *words), function, arrays.zeros(shape))


def test_axes_that_look_swapped_in_the_first_stage(arrays: Arrays) -> None:
    refusal = due(ValueError, "predictions", "got 17", "swapped")
    assert_refused(refusal, TemporalLoss().compute_loss, arrays.zeros((100, 2, 17)))


def test_flat_keypoints_may_be_as_many_as_they_are(arrays: Arrays) -> None:
    assert arrays.read(temporal_loss(arrays.zeros((2, 34)))) == 0.0
    # And three keypoints in space, whose axes are swapped, look like what they are not.
    assert arrays.read(temporal_loss(arrays.zeros((100, 2, 3)))) == 0.0


def test_moving_the_axes_is_what_helps(arrays: Arrays) -> None:
    # Time, space, keypoints: each of four moves by (3, 4).
    swapped = arrays.make([[[0] * 4, [0] * 4], [[3] * 4, [4] * 4]])
    with pytest.raises(ValueError, match="swapped"):
        temporal_loss(swapped)
    apart = [[[0, 0]] * 4, [[3, 4]] * 4]
    assert arrays.read(temporal_loss(arrays.make(apart))) == 5.0


# Labels and lists ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["DataArray", "Dataset"])
@each_function
def test_a_labelled_array(function: Callable[..., Any], kind: str) -> None:
    np = pytest.importorskip("numpy", reason="numpy is not installed")
    xarray = pytest.importorskip("xarray", reason="xarray is not installed")
    labelled = xarray.DataArray(np.zeros((4, 2, 3)), dims=("time", "space", "keypoints"))
    given = labelled if kind == "DataArray" else labelled.to_dataset(name="position")
    assert_refused(due(TypeError, "keypoints", kind, "temporal_loss.xarray", "how-to"), function, given)


@pytest.mark.parametrize("kind", ["DataFrame", "Series"])
def test_a_table(kind: str) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    table = getattr(pandas, kind)({"x": [0.0, 3.0], "y": [0.0, 4.0]})
    for function in FUNCTIONS.values():
        refusal = due(TypeError, "keypoints", kind, "keypoints.to_numpy(dtype=float)", "how-to")
        assert_refused(refusal, function, table)
    if kind == "DataFrame":
        assert float(temporal_loss(table.to_numpy(dtype=float))) == 5.0


@pytest.mark.parametrize("given", [[[0.0, 0.0], [3.0, 4.0]], ((0.0, 0.0), (3.0, 4.0)), range(4)], ids=repr)
@each_function
def test_a_list(function: Callable[..., Any], given: Any) -> None:
    refusal = due(TypeError, "keypoints", type(given).__name__, "make an array", "numpy.asarray(keypoints")
    assert_refused(refusal, function, given)


def test_a_list_beside_an_array(arrays: Arrays) -> None:
    refusal = due(TypeError, "confidences", "list", "make an array", "numpy.asarray(confidences")
    assert_refused(refusal, temporal_loss, arrays.zeros((2, 4)), [[1.0, 1.0]] * 2)


@pytest.mark.parametrize(
    "given", ["poses.csv", b"poses", 1.5, None, object()], ids=lambda g: type(g).__name__
)
def test_of_what_is_nothing_like_an_array_no_more_is_said(given: Any) -> None:
    with pytest.raises(TypeError) as caught:
        temporal_loss(given)
    assert "make an array" not in str(caught.value)
    assert "how-to" not in str(caught.value)


# Masks --------------------------------------------------------------------------------------


def _of_numpy() -> Any:
    np = pytest.importorskip("numpy", reason="numpy is not installed")
    return np.ma.masked_array(np.zeros((3, 4)), np.ones((3, 4), bool))


def _of_marray(library: str) -> Any:
    # Its parts are modules that are made when they are asked for.
    marray = getattr(pytest.importorskip("marray", reason="marray is not installed"), library)
    xp = pytest.importorskip(library, reason=f"{library} is not installed")
    return marray.asarray(xp.zeros((3, 4)), mask=xp.ones((3, 4), dtype=bool))


def _of_torch() -> Any:
    if available("torch") is not None:
        pytest.skip("torch is not installed")
    import torch  # noqa: PLC0415

    return torch.masked.masked_tensor(torch.zeros(3, 4), torch.ones(3, 4, dtype=torch.bool))


MASKED: dict[str, Callable[[], Any]] = {
    "numpy.ma": _of_numpy,
    "marray of numpy": lambda: _of_marray("numpy"),
    "torch.masked": _of_torch,
}


# torch says that its masked tensors are not finished.
@pytest.mark.filterwarnings("ignore:The PyTorch API of MaskedTensors:UserWarning")
@pytest.mark.filterwarnings("ignore:It is not recommended to create a MaskedTensor:UserWarning")
@pytest.mark.parametrize("kind", MASKED)
def test_arrays_with_a_mask_of_their_own(kind: str) -> None:
    masked = MASKED[kind]()
    words = ("without a mask", type(masked).__name__, "NaN or confidences")
    for function in FUNCTIONS.values():
        for _ in range(2):
            assert_refused(due(TypeError, "keypoints", *words), function, masked)
    plain = masked.get_data() if kind == "torch.masked" else masked.data
    assert float(temporal_loss(plain)) == 0.0
    for name, call in {
        "confidences": lambda: temporal_loss(plain[:, :2], masked[:, :1]),
        "loss": lambda: TemporalLoss().reduce_loss(masked),
    }.items():
        assert_refused(due(TypeError, name, "without a mask"), call)
    for name in ("segment_ids", "epsilon"):
        with pytest.raises((TypeError, ValueError), match=f"^{name} must be"):
            temporal_loss(plain, **{name: masked})


# Tensors without elementwise arithmetic -----------------------------------------------------


def _torch() -> Any:
    if available("torch") is not None:
        pytest.skip("torch is not installed")
    import torch  # noqa: PLC0415

    return torch


KINDS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "coo": (lambda t: t.zeros(3, 4).to_sparse(), "sparse_coo"),
    "csr": (lambda t: t.zeros(3, 4).to_sparse_csr(), "sparse_csr"),
    "nested": (lambda t: t.nested.nested_tensor([t.zeros(3, 4), t.zeros(2, 4)]), "nested"),
    "jagged": (
        lambda t: t.nested.nested_tensor([t.zeros(3, 4), t.zeros(2, 4)], layout=t.jagged),
        "nested|jagged",
    ),
    "mkldnn": (lambda t: t.zeros(3, 4).to_mkldnn(), "mkldnn"),
}


@pytest.mark.filterwarnings("ignore:.*(nested|Sparse|sparse).*:UserWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_tensors_that_are_not_dense(kind: str) -> None:
    torch = _torch()
    make, named = KINDS[kind]
    if kind == "mkldnn" and not torch.backends.mkldnn.is_available():
        pytest.skip("torch was built without mkldnn")
    tensor = make(torch)
    for function in FUNCTIONS.values():
        with pytest.raises(TypeError, match=rf"^keypoints must be a dense array, got .*({named})"):
            function(tensor)
    dense = torch.zeros(3, 4)
    numbers = {"coo": lambda t: t.to_sparse(), "mkldnn": None}.get(kind, lambda _: tensor)
    if numbers is None:
        # It has no integers, and no single axis.
        return
    for name, given in {
        "confidences": numbers(torch.zeros(3, 2)),
        "segment_ids": numbers(torch.zeros(3, dtype=torch.int64)),
        "epsilon": numbers(torch.zeros(2)),
    }.items():
        with pytest.raises(TypeError, match=rf"^{name} must"):
            temporal_loss(dense, **{name: given})
