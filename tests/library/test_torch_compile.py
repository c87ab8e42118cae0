"""TL-9: torch.compile into one graph, and with numbers that are new in each call, as in a schedule."""

from __future__ import annotations

import shutil
import subprocess
import sys
from fractions import Fraction
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from support import NAN, near, under_test

from conformance.bits import round_to
from temporal_loss import (
    TemporalLoss,
    _libraries,
    count_valid,
    estimate_epsilon,
    temporal_loss,
    temporal_loss_and_grad,
    temporal_norm,
)

from . import worked
from .refusals import (
    CONFIDENCE_REFUSALS,
    EPSILON_REFUSALS,
    KEYPOINT_REFUSALS,
    LENGTH_REFUSALS,
    Refusal,
    assert_refused,
    each,
)
from .torch_tools import ARRAYS, read, tensor, worked_tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow
torch = under_test("torch")
from torch._dynamo.testing import CompileCounterWithBackend  # noqa: E402 - after the skip

# torch itself calls what it has deprecated.
deprecated = pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated:DeprecationWarning")
needs_cpp = pytest.mark.skipif(
    sys.platform == "win32" or not shutil.which("g++"), reason="inductor needs a C++ compiler"
)
INDUCTOR = [needs_cpp, deprecated]


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def _compile(function: Callable[..., Any], backend: Any = "aot_eager", **options: Any) -> Any:
    return torch.compile(function, fullgraph=True, backend=backend, **options)


# Values and gradients -----------------------------------------------------------------------


@pytest.mark.parametrize("reduction", worked.REDUCTIONS)
def test_the_worked_example(reduction: str) -> None:
    compiled = _compile(partial(worked.loss, reduction=reduction))
    for grad in (False, True, True):
        keypoints, *others = worked_tensors(grad=grad)
        loss = compiled(keypoints, *others)
        assert read(loss) == worked.expected(reduction)
        if grad and reduction != "none":
            loss.backward()
            assert read(keypoints.grad) == worked.gradient(reduction)


def test_under_autocast() -> None:
    keypoints = tensor([[[0.5]], [[256.0]]], grad=True)

    def loss(keypoints: Any) -> Any:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return temporal_loss(keypoints)

    found = _compile(loss)(keypoints)
    found.backward()
    assert (read(found), read(keypoints.grad)) == (255.5, [[[-1.0]], [[1.0]]])


def test_the_other_functions() -> None:
    keypoints = tensor([[0, 0, 1, 1], [3, 4, 1, 1], [3, 4, 1, 3]])
    assert read(_compile(temporal_norm)(keypoints)) == [[NAN, NAN], [5.0, 0.0], [0.0, 2.0]]
    assert read(_compile(lambda k: estimate_epsilon(k, quantile=0.5))(keypoints)) == [2.5, 1.0]
    assert read(_compile(count_valid)(keypoints)) == 4.0
    assert read(_compile(worked.count)(*worked_tensors(grad=True))) == 5.0
    found = worked.read_both(ARRAYS, _compile(worked.loss_and_grad)(*worked_tensors()))
    assert found == (12.0, worked.gradient())


def test_vmap_and_grad_inside() -> None:
    keypoints, *others = worked_tensors()
    both = torch.func.vmap(torch.func.grad(lambda k: worked.loss(k, *others)))
    assert read(_compile(both)(keypoints[None])) == [worked.gradient()]


def test_the_class_inside_a_module() -> None:
    class Module(torch.nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.scale = torch.nn.Parameter(tensor(1.0))
            self.loss = TemporalLoss(epsilon=[1.0, 2.0], log_weight=torch.nn.Parameter(tensor(0.0)))

        def forward(self, keypoints: Any) -> Any:
            value, logs = self.loss(self.scale * keypoints, stage="train")
            assert [entry["name"] for entry in logs] == ["train_temporal_loss", "temporal_weight"]
            return value * logs[1]["value"]

    module = Module()
    objective = _compile(module)(tensor([[0, 0, 0, 0], [3, 4, 6, 8]]))
    objective.backward()
    # Steps 5 and 10 grow with the scale; halved by the weight, over two.
    assert (read(objective), read(module.scale.grad)) == (3.0, near(3.75))
    assert read(module.loss.log_weight.grad) == -3.0


def test_parameters_that_are_met_for_the_first_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_libraries, "_of_types", {})
    keypoints = torch.nn.Parameter(tensor([[0, 0], [3, 4]]))
    log_weight = torch.nn.Parameter(tensor(0.0))

    def objective(keypoints: Any) -> Any:
        loss = TemporalLoss(log_weight=log_weight)
        return loss.weight * loss(keypoints)[0]

    assert read(_compile(objective)(keypoints)) == 2.5


def test_forms_of_epsilon() -> None:
    keypoints, *others = worked_tensors()
    trained = tensor([1, 2], grad=True)
    for epsilon in ([1.0, 2.0], (1, 2), tensor([1, 2], "int64"), trained):
        torch._dynamo.reset()
        found = _compile(lambda k: worked.loss(k, *others, epsilon=epsilon))(keypoints)  # noqa: B023
        assert read(found) == 12.0
    found.backward()
    assert read(trained.grad) == [-1.0, -1.0]


# Shapes and lists that change ---------------------------------------------------------------


@pytest.mark.parametrize("dynamic", [None, True])
def test_shapes_that_change_between_calls(dynamic: bool | None) -> None:  # noqa: FBT001 - torch's own
    options: dict[str, Any] = {"epsilon": 1.0, "prob_threshold": 0.5, "reduction": "valid_mean"}
    counter = CompileCounterWithBackend("aot_eager")
    compiled = _compile(lambda k, c: temporal_loss(k, c, **options), counter, dynamic=dynamic)
    counts = []
    for frames in (5, 3, 4, 9, 40):
        # One step of 5 for each keypoint, and in the last frame none is sure.
        track = tensor([[[0.0, 0.0]] * 3] + [[[3.0, 4.0]] * 3] * (frames - 1))
        sure = tensor([[1.0] * 3] * (frames - 1) + [[0.0] * 3])
        assert read(compiled(track, sure)) == near(4.0 / (frames - 2))
        counts.append(counter.frame_count)
    # In torch 2.11 the first call counts as two.
    assert counts[-1] - counts[0] <= (0 if dynamic else 1)


def test_lists_that_change_between_calls() -> None:
    loss = TemporalLoss(epsilon=[1.0, 2.0])
    compiled = _compile(lambda k: loss(k)[0])
    keypoints = tensor([[0, 0, 0, 0], [3, 4, 6, 8]])
    for epsilon, expected in (([1.0, 2.0], 6.0), ([0.5, 0.25], 7.125), ([9.0, 9.0], 0.5)):
        loss.epsilon = epsilon
        assert read(compiled(keypoints)) == expected


# Numbers that change ------------------------------------------------------------------------

# torch is known to keep an earlier float in a graph, so that values are looked at in each step.
_numbers = count(1)
# Steps of 5, 10 and 15; the second is masked from a threshold above 0.5 on.
KEYPOINTS = [[0, 0, 0, 0, 0, 0], [3, 4, 6, 8, 9, 12]]
CONFIDENCES = [[1, 0.5, 1], [1, 0.5, 1]]


def _schedule(steps: int) -> list[tuple[float, float]]:
    """Numbers that no test has used; half of the thresholds mask the second keypoint."""
    return [(next(_numbers) / 64, 0.25 + 0.5 * (step % 2) + step / 1024) for step in range(steps)]


def _expected(epsilon: float, threshold: float) -> float:
    return 20 - 2 * epsilon if threshold > 0.5 else 30 - 3 * epsilon


def _of(owner: str, backend: Any, **options: Any) -> Callable[..., Any]:
    """Compile what owns the numbers; return a call with them."""
    if owner == "class":
        loss = TemporalLoss(reduction="sum")
        of_arrays = _compile(lambda k, c: loss(k, c)[0], backend, **options)

        def run(keypoints: Any, confidences: Any, epsilon: float, threshold: float) -> Any:
            loss.epsilon, loss.prob_threshold = epsilon, threshold
            return of_arrays(keypoints, confidences)

        return run
    function = temporal_loss if owner == "function" else temporal_loss_and_grad
    compiled = _compile(
        lambda k, c, e, p: function(k, c, epsilon=e, prob_threshold=p, reduction="sum"), backend, **options
    )
    return lambda *given: compiled(*given) if owner == "function" else compiled(*given)[0]


OWNERS = ("function", "class", "gradient")


@pytest.mark.parametrize(
    ("owner", "backend"),
    [*((owner, "aot_eager") for owner in OWNERS), pytest.param("class", "inductor", marks=INDUCTOR)],
)
def test_a_schedule_compiles_twice_at_most_and_is_right_in_each_step(owner: str, backend: str) -> None:
    counter = CompileCounterWithBackend(backend)
    run = _of(owner, counter)
    confidences = tensor(CONFIDENCES)
    # More steps than torch compiles for before it gives up.
    for epsilon, threshold in _schedule(2 + torch._dynamo.config.recompile_limit):
        keypoints = tensor(KEYPOINTS, grad=True)
        value = run(keypoints, confidences, epsilon, threshold)
        value.backward()
        second = [0.0, 0.0] if threshold > 0.5 else [0.6, 0.8]
        assert read(value) == _expected(epsilon, threshold)
        assert read(keypoints.grad)[1] == pytest.approx([0.6, 0.8, *second, 0.6, 0.8])
    assert 1 <= counter.frame_count <= 2


@pytest.mark.parametrize("owner", ["function", "class"])
def test_a_schedule_in_a_tensor_compiles_once(owner: str) -> None:
    counter = CompileCounterWithBackend("aot_eager")
    run = _of(owner, counter)
    keypoints, confidences = tensor(KEYPOINTS), tensor(CONFIDENCES)
    compiled = set()
    # 0 too, at which a number is another graph.
    for epsilon in (4.0, 2.0, 1.0, 0.5, 0.0, 0.0):
        assert read(run(keypoints, confidences, tensor(epsilon), 0.0)) == _expected(epsilon, 0.0)
        compiled.add(counter.frame_count)
    # In torch 2.11 the first call counts as two.
    assert len(compiled) == 1


@pytest.mark.parametrize(("owner", "dynamic"), [("function", None), ("function", True), ("class", None)])
def test_a_schedule_that_goes_back_and_forth(owner: str, dynamic: bool | None) -> None:  # noqa: FBT001
    # Where an earlier number were kept, it would be met again, or met by another one.
    run = _of(owner, "aot_eager", dynamic=dynamic)
    keypoints, confidences = tensor(KEYPOINTS), tensor(CONFIDENCES)
    first, second, third = _schedule(3)
    for numbers in (first, first, second, first, third, (0.0, 0.0), first, (0, 0.75), (4, 0.5), third):
        assert read(run(keypoints, confidences, *numbers)) == _expected(*numbers)


@pytest.mark.parametrize(
    ("dtype", "backend"),
    [
        *((dtype, "aot_eager") for dtype in ("float16", "bfloat16", "float32", "float64")),
        pytest.param("bfloat16", "inductor", marks=INDUCTOR),
        pytest.param("float32", "inductor", marks=INDUCTOR),
    ],
)
def test_numbers_are_rounded_as_without_compiling(dtype: str, backend: str) -> None:
    # The threshold is another number in each dtype: a confidence that prints like it is kept.
    compiled = _compile(lambda k, c, e, p: temporal_loss(k, c, epsilon=e, prob_threshold=p), backend)
    result = "float64" if dtype == "float64" else "float32"
    keypoints = tensor([[[0.0]], [[5.0]]], result)
    for number in (0.1, 0.3, 0.7, 0.9, 1 / 3):
        confidences = tensor([[round_to(number, dtype)]] * 2, dtype)
        found = compiled(keypoints, confidences, number, number)
        assert read(found) == round_to(Fraction(5) - Fraction(round_to(number, result)), result)


@pytest.mark.parametrize("number", [1 + Fraction(1, 2**24) + Fraction(1, 2**60), 2**60 + 2**36 + 1], ids=str)
def test_numbers_that_float64_does_not_hold(number: Any) -> None:
    if isinstance(number, Fraction) and torch.__version__ < (2, 13):
        pytest.skip(f"torch.compile reads no Fraction in torch {torch.__version__}")
    # Rounded twice, each of these is the float32 below.
    once, twice = round_to(number, "float32"), round_to(float(number), "float32")
    assert once > twice
    compiled = _compile(lambda k, c: temporal_loss(k, c, epsilon=number, prob_threshold=number))
    keypoints = tensor([[[0.0]], [[2 * once]]])
    assert read(compiled(keypoints, tensor([[once], [once]]))) == once
    assert read(compiled(keypoints, tensor([[twice], [twice]]))) == 0.0


# Refusals, and what else is imported --------------------------------------------------------


# One of each kind: every one costs a compilation.
@each((*KEYPOINT_REFUSALS[::4], *CONFIDENCE_REFUSALS[::3], EPSILON_REFUSALS[0], LENGTH_REFUSALS[0]))
def test_refusals(refusal: Refusal) -> None:
    # Without fullgraph, as users have it who see the exception itself.
    compiled = torch.compile(refusal.call, backend="eager")
    assert_refused(refusal, compiled, refusal.build(ARRAYS))


def test_other_libraries_that_are_imported_between_compilations() -> None:
    # Reading the list of modules, torch.compile wakes lazy ones, and the list grows under it.
    script = (
        "import sys, torch, types\n"
        "from temporal_loss import TemporalLoss\n"
        "class Lazy(types.ModuleType):\n"
        "    def __getattribute__(self, name):\n"
        "        sys.modules[f'grown.{len(sys.modules)}'] = types.ModuleType('grown')\n"
        "        return super().__getattribute__(name)\n"
        "loss = TemporalLoss(epsilon=[1.0], prob_threshold=0.5)\n"
        "compiled = torch.compile(lambda k, c: loss(k, c)[0], fullgraph=True, backend='aot_eager')\n"
        "given = torch.tensor([[0.0, 0.0], [3.0, 4.0]]), torch.ones(2, 1)\n"
        "for _ in range(2):\n"
        "    print(float(compiled(*given)))\n"
        "    torch._dynamo.reset()\n"
        "    sys.modules['lazy'] = Lazy('lazy')\n"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["4.0", "4.0"], done.stderr[-2000:]
