"""Numbers that a page tells in its text, and that no block prints since they differ between versions."""

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
