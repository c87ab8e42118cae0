"""What torch records without a gradient can be differentiated when it is played back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support import under_test

from temporal_loss import TemporalLoss

from . import worked
from .torch_tools import read, worked_tensors

if TYPE_CHECKING:
    from collections.abc import Callable

torch = under_test("torch")
from torch.fx.experimental.proxy_tensor import make_fx  # noqa: E402 - after the skip
from torch.utils.checkpoint import checkpoint  # noqa: E402


class _Module(torch.nn.Module):  # type: ignore[misc,name-defined]
    """The worked example, with the class."""

    def __init__(self) -> None:
        super().__init__()
        self.loss = TemporalLoss(epsilon=worked.EPSILON, prob_threshold=worked.THRESHOLD)

    def forward(self, keypoints: Any, confidences: Any, segment_ids: Any) -> Any:
        return self.loss(keypoints, confidences, segment_ids=segment_ids)[0]


def _assert_played_back(record: Callable[..., Any]) -> None:
    played = record(*worked_tensors())
    keypoints, *others = worked_tensors(grad=True)
    value = played(keypoints, *others)
    value.backward()
    assert (read(value), read(keypoints.grad)) == (worked.expected("mean"), worked.gradient("mean"))


def test_make_fx() -> None:
    _assert_played_back(make_fx(_Module()))


@pytest.mark.parametrize("strict", [False, True])
def test_export(*, strict: bool) -> None:
    _assert_played_back(lambda *arrays: torch.export.export(_Module(), arrays, strict=strict).module())


# Shapes are numbers to the checks, which this kind of tracing remarks on.
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
@pytest.mark.filterwarnings("ignore:`torch.jit.trace` is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:`torch.jit.trace_method` is deprecated:DeprecationWarning")
def test_jit_trace() -> None:
    _assert_played_back(lambda *arrays: torch.jit.trace(_Module(), arrays))


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpoint(*, reentrant: bool) -> None:
    keypoints, *others = worked_tensors(grad=True)
    value = checkpoint(_Module(), keypoints, *others, use_reentrant=reentrant)
    value.backward()
    assert (read(value), read(keypoints.grad)) == (worked.expected("mean"), worked.gradient("mean"))
