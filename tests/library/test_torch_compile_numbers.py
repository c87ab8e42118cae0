"""TL-9: torch.compile with an epsilon and a threshold that are new in each call, as in a schedule.

torch is known to keep an earlier float in a graph, so that values are looked at in each step.
"""

from __future__ import annotations

import shutil
import sys
from fractions import Fraction
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from support import under_test

from conformance.bits import round_to
from temporal_loss import TemporalLoss, temporal_loss, temporal_loss_and_grad

from .torch_tools import read, tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

torch = under_test("torch")
from torch._dynamo.testing import CompileCounterWithBackend  # noqa: E402 - after the skip

_numbers = count(1)
# Steps of 5, 10 and 15; the second is masked from a threshold above 0.5 on.
KEYPOINTS = [[0, 0, 0, 0, 0, 0], [3, 4, 6, 8, 9, 12]]
CONFIDENCES = [[1, 0.5, 1], [1, 0.5, 1]]
NEEDS_CPP = pytest.mark.skipif(
    sys.platform == "win32" or not shutil.which("g++"), reason="inductor needs a C++ compiler"
)
BACKENDS = [
    "aot_eager",
    pytest.param(
        "inductor",
        marks=[
            NEEDS_CPP,
            # torch itself calls what it has deprecated.
            pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"),
        ],
    ),
]


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def _schedule(steps: int) -> list[tuple[float, float]]:
    """Numbers that no test has used; half of the thresholds mask the second keypoint."""
    return [(next(_numbers) / 64, 0.25 + 0.5 * (step % 2) + step / 1024) for step in range(steps)]


def _expected(epsilon: float, threshold: float) -> float:
    return 20 - 2 * epsilon if threshold > 0.5 else 30 - 3 * epsilon


def _gradient(threshold: float) -> list[float]:
    second = [0.0, 0.0] if threshold > 0.5 else [0.6, 0.8]
    return [0.6, 0.8, *second, 0.6, 0.8]


class _Scheduled(torch.nn.Module):  # type: ignore[misc,name-defined]
    """A module that owns the loss, whose numbers are set from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.loss = TemporalLoss(reduction="sum")

    def forward(self, keypoints: Any, confidences: Any) -> Any:
        return self.loss(keypoints, confidences)[0]


def _of_the_function(compile_: Callable[[Any], Any]) -> Callable[..., Any]:
    loss = partial(temporal_loss, reduction="sum")
    run: Callable[..., Any] = compile_(lambda k, c, e, p: loss(k, c, epsilon=e, prob_threshold=p))
    return run


def _of_the_class(compile_: Callable[[Any], Any]) -> Callable[..., Any]:
    loss = TemporalLoss(reduction="sum")
    compiled = compile_(lambda k, c: loss(k, c)[0])

    def run(keypoints: Any, confidences: Any, epsilon: float, threshold: float) -> Any:
        loss.epsilon, loss.prob_threshold = epsilon, threshold
        return compiled(keypoints, confidences)

    return run


def _of_a_module(compile_: Callable[[Any], Any]) -> Callable[..., Any]:
    module = _Scheduled()
    compiled = compile_(module)

    def run(keypoints: Any, confidences: Any, epsilon: float, threshold: float) -> Any:
        module.loss.epsilon, module.loss.prob_threshold = epsilon, threshold
        return compiled(keypoints, confidences)

    return run


OWNERS = {"function": _of_the_function, "class": _of_the_class, "module": _of_a_module}


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_schedule_compiles_twice_at_most_and_is_right_in_each_step(owner: str, backend: str) -> None:
    counter = CompileCounterWithBackend(backend)
    run = OWNERS[owner](lambda function: torch.compile(function, fullgraph=True, backend=counter))
    confidences = tensor(CONFIDENCES)
    # More steps than torch compiles for before it gives up.
    for epsilon, threshold in _schedule(2 + torch._dynamo.config.recompile_limit):
        keypoints = tensor(KEYPOINTS, grad=True)
        value = run(keypoints, confidences, epsilon, threshold)
        value.backward()
        assert read(value) == _expected(epsilon, threshold)
        assert read(keypoints.grad)[1] == pytest.approx(_gradient(threshold))
    assert 1 <= counter.frame_count <= 2


@pytest.mark.parametrize("owner", OWNERS)
def test_a_schedule_that_goes_back_and_forth(owner: str) -> None:
    # Where an earlier number were kept, it would be met again, or met by another one.
    run = OWNERS[owner](lambda function: torch.compile(function, fullgraph=True, backend="aot_eager"))
    keypoints, confidences = tensor(KEYPOINTS), tensor(CONFIDENCES)
    first, second, third = _schedule(3)
    for numbers in (first, first, second, first, third, second, (0.0, 0.0), first, (0.0, 0.75), third):
        assert read(run(keypoints, confidences, *numbers)) == _expected(*numbers)


def test_value_and_gradient_in_one() -> None:
    counter = CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(
        lambda k, c, e, p: temporal_loss_and_grad(k, c, epsilon=e, prob_threshold=p, reduction="sum"),
        fullgraph=True,
        backend=counter,
    )
    for epsilon, threshold in _schedule(2 + torch._dynamo.config.recompile_limit):
        value, slope = compiled(tensor(KEYPOINTS), tensor(CONFIDENCES), epsilon, threshold)
        assert read(value) == _expected(epsilon, threshold)
        assert read(slope)[1] == pytest.approx(_gradient(threshold))
    assert counter.frame_count <= 2


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_numbers_are_rounded_as_without_compiling(backend: str, dtype: str) -> None:
    # The threshold is another number in each dtype: a confidence that prints like it is kept.
    compiled = torch.compile(
        lambda k, c, e, p: temporal_loss(k, c, epsilon=e, prob_threshold=p), fullgraph=True, backend=backend
    )
    keypoints = tensor([[[0.0]], [[5.0]]], "float64" if dtype == "float64" else "float32")
    result = "float64" if dtype == "float64" else "float32"
    for number in (0.1, 0.3, 0.7, 0.9, 1 / 3):
        confidences = tensor([[round_to(number, dtype)]] * 2, dtype)
        found = compiled(keypoints, confidences, number, number)
        assert read(found) == round_to(Fraction(5) - Fraction(round_to(number, result)), result)


WIDE: dict[str, Any] = {
    "fraction": 1 + Fraction(1, 2**24) + Fraction(1, 2**60),
    "integer": 2**60 + 2**36 + 1,
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", WIDE)
def test_numbers_that_float64_does_not_hold(backend: str, kind: str) -> None:
    if kind == "fraction" and torch.__version__ < (2, 13):
        pytest.skip(f"torch.compile reads no Fraction in torch {torch.__version__}")
    # Rounded twice, each of these is the float32 below.
    number = WIDE[kind]
    once = round_to(number, "float32")
    assert once > round_to(float(number), "float32")
    keypoints = tensor([[[0.0]], [[2 * once]]])
    confidences = tensor([[once], [once]])
    compiled = torch.compile(
        lambda k, c: temporal_loss(k, c, epsilon=number, prob_threshold=number),
        fullgraph=True,
        backend=backend,
    )
    assert read(compiled(keypoints, confidences)) == once
    below = tensor([[round_to(float(number), "float32")]] * 2)
    assert read(compiled(keypoints, below)) == 0.0
