"""torch.export with numbers of frames, and of sequences, that are not known yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support import under_test

from temporal_loss import TemporalLoss, temporal_loss, temporal_loss_and_grad

from .torch_tools import read, tensor

if TYPE_CHECKING:
    from collections.abc import Callable

torch = under_test("torch")
from torch.export import Dim  # noqa: E402 - after the skip

OPTIONS: dict[str, Any] = {"epsilon": [1.0, 1.0], "prob_threshold": 0.5}


class _Module(torch.nn.Module):  # type: ignore[misc,name-defined]
    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, keypoints: Any, confidences: Any, segment_ids: Any) -> Any:
        return self.function(keypoints, confidences, segment_ids)


def _walk(frames: int) -> tuple[Any, Any, Any]:
    """Make steps of 5 and 10 in turn; frame 1 of the second keypoint is unsure, the last step crosses."""
    steps = [5 if frame % 2 else 10 for frame in range(1, frames)]
    places = [sum(steps[:frame]) for frame in range(frames)]
    sure = [[1.0, 0.25 if frame == 1 else 1.0] for frame in range(frames)]
    ids = [0] * (frames - 1) + [1]
    return tensor([[0.6 * x, 0.8 * x] * 2 for x in places]), tensor(sure), tensor(ids, "int32")


def _expected(frames: int, reduction: str) -> float:
    """Loss by hand, less an epsilon of 1 in each step."""
    kept = [4 if frame % 2 else 9 for frame in range(1, frames - 1)]
    total = sum(kept) + sum(kept[2:])
    return total / {"sum": 1, "mean": 2 * len(kept), "valid_mean": len(kept) + len(kept[2:])}[reduction]


def _slope(frames: int, reduction: str) -> Any:
    """Gradient of frame 0: the first keypoint leaves along (0.6, 0.8), the second with a masked step."""
    unit = _expected(frames, reduction) / _expected(frames, "sum")
    return pytest.approx([-0.6 * unit, -0.8 * unit, 0.0, 0.0], rel=1e-5)


def _loss(reduction: str) -> Callable[..., Any]:
    return lambda k, c, s: temporal_loss(k, c, segment_ids=s, reduction=reduction, **OPTIONS)


def _exported(function: Callable[..., Any], time: Any = Dim.DYNAMIC) -> Any:
    exported = torch.export.export(_Module(function), _walk(6), dynamic_shapes=[{0: time}] * 3)
    return exported.module()


@pytest.mark.parametrize("named", [False, True], ids=["dynamic", "named"])
@pytest.mark.parametrize("reduction", ["mean", "valid_mean", "sum"])
def test_a_number_of_frames_that_is_not_known(reduction: str, *, named: bool) -> None:
    loss = TemporalLoss(reduction=reduction, **OPTIONS)
    # Exporting takes a second: the class goes with one kind of dimension, the function with the other.
    function = (lambda k, c, s: loss(k, c, segment_ids=s)[0]) if named else _loss(reduction)
    exported = _exported(function, Dim("T", min=3) if named else Dim.DYNAMIC)
    for frames in (6, 3, 4, 301):
        keypoints, *others = _walk(frames)
        found = exported(keypoints.requires_grad_(), *others)
        assert read(found) == pytest.approx(_expected(frames, reduction), rel=1e-5)
        found.backward()
        assert read(keypoints.grad)[0] == _slope(frames, reduction)


def test_entries_and_value_and_gradient_in_one() -> None:
    entries = _exported(_loss("none"))
    both = _exported(lambda k, c, s: temporal_loss_and_grad(k, c, segment_ids=s, **OPTIONS))
    # From four on: to torch, one frame between the first and the last is another case.
    for frames in (6, 4, 11):
        found = read(entries(*_walk(frames)))
        assert (len(found), found[0], found[-1]) == (frames - 1, [pytest.approx(4.0), 0.0], [0.0, 0.0])
        value, slope = both(*_walk(frames))
        assert read(value) == pytest.approx(_expected(frames, "mean"), rel=1e-5)
        assert tuple(slope.shape) == (frames, 4)
        assert read(slope)[0] == _slope(frames, "mean")


def test_a_batch_whose_axes_are_not_known() -> None:
    def batch(sequences: int, frames: int) -> tuple[Any, ...]:
        keypoints, confidences, ids = _walk(frames)
        arrays = keypoints.reshape(frames, 2, 2), confidences, ids
        return tuple(array.expand(sequences, *array.shape).clone() for array in arrays)

    shapes = [{0: Dim.DYNAMIC, 1: Dim.DYNAMIC}] * 3
    exported = torch.export.export(_Module(_loss("mean")), batch(4, 6), dynamic_shapes=shapes).module()
    for sequences, frames in ((4, 6), (2, 3), (7, 12)):
        found = exported(*batch(sequences, frames))
        assert read(found) == pytest.approx(_expected(frames, "mean"), rel=1e-5)
