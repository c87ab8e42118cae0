"""TL-9: torch.compile into one graph."""

from __future__ import annotations

import shutil
import subprocess
import sys
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from support import NAN, near, under_test

from conformance.bits import round_to
from temporal_loss import TemporalLoss, estimate_epsilon, temporal_loss, temporal_norm

from . import worked
from .refusals import BESIDE_REFUSALS, KEYPOINT_REFUSALS, LENGTH_REFUSALS, Refusal, assert_refused
from .torch_tools import ARRAYS, read, tensor, worked_tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

torch = under_test("torch")
REDUCTIONS = ("sum", "mean", "valid_mean", "none")
# One of each kind: every one costs a compilation.
REFUSALS = (*KEYPOINT_REFUSALS[::4], *BESIDE_REFUSALS[::6], LENGTH_REFUSALS[0])


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def _compile(function: Callable[..., Any], backend: str = "aot_eager", **options: Any) -> Any:
    return torch.compile(function, fullgraph=True, backend=backend, **options)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_values(reduction: str) -> None:
    compiled = _compile(lambda *a: worked.loss(*a, reduction=reduction))
    for _ in range(2):
        assert read(compiled(*worked_tensors())) == worked.expected(reduction)


@pytest.mark.parametrize("reduction", ["sum", "mean", "valid_mean"])
def test_gradients(reduction: str) -> None:
    keypoints, *others = worked_tensors(grad=True)
    loss = _compile(lambda k: worked.loss(k, *others, reduction=reduction))(keypoints)
    loss.backward()
    assert (read(loss), read(keypoints.grad)) == (worked.expected(reduction), worked.gradient(reduction))


def test_nan_beside_them() -> None:
    keypoints, _, segment_ids = worked_tensors(grad=True)
    loss = _compile(lambda k: worked.loss(k, None, segment_ids))(keypoints)
    loss.backward()
    assert (read(loss), read(keypoints.grad)) == (NAN, worked.unmasked_gradient())


@pytest.mark.skipif(
    sys.platform == "win32" or not shutil.which("g++"), reason="inductor needs a C++ compiler"
)
# torch itself calls what it has deprecated.
@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated:DeprecationWarning")
def test_inductor() -> None:
    keypoints, *others = worked_tensors(grad=True)
    loss = _compile(worked.loss, "inductor")(keypoints, *others)
    loss.backward()
    assert (read(loss), read(keypoints.grad)) == (12.0, worked.gradient())


def test_forms_of_epsilon() -> None:
    keypoints, *others = worked_tensors()
    for epsilon in ([1.0, 2.0], (1, 2), tensor([1, 2]), tensor([1, 2], "int64")):
        torch._dynamo.reset()
        assert read(_compile(lambda k: worked.loss(k, *others, epsilon=epsilon))(keypoints)) == 12.0  # noqa: B023


def test_a_trainable_epsilon() -> None:
    keypoints, *others = worked_tensors()
    epsilon = tensor([1, 2], grad=True)
    _compile(lambda e: worked.loss(keypoints, *others, epsilon=e))(epsilon).backward()
    assert read(epsilon.grad) == [-1.0, -1.0]


@pytest.mark.parametrize("dynamic", [None, True])
def test_numbers_that_change_between_calls(dynamic: bool | None) -> None:  # noqa: FBT001 - torch's own
    # torch takes a number that changed for one that will change again, and traces it.
    keypoints, confidences = tensor([[0, 0], [3, 4]]), tensor([[0.75], [0.75]])
    compiled = _compile(
        lambda epsilon, threshold: temporal_loss(
            keypoints, confidences, epsilon=epsilon, prob_threshold=threshold
        ),
        dynamic=dynamic,
    )
    for epsilon, expected in ((0.5, 4.5), (0.25, 4.75), (0.2, near(4.8)), (6, 0.0)):
        assert read(compiled(epsilon, 0.5)) == expected
    for threshold, kept in ((0.8, False), (0.7, True), (0.75, True)):
        assert read(compiled(0.5, threshold)) == 4.5 * kept


def test_rounding_of_numbers_that_change() -> None:
    # As in eager mode, to the bit: epsilon in float32, the threshold as the confidences.
    confidences = tensor([[0.7], [0.7]])
    compiled = _compile(
        lambda k, epsilon, threshold: temporal_loss(k, confidences, epsilon=epsilon, prob_threshold=threshold)
    )
    keypoints = tensor([[0, 0], [3, 4]])
    for number in (0.7, 0.1, 1 / 3):
        expected = round_to(5 - Fraction(round_to(number, "float32")), "float32")
        assert read(compiled(keypoints, number, number)) == expected


def test_shapes_that_change_between_calls() -> None:
    compiled = _compile(lambda k: temporal_loss(k, epsilon=1.0), dynamic=None)
    for frames in (2, 3, 5, 9):
        track = tensor([[[0.0, 0.0]] * 3] + [[[3.0, 4.0]] * 3] * (frames - 1))
        assert read(compiled(track)) == near(4.0 / (frames - 1))


def test_lists_that_change_between_calls() -> None:
    loss = TemporalLoss(epsilon=[1.0, 2.0])
    compiled = _compile(lambda k: loss(k)[0])
    keypoints = tensor([[0, 0, 0, 0], [3, 4, 6, 8]])
    for epsilon, expected in (([1.0, 2.0], 6.0), ([0.5, 0.25], 7.125), ([9.0, 9.0], 0.5)):
        loss.epsilon = epsilon
        assert read(compiled(keypoints)) == expected


def test_the_class_and_what_it_logs() -> None:
    loss = TemporalLoss(epsilon=worked.EPSILON, prob_threshold=0.5)
    keypoints, confidences, segment_ids = worked_tensors(grad=True)
    value, logs = _compile(loss.__call__)(keypoints, confidences, "train", segment_ids=segment_ids)
    value.backward()
    assert (read(value), read(keypoints.grad)) == (near(2.0), worked.gradient("mean"))
    assert [entry["name"] for entry in logs] == ["train_temporal_loss", "temporal_weight"]
    assert read(logs[1]["value"]) == 0.5


def test_inside_a_module() -> None:
    class Module(torch.nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.scale = torch.nn.Parameter(tensor(1.0))
            self.loss = TemporalLoss(epsilon=[1.0, 2.0], log_weight=torch.nn.Parameter(tensor(0.0)))

        def forward(self, keypoints: Any) -> Any:
            value, logs = self.loss(self.scale * keypoints)
            return value * logs[1]["value"]

    module = Module()
    objective = _compile(module)(tensor([[0, 0, 0, 0], [3, 4, 6, 8]]))
    objective.backward()
    # Steps 5 and 10 grow with the scale; halved by the weight, over two.
    assert (read(objective), read(module.scale.grad)) == (3.0, near(3.75))
    assert read(module.loss.log_weight.grad) == -3.0


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_dtypes(dtype: str) -> None:
    keypoints = tensor([[0, 0], [300, 400]], dtype)
    found = _compile(lambda k: temporal_loss(k, epsilon=[100.0]))(keypoints)
    assert (read(found), ARRAYS.dtype_of(found)) == (400.0, "float64" if dtype == "float64" else "float32")


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


def test_vmap_and_grad_inside() -> None:
    keypoints, *others = worked_tensors()
    both = torch.func.vmap(torch.func.grad(lambda k: worked.loss(k, *others)))
    assert read(_compile(both)(keypoints[None])) == [worked.gradient()]


@pytest.mark.parametrize("refusal", REFUSALS, ids=[r.id for r in REFUSALS])
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
