"""The same values, stages, gradients and logs as the origin's class, over drawn inputs."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from temporal_loss import TemporalLoss, temporal_norm

from .draws import DTYPES, STAGES, UNIT, Sample, coordinates, samples, tracks
from .loader import Origin

# (T, 2K) and (T, K, 2): the origin takes the second as well, if by accident.
LAYOUTS = st.sampled_from([(-1,), (-1, 2)])
# Fewer than the default would leave kinks unvisited; more only takes time.
many = settings(max_examples=200, deadline=None)


def pair(origin: Origin, sample: Sample) -> tuple[Any, Any]:
    """Make the origin's loss and ours with the same parameters."""
    return origin.TemporalLoss(**sample.parameters), TemporalLoss(**sample.parameters)


def assert_within(actual: torch.Tensor, expected: torch.Tensor, budget: torch.Tensor | float) -> None:
    """Check dtype, shape, where NaN and infinities are, and the distance elsewhere."""
    assert (actual.dtype, actual.shape, actual.device) == (expected.dtype, expected.shape, expected.device)
    finite = torch.isfinite(expected)
    torch.testing.assert_close(
        torch.where(finite, 0, actual), torch.where(finite, 0, expected), rtol=0, atol=0, equal_nan=True
    )
    # Where the origin is finite ours must be too: a NaN is not within any budget.
    assert bool(((actual - expected).abs() <= budget)[finite].all()), (actual, expected, budget)


def assert_same(actual: torch.Tensor, expected: torch.Tensor) -> None:
    """Check that two tensors hold the same numbers, NaN at the same places, and the same dtype."""
    torch.testing.assert_close(actual, expected, rtol=0, atol=0, equal_nan=True)


def lengths_at_origin(origin: Origin, sample: Sample) -> torch.Tensor:
    """Return the origin's lengths, its masked ones 0: what enters its soft threshold."""
    theirs = origin.TemporalLoss(**sample.parameters)
    lengths = theirs.compute_loss(sample.keypoints)
    return lengths if sample.confidences is None else theirs.remove_nans(lengths, sample.confidences)


def gradients(loss: Any, sample: Sample) -> torch.Tensor:
    """Return the gradient of a loss object's scalar with respect to the keypoints."""
    keypoints = sample.keypoints.detach().clone().requires_grad_()
    value, _ = loss(keypoints, sample.confidences)
    value.backward()
    assert keypoints.grad is not None
    return keypoints.grad


def gradient_budget(sample: Sample, active: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """Return what two right gradients may differ by; 0 where no active entry takes part."""
    steps = sample.keypoints.detach().double().diff(dim=0).reshape(*active.shape, 2)
    units = torch.where(active[..., None], steps.abs() / torch.linalg.norm(steps, dim=-1, keepdim=True), 0)
    none = torch.zeros_like(units[:1])
    touching = torch.cat([none, units]) + torch.cat([units, none])
    budget = 6 * touching.reshape(gradient.shape) / sample.count + 2 * gradient.abs().double()
    return 2 * sample.unit * budget


@many
@given(samples(nans=True))
def test_value(origin: Origin, sample: Sample) -> None:
    theirs, ours = pair(origin, sample)
    expected, _ = theirs(sample.keypoints, sample.confidences, sample.stage)
    actual, _ = ours(sample.keypoints, sample.confidences, sample.stage)
    mean_length = lengths_at_origin(origin, sample).mean().item()
    budget = sample.unit * (2 * sample.count * expected.item() + 6 * mean_length)
    assert_within(actual, expected, budget)


@many
@given(samples(nans=True), LAYOUTS)
def test_compute_loss(origin: Origin, sample: Sample, layout: tuple[int, ...]) -> None:
    theirs, ours = pair(origin, sample)
    shape = (sample.keypoints.shape[0], *layout)
    expected = theirs.compute_loss(predictions=sample.keypoints.reshape(shape))
    actual = ours.compute_loss(predictions=sample.keypoints.reshape(shape))
    assert_within(actual, expected, 4 * sample.unit * expected)


@many
@given(samples(nans=True))
def test_remove_nans(origin: Origin, sample: Sample) -> None:
    assume(sample.confidences is not None)
    theirs, ours = pair(origin, sample)
    lengths = theirs.compute_loss(sample.keypoints)
    before = lengths.detach().clone()
    expected = theirs.remove_nans(loss=lengths, confidences=sample.confidences)
    assert_same(ours.remove_nans(loss=lengths, confidences=sample.confidences), expected)
    assert_same(lengths, before)


@many
@given(samples(nans=True), st.sampled_from([1, -1]))
def test_rectify_epsilon(origin: Origin, sample: Sample, sign: int) -> None:
    theirs, ours = pair(origin, sample)
    # Entries below 0 can come from an overridden compute_loss.
    entries = sign * theirs.compute_loss(sample.keypoints)
    # One subtraction of the same numbers: the same bits.
    assert_same(ours.rectify_epsilon(loss=entries), theirs.rectify_epsilon(loss=entries))


@many
@given(samples(nans=True), st.sampled_from(["mean", "sum"]))
def test_reduce_loss(origin: Origin, sample: Sample, method: str) -> None:
    theirs, ours = pair(origin, sample)
    entries = theirs.compute_loss(sample.keypoints)
    expected = theirs.reduce_loss(entries, method=method)
    actual = ours.reduce_loss(entries, method=method)
    assert_within(actual, expected, 2 * sample.count * sample.unit * expected)
    if method == "mean":
        assert_same(ours.reduce_loss(entries), actual)


@many
@given(samples())
def test_gradient(origin: Origin, sample: Sample) -> None:
    theirs, ours = pair(origin, sample)
    lengths = lengths_at_origin(origin, sample)
    margin = (lengths - torch.tensor(sample.parameters["epsilon"])).abs()
    # Within rounding of the kink either side of it is right; test_at_the_kink is there.
    assume(bool(((lengths == 0) | (margin > 6 * sample.unit * lengths)).all()))
    expected = gradients(theirs, sample)
    actual = gradients(ours, sample)
    active = theirs.rectify_epsilon(lengths) > 0
    assert_within(actual, expected, gradient_budget(sample, active, expected))


@many
@given(samples(exact=True))
def test_at_the_kink(origin: Origin, sample: Sample) -> None:
    theirs, ours = pair(origin, sample)
    lengths = theirs.compute_loss(sample.keypoints)
    assert_same(ours.compute_loss(sample.keypoints), lengths)
    # All sums are exact too, and the one division is correctly rounded on both sides.
    expected, _ = theirs(sample.keypoints, sample.confidences)
    actual, _ = ours(sample.keypoints, sample.confidences)
    assert_same(actual, expected)
    active = theirs.rectify_epsilon(lengths_at_origin(origin, sample)) > 0
    expected = gradients(theirs, sample)
    assert_within(gradients(ours, sample), expected, gradient_budget(sample, active, expected))


@many
@given(samples(nans=True))
def test_gradient_of_unmasked_nan_and_inf(origin: Origin, sample: Sample) -> None:
    unmasked = Sample(sample.keypoints, None, sample.parameters, sample.stage)
    theirs, ours = pair(origin, unmasked)
    assume(not bool(sample.keypoints.isfinite().all()))
    # A NaN coordinate spreads over both coordinates of its keypoint, and to no other one.
    assert_same(torch.isnan(gradients(ours, unmasked)), torch.isnan(gradients(theirs, unmasked)))


@many
@given(samples(), st.dictionaries(st.sampled_from(["heatmaps_pred", "keypoints_targ"]), st.none()))
def test_logs(origin: Origin, sample: Sample, unused: dict[str, None]) -> None:
    theirs, ours = pair(origin, sample)
    arguments = {"keypoints_pred": sample.keypoints, "confidences": sample.confidences, "stage": sample.stage}
    expected_loss, expected = theirs(**arguments, **unused)
    loss, logs = ours(**arguments, **unused)
    assert [list(entry) for entry in logs] == [list(entry) for entry in expected]
    for key in ("name", "prog_bar"):
        assert [entry.get(key) for entry in logs] == [entry.get(key) for entry in expected]
    assert expected[0]["value"] is expected_loss
    assert logs[0]["value"] is loss
    assert_weight(logs[1]["value"], expected[1]["value"], sample.parameters["log_weight"])


@many
@given(st.floats(-20.0, 20.0), DTYPES, STAGES)
def test_weight(origin: Origin, log_weight: float, dtype: torch.dtype, stage: str | None) -> None:
    theirs, ours = origin.TemporalLoss(log_weight=log_weight), TemporalLoss(log_weight=log_weight)
    assert_weight(ours.weight, theirs.weight, log_weight)
    loss = torch.tensor(1.5, dtype=dtype)
    for logs in (ours.log_loss(loss=loss, stage=stage), ours.log_loss(loss, stage)):
        assert logs[0] == theirs.log_loss(loss=loss, stage=stage)[0]
        assert_weight(logs[1]["value"], theirs.weight, log_weight)


def assert_weight(actual: Any, expected: torch.Tensor, log_weight: float) -> None:
    """Check a weight; rounding the exponent to float32 alone costs u*|log_weight| of it.

    The origin then takes exp (within 2u: torch claims one ulp) and one
    division (u). Ours is at most as far from the truth.
    """
    budget = 2 * 2.0**-24 * (abs(log_weight) + 3) * expected.item()
    assert abs(float(actual) - expected.item()) <= budget


@many
@given(tracks(nans=True), DTYPES, LAYOUTS, st.sampled_from(["numpy", "torch"]))
def test_temporal_norm(
    origin: Origin, rows: list[list[float]], dtype: torch.dtype, layout: tuple[int, ...], library: str
) -> None:
    keypoints = torch.tensor(rows, dtype=torch.float32).to(dtype).reshape(len(rows), *layout)
    given_array = keypoints if library == "torch" else keypoints.numpy()
    expected = origin.temporal_norm(given_array)
    actual = temporal_norm(given_array)
    assert type(actual) is type(given_array)
    assert actual.dtype == given_array.dtype
    # The origin takes a NumPy array to float32, whatever it holds: here it holds no more.
    # Its difference then rounds once more than ours, u of the length.
    unit = UNIT[dtype if library == "torch" else torch.float32]
    assert bool(np.isnan(expected[0]).all())
    expected = torch.from_numpy(expected)
    assert_within(torch.as_tensor(actual).double(), expected, 5 * unit * expected)


@many
@given(coordinates(), DTYPES, st.sampled_from(["watched", "plain"]))
def test_the_smallest_input(origin: Origin, step: float, dtype: torch.dtype, kind: str) -> None:
    keypoints = torch.tensor([[0.0, 0.0], [step, 0.0]], dtype=dtype, requires_grad=kind == "watched")
    expected, _ = origin.TemporalLoss()(keypoints)
    actual, _ = TemporalLoss()(keypoints)
    assert_same(actual, expected)
    assert actual.item() == pytest.approx(abs(step), rel=4 * 2.0**-24, abs=0)
