"""What users do with the origin's class, done to both: derive from it, replace, change."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from temporal_loss import TemporalLoss

from .loader import Origin

# Lengths 5 and 10; 0 and 1, which the confidences mask.
KEYPOINTS = torch.tensor([[0.0, 0, 1, 1], [3, 4, 1, 1], [9, 12, 2, 1]])
CONFIDENCES = torch.tensor([[1.0, 1.0], [1.0, 1.0], [1.0, 0.2]])
# With these parameters 3 and 8; 0 and 0: a mean of 11 / 4.
PARAMETERS: dict[str, Any] = {"epsilon": [2.0, 0.5], "prob_threshold": 0.5}


@pytest.fixture(params=["origin", "ours"])
def kind(request: pytest.FixtureRequest, origin: Origin) -> Any:
    """Return the origin's class, then ours: the same must hold for both."""
    return origin.TemporalLoss if request.param == "origin" else TemporalLoss


@pytest.mark.parametrize(
    ("stage", "change", "expected"),
    [
        ("compute_loss", lambda lengths: lengths**2, (23 + 98) / 4),
        ("remove_nans", lambda masked: masked + 1, (4 + 9 + 0.5 + 0.5) / 4),
        ("rectify_epsilon", lambda entries: entries.square(), (9 + 64) / 4),
        ("reduce_loss", lambda mean: mean / 2, 11 / 8),
    ],
)
def test_overridden_stage(
    kind: Any, stage: str, change: Callable[[torch.Tensor], torch.Tensor], expected: float
) -> None:
    # An override may demand keywords, except of the reduction.
    def override(self: Any, *loss: Any, **given: Any) -> Any:
        assert not loss or stage == "reduce_loss"
        return change(getattr(kind, stage)(self, *loss, **given))

    derived = type("Derived", (kind,), {stage: override})
    assert derived(**PARAMETERS)(KEYPOINTS, CONFIDENCES)[0] == expected


def test_stage_replaced_on_the_object(kind: Any) -> None:
    loss = kind()
    loss.compute_loss = lambda predictions: predictions[:, 1:2]
    assert loss(KEYPOINTS)[0].item() == pytest.approx((0 + 4 + 12) / 3)


def test_overridden_call_constructor_name_weight_and_logs(kind: Any) -> None:
    class Derived(kind):  # type: ignore[misc]
        loss_name = "motion"
        weight = torch.tensor(7.0)

        def __init__(self, data_module: Any = None, scale: float = 1.0, **kwargs: Any) -> None:
            super().__init__(data_module=data_module, epsilon=scale, **kwargs)

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            value, logs = super().__call__(*args, **kwargs)
            return 2 * value, logs

        def log_loss(self, *, stage: Any, loss: Any) -> Any:
            return [*super().log_loss(loss, stage), {"name": "twice", "value": 2 * loss}]

    derived = Derived("data", scale=2.0, log_weight=0.0, anything="ignored")
    assert derived.data_module == "data"
    value, logs = derived(KEYPOINTS, stage="test")
    assert value == 2 * 11 / 4
    assert [(entry["name"], float(entry["value"])) for entry in logs] == [
        ("test_motion_loss", 11 / 4),
        ("motion_weight", 7.0),
        ("twice", 11 / 2),
    ]


def test_parameters_by_position_and_changed_afterwards(kind: Any) -> None:
    loss = kind("data", 2.0, 0.1, 0.0)
    assert loss.data_module == "data"
    assert loss(KEYPOINTS, CONFIDENCES, "train")[0] == 11 / 4
    assert float(loss.weight) == 0.5
    loss.epsilon = torch.tensor([2.0, 0.5])
    assert loss(KEYPOINTS, CONFIDENCES)[0] == 11.5 / 4
    loss.prob_threshold = 0.5
    assert loss(KEYPOINTS, CONFIDENCES)[0] == 11 / 4
    loss.log_weight = torch.tensor(2.0).log()
    assert loss(KEYPOINTS)[1][1]["value"] == 0.25
