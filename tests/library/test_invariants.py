"""What users rely on, for arrays that nobody chose: hypothesis draws them.

Numbers are whole, or whole multiples of a power of two, and small enough that every difference,
square and sum of squares is exact in float32. So are sums, where steps have whole lengths. Where
an order of summing changes, the lengths are whole; all else has to hold to the last bit.
"""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from temporal_loss import TemporalLoss, temporal_loss, temporal_norm

if TYPE_CHECKING:
    from collections.abc import Callable

    from support import Arrays

# Steps of whole length, and turns of them.
_WHOLE = ((0, 0), (3, 4), (-4, 3), (5, -12), (-8, -15), (0, 7), (1, 0), (20, 21))
_any = st.integers(-100, 100)
_whole_step = st.sampled_from(_WHOLE)


# Compiling and scheduling cost a second for each new shape; the arithmetic is the same.
_EXAMPLES = {"jax": 8, "dask": 4}


def _invariant(test: Callable[[Arrays, st.DataObject], None]) -> Callable[[Arrays], None]:
    def run(arrays: Arrays) -> None:
        @settings(
            max_examples=_EXAMPLES.get(arrays.name, 50),
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=[HealthCheck.too_slow],
        )
        @given(data=st.data())
        def drawn(data: st.DataObject) -> None:
            test(arrays, data)

        drawn()

    return run


@st.composite
def _tracks(draw: st.DrawFn, *, whole: bool = False) -> list[list[list[int]]]:
    """Frames of keypoints of pairs, as integers."""
    frames, keypoints = 5, 2
    if not whole:
        return [[[draw(_any), draw(_any)] for _ in range(keypoints)] for _ in range(frames)]
    columns = []
    for _ in range(keypoints):
        steps = [draw(_whole_step) for _ in range(frames - 1)]
        xs, ys = (list(accumulate(axis, initial=draw(_any))) for axis in zip(*steps, strict=True))
        columns.append([list(place) for place in zip(xs, ys, strict=True)])
    return [list(frame) for frame in zip(*columns, strict=True)]


def _quarters(count: int) -> st.SearchStrategy[list[float]]:
    return st.lists(st.integers(0, 80).map(lambda n: n / 4), min_size=count, max_size=count)


def _marks(tracks: list[list[Any]]) -> st.SearchStrategy[list[list[float]]]:
    row = st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=len(tracks[0]), max_size=len(tracks[0]))
    return st.lists(row, min_size=len(tracks), max_size=len(tracks))


def _entries(arrays: Arrays, tracks: Any, sure: Any = None, **options: Any) -> Any:
    confidences = None if sure is None else arrays.make(sure)
    found = temporal_loss(arrays.make(tracks), confidences, prob_threshold=0.5, reduction="none", **options)
    return arrays.read(found)


def _sum(arrays: Arrays, tracks: Any, **options: Any) -> Any:
    return arrays.read(temporal_loss(arrays.make(tracks), reduction="sum", **options))


@_invariant
def test_moving_all_frames_changes_nothing(arrays: Arrays, data: st.DataObject) -> None:
    tracks = data.draw(_tracks())
    x, y, epsilon = data.draw(_any), data.draw(_any), data.draw(_quarters(1))[0]
    moved = [[[px + x, py + y] for px, py in frame] for frame in tracks]
    for reduction in ("none", "mean"):
        one, other = (
            arrays.read(temporal_loss(arrays.make(t), epsilon=epsilon, reduction=reduction))
            for t in (tracks, moved)
        )
        assert one == other


@_invariant
def test_time_backwards_changes_nothing(arrays: Arrays, data: st.DataObject) -> None:
    tracks = data.draw(_tracks(whole=True))
    sure, epsilon = data.draw(_marks(tracks)), data.draw(_quarters(len(tracks[0])))
    forth = _entries(arrays, tracks, sure, epsilon=epsilon)
    back = _entries(arrays, tracks[::-1], sure[::-1], epsilon=epsilon)
    assert back == forth[::-1]
    assert _sum(arrays, tracks, epsilon=epsilon) == _sum(arrays, tracks[::-1], epsilon=epsilon)


@_invariant
def test_scaling_by_a_power_of_two_scales_exactly(arrays: Arrays, data: st.DataObject) -> None:
    tracks = data.draw(_tracks())
    epsilon = data.draw(_quarters(len(tracks[0])))
    power = data.draw(st.integers(-20, 20))
    scaled = [[[math.ldexp(x, power), math.ldexp(y, power)] for x, y in frame] for frame in tracks]
    larger = [math.ldexp(e, power) for e in epsilon]
    for reduction in ("mean", "sum"):
        one = arrays.read(temporal_loss(arrays.make(tracks), epsilon=epsilon, reduction=reduction))
        other = arrays.read(temporal_loss(arrays.make(scaled), epsilon=larger, reduction=reduction))
        assert other == math.ldexp(one, power)


@_invariant
def test_turning_by_a_quarter_and_mirroring_changes_nothing(arrays: Arrays, data: st.DataObject) -> None:
    tracks = data.draw(_tracks())
    turned = [[[-y, x] for x, y in frame] for frame in tracks]
    assert _entries(arrays, turned) == _entries(arrays, tracks)


@_invariant
def test_keypoints_in_another_order_with_their_epsilons(arrays: Arrays, data: st.DataObject) -> None:
    tracks = data.draw(_tracks())
    sure, epsilon = data.draw(_marks(tracks)), data.draw(_quarters(len(tracks[0])))
    order = data.draw(st.permutations(range(len(tracks[0]))))
    found = _entries(arrays, tracks, sure, epsilon=epsilon)
    mixed = _entries(
        arrays,
        [[frame[k] for k in order] for frame in tracks],
        [[row[k] for k in order] for row in sure],
        epsilon=[epsilon[k] for k in order],
    )
    assert mixed == [[row[k] for k in order] for row in found]


@_invariant
def test_a_sequence_is_its_parts_and_the_step_between(arrays: Arrays, data: st.DataObject) -> None:
    tracks = data.draw(_tracks(whole=True))
    epsilon = data.draw(_quarters(len(tracks[0])))
    cut = data.draw(st.sampled_from([2, 3]))
    parts = (tracks[:cut], tracks[cut - 1 : cut + 1], tracks[cut:])
    assert _sum(arrays, tracks, epsilon=epsilon) == sum(_sum(arrays, p, epsilon=epsilon) for p in parts)
    rows = [row for part in parts for row in _entries(arrays, part, epsilon=epsilon)]
    assert _entries(arrays, tracks, epsilon=epsilon) == rows


@_invariant
def test_joined_clips_with_segments_are_their_sums(arrays: Arrays, data: st.DataObject) -> None:
    first = data.draw(_tracks(whole=True))
    offset = data.draw(st.integers(-40, 40))
    second = [[[x + offset, -y] for x, y in frame] for frame in first[::-1]]
    epsilon = data.draw(_quarters(len(first[0])))
    segment_ids = arrays.make([0] * len(first) + [1] * len(second), "int32")
    joined = first + second
    both = [_sum(arrays, clip, epsilon=epsilon) for clip in (first, second)]
    assert _sum(arrays, joined, epsilon=epsilon, segment_ids=segment_ids) == sum(both)
    # The mean counts the transitions of both, and not the seam.
    found = arrays.read(temporal_loss(arrays.make(joined), epsilon=epsilon, segment_ids=segment_ids))
    count = 2 * (len(first) - 1) * len(first[0])
    assert found == pytest.approx(sum(both) / count, rel=2**-23, abs=0)


@_invariant
def test_a_batch_is_its_sequences(arrays: Arrays, data: st.DataObject) -> None:
    tracks = data.draw(_tracks(whole=True))
    batch = [tracks, tracks[::-1], [tracks[0]] * len(tracks)]
    sure = [data.draw(_marks(tracks)) for _ in batch]
    assert _entries(arrays, batch, sure) == [_entries(arrays, t, s) for t, s in zip(batch, sure, strict=True)]
    assert _sum(arrays, batch) == sum(_sum(arrays, t) for t in batch)


@_invariant
def test_flat_pairs_are_pairs(arrays: Arrays, data: st.DataObject) -> None:
    tracks = data.draw(_tracks())
    flat = [[number for place in frame for number in place] for frame in tracks]
    assert _entries(arrays, flat) == _entries(arrays, tracks)
    assert arrays.read(temporal_norm(arrays.make(flat)))[1:] == _entries(arrays, tracks)


@_invariant
def test_a_coordinate_of_zeros_more_changes_nothing(arrays: Arrays, data: st.DataObject) -> None:
    tracks = data.draw(_tracks())
    spatial = [[[0, x, y] for x, y in frame] for frame in tracks]
    assert _entries(arrays, spatial) == _entries(arrays, tracks)


@_invariant
def test_a_mask_and_nan_in_its_place_are_one(arrays: Arrays, data: st.DataObject) -> None:
    tracks = data.draw(_tracks())
    sure = data.draw(_marks(tracks))
    holes = [
        [place if mark >= 0.5 else [math.nan, place[1]] for place, mark in zip(frame, row, strict=True)]
        for frame, row in zip(tracks, sure, strict=True)
    ]
    assert _entries(arrays, holes, sure) == _entries(arrays, tracks, sure)
    assert _entries(arrays, holes, nan_policy="omit") == _entries(arrays, tracks, sure)


@_invariant
def test_more_epsilon_is_less_loss_by_as_much(arrays: Arrays, data: st.DataObject) -> None:
    tracks = data.draw(_tracks(whole=True))
    small, extra = sorted(data.draw(_quarters(2)))
    free = _entries(arrays, tracks)
    for epsilon in (small, extra):
        expected = [[max(length - epsilon, 0.0) for length in row] for row in free]
        assert _entries(arrays, tracks, epsilon=epsilon) == expected


@_invariant
def test_the_class_the_stages_and_the_function_agree(arrays: Arrays, data: st.DataObject) -> None:
    tracks = data.draw(_tracks())
    epsilon, sure = data.draw(_quarters(len(tracks[0]))), data.draw(_marks(tracks))
    keypoints, confidences = arrays.make(tracks), arrays.make(sure)
    loss = TemporalLoss(epsilon=epsilon, prob_threshold=0.5)
    stages = loss.rectify_epsilon(loss.remove_nans(loss.compute_loss(keypoints), confidences))
    assert arrays.read(stages) == _entries(arrays, tracks, sure, epsilon=epsilon)
    called = arrays.read(loss(keypoints, confidences)[0])
    assert called == arrays.read(temporal_loss(keypoints, confidences, epsilon=epsilon, prob_threshold=0.5))
    assert called == arrays.read(loss.reduce_loss(stages))
