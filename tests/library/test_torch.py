"""What is particular to torch: autograd, views, modes and dtypes of its own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from support import NAN, near, under_test

from temporal_loss import TemporalLoss, estimate_epsilon, temporal_loss, temporal_norm

from . import worked
from .refusals import ARRAY_REFUSALS, REFUSALS, Refusal, assert_refused, due, each
from .torch_tools import ARRAYS, read, tensor, worked_tensors

if TYPE_CHECKING:
    from collections.abc import Iterator

torch = under_test("torch")


@pytest.fixture
def float64_by_default() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


# Views --------------------------------------------------------------------------------------

VIEWS: dict[str, Any] = {
    "transposed": lambda k: k.T.contiguous().T,
    "every second row": lambda k: torch.stack([k, k + 1], dim=1).reshape(-1, k.shape[1])[::2],
    "every second column": lambda k: torch.stack([k, k + 1], dim=-1).flatten(1)[:, ::2],
    "in the midst": lambda k: torch.nn.functional.pad(k, (3, 3, 2, 2), value=7.0)[2:-2, 3:-3],
    "negated twice": lambda k: torch._neg_view(-k),
    "a parameter": torch.nn.Parameter,
    "a subclass": lambda k: k.as_subclass(type("Own", (torch.Tensor,), {})),
    "detached": lambda k: k.requires_grad_().detach(),
}


@pytest.mark.parametrize("view", VIEWS)
def test_views(view: str) -> None:
    keypoints, confidences, segment_ids = worked_tensors()
    found = worked.loss(VIEWS[view](keypoints), VIEWS["transposed"](confidences), segment_ids)
    assert read(found) == 12.0


def test_one_frame_repeated_without_memory_for_it() -> None:
    assert read(temporal_loss(tensor([[1, 2, 3, 4]]).expand(5, 4))) == 0.0
    assert read(temporal_loss(tensor([[[0, 0]], [[3, 4]]]).expand(7, 2, 1, 2))) == 5.0


# With a gradient and without ----------------------------------------------------------------


@pytest.mark.parametrize("reduction", worked.REDUCTIONS)
def test_what_is_recorded_and_what_is_not(reduction: str) -> None:
    for grad in (False, True):
        keypoints, *others = worked_tensors(grad=grad)
        found = [worked.loss(keypoints, *others, reduction=reduction)]
        assert read(found[0]) == worked.expected(reduction)
        if reduction != "none":
            found += worked.loss_and_grad(keypoints, *others, reduction=reduction)
        assert {each.requires_grad for each in found} == {grad}
        nan = worked.loss(keypoints, None, others[1], reduction="none")
        assert read(nan) == [*worked.ENTRIES[:3], [NAN, 0.0]]
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            given = worked_tensors(grad=mode is torch.no_grad)
            found = [worked.loss(*given, reduction=reduction), *worked.loss_and_grad(*given)]
        assert read(found[0]) == worked.expected(reduction)
        assert not any(each.requires_grad for each in found)


@pytest.mark.parametrize("epsilon", [0.0, 0.75])
@pytest.mark.parametrize("broken", [math.nan, math.inf, 1e30])
def test_what_is_masked_changes_no_bit_of_other_gradients(broken: float, epsilon: float) -> None:
    # Where a length is NaN or infinite, steps are masked in another place.
    found = []
    for first in (0.0, broken):
        keypoints = tensor([[first, 0], [1.5, 2.25], [1.5, 2.25], [7.1, 3.3], [7.5, 3.4]], grad=True)
        confidences = tensor([[0.25], [1], [1], [1], [1]])
        entries = temporal_loss(keypoints, confidences, epsilon=epsilon, prob_threshold=0.5, reduction="none")
        entries.sum().backward()
        found.append((read(entries), read(keypoints.grad)))
    assert found[0] == found[1]
    entries, gradient = found[0]
    assert (entries[:2], gradient[:2]) == ([[0.0], [0.0]], [[0.0, 0.0], [0.0, 0.0]])
    assert min(entries[2]) > 0.0 > max(gradient[2])


@pytest.mark.parametrize("still", [False, True], ids=["all move", "one rests"])
def test_a_keypoint_at_rest_changes_no_bit_of_other_gradients(*, still: bool) -> None:
    # Where no step is 0 the root is taken with less care.
    alone, beside = (tensor([[0.1, 0.2], [1.3, 2.7], [5.1, 2.9]], grad=True) for _ in range(2))
    temporal_loss(alone, reduction="sum").backward()
    other = torch.full((3, 2), 7.0) if still else 3.0 * alone.detach()
    temporal_loss(torch.cat([beside, other], dim=1), reduction="sum").backward()
    assert read(beside.grad) == read(alone.grad)


def test_an_empty_batch_with_a_gradient() -> None:
    keypoints = torch.zeros((0, 4, 3, 2), requires_grad=True)
    temporal_loss(keypoints, torch.ones((0, 4, 3)), epsilon=1.0, prob_threshold=0.5).backward()
    assert keypoints.grad.shape == (0, 4, 3, 2)


def test_a_gradient_asked_of_epsilon_only() -> None:
    keypoints, epsilon = tensor([[0, 0, 7, 7], [3, 4, 7, 7]]), tensor([1, 1], grad=True)
    temporal_loss(keypoints, epsilon=epsilon, reduction="sum").backward()
    assert read(epsilon.grad) == [-1.0, 0.0]
    assert keypoints.grad is None


def test_training_steps_as_users_write_them() -> None:
    # Both frames come nearer by 0.25 each step, and a trainable weight moves with the loss.
    track = torch.nn.Parameter(tensor([[[0.0]], [[3.0]]]))
    log_weight = torch.nn.Parameter(tensor(0.0))
    loss = TemporalLoss(epsilon=[1.0], log_weight=log_weight)
    optimizer = torch.optim.SGD([track, log_weight], lr=0.5)
    seen = []
    for _ in range(2):
        optimizer.zero_grad()
        value, logs = loss(track, stage="train")
        (logs[1]["value"] * value).backward()
        seen.append(read(log_weight.grad))
        optimizer.step()
    # weight * loss is 2 / 2 at first, and falls by as much as it is for each unit of log_weight.
    assert seen == [-1.0, near(-1.5 * 0.5 * math.exp(-0.5))]
    assert read(track)[0][0] == [near(0.25 + 0.25 * math.exp(-0.5))]


def test_anomaly_mode_finds_nothing() -> None:
    with torch.autograd.set_detect_anomaly(mode=True, check_nan=True):
        keypoints, *others = worked_tensors(grad=True)
        worked.loss(keypoints, *others).backward()
    assert read(keypoints.grad) == worked.gradient()


# Settings and modes -------------------------------------------------------------------------


@pytest.mark.usefixtures("float64_by_default")
def test_the_default_dtype_has_no_say() -> None:
    found = worked.loss(*worked_tensors())
    assert (read(found), found.dtype) == (12.0, torch.float32)
    keypoints = tensor([[0, 0], [3, 4]], "bfloat16", grad=True)
    loss, logs = TemporalLoss(epsilon=[1.0], log_weight=0.0)(keypoints)
    loss.backward()
    dtypes = (loss.dtype, logs[1]["value"].dtype, keypoints.grad.dtype)
    assert dtypes == (torch.float32, torch.float32, torch.bfloat16)


def test_the_default_device_has_no_say() -> None:
    with torch.device("meta"):
        found = worked.loss(*worked_tensors(), epsilon=[1.0, 2.0])
        others = temporal_norm(tensor([[0, 0], [3, 4]])), estimate_epsilon(tensor([[0, 0], [3, 4]]))
    assert read(found) == 12.0
    assert [read(other) for other in others] == [[[NAN], [5.0]], [5.0]]


@pytest.mark.parametrize(
    ("dtype", "lower"), [("float32", "float16"), ("float16", "bfloat16"), ("float64", "bfloat16")]
)
def test_autocast_changes_nothing(dtype: str, lower: str) -> None:
    # 257 and 0.5 apart need more bits than bfloat16 has.
    keypoints = tensor([[[0.5]], [[256.0]], [[256.0]]], dtype, grad=True)
    with torch.autocast("cpu", dtype=getattr(torch, lower)):
        loss, _ = TemporalLoss(epsilon=[0.25], prob_threshold=0.9)(keypoints, tensor([[1], [1], [1]]))
    loss.backward()
    assert (read(loss), ARRAYS.dtype_of(loss)) == (127.625, "float64" if dtype == "float64" else "float32")
    assert read(keypoints.grad) == [[[-0.5]], [[0.5]], [[0.0]]]


# Tensors without values ---------------------------------------------------------------------


def test_meta_tensors_have_shapes_and_dtypes() -> None:
    keypoints, confidences = torch.empty((5, 3, 2), device="meta"), torch.empty((5, 3), device="meta")
    segment_ids = torch.empty(5, device="meta", dtype=torch.int64)
    for epsilon in (1.0, [1.0, 2.0, 3.0], torch.empty(3, device="meta"), torch.empty((), device="meta")):
        for reduction in worked.REDUCTIONS:
            found = temporal_loss(
                keypoints, confidences, epsilon=epsilon, segment_ids=segment_ids, reduction=reduction
            )
            shape = (4, 3) if reduction == "none" else ()
            assert (found.device.type, tuple(found.shape), found.dtype) == ("meta", shape, torch.float32)
    assert tuple(temporal_norm(keypoints).shape) == (5, 3)
    assert tuple(estimate_epsilon(keypoints, confidences).shape) == (3,)


class Elsewhere(torch.Tensor):
    """Stands for subclasses whose values are on other machines, or not there yet."""

    def __bool__(self) -> bool:
        msg = "a value was looked at"
        raise AssertionError(msg)


@pytest.mark.parametrize("frames", [5, 100_000])
@pytest.mark.parametrize("grad", [False, True], ids=["plain", "grad"])
@pytest.mark.parametrize("kind", ["meta", "subclass"])
def test_only_plain_tensors_in_memory_are_looked_at(kind: str, frames: int, *, grad: bool) -> None:
    keypoints, confidences = torch.zeros((frames, 6)), torch.ones((frames, 3))
    if kind == "meta":
        keypoints, confidences = keypoints.to("meta"), confidences.to("meta")
    else:
        keypoints, confidences = keypoints.as_subclass(Elsewhere), confidences.as_subclass(Elsewhere)
    keypoints.requires_grad_(grad)
    loss = temporal_loss(keypoints, confidences, epsilon=1.0, prob_threshold=0.5)
    assert (type(loss), loss.device, tuple(loss.shape)) == (type(confidences), confidences.device, ())
    if grad:
        loss.backward()
        assert tuple(keypoints.grad.shape) == (frames, 6)


# Refusals -----------------------------------------------------------------------------------


@each(ARRAY_REFUSALS)
def test_refusals_on_meta(refusal: Refusal) -> None:
    assert_refused(refusal, refusal.call, refusal.build(ARRAYS, "meta"))


def test_two_devices_are_refused() -> None:
    for here, there in (("cpu", "meta"), ("meta", "cpu")):
        keypoints = ARRAYS.zeros((4, 6), device=here)
        others = {"confidences": ((4, 3), "float32"), "segment_ids": ((4,), "int32")}
        for name, spec in others.items():
            refusal = due(ValueError, name, f"keypoints' device {here}", f"got {there}")
            assert_refused(refusal, temporal_loss, keypoints, **{name: ARRAYS.zeros(*spec, device=there)})


def test_no_value_of_an_array_parameter_is_read() -> None:
    # A negative epsilon is refused as a number; as an array it cannot be looked at.
    assert read(temporal_loss(tensor([[0, 0], [3, 4]]), epsilon=tensor(-1))) == 6.0


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "complex128", "int16", "bool"])
def test_other_dtypes_of_torch(dtype: str) -> None:
    keypoints = torch.zeros((4, 6), dtype=getattr(torch, dtype))
    refusal = due(TypeError, "keypoints", f"got {dtype}", "float16, bfloat16, float32 or float64")
    assert_refused(refusal, temporal_loss, keypoints)


def test_every_refusal_in_every_mode_that_records_nothing() -> None:
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        for refusal in REFUSALS:
            assert_refused(refusal, refusal.call, refusal.build(ARRAYS))
