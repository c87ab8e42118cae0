"""What is an error here: what the origin makes of it, and what this library says (TL-10).

That this library refuses each of these on every backend is tested in tests/library; here is one of a kind.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from temporal_loss import TemporalLoss

from .draws import INF, NAN
from .loader import Origin

ONE = torch.tensor([[0.0, 0.0], [3.0, 4.0], [3.0, 4.0]])
TWO = torch.tensor([[0.0, 0.0, 1.0, 1.0], [3.0, 4.0, 1.0, 1.0], [3.0, 4.0, 2.0, 1.0]])
UNSURE = torch.zeros(3, 1)

Call = Callable[[Any], Any]


@pytest.mark.parametrize(
    ("call", "at_origin", "ours", "message"),
    [
        (lambda kind: kind()(torch.zeros(3, 3)), RuntimeError, ValueError, "keypoints .* even number"),
        (lambda kind: kind()(torch.zeros(4)), RuntimeError, ValueError, "keypoints must have shape"),
        (lambda kind: kind()(torch.zeros(1, 2)), RuntimeError, ValueError, "keypoints .* at least 2 frames"),
        (lambda kind: kind()(torch.ones(3, 2).long()), RuntimeError, TypeError, "keypoints .* int64"),
        (lambda kind: kind()([[0.0, 0.0], [3.0, 4.0]]), TypeError, TypeError, "keypoints .* list"),
        (lambda kind: kind()(TWO, torch.ones(3, 1)), IndexError, ValueError, "confidences .* shape"),
        (lambda kind: kind()(ONE, np.ones((3, 1))), TypeError, TypeError, "confidences .* NumPy"),
        (
            lambda kind: kind(epsilon=[1.0, 2.0, 3.0])(TWO),
            RuntimeError,
            ValueError,
            "epsilon .* a sequence of 3",
        ),
        (lambda kind: kind(epsilon="1"), TypeError, ValueError, "epsilon"),
        (lambda kind: kind(prob_threshold=None), TypeError, ValueError, "prob_threshold"),
        (lambda kind: kind(log_weight="0"), TypeError, ValueError, "log_weight"),
        (lambda kind: kind().reduce_loss(ONE, "median"), KeyError, ValueError, "method"),
    ],
)
def test_unrelated_errors_at_the_origin(
    origin: Origin, call: Call, at_origin: type[Exception], ours: type[Exception], message: str
) -> None:
    with pytest.raises(at_origin) as unrelated:
        call(origin.TemporalLoss)
    # What is gained: the origin's message does not say which argument it is about.
    assert not re.search(message, str(unrelated.value))
    with pytest.raises(ours, match=message):
        call(TemporalLoss)


@pytest.mark.parametrize(
    ("call", "at_origin", "ours", "message"),
    [
        # A negative epsilon adds to every entry, those masked included.
        (lambda kind: kind(epsilon=-1.0, prob_threshold=0.5)(ONE, UNSURE), 1.0, ValueError, "epsilon"),
        (lambda kind: kind(epsilon=NAN)(ONE), NAN, ValueError, "epsilon"),
        (lambda kind: kind(epsilon=INF)(ONE), 0.0, ValueError, "epsilon"),
        (lambda kind: kind(epsilon=True)(ONE), 2.0, ValueError, "epsilon"),
        # One epsilon in a list is taken for both keypoints.
        (lambda kind: kind(epsilon=[1.0])(TWO), 1.0, ValueError, "epsilon .* a sequence of 1"),
        # One keypoint becomes three: max(5 - 1, 0), max(5 - 2, 0), max(5 - 3, 0) and three zeros.
        (lambda kind: kind(epsilon=[1.0, 2.0, 3.0])(ONE), 1.5, ValueError, "epsilon .* a sequence of 3"),
        # A NumPy array beside torch keypoints: the class keeps parameters of any library apart.
        (lambda kind: kind(epsilon=np.array([1.0, 2.0]))(TWO), 1.0, TypeError, "epsilon .* NumPy"),
        # A threshold per keypoint: by accident, for the origin declares one number.
        (
            lambda kind: kind(prob_threshold=[0.1, 0.9])(TWO, torch.full((3, 2), 0.5)),
            1.25,
            ValueError,
            "prob_threshold",
        ),
        (lambda kind: kind(prob_threshold=NAN)(ONE, UNSURE), 2.5, ValueError, "prob_threshold"),
        # NaN as a mean of nothing.
        (lambda kind: kind()(torch.zeros(3, 0)), NAN, ValueError, "keypoints"),
        (lambda kind: kind()(torch.tensor([[0, 0], [3j, 4]])), 5.0, TypeError, "keypoints .* complex64"),
        (lambda kind: kind(prob_threshold=0.5)(ONE, UNSURE.long()), 0.0, TypeError, "confidences .* int64"),
    ],
)
def test_numbers_at_the_origin(
    origin: Origin, call: Call, at_origin: float, ours: type[Exception], message: str
) -> None:
    loss, _ = call(origin.TemporalLoss)
    assert loss.item() == pytest.approx(at_origin, nan_ok=True)
    with pytest.raises(ours, match=message):
        call(TemporalLoss)


def test_misspelt_keywords(origin: Origin) -> None:
    for parameter, argument in (("prob_treshold", "confidences"), ("prob_threshold", "confidence")):
        assert origin.TemporalLoss(**{parameter: 0.5})(ONE, **{argument: UNSURE})[0] == 2.5
        with pytest.warns(UserWarning, match="did you mean '(prob_threshold|confidences)'"):
            assert TemporalLoss(**{parameter: 0.5})(ONE, **{argument: UNSURE})[0] == 2.5


def test_log_weight_that_is_no_number(origin: Origin) -> None:
    assert bool(origin.TemporalLoss(log_weight=NAN).weight.isnan())
    assert origin.TemporalLoss(log_weight=[0.0, 1.0]).weight.shape == (2,)
    for bad in (NAN, [0.0, 1.0]):
        with pytest.raises(ValueError, match="log_weight"):
            TemporalLoss(log_weight=bad)


def test_threshold_that_is_a_tensor(origin: Origin) -> None:
    theirs, ours = origin.TemporalLoss(), TemporalLoss()
    for loss in (theirs, ours):
        loss.prob_threshold = torch.tensor(0.5)
    # All are masked. This library never reads the value of an array, so takes none here.
    assert theirs(ONE, UNSURE)[0] == 0
    with pytest.raises(ValueError, match="prob_threshold"):
        ours(ONE, UNSURE)
