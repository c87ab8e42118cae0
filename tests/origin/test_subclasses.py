"""What users do with the origin's class, done to both: derive from it, replace, change."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from temporal_loss import TemporalLoss

from .loader import Origin

# Lengths 5 and 10; 0 and 1.
KEYPOINTS = torch.tensor([[0.0, 0, 1, 1], [3, 4, 1, 1], [9, 12, 2, 1]])
CONFIDENCES = torch.tensor([[1.0, 1.0], [1.0, 1.0], [1.0, 0.2]])


@pytest.fixture(params=["origin", "ours"])
def kind(request: pytest.FixtureRequest, origin: Origin) -> Any:
    """Return the origin's class, then ours: the same must hold for both."""
    return origin.TemporalLoss if request.param == "origin" else TemporalLoss


def derive(kind: Any, **members: Any) -> Any:
    """Derive a class that overrides the given members."""
    return type("Derived", (kind,), members)


def loss_of(kind: Any) -> float:
    """Compute the loss of the example, with all of its parameters in use."""
    value, _ = kind(epsilon=[2.0, 0.5], prob_threshold=0.5)(KEYPOINTS, CONFIDENCES, "train")
    return float(value)


def test_as_it_is(kind: Any) -> None:
    assert loss_of(kind) == (3 + 8 + 0 + 0) / 4


@pytest.mark.parametrize(
    ("stage", "override", "expected"),
    [
        # Squares: 25 - 2, 100 - 2.
        (
            "compute_loss",
            lambda parent: lambda self, predictions: parent(self, predictions) ** 2,
            (23 + 98) / 4,
        ),
        # No mask: the step of 1 counts.
        (
            "remove_nans",
            lambda _: lambda _self, loss, confidences: loss + 0 * confidences[1:],
            (3 + 8 + 0.5) / 4,
        ),
        # A hard threshold, as the origin's prose has it.
        (
            "rectify_epsilon",
            lambda parent: lambda self, loss: torch.where(parent(self, loss) > 0, loss, 0),
            (5 + 10) / 4,
        ),
        (
            "reduce_loss",
            lambda parent: lambda self, loss, method="mean": 10 * parent(self, loss, method),
            110 / 4,
        ),
        (
            "reduce_loss",
            lambda parent: lambda self, loss, method: parent(self, loss, method=method) / 2,
            11 / 8,
        ),
    ],
)
def test_overridden_stage(
    kind: Any, stage: str, override: Callable[[Any], Callable[..., Any]], expected: float
) -> None:
    derived = derive(kind, **{stage: override(getattr(kind, stage))})
    assert loss_of(derived) == expected


def test_stages_are_called_by_keyword(kind: Any) -> None:
    """An override may demand keywords, or name its arguments in another order."""

    class Derived(kind):  # type: ignore[misc]
        def compute_loss(self, *, predictions: Any) -> Any:
            return super().compute_loss(predictions=predictions)

        def remove_nans(self, confidences: Any, loss: Any) -> Any:
            return super().remove_nans(loss=loss, confidences=confidences)

        def rectify_epsilon(self, *, loss: Any) -> Any:
            return super().rectify_epsilon(loss=loss)

        def log_loss(self, stage: Any, loss: Any) -> Any:
            return super().log_loss(loss=loss, stage=stage)

    assert loss_of(Derived) == 11 / 4
    _, logs = Derived()(KEYPOINTS, stage="val")
    assert logs[0]["name"] == "val_temporal_loss"


def test_stage_replaced_on_the_object(kind: Any) -> None:
    loss = kind()
    loss.compute_loss = lambda predictions: predictions[:, 1:2]
    assert loss(KEYPOINTS)[0].item() == pytest.approx((0 + 4 + 12) / 3)


def test_overridden_call(kind: Any) -> None:
    class Derived(kind):  # type: ignore[misc]
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            value, logs = super().__call__(*args, **kwargs)
            return 2 * value, logs

    assert loss_of(Derived) == 22 / 4


def test_overridden_name_weight_and_logs(kind: Any) -> None:
    class Derived(kind):  # type: ignore[misc]
        loss_name = "motion"
        weight = torch.tensor(7.0)

        def log_loss(self, loss: Any, stage: Any) -> Any:
            return [*super().log_loss(loss, stage), {"name": "twice", "value": 2 * loss}]

    _, logs = Derived()(KEYPOINTS, stage="test")
    assert [entry["name"] for entry in logs] == ["test_motion_loss", "motion_weight", "twice"]
    assert logs[1]["value"] == 7
    assert logs[2]["value"] == 2 * logs[0]["value"]


def test_extended_constructor(kind: Any) -> None:
    class Derived(kind):  # type: ignore[misc]
        def __init__(self, data_module: Any = None, scale: float = 1.0, **kwargs: Any) -> None:
            super().__init__(data_module=data_module, epsilon=scale, **kwargs)
            self.scale = scale

    derived = Derived("data", scale=2.0, log_weight=0.0, anything="ignored")
    assert derived.data_module == "data"
    # Lengths 5, 10, 0, 1 less 2.
    assert derived(KEYPOINTS)[0] == 11 / 4


def test_positional_constructor(kind: Any) -> None:
    loss = kind("data", 2.0, 0.5, 0.0)
    assert loss.data_module == "data"
    assert loss(KEYPOINTS, CONFIDENCES, "train")[0] == 11 / 4
    assert float(loss.weight) == 0.5


def test_parameters_changed_afterwards(kind: Any) -> None:
    loss = kind()
    loss.epsilon = torch.tensor([2.0, 0.5])
    loss.prob_threshold = 0.5
    assert loss(KEYPOINTS, CONFIDENCES)[0] == 11 / 4
    loss.log_weight = torch.tensor(0.0)
    assert loss.weight == 0.5
    assert loss(KEYPOINTS)[1][1]["value"] == 0.5
