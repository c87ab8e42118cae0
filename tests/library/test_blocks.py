"""Large arrays are taken block by block; where one block ends must show nowhere."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from temporal_loss import temporal_loss
from temporal_loss._libraries import blocks

if TYPE_CHECKING:
    from support import Arrays

FRAMES = 23
# Positions on a line by frame; steps of 0 to 4, and one keypoint that takes twice as long ones.
_PLACES = [0]
for _t in range(1, FRAMES):
    _PLACES.append(_PLACES[-1] + _t % 5 * (-1) ** _t)
_STEPS = [t % 5 for t in range(1, FRAMES)]
_LOW = {0, 7, 8, 15, 22}
_IDS = [t // 6 for t in range(FRAMES)]


def _by_hand(factor: int, epsilon: int, *, mask: bool, segments: bool) -> list[float | None]:
    """Entries of one keypoint, None for what is no transition, 0 where masked."""
    entries: list[float | None] = []
    for t, step in enumerate(_STEPS):
        low = mask and (t in _LOW or t + 1 in _LOW)
        crosses = segments and _IDS[t] != _IDS[t + 1]
        entries.append(None if crosses else 0.0 if low else max(float(factor * step - epsilon), 0.0))
    return entries


def _expected(factors: tuple[int, ...], reduction: str, **options: Any) -> Any:
    # Epsilon of a keypoint is its factor.
    columns = [_by_hand(f, f, **options) for f in factors]
    total = sum(e for column in columns for e in column if e is not None)
    if reduction == "sum":
        return total
    kept = [e for column in columns for e in column if e is not None]
    if reduction == "mean" or not options["mask"]:
        return pytest.approx(total / len(kept), rel=2**-22)
    masked = sum(t in _LOW or t + 1 in _LOW for t, e in enumerate(columns[0]) if e is not None)
    return pytest.approx(total / (len(kept) - masked * len(factors)), rel=2**-22)


def _given(arrays: Arrays, *, mask: bool, segments: bool, batch: int = 0) -> dict[str, Any]:
    def stack(frames: list[Any]) -> Any:
        return [frames] * batch if batch else frames

    given: dict[str, Any] = {"epsilon": [1.0, 2.0]}
    if batch:
        given["keypoints"] = arrays.make(stack([[[x, 0], [0, 2 * x]] for x in _PLACES]))
    else:
        given["keypoints"] = arrays.make([[x, 0, 0, 2 * x] for x in _PLACES])
    if mask:
        sure = [[0.25 if t in _LOW else 1.0] * 2 for t in range(FRAMES)]
        given |= {"confidences": arrays.make(stack(sure)), "prob_threshold": 0.5}
    if segments:
        given["segment_ids"] = arrays.make(stack(_IDS), "int32")
    return given


def _skip_without_blocks(arrays: Arrays) -> None:
    if arrays.name not in {"numpy", "torch"}:
        pytest.skip(f"{arrays.label} takes arrays as a whole")


@pytest.mark.parametrize("block", [1, 4, 8, 20, 84, 88, 92])
@pytest.mark.parametrize("mask", [False, True], ids=["all", "masked"])
@pytest.mark.parametrize("segments", [False, True], ids=["one", "segments"])
def test_small_blocks(
    arrays: Arrays, monkeypatch: pytest.MonkeyPatch, *, block: int, mask: bool, segments: bool
) -> None:
    _skip_without_blocks(arrays)
    monkeypatch.setattr(blocks, "SIZE", block)
    for batch in (0, 1, 3):
        given = _given(arrays, mask=mask, segments=segments, batch=batch)
        for reduction in ("sum", "mean", "valid_mean"):
            expected = _expected((1, 2) * max(batch, 1), reduction, mask=mask, segments=segments)
            assert arrays.read(temporal_loss(**given, reduction=reduction)) == expected, (batch, reduction)


def test_every_array_is_cut_along_with_the_keypoints(arrays: Arrays, monkeypatch: pytest.MonkeyPatch) -> None:
    # Two leading axes, of which each sequence has a mask and segments of its own.
    monkeypatch.setattr(blocks, "SIZE", 2)
    keypoints = arrays.make([[[[[0]], [[1]], [[3]]], [[[0]], [[4]], [[12]]]], [[[[0]], [[16]], [[48]]]] * 2])
    confidences = arrays.make([[[[1], [1], [0]], [[0], [1], [1]]], [[[1], [1], [1]], [[0], [0], [0]]]])
    segment_ids = arrays.make([[[0, 0, 0], [0, 0, 0]], [[0, 0, 1], [0, 0, 0]]], "int32")
    # Kept: 1 of the first, 8 of the second, 16 of the third.
    given = {"confidences": confidences, "segment_ids": segment_ids, "prob_threshold": 0.5}
    assert arrays.read(temporal_loss(keypoints, reduction="sum", **given)) == 25.0
    assert arrays.read(temporal_loss(keypoints, reduction="valid_mean", **given)) == pytest.approx(25 / 3)
    assert arrays.read(temporal_loss(keypoints, **given)) == pytest.approx(25 / 7)


@pytest.mark.parametrize(
    "shape", [(131_100, 2), (3, 44_000, 1, 2), (66_000, 2, 1, 2)], ids=["long", "batch of long", "long batch"]
)
def test_arrays_that_are_large(arrays: Arrays, shape: tuple[int, ...]) -> None:
    # Zeros but for the last frame of all, so that a block left out or taken twice would show.
    _skip_without_blocks(arrays)
    assert math.prod(shape) > blocks.SIZE
    sequences = shape[0] if len(shape) == 4 else 1
    frames = shape[-3] if len(shape) == 4 else shape[0]
    one = [[0.0, 0.0]] * (frames - 1) + [[3.0, 4.0]]
    keypoints = arrays.make([[[p] for p in one]] * sequences if len(shape) == 4 else one)
    assert tuple(keypoints.shape) == shape
    assert arrays.read(temporal_loss(keypoints, reduction="sum")) == 5.0 * sequences
    found = arrays.read(temporal_loss(keypoints))
    assert found == pytest.approx(5.0 / (frames - 1), rel=2**-22)


@pytest.mark.parametrize("block", [4, 12, 1 << 18])
@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_what_is_masked_is_zero_in_a_block_of_any_kind(
    arrays: Arrays, monkeypatch: pytest.MonkeyPatch, odd: float, *, block: int
) -> None:
    _skip_without_blocks(arrays)
    monkeypatch.setattr(blocks, "SIZE", block)
    # Steps of 5 but for those of frame 4, which is unsure.
    keypoints = [[3.0 * t, 4.0 * t] for t in range(9)]
    keypoints[4] = [odd, 4.0]
    confidences = [[0.25 if t == 4 else 1.0] for t in range(9)]
    given = arrays.make(keypoints), arrays.make(confidences)
    assert arrays.read(temporal_loss(*given, prob_threshold=0.5, reduction="sum")) == 30.0
    assert arrays.read(temporal_loss(*given, prob_threshold=0.5, reduction="valid_mean")) == 5.0


@pytest.mark.parametrize("block", [4, 12, 1 << 18])
def test_nan_in_the_open_is_seen_in_a_block_of_any_kind(
    arrays: Arrays, monkeypatch: pytest.MonkeyPatch, *, block: int
) -> None:
    _skip_without_blocks(arrays)
    monkeypatch.setattr(blocks, "SIZE", block)
    keypoints = [[3.0 * t, 4.0 * t] for t in range(9)]
    keypoints[6] = [math.nan, 4.0]
    confidences = [[0.25 if t == 2 else 1.0] for t in range(9)]
    given = arrays.make(keypoints), arrays.make(confidences)
    assert math.isnan(arrays.read(temporal_loss(*given, prob_threshold=0.5)))
