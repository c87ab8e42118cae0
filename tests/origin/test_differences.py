"""Each difference from the origin, from both sides: what it does, and what this library does."""

import math
import re
from typing import Any

import numpy as np
import pytest
import torch

from temporal_loss import TemporalLoss, temporal_norm

from .draws import INF, NAN
from .loader import Origin

ONE = torch.tensor([[0.0, 0.0], [3.0, 4.0], [3.0, 4.0]])


def value(loss: Any, *arguments: Any) -> float:
    """Return the scalar of a loss object as a Python number."""
    return float(loss(*arguments)[0])


# TL-3.2: the threshold in the confidences' dtype.


@pytest.mark.parametrize(
    ("threshold", "confidence", "kept_at_origin"),
    [
        # float32(0.3) = 0.3000000119...: the origin drops a confidence that equals the threshold.
        (0.3, 0.3, False),
        # float32(0.9) = 0.8999999761...: the origin keeps one that is below.
        (0.9, 0.8999999999, True),
    ],
)
def test_threshold_beside_float64(
    origin: Origin, threshold: float, confidence: float, *, kept_at_origin: bool
) -> None:
    keypoints = torch.tensor([[0.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    confidences = torch.full((2, 1), confidence, dtype=torch.float64)
    assert value(origin.TemporalLoss(None, 0.0, threshold), keypoints, confidences) == kept_at_origin
    assert value(TemporalLoss(None, 0.0, threshold), keypoints, confidences) == (not kept_at_origin)


# Epsilon is not rounded to float32 for float64 input.


def test_epsilon_beside_float64(origin: Origin) -> None:
    keypoints = torch.tensor([[0.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    assert value(origin.TemporalLoss(epsilon=0.1), keypoints) == 1.0 - 13421773 / 2**27  # float32(0.1)
    assert value(TemporalLoss(epsilon=0.1), keypoints) == 1.0 - 0.1


# TL-7.1: half precision is widened before differencing.


@pytest.mark.parametrize(
    ("dtype", "rows", "at_origin", "exact"),
    [
        # float16 has steps of 1/4 at 300, bfloat16 of 2.
        (torch.float16, [[0.0625, 0.0], [300.0, 0.0]], 300.0, 299.9375),
        (torch.bfloat16, [[0.5, 0.0], [300.0, 0.0]], 300.0, 299.5),
        # 80000 is beyond float16, be it as a difference or as a length.
        (torch.float16, [[-40000.0, 0.0], [40000.0, 0.0]], INF, 80000.0),
        (torch.float16, [[0.0, 0.0], [48000.0, 64000.0]], INF, 80000.0),
    ],
)
def test_half_precision(
    origin: Origin, dtype: torch.dtype, rows: list[list[float]], at_origin: float, exact: float
) -> None:
    keypoints = torch.tensor(rows, dtype=dtype)
    theirs, ours = origin.TemporalLoss(), TemporalLoss()
    assert theirs.compute_loss(keypoints).dtype == dtype
    assert ours.compute_loss(keypoints).dtype == torch.float32
    # The origin's float32 epsilon then widens too, when it is too late.
    assert theirs(keypoints)[0].dtype == ours(keypoints)[0].dtype == torch.float32
    assert value(theirs, keypoints) == at_origin
    assert value(ours, keypoints) == exact


# TL-8.2: the gradient of a masked entry is 0 even if its keypoints are NaN.


@pytest.mark.parametrize("bad", [NAN, INF])
def test_gradient_of_masked_entries(origin: Origin, bad: float) -> None:
    confidences = torch.tensor([[1.0], [0.0], [1.0], [1.0]])
    gradients = []
    for kind in (origin.TemporalLoss, TemporalLoss):
        keypoints = torch.tensor([[0.0, 0.0], [bad, 0.0], [3.0, 4.0], [6.0, 8.0]], requires_grad=True)
        loss, _ = kind(prob_threshold=0.5)(keypoints, confidences)
        assert loss.item() == pytest.approx(5 / 3)  # one step of 5 in three
        loss.backward()
        gradients.append(keypoints.grad)
    theirs, ours = gradients
    # The bad frame spoils its own gradient, and that of its unmasked neighbours.
    assert bool(theirs[:3, 0].isnan().all())
    step = torch.tensor([0.2, 4 / 15])
    torch.testing.assert_close(ours, torch.stack([0 * step, 0 * step, -step, step]))


# TL-1.1: what the axes mean.

# As pairs, two keypoints of three coordinates are three: (1, 2), (2, 2), (3, 6).
FLAT_XYZ = torch.tensor([[0.0, 0, 0, 0, 0, 0], [1, 2, 2, 2, 3, 6]])
AS_PAIRS = torch.tensor([[math.sqrt(5), math.sqrt(8), math.sqrt(45)]])


def test_three_coordinates_per_keypoint(origin: Origin) -> None:
    keypoints = FLAT_XYZ.reshape(2, 2, 3)
    torch.testing.assert_close(origin.TemporalLoss().compute_loss(keypoints), AS_PAIRS)
    torch.testing.assert_close(TemporalLoss().compute_loss(keypoints), torch.tensor([[3.0, 7.0]]))


def test_flat_xyz(origin: Origin) -> None:
    # Without confidences neither can tell that these were two keypoints; with them, this library says so.
    torch.testing.assert_close(origin.TemporalLoss().compute_loss(FLAT_XYZ), AS_PAIRS)
    torch.testing.assert_close(TemporalLoss().compute_loss(FLAT_XYZ), AS_PAIRS)
    with pytest.raises(IndexError, match="shape of the mask"):
        origin.TemporalLoss()(FLAT_XYZ, torch.ones(2, 2))
    with pytest.raises(ValueError, match=re.escape("confidences must have shape (2, 3)")):
        TemporalLoss()(FLAT_XYZ, torch.ones(2, 2))


def test_swapped_axes(origin: Origin) -> None:
    # Time, space, keypoints: four keypoints, each moving by (3, 4).
    swapped = torch.tensor([[[0.0] * 4, [0.0] * 4], [[3.0] * 4, [4.0] * 4]])
    # As pairs: (3, 3) twice, and (4, 4) twice.
    assert value(origin.TemporalLoss(), swapped) == pytest.approx(7 / math.sqrt(2))
    with pytest.raises(ValueError, match="axes look swapped"):
        TemporalLoss()(swapped)
    assert value(TemporalLoss(), swapped.mT) == 5.0


def test_leading_axes_are_a_batch(origin: Origin) -> None:
    # Two sequences of two frames of one keypoint.
    batch = torch.tensor([[[[0.0, 0]], [[3, 4]]], [[[0, 0]], [[6, 8]]]])
    # The origin takes the difference of the two sequences.
    assert origin.TemporalLoss().compute_loss(batch).tolist() == [[0.0, 5.0]]
    assert TemporalLoss().compute_loss(batch).tolist() == [[[5.0]], [[10.0]]]


# What the origin cannot do.


def test_numpy_keypoints(origin: Origin) -> None:
    with pytest.raises(TypeError, match="must be Tensor"):
        origin.TemporalLoss()(ONE.numpy())
    assert value(TemporalLoss(), ONE.numpy()) == 2.5


def test_weight_that_is_trained(origin: Origin) -> None:
    log_weight = torch.nn.Parameter(torch.tensor(0.0))
    with pytest.warns(UserWarning, match="copy construct"):
        theirs = origin.TemporalLoss(log_weight=log_weight)
    assert not theirs.weight.requires_grad
    weight = TemporalLoss(log_weight=log_weight).weight
    assert weight.item() == theirs.weight.item() == 0.5
    weight.backward()
    # d/dw 1/(2 exp(w)) = -1/(2 exp(w))
    assert log_weight.grad == torch.tensor(-0.5)


def test_reductions(origin: Origin) -> None:
    theirs, ours = origin.TemporalLoss(), TemporalLoss()
    with pytest.raises(KeyError):
        theirs.reduce_loss(ONE, "none")
    assert ours.reduce_loss(ONE, "none") is ONE
    assert bool(theirs.reduce_loss(torch.zeros(0, 2)).isnan())
    assert ours.reduce_loss(torch.zeros(0, 2)) == 0
    # An attribute of the origin's objects, undocumented: override reduce_loss instead.
    assert set(theirs.reduce_methods_dict) == {"mean", "sum"}
    assert not hasattr(ours, "reduce_methods_dict")


# temporal_norm: without the origin's detour through float32 torch.


def test_temporal_norm_in_its_own_dtype(origin: Origin) -> None:
    keypoints = np.array([[1000.1, 0.0], [1000.2, 0.0]])
    # float32 has steps of 2^-14 at 1000, so the step of 0.1 is off by up to as much.
    assert abs(origin.metrics.temporal_norm(keypoints)[1, 0] - 0.1) > 1e-5
    assert temporal_norm(keypoints)[1, 0] == 1000.2 - 1000.1
    for given in (ONE, ONE.numpy()):
        assert origin.metrics.temporal_norm(given).dtype == np.float64
        assert type(temporal_norm(given)) is type(given)
        assert temporal_norm(given).dtype == given.dtype


def test_temporal_norm_with_a_gradient(origin: Origin) -> None:
    watched = ONE.clone().requires_grad_()
    with pytest.raises(RuntimeError, match="requires grad"):
        origin.metrics.temporal_norm(watched)
    assert temporal_norm(watched).requires_grad


def test_temporal_norm_of_integers(origin: Origin) -> None:
    assert origin.metrics.temporal_norm(ONE.int().numpy())[1, 0] == 5.0
    with pytest.raises(TypeError, match=r"keypoints .* int32"):
        temporal_norm(ONE.int().numpy())
