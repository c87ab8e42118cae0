"""TL-6: reduction and NaN policy of the class, and keywords that it does not know."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from support import NAN

from temporal_loss import TemporalLoss

from . import worked

if TYPE_CHECKING:
    from support import Arrays

NOT = math.nan
REDUCTIONS = ("mean", "valid_mean", "sum", "none")


class _Staged(TemporalLoss):
    """Overrides a stage, so that each runs by itself."""

    def rectify_epsilon(self, loss: Any) -> Any:
        return super().rectify_epsilon(loss)


KINDS = [TemporalLoss, _Staged]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_every_reduction(arrays: Arrays, kind: type[TemporalLoss], reduction: str) -> None:
    loss = kind(epsilon=worked.EPSILON, prob_threshold=worked.THRESHOLD, reduction=reduction)
    keypoints, confidences = arrays.make(worked.KEYPOINTS), arrays.make(worked.CONFIDENCES)
    segment_ids = arrays.make(worked.SEGMENT_IDS, "int32")
    value, logs = loss(keypoints, confidences, "val", segment_ids=segment_ids)
    assert arrays.read(value) == worked.expected(reduction)
    assert logs[0]["value"] is value
    assert [entry["name"] for entry in logs] == ["val_temporal_loss", "temporal_weight"]


# Steps of the first: NaN, NaN, 3; of the second: 1, 2 and 0, of which the last is unsure.
TRACK = [[[0], [0]], [[NOT], [1]], [[1], [3]], [[4], [3]]]
SURE = [[1, 1], [1, 1], [1, 1], [1, 0]]
EXPECTED = {
    "omit": {"sum": 6.0, "mean": 1.0, "valid_mean": 2.0, "none": [[0.0, 1.0], [0.0, 2.0], [3.0, 0.0]]},
    "propagate": {"sum": NAN, "mean": NAN, "valid_mean": NAN, "none": [[NAN, 1.0], [NAN, 2.0], [3.0, 0.0]]},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("policy", EXPECTED)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_both_policies(arrays: Arrays, kind: type[TemporalLoss], policy: str, reduction: str) -> None:
    loss = kind(prob_threshold=0.5, reduction=reduction, nan_policy=policy)
    found, _ = loss(arrays.make(TRACK), arrays.make(SURE))
    assert arrays.read(found) == EXPECTED[policy][reduction]


@pytest.mark.parametrize("kind", KINDS)
def test_a_policy_without_confidences(arrays: Arrays, kind: type[TemporalLoss]) -> None:
    # Nothing is unsure now, so that one step of 0 counts more.
    loss = kind(reduction="valid_mean", nan_policy="omit")
    assert arrays.read(loss(arrays.make(TRACK))[0]) == 1.5
    ids = arrays.make([0, 0, 0, 1], "int32")
    assert arrays.read(loss(arrays.make(TRACK), segment_ids=ids)[0]) == 1.5
    loss.reduction = "mean"
    assert arrays.read(loss(arrays.make(TRACK), segment_ids=ids)[0]) == 0.75


@pytest.mark.parametrize("kind", KINDS)
def test_attributes_set_later_take_effect(arrays: Arrays, kind: type[TemporalLoss]) -> None:
    loss = kind(prob_threshold=0.5)
    given = arrays.make(TRACK), arrays.make(SURE)
    assert (loss.reduction, loss.nan_policy) == ("mean", "propagate")
    assert arrays.read(loss(*given)[0]) == NAN
    loss.reduction, loss.nan_policy = "sum", "omit"
    assert arrays.read(loss(*given)[0]) == 6.0
    for name, value in (("reduction", "median"), ("nan_policy", "raise")):
        before = getattr(loss, name)
        setattr(loss, name, value)
        with pytest.raises(ValueError, match=f"^{name} must be one of"):
            loss(*given)
        setattr(loss, name, before)


@pytest.mark.parametrize(
    ("name", "value"), [("reduction", "median"), ("nan_policy", "raise"), ("reduction", None)]
)
def test_unknown_words_are_refused_when_made(name: str, value: Any) -> None:
    wrong: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=f"^{name} must be one of"):
        TemporalLoss(**wrong)


def test_they_are_keywords_only() -> None:
    with pytest.raises(TypeError, match="positional"):
        TemporalLoss(None, 0.0, 0.0, 0.0, "mean")  # type: ignore[call-arg]


# Unknown keywords ---------------------------------------------------------------------------

NEAR = {
    "prob_treshold": "prob_threshold",
    "prob_thresh": "prob_threshold",
    "threshold": "prob_threshold",
    "epsilons": "epsilon",
    "Epsilon": "epsilon",
    "logweight": "log_weight",
    "log_weights": "log_weight",
    "nanpolicy": "nan_policy",
    "nan_polcy": "nan_policy",
    "reductions": "reduction",
    "data_modul": "data_module",
}
NEAR_IN_CALLS = {
    "confidence": "confidences",
    "confidences_pred": "confidences",
    "keypoint_pred": "keypoints_pred",
    "keypoints": "keypoints_pred",
    "segment_id": "segment_ids",
    "segments_ids": "segment_ids",
    "stages": "stage",
}
# What lightning-pose's factory passes when it makes a loss, and when it calls one.
OF_THE_FACTORY = (
    "loss_name",
    "loss_params",
    "loss_params_dict",
    "data_module",
    "device",
    "mirrored_column_matches",
    "columns_for_singleview_pca",
    "components_to_keep",
    "empirical_epsilon_percentile",
    "losses_to_use",
    "heatmaps_targ",
    "heatmaps_pred",
    "keypoints_targ",
    "keypoints_pred_augmented",
    "keypoints_mask",
    "bbox",
    "is_multiview",
)


@pytest.mark.parametrize("name", NEAR)
def test_a_keyword_nearly_that_of_a_parameter_warns(name: str) -> None:
    unknown: dict[str, Any] = {name: 0.5}
    with pytest.warns(UserWarning, match=f"'{name}'; did you mean '{NEAR[name]}'") as caught:
        TemporalLoss(**unknown)
    assert len(caught) == 1
    # It points to who wrote it.
    assert caught[0].filename == __file__


@pytest.mark.parametrize("name", NEAR_IN_CALLS)
def test_a_keyword_nearly_that_of_an_argument_warns(arrays: Arrays, name: str) -> None:
    keypoints = arrays.make([[0, 0], [3, 4]])
    with pytest.warns(UserWarning, match=f"'{name}'; did you mean '{NEAR_IN_CALLS[name]}'") as caught:
        found, _ = TemporalLoss()(keypoints, **{name: None})
    assert arrays.read(found) == 5.0
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_factory_of_the_origin_passes_is_ignored_in_silence(
    arrays: Arrays, kind: type[TemporalLoss]
) -> None:
    keypoints = arrays.make([[0, 0], [3, 4]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in OF_THE_FACTORY:
            given: dict[str, Any] = {name: None}
            loss = kind(**given)
            if name != "data_module":
                assert name not in vars(loss)
            assert arrays.read(loss(keypoints, **given)[0]) == 5.0
        given = dict.fromkeys(OF_THE_FACTORY)
        assert arrays.read(kind(**given)(keypoints, **given)[0]) == 5.0
