"""Labelled arrays: which dimensions are found, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .refusals import assert_refused, due

xr = pytest.importorskip("xarray", reason="xarray is not installed")
from temporal_loss import xarray as labelled  # noqa: E402 - after the skip

from .mice import EPSILON, of_time, recording, sure  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

OTHERS = {"time": "frame", "space": "coords", "keypoints": "bodyparts", "individuals": "mice"}


@pytest.mark.parametrize(
    ("names", "dims"),
    [
        ({"keypoints": "keypoint"}, None),
        (OTHERS, {role: name for role, name in OTHERS.items() if role != "individuals"}),
        ({"time": "space", "space": "time"}, {"time": "space", "space": "time"}),
        # Points of a box: the individuals are the keypoints.
        ({"keypoints": "corner"}, {"keypoints": "individuals"}),
    ],
    ids=["singular", "others", "exchanged", "individuals"],
)
def test_names(names: dict[str, str], dims: dict[str, str] | None) -> None:
    keypoints = recording().rename(names)
    assert labelled.temporal_loss(keypoints, reduction="sum", dims=dims) == 26
    assert labelled.temporal_loss_and_grad(keypoints, reduction="sum", dims=dims)[0] == 26
    assert labelled.temporal_norm(keypoints, dims=dims).sum() == 26
    largest = labelled.estimate_epsilon(keypoints, quantile=1.0, dims=dims)
    assert largest.values.tolist() == ([5, 10] if "corner" in keypoints.dims else [10, 3])


def _refusals() -> Iterator[Any]:
    keypoints, other = recording(), ["nose", "ear"]
    both = keypoints.expand_dims("keypoint")
    yield "no time", {"keypoints": keypoints[0]}, ValueError, "time", "space, keypoints, individuals"
    yield "no space", {"keypoints": keypoints[:, 0]}, ValueError, "space", "time, keypoints, individuals"
    named = keypoints.rename(keypoints="bodyparts")
    yield "no keypoints", {"keypoints": named}, ValueError, "keypoints or keypoint", "bodyparts", "dims["
    yield (
        "two of them",
        {"keypoints": both},
        ValueError,
        "one dimension keypoints or keypoint",
        "keypoint, time",
    )
    yield "wrong name", {"dims": {"time": "frame"}}, ValueError, "one dimension frame", "got dimensions time"
    yield "same name", {"dims": {"space": "time"}}, ValueError, "one dimension time", "dims['space']"
    yield "wrong key", {"dims": {"Time": "time"}}, ValueError, "dims", "time, keypoints, space", "got Time"
    yield "no position", {"keypoints": xr.Dataset({"shape": 1})}, ValueError, "position", "got shape"
    yield "array", {"keypoints": keypoints.values}, TypeError, "keypoints", "DataArray", "ndarray"
    for name in ("confidences", "segment_ids"):
        yield f"{name} array", {name: sure().values}, TypeError, name, "DataArray", "ndarray"
        late = of_time([1, 1, 1, 1]).rename(time="frame")
        yield f"{name} of frame", {name: late}, ValueError, name, "out of", "time at least", "got frame"
        yield f"{name} of no time", {name: of_time([1] * 4)[0]}, ValueError, name, "time at least", "got none"
        short = of_time([1, 1, 1, 1])[1:]
        yield f"{name} short", {name: short}, ValueError, name, "length 4 along time", "got 3"
        shifted = of_time([1, 1, 1, 1]).assign_coords(time=[0.5, 1.0, 1.5, 2.0])
        yield f"{name} shifted", {name: shifted}, ValueError, name, "along time", "0.0, 0.5", "got 2.0"
        twice = of_time([1, 1, 1, 1]).assign_coords(time=[0.0, 0.0, 0.5, 1.0])
        yield f"{name} twice", {name: twice}, ValueError, name, "along time", "twice"
    sleap = keypoints.isel(space=[0, 1, 1]).assign_coords(space=["x", "y", "likelihood"])
    yield "likelihood in space", {"keypoints": sleap}, ValueError, "space", "likelihood", "as confidences"
    yield "confidences of space", {"confidences": keypoints}, ValueError, "confidences", "got time, space"
    per_keypoint = xr.ones_like(sure(), dtype=int)
    yield (
        "segments of keypoints",
        {"segment_ids": per_keypoint},
        ValueError,
        "segment_ids",
        "individuals, time ",
    )
    elsewhere = EPSILON.assign_coords(keypoints=other)
    yield (
        "epsilon elsewhere",
        {"epsilon": elsewhere},
        ValueError,
        "epsilon",
        "along keypoints",
        "nose, tail",
        "ear",
    )
    yield (
        "epsilon of time",
        {"epsilon": of_time([1] * 4)},
        ValueError,
        "epsilon",
        "out of keypoints",
        "got time",
    )
    yield "epsilon None", {"epsilon": None}, ValueError, "epsilon", "NoneType"
    yield "epsilon negative", {"epsilon": -1.0}, ValueError, "epsilon", "-1.0"
    own = {"epsilon": xr.DataArray([1, 1], dims="individuals"), "segment_ids": per_keypoint.isel(keypoints=0)}
    yield "segments beside epsilon", own, ValueError, "segment_ids", "out of time", "got time, individuals"
    yield "whole numbers", {"keypoints": keypoints.astype(int)}, TypeError, "keypoints", "int64"


@pytest.mark.parametrize("case", list(_refusals()), ids=lambda case: case[0])
def test_refused(case: Any) -> None:
    _, given, error, *words = case
    functions = [labelled.temporal_loss, labelled.temporal_loss_and_grad]
    if given.keys() <= {"keypoints", "dims"}:
        functions += [labelled.temporal_norm, labelled.estimate_epsilon]
    for function in functions:
        assert_refused(due(error, *words), function, **{"keypoints": recording(), **given})


@pytest.mark.parametrize("per", ["views", "time", ["individuals", "views"], "keypoints"])
def test_what_has_no_epsilon_of_its_own(per: Any) -> None:
    refusal = due(ValueError, "per", "the batch (individuals)", "got")
    assert_refused(refusal, labelled.estimate_epsilon, recording(), per=per)


def test_no_gradient_of_entries() -> None:
    with pytest.raises(ValueError, match="reduction"):
        labelled.temporal_loss_and_grad(recording(), reduction="none")
