"""Labelled arrays: right whatever the order of dimensions, labels kept, lazy where they are."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from support import NAN, near

import temporal_loss as plain

xr = pytest.importorskip("xarray", reason="xarray is not installed")
import numpy as np  # noqa: E402 - after the skip

from temporal_loss import xarray as labelled  # noqa: E402

from .mice import (  # noqa: E402
    ENTRIES,
    EPSILON,
    EXPECTED,
    KINDS,
    MOVEMENT,
    STEPS,
    THRESHOLD,
    TIMES,
    of_time,
    recording,
    sure,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


class _ComputedError(Exception):
    pass


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise _ComputedError


@pytest.fixture(params=KINDS)
def cut(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Return what makes DataArrays and Datasets of a library; nothing lazy is computed unasked."""
    if request.param == "numpy":
        yield lambda given: given
        return
    import dask  # noqa: PLC0415 - only where it is under test

    with dask.config.set(scheduler=_refuse):
        yield lambda given: given.chunk(dict.fromkeys(given.dims, 1))


def read(result: Any, *, lazy: bool) -> Any:
    """Compute a result, which has to be as lazy as what it was made of."""
    assert isinstance(result, xr.DataArray)
    assert hasattr(result.data, "dask") is lazy
    return result.compute(scheduler="synchronous").values.tolist() if lazy else result.values.tolist()


def is_lazy(given: Any) -> bool:
    return bool(given.chunks)


def everything(cut: Any, order: tuple[str, ...] = MOVEMENT, **options: Any) -> dict[str, Any]:
    """Arguments of the example that has confidences, epsilon and segments."""
    confidences = sure(*(name for name in reversed(order) if name != "space"))
    beside = {"confidences": confidences, "epsilon": EPSILON, "segment_ids": of_time([0, 0, 0, 1])}
    given = {name: cut(array) for name, array in beside.items()}
    return {"keypoints": cut(recording(*order)), "prob_threshold": THRESHOLD, **given, **options}


# Numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", EXPECTED)
def test_the_worked_example(cut: Any, reduction: str) -> None:
    given = everything(cut, reduction=reduction)
    result = labelled.temporal_loss(**given)
    assert read(result, lazy=is_lazy(given["keypoints"])) == EXPECTED[reduction]
    assert result.dims == (("time", "keypoints", "individuals") if reduction == "none" else ())


@pytest.mark.parametrize("order", list(itertools.permutations(MOVEMENT)), ids="-".join)
def test_any_order_of_dimensions(cut: Any, order: tuple[str, ...]) -> None:
    given = everything(cut, order, reduction="sum")
    lazy = is_lazy(given["keypoints"])
    loss, gradient = labelled.temporal_loss_and_grad(**given)
    assert read(labelled.temporal_loss(**given), lazy=lazy) == read(loss, lazy=lazy) == 6.0
    assert gradient.dims == order
    due = xr.zeros_like(recording("individuals", "keypoints", "time", "space"))
    due[0, 0, :2] = [[-0.6, -0.8], [0.6, 0.8]]
    due[0, 1, :2] = due[1, 1, 1:3] = [[0, -1], [0, 1]]
    assert read(gradient.transpose(*due.dims), lazy=lazy) == near_all(due.values)
    norm = labelled.temporal_norm(given["keypoints"])
    assert norm.dims == tuple(name for name in order if name != "space")
    steps = norm.transpose("time", "keypoints", "individuals")
    assert read(steps, lazy=lazy) == [[[NAN, NAN], [NAN, NAN]], *STEPS]


def near_all(values: Any) -> Any:
    return [near_all(each) for each in values] if np.ndim(values) else near(float(values))


def test_what_the_plain_functions_give() -> None:
    rng = np.random.default_rng(7)
    views = xr.DataArray(
        np.cumsum(rng.normal(size=(3, 2, 9, 4, 2)), axis=2),
        dims=["space", "view", "time", "individual", "keypoint"],
    )
    sureness = xr.DataArray(rng.uniform(size=(9, 2, 2, 4)), dims=["time", "view", "keypoint", "individual"])
    positions = np.transpose(views.values, (1, 3, 2, 4, 0))
    beside = np.transpose(sureness.values, (1, 3, 0, 2))
    options: dict[str, Any] = {"prob_threshold": THRESHOLD, "reduction": "valid_mean"}
    loss, gradient = labelled.temporal_loss_and_grad(views, sureness, epsilon=[0.5, 1.0], **options)
    plain_loss, plain_gradient = plain.temporal_loss_and_grad(
        positions, beside, epsilon=[0.5, 1.0], **options
    )
    assert loss == plain_loss
    np.testing.assert_array_equal(np.transpose(gradient.values, (1, 3, 2, 4, 0)), plain_gradient)
    epsilon = labelled.estimate_epsilon(views, sureness, prob_threshold=THRESHOLD, quantile=0.7)
    due = plain.estimate_epsilon(positions, beside, prob_threshold=THRESHOLD, quantile=0.7)
    np.testing.assert_array_equal(epsilon.values, due)
    assert epsilon.dims == ("keypoint",)


def test_nan_policy() -> None:
    keypoints = recording()
    keypoints[0] = np.nan
    assert np.isnan(labelled.temporal_loss(keypoints, reduction="sum"))
    assert labelled.temporal_loss(keypoints, reduction="sum", nan_policy="omit") == 9.0
    loss, gradient = labelled.temporal_loss_and_grad(keypoints, reduction="sum", nan_policy="omit")
    assert loss == 9.0
    assert not gradient[0].any()


# Epsilon ------------------------------------------------------------------------------------


def test_epsilon_per_keypoint(cut: Any) -> None:
    keypoints, confidences = cut(recording()), cut(sure())
    # Noses 0, 5, 5 and 0 (two of b's are masked), tails 0, 0, 0, 1, 2, 3.
    epsilon = labelled.estimate_epsilon(keypoints, confidences, prob_threshold=THRESHOLD, quantile=0.5)
    assert read(epsilon, lazy=is_lazy(keypoints)) == [2.5, 0.5]
    assert epsilon.dims == ("keypoints",)
    assert epsilon.coords.keys() == {"keypoints"}


@pytest.mark.parametrize("per", ["individuals", "individual", ["individuals"], ("individual",)])
@pytest.mark.parametrize("name", ["individuals", "individual"])
def test_epsilon_per_individual(cut: Any, name: str, per: Any) -> None:
    keypoints = cut(recording().rename(individuals=name))
    epsilon = labelled.estimate_epsilon(keypoints, quantile=1.0, per=per)
    assert read(epsilon, lazy=is_lazy(keypoints)) == [[5, 10], [2, 3]]
    assert epsilon.dims == ("keypoints", name)
    assert epsilon.coords.keys() == {"keypoints", name}
    # What was estimated can be given.
    half = labelled.temporal_loss(keypoints, epsilon=epsilon / 2, reduction="none")
    assert read(half, lazy=is_lazy(keypoints)) == [[[2.5, 5], [1, 0]], [[0, 0], [0, 0]], [[2.5, 0], [0, 1.5]]]
    loss, gradient = labelled.temporal_loss_and_grad(keypoints, epsilon=epsilon / 2, reduction="sum")
    assert read(loss, lazy=is_lazy(keypoints)) == 12.5
    assert gradient.dims == keypoints.dims


def test_epsilon_per_individual_beside_views() -> None:
    # What is pooled lies between what is not.
    views = xr.concat([recording(), 2 * recording()], "view").transpose(
        "individuals", "view", "space", "keypoints", "time"
    )
    epsilon = labelled.estimate_epsilon(views, quantile=1.0, per="individuals")
    assert read(epsilon, lazy=False) == [[10, 4], [20, 6]]
    loss = labelled.temporal_loss(views, epsilon=epsilon / 2, reduction="none")
    assert loss.dims == ("individuals", "view", "keypoints", "time")
    assert read(loss.sel(view=1), lazy=False) == [[[5, 0, 5], [2, 0, 0]], [[10, 0, 0], [0, 0, 3]]]
    segmented = labelled.temporal_loss(
        views, epsilon=epsilon / 2, segment_ids=of_time([0, 0, 0, 1]), reduction="sum"
    )
    assert segmented == 5 + 2 + 10


@pytest.mark.parametrize(
    ("epsilon", "expected"),
    [
        (1.0, 4 + 4 + 9 + 1 + 2),
        ([1.0, 0.5], 4 + 4 + 9 + 1.5 + 0.5 + 2.5),
        (EPSILON, 4 + 4 + 9 + 1.5 + 0.5 + 2.5),
        (EPSILON[::-1], 4 + 4 + 9 + 1.5 + 0.5 + 2.5),
        (EPSILON.drop_vars("keypoints"), 4 + 4 + 9 + 1.5 + 0.5 + 2.5),
        (EPSILON.max(), 4 + 4 + 9 + 1 + 2),
        (xr.DataArray([5, 1], dims="individuals"), 9 + 2),
    ],
    ids=["number", "list", "labelled", "in another order", "unlabelled", "scalar", "per individual"],
)
def test_forms_of_epsilon(epsilon: Any, expected: float) -> None:
    assert labelled.temporal_loss(recording(), epsilon=epsilon, reduction="sum") == expected


# What is beside the keypoints ---------------------------------------------------------------


def test_what_lacks_a_dimension_is_repeated(cut: Any) -> None:
    doubtful = cut(of_time([1, 1, 0, 1]).astype(float))
    keypoints = cut(recording())
    loss = labelled.temporal_loss(keypoints, doubtful, prob_threshold=THRESHOLD, reduction="sum")
    assert read(loss, lazy=is_lazy(keypoints)) == 5 + 10 + 2


def test_labels_are_what_counts_not_their_order() -> None:
    shuffled = sure().isel(time=[2, 0, 3, 1], keypoints=[1, 0], individuals=[1, 0])
    loss = labelled.temporal_loss(recording(), shuffled, prob_threshold=THRESHOLD, reduction="sum")
    assert loss == 26 - 10


def test_segments_of_each_individual() -> None:
    ids = xr.DataArray([[0, 1, 1, 1], [0, 0, 0, 0]], dims=["individuals", "time"])
    assert labelled.temporal_loss(recording(), segment_ids=ids, reduction="sum") == 26 - 5 - 2
    trial = recording().assign_coords(trial=("time", [0, 0, 0, 1])).trial
    assert labelled.temporal_loss(recording(), segment_ids=trial, reduction="sum") == 26 - 5 - 3


def test_lazy_beside_what_is_not() -> None:
    pytest.importorskip("dask", reason="dask is not installed")
    for lazy in ("keypoints", "confidences", "epsilon", "segment_ids"):
        given = everything(lambda array: array, reduction="none")
        given["keypoints"] = given["keypoints"].assign_coords(trial=("time", [0, 0, 1, 1]))
        given[lazy] = given[lazy].copy(data=given[lazy].chunk().data)
        result = labelled.temporal_loss(**given)
        assert read(result, lazy=True) == ENTRIES
        assert result.trial.chunks is None


# Labels -------------------------------------------------------------------------------------


def test_a_step_is_at_the_time_of_its_later_frame() -> None:
    entries = labelled.temporal_loss(recording(), reduction="none")
    norm = labelled.temporal_norm(recording())
    assert entries.time.values.tolist() == TIMES[1:]
    assert norm.time.values.tolist() == TIMES
    xr.testing.assert_identical(norm[1:].rename("temporal_loss"), entries)
    assert norm.sel(time=1.5, keypoints="tail", individuals="b") == 3


def test_coordinates_and_attributes() -> None:
    keypoints = recording().assign_coords(
        trial=("time", [0, 0, 1, 1]), side=(("keypoints", "space"), [["l", "r"]] * 2), camera="top"
    )
    keypoints.time.attrs["units"] = "s"
    norm = labelled.temporal_norm(keypoints)
    # All but what belongs to space.
    xr.testing.assert_identical(
        norm.coords.to_dataset(), keypoints.coords.to_dataset().drop_vars(["space", "side"])
    )
    loss, gradient = labelled.temporal_loss_and_grad(keypoints)
    assert loss.coords.keys() == {"camera"}
    xr.testing.assert_identical(gradient.coords.to_dataset(), keypoints.coords.to_dataset())
    epsilon = labelled.estimate_epsilon(keypoints)
    for result in (norm, loss, epsilon):
        assert result.attrs == {"units": "pixels", "space_unit": "px"}
    assert gradient.attrs == {}
    assert [each.name for each in (norm, loss, gradient, epsilon)] == [
        "temporal_norm",
        "temporal_loss",
        "gradient",
        "epsilon",
    ]


def test_a_dataset_of_movement(cut: Any) -> None:
    whole = cut(xr.Dataset({"position": recording(), "confidence": sure()}, attrs={"fps": 2}))
    lazy, options = is_lazy(whole.position), {"prob_threshold": THRESHOLD, "reduction": "sum"}
    assert read(labelled.temporal_loss(whole, **options), lazy=lazy) == 26 - 10
    assert read(labelled.temporal_loss_and_grad(whole, **options)[0], lazy=lazy) == 26 - 10
    assert read(labelled.temporal_loss(whole, xr.zeros_like(whole.confidence), **options), lazy=lazy) == 0
    assert read(labelled.temporal_loss(whole[["position"]], **options), lazy=lazy) == 26
    assert read(labelled.temporal_norm(whole)[1:], lazy=lazy) == STEPS
    epsilon = labelled.estimate_epsilon(whole, prob_threshold=THRESHOLD, quantile=1.0)
    assert read(epsilon, lazy=lazy) == [5, 3]
