"""Parameters that are trained: the gradient by epsilon and by log_weight."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from temporal_loss import TemporalLoss, temporal_loss

if TYPE_CHECKING:
    from support import Arrays

NOT = math.nan


# Entries 5 and 10, 0 and 2 over four; epsilons 1 and 2: the tie is not above.
def test_by_a_trainable_epsilon(autodiff: Arrays, full_dtype: str) -> None:
    keypoints = autodiff.make([[0, 0, 0, 0], [3, 4, 6, 8], [3, 4, 6, 10]], full_dtype)
    found = autodiff.gradient(
        lambda e: temporal_loss(keypoints, epsilon=e), autodiff.make([1, 2], full_dtype)
    )
    assert found == [-0.25, -0.25]
    found = autodiff.gradient(lambda e: temporal_loss(keypoints, epsilon=e), autodiff.make(1.5, full_dtype))
    assert found == -0.75


def test_by_a_trainable_epsilon_of_zero(autodiff: Arrays) -> None:
    # An epsilon of zero that is being trained is not the same as none.
    keypoints = autodiff.make([[0, 0, 0, 0], [3, 4, 6, 8]])
    assert autodiff.gradient(lambda e: temporal_loss(keypoints, epsilon=e), autodiff.make([0, 0])) == [
        -0.5,
        -0.5,
    ]


def test_by_a_trainable_epsilon_where_masked(autodiff: Arrays) -> None:
    keypoints, sure = autodiff.make([[0, 0, NOT, 0], [3, 4, 6, 8]]), autodiff.make([[1, 0.25], [1, 1]])
    loss = TemporalLoss(prob_threshold=0.5)

    def by_epsilon(epsilon: Any) -> Any:
        loss.epsilon = epsilon
        return loss(keypoints, sure)[0]

    assert autodiff.gradient(by_epsilon, autodiff.make([1, 1])) == [-0.5, 0.0]


def test_by_a_trainable_log_weight(autodiff: Arrays, full_dtype: str) -> None:
    # The objective is loss * weight, and the weight falls as fast as it is large.
    keypoints = autodiff.make([[0, 0], [3, 4]], full_dtype)

    def objective(log_weight: Any) -> Any:
        loss, logs = TemporalLoss(log_weight=log_weight)(keypoints)
        return loss * logs[1]["value"]

    value, gradient = autodiff.loss_and_gradient(objective, autodiff.make(0.0, full_dtype))
    assert (autodiff.read(value), autodiff.read(gradient)) == (2.5, -2.5)


def test_confidences_that_are_trained_have_no_part_in_it(autodiff: Arrays) -> None:
    keypoints = autodiff.make([[[0], [0]], [[4], [2]]])

    def by_both(confidences: Any) -> Any:
        masked = temporal_loss(keypoints, confidences, prob_threshold=0.5, reduction="sum")
        return masked + confidences.sum()

    loss, gradient = autodiff.loss_and_gradient(by_both, autodiff.make([[1, 1], [0.25, 1]]))
    assert autodiff.read(loss) == 2.0 + 3.25
    assert autodiff.read(gradient) == [[1.0, 1.0], [1.0, 1.0]]
