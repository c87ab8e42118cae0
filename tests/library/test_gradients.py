"""TL-8: the gradient by the keypoints, by hand, at every kink and with NaN beside it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from support import NAN, near

from temporal_loss import TemporalLoss, temporal_loss, temporal_norm

if TYPE_CHECKING:
    from collections.abc import Callable

    from support import Arrays

INF, NOT = math.inf, math.nan


def _loss(**options: Any) -> Callable[[Any], Any]:
    return lambda keypoints: temporal_loss(keypoints, **options)


def test_a_moving_keypoint(autodiff: Arrays, full_dtype: str) -> None:
    # Steps (3, 4) and (6, -8), two entries: unit vectors over two, outwards where they end.
    keypoints = autodiff.make([[0, 0], [3, 4], [9, -4]], full_dtype)
    found = autodiff.gradient(_loss(), keypoints)
    assert found == [
        [near(-0.3), near(-0.4)],
        [pytest.approx(0.0, abs=1e-7), near(0.8)],
        [near(0.3), near(-0.4)],
    ]


def test_one_coordinate_is_exact(autodiff: Arrays, dtype: str) -> None:
    # Unit vectors are signs: 1 and -1 over four entries; where they meet, they add up.
    keypoints = autodiff.make([[[0], [0]], [[4], [2]], [[1], [8]]], dtype)
    assert autodiff.gradient(_loss(), keypoints) == [
        [[-0.25], [-0.25]],
        [[0.5], [0.0]],
        [[-0.25], [0.25]],
    ]


def test_the_gradient_has_the_dtype_of_the_keypoints(autodiff: Arrays, dtype: str) -> None:
    keypoints = autodiff.make([[0, 0], [300, 400]], dtype)
    loss, gradient = autodiff.loss_and_gradient(_loss(), keypoints)
    assert autodiff.read(loss) == 500.0
    assert autodiff.dtype_of(gradient) == dtype
    assert autodiff.read(gradient) == [
        [near(-0.6, 2**-8), near(-0.8, 2**-8)],
        [near(0.6, 2**-8), near(0.8, 2**-8)],
    ]


@pytest.mark.parametrize(("reduction", "unit"), [("mean", 0.25), ("sum", 1.0), ("valid_mean", 0.5)])
def test_the_divisor(autodiff: Arrays, reduction: str, unit: float) -> None:
    # Of four entries two are masked: those from and to frame 1 of keypoint 0.
    keypoints = autodiff.make([[[0], [0]], [[4], [2]], [[1], [8]]])
    options = {"confidences": autodiff.make([[1, 1], [0.25, 1], [1, 1]]), "prob_threshold": 0.5}
    found = autodiff.gradient(_loss(reduction=reduction, **options), keypoints)
    assert found == [[[0.0], [-unit]], [[0.0], [0.0]], [[0.0], [unit]]]


def _at_rest(arrays: Arrays) -> dict[str, Any]:
    del arrays
    return {"keypoints": [[7, 9], [7, 9], [7, 9]]}


def _at_rest_below_epsilon(arrays: Arrays) -> dict[str, Any]:
    del arrays
    return {"keypoints": [[7, 9], [7, 9], [7, 9]], "epsilon": 0.5}


def _at_a_tie(arrays: Arrays) -> dict[str, Any]:
    del arrays
    return {"keypoints": [[0, 0], [3, 4], [6, 8]], "epsilon": 5.0}


def _at_a_tie_of_a_list(arrays: Arrays) -> dict[str, Any]:
    del arrays
    return {"keypoints": [[0, 0], [3, 4], [6, 8]], "epsilon": [5.0]}


def _at_a_tie_of_an_array(arrays: Arrays) -> dict[str, Any]:
    return {"keypoints": [[0, 0], [3, 4], [6, 8]], "epsilon": arrays.make([5])}


def _below_epsilon(arrays: Arrays) -> dict[str, Any]:
    del arrays
    return {"keypoints": [[0, 0], [3, 4], [6, 8]], "epsilon": 6.0}


def _masked(bad: float) -> Callable[[Arrays], dict[str, Any]]:
    def options(arrays: Arrays) -> dict[str, Any]:
        sure = arrays.make([[1], [0.25], [1]])
        return {"keypoints": [[0, 0], [bad, 4], [6, 8]], "confidences": sure, "prob_threshold": 0.5}

    return options


def _masked_and_both_infinite(arrays: Arrays) -> dict[str, Any]:
    sure = arrays.make([[1], [0.25], [0.25]])
    return {"keypoints": [[0, 0], [INF, -INF], [INF, INF]], "confidences": sure, "prob_threshold": 0.5}


def _masked_above_epsilon(arrays: Arrays) -> dict[str, Any]:
    return {**_masked(NOT)(arrays), "epsilon": 0.5}


def _omitted(arrays: Arrays) -> dict[str, Any]:
    del arrays
    return {"keypoints": [[0, 0], [3, NOT], [6, 8]], "nan_policy": "omit"}


def _crossing(bad: float) -> Callable[[Arrays], dict[str, Any]]:
    def options(arrays: Arrays) -> dict[str, Any]:
        return {"keypoints": [[0, 0], [bad, 4], [6, 8]], "segment_ids": arrays.make([0, 1, 2], "int32")}

    return options


KINKS: dict[str, Callable[[Arrays], dict[str, Any]]] = {
    "at rest": _at_rest,
    "at rest below epsilon": _at_rest_below_epsilon,
    "tie": _at_a_tie,
    "tie of a list": _at_a_tie_of_a_list,
    "tie of an array": _at_a_tie_of_an_array,
    "below epsilon": _below_epsilon,
    "masked": _masked(3.0),
    "masked NaN": _masked(NOT),
    "masked inf": _masked(INF),
    "masked inf - inf": _masked_and_both_infinite,
    "masked NaN above epsilon": _masked_above_epsilon,
    "omitted NaN": _omitted,
    "crossing": _crossing(3.0),
    "crossing NaN": _crossing(NOT),
    "crossing inf": _crossing(INF),
}


@pytest.mark.parametrize("kink", KINKS)
def test_exactly_zero(autodiff: Arrays, kink: str) -> None:
    options = KINKS[kink](autodiff)
    keypoints = autodiff.make(options.pop("keypoints"))
    mean, valid_mean, total = (_loss(reduction=r, **options) for r in ("mean", "valid_mean", "sum"))
    # All three at once: what is not exactly zero in one of them is not in the sum.
    loss, gradient = autodiff.loss_and_gradient(lambda k: mean(k) + valid_mean(k) + total(k), keypoints)
    assert autodiff.read(loss) == 0.0
    assert autodiff.read(gradient) == [[0.0, 0.0]] * 3


@pytest.mark.parametrize("kink", ["at rest", "tie", "masked NaN", "crossing NaN", "omitted NaN"])
def test_exactly_zero_in_every_dtype(autodiff: Arrays, dtype: str, kink: str) -> None:
    options = KINKS[kink](autodiff)
    keypoints = autodiff.make(options.pop("keypoints"), dtype)
    assert autodiff.gradient(_loss(**options), keypoints) == [[0.0, 0.0]] * 3


def test_every_kink_at_once_with_nan_beside_them(autodiff: Arrays) -> None:
    # One step of nine keypoints: moving, at rest, at the tie, below epsilon, masked NaN, masked
    # infinities, masked and moving, at rest below epsilon, and a NaN that is not masked.
    before = [0, 0, 7, 7, 0, 0, 0, 0, NOT, 0, INF, INF, 0, 0, 1, 1, NOT, 0]
    after = [3, 4, 7, 7, 3, 4, 3, 4, 3, 4, INF, 0, 3, 4, 1, 1, 3, 4]
    loss, gradient = autodiff.loss_and_gradient(
        _loss(
            confidences=autodiff.make([[1] * 9, [1, 1, 1, 1, 0.25, 0.25, 0.25, 1, 1]]),
            prob_threshold=0.5,
            epsilon=[0.0, 0.0, 5.0, 6.0, 1.0, 1.0, 1.0, 1.0, 1.0],
            reduction="sum",
        ),
        autodiff.make([before, after]),
    )
    assert autodiff.read(loss) == NAN
    still = [0.0] * 14
    assert autodiff.read(gradient) == [
        [near(-0.6), near(-0.8), *still, NAN, NAN],
        [near(0.6), near(0.8), *still, NAN, NAN],
    ]


def test_unmasked_nan_stays_with_the_frames_it_touches(autodiff: Arrays) -> None:
    # Keypoint 0 is missing in frame 1: its steps from 0 and to 2 are NaN, the step to 3 is not.
    track = [[[0], [0]], [[NOT], [2]], [[1], [4]], [[3], [6]], [[5], [8]]]
    found = autodiff.gradient(_loss(reduction="sum"), autodiff.make(track))
    assert found == [[[NAN], [-1.0]], [[NAN], [0.0]], [[NAN], [0.0]], [[0.0], [0.0]], [[1.0], [1.0]]]


def test_a_masked_nan_leaves_its_neighbours_their_gradient(autodiff: Arrays) -> None:
    track = autodiff.make([[[0]], [[2]], [[NOT]], [[7]], [[9]]])
    sure = autodiff.make([[1], [1], [0.25], [1], [1]])
    found = autodiff.gradient(_loss(confidences=sure, prob_threshold=0.5, reduction="sum"), track)
    assert found == [[[-1.0]], [[1.0]], [[0.0]], [[-1.0]], [[1.0]]]


def test_a_mean_over_nothing(autodiff: Arrays) -> None:
    keypoints = autodiff.make([[0, 0], [NOT, 4], [6, INF]])
    none_sure, apart = autodiff.make([[0], [0], [0]]), autodiff.make([0, 1, 2], "int32")
    nothing = [
        {"confidences": none_sure, "prob_threshold": 0.5, "reduction": "valid_mean"},
        {"segment_ids": apart, "reduction": "mean"},
        {"segment_ids": apart, "reduction": "valid_mean"},
    ]
    for options in nothing:
        loss, gradient = autodiff.loss_and_gradient(_loss(**options), keypoints)
        assert autodiff.read(loss) == 0.0
        assert autodiff.read(gradient) == [[0.0, 0.0]] * 3


def test_segments(autodiff: Arrays) -> None:
    # The step of 4 crosses; of the other two, both are counted.
    track, ids = autodiff.make([[[0]], [[2]], [[6]], [[7]]]), autodiff.make([0, 0, 1, 1], "int32")
    assert autodiff.gradient(_loss(segment_ids=ids), track) == [[[-0.5]], [[0.5]], [[-0.5]], [[0.5]]]


def test_a_batch(autodiff: Arrays) -> None:
    batch = autodiff.make([[[[0]], [[2]]], [[[9]], [[9]]], [[[5]], [[1]]], [[[0]], [[8]]]])
    assert autodiff.gradient(_loss(epsilon=3.0), batch) == [
        [[[0.0]], [[0.0]]],
        [[[0.0]], [[0.0]]],
        [[[0.25]], [[-0.25]]],
        [[[-0.25]], [[0.25]]],
    ]


@pytest.mark.parametrize(("step", "tiny"), [((3, 4), -60), ((3, 4), 60)])
def test_the_unit_vector_of_tiny_and_huge_steps(autodiff: Arrays, step: tuple[int, int], tiny: int) -> None:
    keypoints = autodiff.make([[0, 0], [math.ldexp(step[0], tiny), math.ldexp(step[1], tiny)]])
    found = autodiff.gradient(_loss(), keypoints)
    assert found == [[near(-0.6), near(-0.8)], [near(0.6), near(0.8)]]


def test_the_class_has_the_same_gradient(autodiff: Arrays) -> None:
    loss = TemporalLoss(epsilon=[0.0, 5.0, 0.0], prob_threshold=0.5)
    sure = autodiff.make([[1, 1, 1], [1, 1, 0.25]])
    keypoints = autodiff.make([[0, 0, 0, 0, NOT, 0], [3, 4, 3, 4, 6, 8]])
    found = autodiff.gradient(lambda k: loss(k, sure)[0], keypoints)
    assert found == [[near(-0.2), near(-0.8 / 3), *[0.0] * 4], [near(0.2), near(0.8 / 3), *[0.0] * 4]]


def test_the_stages_of_the_class_have_gradients_of_their_own(autodiff: Arrays) -> None:
    loss = TemporalLoss(epsilon=5.0, prob_threshold=0.5)
    at_rest = autodiff.make([[0, 0, 7, 7], [3, 4, 7, 7]])
    total = autodiff.gradient(lambda k: loss.reduce_loss(loss.compute_loss(k), "sum"), at_rest)
    assert total == [[near(-0.6), near(-0.8), 0.0, 0.0], [near(0.6), near(0.8), 0.0, 0.0]]
    entries = autodiff.make([[5, 4, 7]])
    rectified = autodiff.gradient(lambda e: loss.reduce_loss(loss.rectify_epsilon(e), "sum"), entries)
    assert rectified == [[0.0, 0.0, 1.0]]
    sure = autodiff.make([[1, 0.25, 1], [1, 1, 1]])
    masked = autodiff.gradient(lambda e: loss.reduce_loss(loss.remove_nans(e, sure)), entries)
    assert masked == [[near(1 / 3), 0.0, near(1 / 3)]]


def test_the_norm_has_a_gradient_too(autodiff: Arrays) -> None:
    keypoints = autodiff.make([[0, 0, 7, 7], [3, 4, 7, 7]])
    found = autodiff.gradient(lambda k: temporal_norm(k)[1, :].sum(), keypoints)
    assert found == [[near(-0.6), near(-0.8), 0.0, 0.0], [near(0.6), near(0.8), 0.0, 0.0]]
