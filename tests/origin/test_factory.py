"""Our class in the origin's own factory, inside the origin's own training step."""

from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from temporal_loss import TemporalLoss

from .draws import UNIT
from .loader import Origin

FRAMES, KEYPOINTS, FEATURES, STEPS = 12, 3, 5, 8
# What a user writes in the origin's config file.
TEMPORAL: dict[str, Any] = {"epsilon": [0.5, 1.0, 2.0], "prob_threshold": 0.4, "log_weight": 0.0}


def factories(origin: Origin, kind: type, **temporal: Any) -> dict[str, Any]:
    """Let the origin build its factories from a config, `kind` in its class's place."""
    config = OmegaConf.create(
        {
            "model": {"model_type": "regression", "losses_to_use": ["temporal"]},
            "losses": {"temporal": {**TEMPORAL, **temporal}},
        }
    )
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(origin.factory, "TemporalLoss", kind)
        built: dict[str, Any] = origin.factory.get_loss_factories(config, data_module=None)
    assert type(built["unsupervised"].loss_instance_dict["temporal"]) is kind
    return built


def make_tracker(origin: Origin, built: dict[str, Any], dtype: torch.dtype) -> Any:
    """Make a small tracker around the origin's training step, logging to a list."""
    base = origin.base

    class Tracker(base.SemiSupervisedTrackerMixin, torch.nn.Module):  # type: ignore[misc, name-defined]
        evaluate_labeled = base.BaseSupervisedTracker.evaluate_labeled

        def __init__(self) -> None:
            super().__init__()
            self.keypoints = torch.nn.Linear(FEATURES, 2 * KEYPOINTS, dtype=dtype)
            self.confidence = torch.nn.Linear(FEATURES, KEYPOINTS, dtype=dtype)
            self.loss_factory = built["supervised"]
            self.loss_factory_unsup = built["unsupervised"]
            self.rmse_loss = origin.losses.RegressionRMSELoss()
            self.total_unsupervised_importance = torch.tensor(0.75)
            self.device = torch.device("cpu")
            self.logged: list[tuple[str, float]] = []

        def get_loss_inputs_labeled(self, batch_dict: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
            predicted = self.keypoints(batch_dict["features"])
            return {"keypoints_targ": batch_dict["keypoints"], "keypoints_pred": predicted}

        def get_loss_inputs_unlabeled(self, batch_dict: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
            frames = batch_dict["frames"]
            confidences = torch.sigmoid(self.confidence(frames))
            predicted = self.keypoints(frames)
            return {"keypoints_pred": predicted, "confidences": confidences, "heatmaps_pred": frames}

        def log(self, name: str, value: torch.Tensor, **_: Any) -> None:
            self.logged.append((name, value.item()))

    return Tracker()


def train(origin: Origin, kind: type, dtype: torch.dtype, **temporal: Any) -> tuple[list[str], torch.Tensor]:
    """Train with `kind` in the factory: what was logged, by name and by value, and the last parameters."""
    tracker = make_tracker(origin, factories(origin, kind, **temporal), dtype)
    generator = torch.Generator().manual_seed(0)

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=dtype)

    with torch.no_grad():
        for parameter in tracker.parameters():
            parameter.copy_(noise(*parameter.shape))
    frames = noise(FRAMES, FEATURES)
    frames[4] = frames[3]  # a frozen frame: no motion at all
    labeled = {"features": noise(FRAMES, FEATURES), "keypoints": 3.0 * noise(FRAMES, 2 * KEYPOINTS)}
    # Confidences are not trained: their gradient is none, at the origin as here.
    optimizer = torch.optim.SGD(tracker.parameters(), lr=0.05)
    for index in range(STEPS):
        optimizer.zero_grad()
        loss = tracker.training_step({"labeled": labeled, "unlabeled": {"frames": frames}}, index)["loss"]
        loss.backward()
        optimizer.step()
        tracker.log("loss", loss)
    names, values = zip(*tracker.logged, strict=True)
    last = [parameter.detach().double().flatten() for parameter in tracker.parameters()]
    return list(names), torch.cat([torch.tensor(values, dtype=torch.float64), *last])


# One step differs by some ten roundings, relative to numbers around 1 (the weight,
# which the origin rounds to float32, is 1/2 in float64). A learning rate of 0.05
# keeps the eight steps from multiplying that by more than about the number of
# parameters each; 2^10 roundings is far below any wrong term of the loss.
@pytest.mark.parametrize(("dtype", "log_weight"), [(torch.float32, 0.3), (torch.float64, 0.0)])
def test_training(origin: Origin, dtype: torch.dtype, log_weight: float) -> None:
    names, expected = train(origin, origin.TemporalLoss, dtype, log_weight=log_weight)
    assert set(names) >= {"train_temporal_loss", "temporal_weight", "train_temporal_loss_weighted"}
    close = {"rtol": 2**10 * UNIT[dtype], "atol": 2**10 * UNIT[dtype]}
    ours, actual = train(origin, TemporalLoss, dtype, log_weight=log_weight)
    assert ours == names
    assert torch.allclose(actual, expected, **close)
    # Every stage takes part, or its being the same would say nothing.
    for change in ({"epsilon": 0.0}, {"prob_threshold": 0.0}, {"log_weight": log_weight + 0.01}):
        _, other = train(origin, TemporalLoss, dtype, **{"log_weight": log_weight, **change})
        assert not torch.allclose(other, expected, **close), change
