"""Numbers that a page tells in its text, and that no block prints since they differ between versions."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import select

from temporal_loss import temporal_loss, temporal_loss_and_grad

from .blocks import ROOT
from .page import Page

SHAPES = [((6,), "float32"), ((3,), "float32"), ((), "int64")]
NAMES = ("keypoints", "confidences", "segment_ids")


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def told(page: str, pattern: str) -> list[int]:
    """Numbers that a page tells, where its text is as in the pattern."""
    found = re.search(pattern, " ".join((ROOT / "docs" / page).read_text(encoding="utf-8").split()))
    assert found, f"{page} does not say {pattern!r}"
    return [int(number.replace(",", "")) for number in found.groups()]


def test_evaluations_with_and_without_gradient(page_at: Callable[[Path], Page]) -> None:
    page = page_at(ROOT / "docs" / "howto" / "scipy.md")
    page.check(page.blocks[-1])
    numbers = told("howto/scipy.md", r"after (\d+) evaluations with the gradient, after ([\d,]+) without")
    for name, number in zip(("fit", "blind"), numbers, strict=True):
        assert page.namespace[name].success
        # The way to the minimum depends on last bits, so on versions and processors.
        assert number == pytest.approx(page.namespace[name].nfev, rel=0.5)
    in_readme = told("../README.md", r"(\d+) evaluations where it took ([\d,]+) without")
    assert in_readme == numbers


def inputs(chunks: int) -> list[Any]:
    import dask.array as da  # noqa: PLC0415 - not everywhere installed

    return [da.ones((20 * chunks, *rest), chunks=(20, *rest), dtype=kind) for rest, kind in SHAPES]


def tasks_per_chunk(function: Any, given: int) -> int:
    """Tasks that each further chunk adds to what is computed, as Dask would run it."""
    import dask  # noqa: PLC0415 - not everywhere installed

    counts = []
    for chunks in (60, 120):
        named = dict(zip(NAMES[:given], inputs(chunks), strict=False))
        result = function(**named, epsilon=1.0)
        graphs = dask.optimize(*(result if isinstance(result, tuple) else (result,)))
        counts.append(len({key for graph in graphs for key in graph.__dask_graph__()}))
    return int((counts[1] - counts[0]) / 60)


@pytest.mark.skipif("dask" not in select().names, reason="needs dask, which is not under test")
def test_tasks_of_a_chunk() -> None:
    both = "Value and gradient together are (.+) tasks a chunk, (.+) with confidences and (.+) with segment"
    expected = [tasks_per_chunk(temporal_loss_and_grad, given) for given in (1, 2, 3)]
    assert told("howto/dask.md", both) == expected
    expected = [tasks_per_chunk(temporal_loss, given) for given in (1, 2)]
    assert told("scale-dask.md", r"A chunk is (\d+) tasks, (\d+) with confidences") == expected


WALK = [[0.0, 0.0], [3.0, 4.0], [3.0, 4.0]]
LOST = [*WALK[:2], [math.nan, math.nan]]
CONFIDENCES = [[0.9], [0.9], [0.1]]


def plain_in_jax(frames: list[list[float]], *, masked: bool = False) -> tuple[float, list[float]]:
    """Value and gradient of the plain formula, masked behind a `where` or not."""
    import jax  # noqa: PLC0415 - not everywhere installed
    import jax.numpy as jnp  # noqa: PLC0415

    def formula(points: Any) -> Any:
        steps = jnp.linalg.vector_norm(jnp.diff(points, axis=0), axis=-1)
        return jnp.where(jnp.asarray([True, not masked]), steps, 0.0).mean()

    value, gradient = jax.value_and_grad(formula)(jnp.asarray(frames))
    return float(value), gradient.ravel().tolist()


def plain_in_torch(frames: list[list[float]], *, masked: bool = False) -> tuple[float, list[float]]:
    """Do the same in torch."""
    import torch  # noqa: PLC0415 - not everywhere installed

    points = torch.tensor(frames, requires_grad=True)
    steps = torch.linalg.vector_norm(torch.diff(points, dim=0), dim=-1)
    value = torch.where(torch.tensor([True, not masked]), steps, 0.0).mean()
    value.backward()
    assert points.grad is not None
    return value.item(), points.grad.ravel().tolist()


def nans(numbers: list[float]) -> tuple[int, int]:
    return sum(map(math.isnan, numbers)), len(numbers)


@pytest.mark.skipif(not {"jax", "numpy", "torch"} <= set(select().names), reason="needs jax, numpy and torch")
def test_what_is_gained_over_the_plain_formula() -> None:
    import jax  # noqa: PLC0415 - not everywhere installed
    import jax.numpy as jnp  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415
    import torch  # noqa: PLC0415

    assert nans(plain_in_jax(WALK)[1]) == tuple(told("../README.md", r"In JAX (\d+) of the (\d+) numbers"))
    behind = r"still (\d+) of the (\d+) numbers of its gradient are, in torch and JAX"
    for plain in (plain_in_jax, plain_in_torch):
        assert math.isnan(plain(LOST)[0])
        value, gradient = plain(LOST, masked=True)
        assert value == 2.5
        assert nans(gradient) == tuple(told("../README.md", behind))
    at_rest = [pytest.approx([-0.3, -0.4]), pytest.approx([0.3, 0.4]), [0, 0]]
    for array in (np.asarray, jnp.asarray, torch.tensor):
        assert np.asarray(temporal_loss_and_grad(array(WALK))[1]).tolist() == at_rest
        masked = {"confidences": array(CONFIDENCES), "prob_threshold": 0.9}
        value, gradient = temporal_loss_and_grad(array(LOST), **masked)
        assert float(value) == 2.5
        assert np.isfinite(np.asarray(gradient)).all()
    # Those that the library itself takes too.
    assert jax.grad(temporal_loss)(jnp.asarray(WALK)).tolist() == at_rest
    points = torch.tensor(WALK, requires_grad=True)
    temporal_loss(points).backward()
    assert points.grad is not None
    assert points.grad.tolist() == at_rest
    assert plain_in_torch(WALK)[0] == 2.5
    found = re.search(r"loss is ([\d.]+) and .*the plain ([\d.]+) is ([\d.]+) above", readme(), re.DOTALL)
    assert found
    assert [*map(float, found.groups())] == [2.5, 2.5, temporal_loss(np.asarray(WALK), epsilon=1.0)]
