"""Our class in the origin's own factory, inside the origin's own training step."""

import copy
import io
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from temporal_loss import TemporalLoss

from .draws import UNIT
from .loader import Origin

FRAMES, KEYPOINTS, FEATURES, STEPS = 12, 3, 5, 8
# What a user writes in the origin's config file.
TEMPORAL: dict[str, Any] = {"epsilon": [0.5, 1.0, 2.0], "prob_threshold": 0.4}


@dataclass
class Run:
    """What a training left behind."""

    losses: list[float]
    logs: list[dict[str, float]]
    parameters: list[torch.Tensor]


def factories(origin: Origin, kind: type, monkeypatch: pytest.MonkeyPatch, **temporal: Any) -> dict[str, Any]:
    """Let the origin build its factories from a config, `kind` in its class's place."""
    monkeypatch.setattr(origin.factory, "TemporalLoss", kind)
    config = OmegaConf.create(
        {
            "model": {"model_type": "regression", "losses_to_use": ["temporal"]},
            "losses": {"temporal": {**TEMPORAL, **temporal}},
        }
    )
    built = origin.get_loss_factories(config, data_module=None)
    assert type(built["unsupervised"]) is origin.LossFactory
    assert type(built["unsupervised"].loss_instance_dict["temporal"]) is kind
    return dict(built)


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
            self.logged: dict[str, float] = {}

        def get_loss_inputs_labeled(self, batch_dict: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
            predicted = self.keypoints(batch_dict["features"])
            return {"keypoints_targ": batch_dict["keypoints"], "keypoints_pred": predicted}

        def get_loss_inputs_unlabeled(self, batch_dict: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
            frames = batch_dict["frames"]
            return {
                "keypoints_pred": self.keypoints(frames),
                "confidences": torch.sigmoid(self.confidence(frames)),
                "heatmaps_pred": frames,
            }

        def log(self, name: str, value: torch.Tensor, **_: Any) -> None:
            self.logged[name] = value.item()

    return Tracker()


def train(tracker: Any, dtype: torch.dtype) -> Run:
    """Run the origin's training step some times with plain gradient descent."""
    generator = torch.Generator().manual_seed(0)

    def noise(*shape: int, scale: float = 1.0) -> torch.Tensor:
        return scale * torch.randn(*shape, generator=generator, dtype=dtype)

    with torch.no_grad():
        for parameter in tracker.parameters():
            parameter.copy_(noise(*parameter.shape))
    frames = noise(FRAMES, FEATURES)
    frames[4] = frames[3]  # a frozen frame: no motion at all
    batch = {
        "labeled": {
            "features": noise(FRAMES, FEATURES),
            "keypoints": noise(FRAMES, 2 * KEYPOINTS, scale=3.0),
        },
        "unlabeled": {"frames": frames},
    }
    # Confidences are not trained: their gradient is none, at the origin as here.
    optimizer = torch.optim.SGD(tracker.parameters(), lr=0.05)
    run = Run([], [], [])
    for index in range(STEPS):
        optimizer.zero_grad()
        tracker.logged = {}
        loss = tracker.training_step(batch, index)["loss"]
        loss.backward()
        optimizer.step()
        run.losses.append(loss.item())
        run.logs.append(tracker.logged)
    run.parameters = [parameter.detach().clone() for parameter in tracker.parameters()]
    return run


def run_with(origin: Origin, kind: type, dtype: torch.dtype, **temporal: Any) -> Run:
    """Train once with `kind` in the factory."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        built = factories(origin, kind, monkeypatch, **temporal)
    return train(make_tracker(origin, built, dtype), dtype)


def close(actual: Run, expected: Run, tolerance: float) -> bool:
    """Say whether two trainings gave the same numbers, to a relative tolerance."""
    numbers = [
        torch.tensor(
            [*run.losses, *(number for logs in run.logs for number in logs.values())], dtype=torch.float64
        )
        for run in (actual, expected)
    ]
    pairs = [tuple(numbers), *zip(actual.parameters, expected.parameters, strict=True)]
    return all(torch.allclose(a, b, rtol=tolerance, atol=tolerance) for a, b in pairs)


# One step differs by some ten roundings, relative to numbers around 1 (the weight,
# which the origin rounds to float32, is 1/2 in float64). A learning rate of 0.05
# keeps the eight steps from multiplying that by more than about the number of
# parameters each; 2^10 roundings is far below any wrong term of the loss.
@pytest.mark.parametrize(("dtype", "log_weight"), [(torch.float32, 0.3), (torch.float64, 0.0)])
def test_training(origin: Origin, dtype: torch.dtype, log_weight: float) -> None:
    expected = run_with(origin, origin.TemporalLoss, dtype, log_weight=log_weight)
    actual = run_with(origin, TemporalLoss, dtype, log_weight=log_weight)
    tolerance = 2**10 * UNIT[dtype]
    assert [list(logs) for logs in actual.logs] == [list(logs) for logs in expected.logs]
    assert set(expected.logs[0]) >= {"train_temporal_loss", "temporal_weight", "train_temporal_loss_weighted"}
    assert close(actual, expected, tolerance)
    # Every stage takes part, or its being the same would say nothing.
    for change in ({"epsilon": 0.0}, {"prob_threshold": 0.0}, {"log_weight": log_weight + 0.01}):
        other = run_with(origin, TemporalLoss, dtype, **{"log_weight": log_weight, **change})
        assert not close(other, expected, tolerance), change


@pytest.mark.parametrize("anneal_weight", [1.0, 0.25, None, torch.tensor(0.5)])
@pytest.mark.parametrize("stage", [None, "train", "val", "test"])
def test_factory_alone(
    origin: Origin,
    monkeypatch: pytest.MonkeyPatch,
    stage: str | None,
    anneal_weight: float | torch.Tensor | None,
) -> None:
    results = []
    for kind in (origin.TemporalLoss, TemporalLoss):
        factory = factories(origin, kind, monkeypatch, log_weight=0.0)["unsupervised"]
        # Lengths 5, 0, 13 and 10, 5, 5; exact up to the division by 6.
        keypoints = torch.tensor(
            [[0.0, 0, 0, 0, 0, 0], [3, 4, 0, 0, 5, 12], [9, 12, 3, 4, 5, 17]], requires_grad=True
        )
        confidences = torch.tensor([[1.0, 1, 1], [0.4, 1, 1], [1, 1, 0.3]])
        total, logs = factory(
            stage=stage, anneal_weight=anneal_weight, keypoints_pred=keypoints, confidences=confidences
        )
        total.backward()
        results.append((total, logs, keypoints.grad))
    (theirs, their_logs, their_gradient), (ours, our_logs, our_gradient) = results
    # 4.5 + 0 + 11 + 9.5 + 4 + masked, by the weight of 1/2.
    anneal = 1.0 if anneal_weight is None else float(anneal_weight)
    assert theirs.item() == pytest.approx(29 / 6 / 2 * anneal, rel=4 * 2.0**-24)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
    torch.testing.assert_close(our_gradient, their_gradient, rtol=12 * 2.0**-24, atol=0)
    assert [log["name"] for log in our_logs] == [log["name"] for log in their_logs]
    for our_log, their_log in zip(our_logs, their_logs, strict=True):
        assert list(our_log) == list(their_log)
        # The origin's training step calls `.to` on every value it logs.
        torch.testing.assert_close(our_log["value"].to("cpu"), their_log["value"], rtol=2.0**-23, atol=0)


def test_factory_is_copied_and_saved(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    factory = factories(origin, TemporalLoss, monkeypatch, log_weight=0.0)["unsupervised"]
    keypoints = torch.arange(36.0).reshape(6, 6) ** 2
    expected, _ = factory(stage="train", keypoints_pred=keypoints)
    again, _ = copy.deepcopy(factory)(stage="train", keypoints_pred=keypoints)
    assert again == expected
    buffer = io.BytesIO()
    torch.save(factory.loss_instance_dict, buffer)
    buffer.seek(0)
    restored = torch.load(buffer, weights_only=False)["temporal"]
    loss, _ = restored(keypoints)
    assert loss * restored.weight == expected
