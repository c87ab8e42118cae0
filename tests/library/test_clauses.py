"""One worked example of each clause of docs/spec.md; the suite asks every other question about numbers.

Each example is put to the loss, to value and gradient in one, and to automatic differentiation.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from support import NAN, near

from temporal_loss import estimate_epsilon, temporal_loss, temporal_loss_and_grad, temporal_norm

from . import worked

if TYPE_CHECKING:
    from support import Arrays

INF, NOT = math.inf, math.nan


class Example(NamedTuple):
    """What is given, and what is due by hand: the loss, or entries; and the gradient of a loss."""

    keypoints: Any
    loss: Any
    gradient: Any = None
    confidences: Any = None
    segment_ids: Any = None
    options: dict[str, Any] = {"reduction": "sum"}  # noqa: RUF012 - read only

    def given(self, arrays: Arrays) -> tuple[Any, dict[str, Any]]:
        """Keypoints, and everything else by name."""
        rest = {"prob_threshold": 0.5, **self.options}
        if self.confidences is not None:
            rest["confidences"] = arrays.make(self.confidences)
        if self.segment_ids is not None:
            rest["segment_ids"] = arrays.make(self.segment_ids, "int32")
        return arrays.make(self.keypoints), rest


def _entries(keypoints: Any, entries: Any, confidences: Any = None, **options: Any) -> Example:
    ids = options.pop("segment_ids", None)
    return Example(keypoints, entries, None, confidences, ids, {"reduction": "none", **options})


def _reduced(reduction: str, loss: float, **options: Any) -> Example:
    """Steps of 4 and 2, then 3 and 6; the first is unsure, frame 0 of the first keypoint being so."""
    unit = {"sum": 1.0, "mean": 0.25, "valid_mean": 1 / 3}[reduction]
    return Example(
        [[[0], [0]], [[4], [2]], [[1], [8]]],
        loss,
        [
            [[0.0], [near(-unit)]],
            [[near(unit)], [pytest.approx(0.0, abs=1e-7)]],
            [[near(-unit)], [near(unit)]],
        ],
        [[0.25, 1], [1, 1], [1, 1]],
        options={"reduction": reduction, **options},
    )


ALONG = [[near(-0.6), near(-0.8)], [near(0.6), near(0.8)]]
EXAMPLES = {
    # Read as x0, x1, y0, y1 the steps would be sqrt(34) and sqrt(160).
    "TL-1.1 flat": _entries([[0, 0, 0, 0], [3, 4, 5, 12]], [[5.0, 13.0]]),
    "TL-1.1 six columns are three pairs": _entries([[0] * 6, [3, 4, 6, 8, 0, 2]], [[5.0, 10.0, 2.0]]),
    "TL-1.1 in space": _entries([[[0, 0, 0]], [[2, 3, -6]]], [[7.0]]),
    "TL-1.1 on a line": _entries([[[9]], [[2]]], [[7.0]]),
    "TL-1.2": _entries([[[[0]], [[4]]], [[[0]], [[7]]]], [[[0.0]], [[7.0]]], [[[0], [1]], [[1], [1]]]),
    "TL-2": Example([[0, 0], [3, 4]], 5.0, ALONG),
    "TL-2.1": Example(
        [[[0]], [[2]], [[6]], [[7]]], 1.5, [[[-0.5]], [[0.5]], [[-0.5]], [[0.5]]], None, [7, 7, -3, -3], {}
    ),
    "TL-2.1 an id that comes back": _entries([[[0]], [[2]], [[4]]], [[0.0], [0.0]], segment_ids=[1, 0, 1]),
    "TL-2.2": _entries([[0, 0], [INF, 4], [INF, 4]], [[INF], [NAN]], epsilon=1.0),
    "TL-3.1": _entries([[[0]], [[1]], [[3]], [[6]]], [[0.0], [0.0], [3.0]], [[1], [0.25], [0.5], [1]]),
    "TL-3.3": _entries([[0, 0] * 2, [3, 4] * 2], [[5.0, 0.0]], [[NOT, NOT], [NOT, 0.25]]),
    "TL-3.4 masked": Example(
        [[[0]], [[2]], [[NOT]], [[-INF]], [[7]], [[9]]],
        4.0,
        [[[-1.0]], [[1.0]], [[0.0]], [[0.0]], [[-1.0]], [[1.0]]],
        [[1], [1], [0.25], [0.25], [1], [1]],
    ),
    "TL-3.4 in the open": Example(
        [[[0, 0]], [[NOT, 1]], [[1, 0]], [[3, 0]]],
        NAN,
        [[[NAN, NAN]]] * 3 + [[[1.0, 0.0]]],
        options={"epsilon": 1.0, "reduction": "sum"},
    ),
    "TL-3.5": Example(
        [[[0, 0], [0, 0]], [[NOT, 0], [1, 0]], [[1, 0], [3, 0]]],
        1.5,
        [[[0.0, 0.0], [-0.5, 0.0]], [[0.0, 0.0]] * 2, [[0.0, 0.0], [0.5, 0.0]]],
        options={"nan_policy": "omit", "reduction": "valid_mean"},
    ),
    "TL-4": _entries([[0, 0] * 3, [3, 4, 0, 1, 0, 2]], [[3.0, 0.0, 0.0]], epsilon=2.0),
    # As many steps as keypoints: epsilons laid along time would give 4, 9, 0, 0.
    "TL-4.1": _entries([[0, 0] * 2, [3, 4, 6, 8], [3, 4, 6, 9]], [[4, 6], [0, 0]], epsilon=[1, 4]),
    "TL-5.1": _reduced("mean", 2.75),
    "TL-5.2": _reduced("valid_mean", near(11 / 3)),
    "TL-5.4": _reduced("sum", 11.0),
    "TL-5.3": Example([[0, 0], [NOT, 4]], 0.0, [[0.0, 0.0]] * 2, None, [0, 1], {}),
    "TL-5.3 nothing valid": Example(
        [[0, 0], [3, INF]], 0.0, [[0.0, 0.0]] * 2, [[0], [0]], options={"reduction": "valid_mean"}
    ),
    "TL-5.5": Example(
        [[[[0]], [[2]]], [[[5]], [[1]]]], 3.0, [[[[-0.5]], [[0.5]]], [[[0.5]], [[-0.5]]]], options={}
    ),
    "TL-8.1": Example([[[0]], [[4]], [[1]]], 7.0, [[[-1.0]], [[2.0]], [[-1.0]]]),
    "TL-8.2 at rest": Example([[7, 9], [7, 9]], 0.0, [[0.0, 0.0]] * 2),
    "TL-8.2 at epsilon": Example(
        [[0, 0], [3, 4]], 0.0, [[0.0, 0.0]] * 2, options={"epsilon": 5.0, "reduction": "sum"}
    ),
}
WITH_GRADIENT = [name for name, example in EXAMPLES.items() if example.gradient is not None]


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_worked_example(arrays: Arrays, example: str) -> None:
    keypoints, rest = EXAMPLES[example].given(arrays)
    assert arrays.read(temporal_loss(keypoints, **rest)) == EXAMPLES[example].loss
    if example in WITH_GRADIENT:
        found = worked.read_both(arrays, temporal_loss_and_grad(keypoints, **rest))
        assert found == (EXAMPLES[example].loss, EXAMPLES[example].gradient)


@pytest.mark.parametrize("example", WITH_GRADIENT)
def test_a_gradient_as_the_library_takes_it(autodiff: Arrays, example: str) -> None:
    keypoints, rest = EXAMPLES[example].given(autodiff)
    found = autodiff.loss_and_gradient(lambda k: temporal_loss(k, **rest), keypoints)
    assert worked.read_both(autodiff, found) == (EXAMPLES[example].loss, EXAMPLES[example].gradient)


@pytest.mark.parametrize("reduction", worked.REDUCTIONS)
def test_all_of_them_at_once(arrays: Arrays, dtype: str, reduction: str) -> None:
    # TL-7.1 and TL-8.4 besides: the dtypes that come out.
    given = worked.given(arrays, dtype)
    result = "float64" if dtype == "float64" else "float32"
    loss = worked.loss(*given, reduction=reduction)
    assert (arrays.read(loss), arrays.dtype_of(loss)) == (worked.expected(reduction), result)
    if reduction != "none":
        loss, gradient = worked.loss_and_grad(*given, reduction=reduction)
        assert (arrays.read(loss), arrays.dtype_of(loss)) == (worked.expected(reduction), result)
        assert (arrays.dtype_of(gradient), tuple(gradient.shape)) == (dtype, (5, 4))
        if dtype in {"float32", "float64"}:
            assert arrays.read(gradient) == worked.gradient(reduction)


def test_halves_are_widened_before_the_difference(arrays: Arrays, half_dtype: str) -> None:
    # TL-7.1: both frames are exact in half precision; their difference is not, nor the square of 300.
    high = 2048.0 if half_dtype == "float16" else 256.0
    keypoints = arrays.make([[[high]], [[0.5]]], half_dtype)
    for found in (temporal_loss(keypoints), temporal_norm(keypoints)[1, 0], estimate_epsilon(keypoints)[0]):
        assert arrays.read(found) == high - 0.5
    assert arrays.read(temporal_loss(arrays.make([[0, 0], [300, 400]], half_dtype))) == 500.0


def test_a_batch_of_no_sequence(arrays: Arrays) -> None:
    loss, gradient = temporal_loss_and_grad(arrays.zeros((0, 3, 2, 2)))
    assert (arrays.read(loss), tuple(gradient.shape)) == (0.0, (0, 3, 2, 2))


def test_the_norm(arrays: Arrays, dtype: str) -> None:
    # TL-12, in both layouts.
    keypoints = arrays.make([[0, 0, 0, 0], [3, 4, 5, 12], [3, NOT, 5, 13]], dtype)
    assert arrays.read(temporal_norm(keypoints)) == [[NAN, NAN], [5.0, 13.0], [NAN, 1.0]]
    batch = arrays.make([[[[0, 0, 0]], [[2, 3, 6]]], [[[9, 9, 9]], [[9, 9, 9]]]], dtype)
    assert arrays.read(temporal_norm(batch)) == [[[NAN], [7.0]], [[NAN], [0.0]]]


@pytest.mark.parametrize(("quantile", "expected"), [(0.0, 1.0), (0.25, 1.5), (0.5, 2.0), (1.0, 4.0)])
def test_a_quantile_of_the_steps(arrays: Arrays, quantile: float, expected: float) -> None:
    # TL-13: of 1, 2, 50, 70 and 4 an unsure frame takes 50 and 70 away; a NaN takes all of the second.
    keypoints = arrays.make([[[p], [NOT]] for p in (0, 1, 3, 53, -17, -13)])
    confidences = arrays.make([[1, 1]] * 3 + [[0.25, 1]] + [[1, 1]] * 2)
    found = estimate_epsilon(keypoints, confidences, prob_threshold=0.5, quantile=quantile)
    assert arrays.read(found) == [expected, NAN]
