"""The same values, stages, gradients and logs as the origin's class, over drawn inputs."""

from typing import Any

import numpy as np
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from temporal_loss import TemporalLoss, temporal_norm

from .draws import DTYPES, UNIT, Sample, samples, tracks
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
    assert_same(torch.where(finite, 0, actual), torch.where(finite, 0, expected))
    # Where the origin is finite ours must be too: a NaN is not within any budget.
    assert bool(((actual - expected).abs() <= budget)[finite].all()), (actual, expected, budget)


def assert_same(actual: torch.Tensor, expected: torch.Tensor) -> None:
    """Check that two tensors hold the same numbers, NaN at the same places, and the same dtype."""
    torch.testing.assert_close(actual, expected, rtol=0, atol=0, equal_nan=True)


def assert_same_logs(actual: list[dict[str, Any]], expected: list[dict[str, Any]], log_weight: float) -> None:
    """Check names, order and flags of what is logged, and the weight.

    Rounding its exponent to float32 alone costs u*|log_weight| of a weight. The origin then takes exp
    (within 2u: torch claims one ulp) and one division (u). Ours is at most as far from the truth.
    """
    assert [list(entry) for entry in actual] == [list(entry) for entry in expected]
    for key in ("name", "prog_bar"):
        assert [entry.get(key) for entry in actual] == [entry.get(key) for entry in expected]
    weight = expected[1]["value"].item()
    budget = 2 * UNIT[torch.float32] * (abs(log_weight) + 3) * weight
    assert abs(float(actual[1]["value"]) - weight) <= budget


def lengths_at_origin(theirs: Any, sample: Sample) -> torch.Tensor:
    """Return the origin's lengths, its masked ones 0: what enters its soft threshold."""
    lengths: torch.Tensor = theirs.compute_loss(sample.keypoints)
    return lengths if sample.confidences is None else theirs.remove_nans(lengths, sample.confidences)


def gradients(loss: Any, sample: Sample) -> torch.Tensor:
    """Return the gradient of a loss object's scalar with respect to the keypoints."""
    keypoints = sample.keypoints.detach().clone().requires_grad_()
    value, _ = loss(keypoints, sample.confidences)
    value.backward()
    assert keypoints.grad is not None
    return keypoints.grad


def assert_gradients_within(theirs: Any, ours: Any, sample: Sample) -> None:
    """Check our gradient against the origin's: exactly 0 where no active entry takes part."""
    active = theirs.rectify_epsilon(lengths_at_origin(theirs, sample)) > 0
    steps = sample.keypoints.detach().double().diff(dim=0).reshape(*active.shape, 2)
    units = torch.where(active[..., None], steps.abs() / torch.linalg.norm(steps, dim=-1, keepdim=True), 0)
    none = torch.zeros_like(units[:1])
    touching = torch.cat([none, units]) + torch.cat([units, none])
    expected = gradients(theirs, sample)
    budget = 6 * touching.reshape(expected.shape) / sample.count + 2 * expected.abs().double()
    assert_within(gradients(ours, sample), expected, 2 * sample.unit * budget)


@many
@given(samples(nans=True), LAYOUTS)
def test_stages(origin: Origin, sample: Sample, layout: tuple[int, ...]) -> None:
    theirs, ours = pair(origin, sample)
    keypoints = sample.keypoints.reshape(sample.keypoints.shape[0], *layout)
    lengths = theirs.compute_loss(predictions=keypoints)
    assert_within(ours.compute_loss(predictions=keypoints), lengths, 4 * sample.unit * lengths)
    # From here both are given the same numbers.
    if sample.confidences is not None:
        given = {"loss": lengths, "confidences": sample.confidences}
        before = lengths.detach().clone()
        assert_same(ours.remove_nans(**given), theirs.remove_nans(**given))
        assert_same(lengths, before)
    # Entries below 0 can come from an overridden compute_loss. One subtraction: the same bits.
    for entries in (lengths, -lengths):
        assert_same(ours.rectify_epsilon(loss=entries), theirs.rectify_epsilon(loss=entries))
    for method in ("mean", "sum"):
        expected = theirs.reduce_loss(lengths, method=method)
        budget = 2 * sample.count * sample.unit * expected
        assert_within(ours.reduce_loss(lengths, method=method), expected, budget)
    assert_same(ours.reduce_loss(lengths), ours.reduce_loss(lengths, "mean"))
    logged = {"loss": lengths.sum(), "stage": sample.stage}
    assert_same_logs(ours.log_loss(**logged), theirs.log_loss(**logged), sample.parameters["log_weight"])


@many
@given(samples(nans=True), st.dictionaries(st.sampled_from(["heatmaps_pred", "keypoints_targ"]), st.none()))
def test_call(origin: Origin, sample: Sample, unused: dict[str, None]) -> None:
    theirs, ours = pair(origin, sample)
    expected, their_logs = theirs(sample.keypoints, sample.confidences, sample.stage)
    given = {"keypoints_pred": sample.keypoints, "confidences": sample.confidences, "stage": sample.stage}
    actual, logs = ours(**given, **unused)
    mean_length = lengths_at_origin(theirs, sample).mean().item()
    assert_within(actual, expected, sample.unit * (2 * sample.count * expected.item() + 6 * mean_length))
    by_position, _ = ours(sample.keypoints, sample.confidences, sample.stage)
    assert_same(by_position, actual)
    assert_same_logs(logs, their_logs, sample.parameters["log_weight"])
    assert their_logs[0]["value"] is expected
    assert logs[0]["value"] is actual


@many
@given(samples())
def test_gradient(origin: Origin, sample: Sample) -> None:
    theirs, ours = pair(origin, sample)
    lengths = lengths_at_origin(theirs, sample)
    margin = (lengths - torch.tensor(sample.parameters["epsilon"])).abs()
    # Within rounding of the kink either side of it is right; test_at_the_kink is there.
    assume(bool(((lengths == 0) | (margin > 6 * sample.unit * lengths)).all()))
    assert_gradients_within(theirs, ours, sample)


@many
@given(samples(exact=True))
def test_at_the_kink(origin: Origin, sample: Sample) -> None:
    theirs, ours = pair(origin, sample)
    assert_same(ours.compute_loss(sample.keypoints), theirs.compute_loss(sample.keypoints))
    # All sums are exact too, and the one division is correctly rounded on both sides.
    expected, _ = theirs(sample.keypoints, sample.confidences)
    actual, _ = ours(sample.keypoints, sample.confidences)
    assert_same(actual, expected)
    assert_gradients_within(theirs, ours, sample)


@many
@given(samples(nans=True))
def test_gradient_of_unmasked_nan_and_inf(origin: Origin, sample: Sample) -> None:
    unmasked = Sample(sample.keypoints, None, sample.parameters, sample.stage)
    theirs, ours = pair(origin, unmasked)
    assume(not bool(sample.keypoints.isfinite().all()))
    # A NaN coordinate spreads over both coordinates of its keypoint, and to no other one.
    assert_same(torch.isnan(gradients(ours, unmasked)), torch.isnan(gradients(theirs, unmasked)))


@many
@given(tracks(nans=True), DTYPES, LAYOUTS, st.sampled_from(["numpy", "torch"]))
def test_temporal_norm(
    origin: Origin, rows: Any, dtype: torch.dtype, layout: tuple[int, ...], library: str
) -> None:
    keypoints = torch.tensor(rows, dtype=torch.float32).to(dtype).reshape(len(rows), *layout)
    given_array = keypoints if library == "torch" else keypoints.numpy()
    expected = origin.metrics.temporal_norm(given_array)
    actual = temporal_norm(given_array)
    assert type(actual) is type(given_array)
    assert actual.dtype == given_array.dtype
    # The origin takes a NumPy array to float32, whatever it holds: here it holds no more.
    # Its difference then rounds once more than ours, u of the length.
    unit = UNIT[dtype if library == "torch" else torch.float32]
    assert bool(np.isnan(expected[0]).all())
    expected = torch.from_numpy(expected)
    assert_within(torch.as_tensor(actual).double(), expected, 5 * unit * expected)
