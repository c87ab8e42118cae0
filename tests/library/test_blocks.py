"""Large arrays are taken block by block; where one block ends must show nowhere.

tests/scale judges every case of the suite in small blocks; here are shapes that no case has, and real sizes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from support import NAN

from temporal_loss import temporal_loss, temporal_loss_and_grad
from temporal_loss._libraries import blocks

from . import worked

if TYPE_CHECKING:
    from support import Arrays


@pytest.fixture
def blocked(arrays: Arrays) -> Arrays:
    """Return a backend whose arrays are cut."""
    if arrays.name not in {"numpy", "torch"}:
        pytest.skip(f"{arrays.label} takes arrays as a whole")
    return arrays


@pytest.mark.parametrize("block", [1, 4, 8, 12, 20])
def test_the_worked_example(blocked: Arrays, monkeypatch: pytest.MonkeyPatch, *, block: int) -> None:
    monkeypatch.setattr(blocks, "SIZE", block)
    keypoints, _, segment_ids = given = worked.given(blocked)
    for reduction in worked.DIVISORS:
        assert blocked.read(worked.loss(*given, reduction=reduction)) == worked.expected(reduction)
        found = worked.loss_and_grad(*given, reduction=reduction)
        assert worked.read_both(blocked, found) == (worked.expected(reduction), worked.gradient(reduction))
    assert blocked.read(worked.count(*given)) == 5.0
    assert blocked.read(worked.loss(keypoints, None, segment_ids)) == NAN
    found = worked.loss_and_grad(keypoints, None, segment_ids)
    assert worked.read_both(blocked, found) == (NAN, worked.unmasked_gradient())


@pytest.mark.parametrize("block", [1, 2, 3, 6])
@pytest.mark.parametrize("bad", [0.0, math.nan, math.inf])
def test_a_batch_of_half_precision(
    blocked: Arrays, monkeypatch: pytest.MonkeyPatch, bad: float, *, block: int
) -> None:
    monkeypatch.setattr(blocks, "SIZE", block)
    # Two sequences of steps 1 and 2; in the second a masked frame, whose keypoint may be anything.
    keypoints = blocked.make([[[[0]], [[1]], [[3]], [[2]]], [[[0]], [[1]], [[3]], [[bad]]]], "float16")
    confidences = blocked.make([[[1]] * 4, [[1]] * 3 + [[0]]], "float16")
    found = temporal_loss_and_grad(keypoints, confidences, prob_threshold=0.5, reduction="sum")
    first, second = [[-1.0], [0.0], [2.0], [-1.0]], [[-1.0], [0.0], [1.0], [0.0]]
    assert worked.read_both(blocked, found) == (7.0, [[[row] for row in first], [[row] for row in second]])
    assert blocked.dtype_of(found[1]) == "float16"


def test_every_array_is_cut_along_with_the_keypoints(
    blocked: Arrays, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two leading axes, of which each sequence has a mask and segments of its own.
    monkeypatch.setattr(blocks, "SIZE", 2)
    keypoints = blocked.make([[[[[0]], [[1]], [[3]]], [[[0]], [[4]], [[12]]]], [[[[0]], [[16]], [[48]]]] * 2])
    given = {
        "confidences": blocked.make([[[[1], [1], [0]], [[0], [1], [1]]], [[[1], [1], [1]], [[0], [0], [0]]]]),
        "segment_ids": blocked.make([[[0, 0, 0], [0, 0, 0]], [[0, 0, 1], [0, 0, 0]]], "int32"),
        "prob_threshold": 0.5,
    }
    # Kept: 1 of the first, 8 of the second, 16 of the third.
    assert blocked.read(temporal_loss(keypoints, reduction="sum", **given)) == 25.0
    assert blocked.read(temporal_loss(keypoints, reduction="valid_mean", **given)) == pytest.approx(25 / 3)
    assert blocked.read(temporal_loss(keypoints, **given)) == pytest.approx(25 / 7)


@pytest.mark.parametrize(
    "shape", [(131_100, 2), (3, 44_000, 1, 2), (66_000, 2, 1, 2)], ids=["long", "batch of long", "long batch"]
)
def test_arrays_that_are_large(blocked: Arrays, shape: tuple[int, ...]) -> None:
    # Zeros but for the last frame of all, so that a block left out or taken twice would show.
    assert math.prod(shape) > blocks.SIZE
    sequences = shape[0] if len(shape) == 4 else 1
    frames = shape[-3] if len(shape) == 4 else shape[0]
    keypoints: Any = blocked.zeros(shape)
    keypoints[(..., -1, slice(None), slice(None)) if len(shape) == 4 else -1] = blocked.make([3, 4])
    assert blocked.read(temporal_loss(keypoints, reduction="sum")) == 5.0 * sequences
    loss, gradient = temporal_loss_and_grad(keypoints)
    assert blocked.read(loss) == pytest.approx(5.0 / (frames - 1), rel=2**-22)
    assert blocked.read(abs(gradient).sum()) == pytest.approx(2 * (0.6 + 0.8) / (frames - 1), rel=1e-5)
