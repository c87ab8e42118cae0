"""TL-6: the class has the origin's surface: its signatures, stages, weight, logs and keywords."""

from __future__ import annotations

import copy
import inspect
import math
import pickle
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from support import near

import temporal_loss as package
from temporal_loss import TemporalLoss, temporal_loss

from . import worked

if TYPE_CHECKING:
    from support import Arrays

# Entries 5 and 10, 0 and 2.
PATH = [[0, 0, 0, 0], [3, 4, 6, 8], [3, 4, 6, 10]]
SURE = [[0.25, 1], [1, 1], [1, 1]]

# Surface ------------------------------------------------------------------------------------

OPTIONS = (
    "(keypoints, confidences=None, *, epsilon=0.0, prob_threshold=0.0, reduction='mean', segment_ids=None, "
    "nan_policy='propagate')"
)
SIGNATURES = {
    "TemporalLoss": (
        "(data_module=None, epsilon=0.0, prob_threshold=0.0, log_weight=0.0, *, reduction='mean', "
        "nan_policy='propagate', **kwargs)"
    ),
    "TemporalLoss.__call__": (
        "(self, keypoints_pred, confidences=None, stage=None, *, segment_ids=None, **kwargs)"
    ),
    "TemporalLoss.compute_loss": "(self, predictions)",
    "TemporalLoss.remove_nans": "(self, loss, confidences)",
    "TemporalLoss.rectify_epsilon": "(self, loss)",
    "TemporalLoss.reduce_loss": "(self, loss, method='mean')",
    "TemporalLoss.log_loss": "(self, loss, stage=None)",
    "temporal_loss": OPTIONS,
    "temporal_loss_and_grad": OPTIONS,
    "temporal_norm": "(keypoints)",
    "count_valid": (
        "(keypoints, confidences=None, *, prob_threshold=0.0, segment_ids=None, nan_policy='propagate')"
    ),
    "estimate_epsilon": "(keypoints, confidences=None, *, prob_threshold=0.0, quantile=0.99)",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures(name: str) -> None:
    found: Any = package
    for part in name.split("."):
        found = getattr(found, part)
    signature = inspect.signature(found)
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    assert str(inspect.Signature(bare)) == SIGNATURES[name]


def test_what_is_public_is_listed_and_says_what_it_does() -> None:
    public = {n for n, v in vars(package).items() if not n.startswith("_") and not inspect.ismodule(v)}
    assert public == set(package.__all__) == {name for name in SIGNATURES if "." not in name}
    documented = [getattr(package, name) for name in package.__all__]
    documented += [v for n, v in vars(TemporalLoss).items() if callable(v) and not n.startswith("_")]
    assert all(inspect.getdoc(item) for item in documented)


def test_the_class_as_the_origin_calls_it(arrays: Arrays) -> None:
    module = object()
    loss = TemporalLoss(module, 1.0, 0.5, 0.0)
    assert loss.data_module is module
    keypoints, confidences = arrays.make(PATH), arrays.make(SURE)
    value, logs = loss(keypoints, confidences, "train")
    # 0 (masked), 9, 0, 1 over four.
    assert arrays.read(value) == 2.5
    assert [list(entry) for entry in logs] == [["name", "value", "prog_bar"], ["name", "value"]]
    assert logs[0]["name"] == "train_temporal_loss"
    assert logs[0]["value"] is value
    assert logs[0]["prog_bar"] is True
    assert (logs[1]["name"], arrays.read(logs[1]["value"])) == ("temporal_weight", 0.5)
    _, logs = loss(keypoints_pred=keypoints, confidences=confidences, stage=None)
    assert logs[0]["name"] == "None_temporal_loss"


# Parameters ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("log_weight", "expected"),
    # 1000: exp overflows; -1000: it underflows.
    [(0.0, 0.5), (1, 0.5 / math.e), (-math.log(8.0), 4.0), (1000.0, 0.0), (-1000.0, math.inf)],
)
def test_the_weight_of_a_number(log_weight: float, expected: float) -> None:
    loss = TemporalLoss()
    loss.log_weight = log_weight
    assert isinstance(loss.weight, float)
    assert loss.weight == TemporalLoss(log_weight=log_weight).weight == pytest.approx(expected, rel=1e-15)


def test_the_weight_of_an_array_is_one(arrays: Arrays, full_dtype: str) -> None:
    loss = TemporalLoss(log_weight=arrays.make(0.0, full_dtype))
    value, logs = loss(arrays.make(PATH, full_dtype))
    for weight in (loss.weight, logs[1]["value"]):
        assert (arrays.read(weight), arrays.dtype_of(weight)) == (0.5, full_dtype)
    # It is not applied.
    assert arrays.read(value) == 17 / 4


def test_the_gradient_by_log_weight(autodiff: Arrays, full_dtype: str) -> None:
    # The objective is loss * weight, and the weight falls as fast as it is large.
    keypoints = autodiff.make([[0, 0], [3, 4]], full_dtype)

    def objective(log_weight: Any) -> Any:
        loss, logs = TemporalLoss(log_weight=log_weight)(keypoints)
        return loss * logs[1]["value"]

    value, gradient = autodiff.loss_and_gradient(objective, autodiff.make(0.0, full_dtype))
    assert (autodiff.read(value), autodiff.read(gradient)) == (2.5, -2.5)


def test_changed_parameters_take_effect_and_are_checked(arrays: Arrays) -> None:
    loss = TemporalLoss()
    given = arrays.make(PATH), arrays.make(SURE)
    assert arrays.read(loss(*given)[0]) == 17 / 4
    for name, value, expected in (
        ("epsilon", 2.0, 11 / 4),
        ("prob_threshold", 0.5, 8 / 4),
        ("reduction", "sum", 8.0),
    ):
        setattr(loss, name, value)
        assert arrays.read(loss(*given)[0]) == expected
    for name, wrong in (("epsilon", -1.0), ("reduction", "median"), ("nan_policy", "raise")):
        before = getattr(loss, name)
        setattr(loss, name, wrong)
        with pytest.raises(ValueError, match=f"^{name} must be"):
            loss(*given)
        setattr(loss, name, before)


@pytest.mark.parametrize("name", ["reduction", "nan_policy"])
def test_words_are_checked_when_made_and_are_keywords_only(name: str) -> None:
    for wrong in ("median", None):
        with pytest.raises(ValueError, match=f"^{name} must be one of"):
            TemporalLoss(**{name: wrong})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="positional"):
        TemporalLoss(None, 0.0, 0.0, 0.0, "mean")  # type: ignore[call-arg]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda loss: pickle.loads(pickle.dumps(loss))])  # noqa: S301
def test_copies_and_pickles(arrays: Arrays, copied: Any) -> None:
    loss = TemporalLoss(epsilon=[1.0, 4.0], prob_threshold=0.5, log_weight=math.log(4.0))
    keypoints, confidences = arrays.make(PATH), arrays.make(SURE)
    loss(keypoints, confidences)
    twin = copied(loss)
    assert twin is not loss
    assert vars(twin) == vars(loss)
    assert (arrays.read(twin(keypoints, confidences)[0]), twin.weight) == (1.5, loss.weight)
    loss.epsilon[0] = 2.0
    assert twin.epsilon[0] == (2.0 if copied is copy.copy else 1.0)


def test_repr_shows_the_parameters() -> None:
    loss = TemporalLoss(object(), epsilon=[1.0, 2.5], prob_threshold=0.9, log_weight=2, reduction="none")
    words = "reduction='none', nan_policy='propagate'"
    assert repr(loss) == f"TemporalLoss(epsilon=[1.0, 2.5], prob_threshold=0.9, log_weight=2, {words})"


# Stages -------------------------------------------------------------------------------------


def test_the_stages_one_by_one(arrays: Arrays, dtype: str) -> None:
    loss = TemporalLoss(epsilon=[1.0, 4.0], prob_threshold=0.5)
    result = "float64" if dtype == "float64" else "float32"
    entries = loss.compute_loss(arrays.make(PATH, dtype))
    masked = loss.remove_nans(entries, arrays.make(SURE, dtype))
    rectified = loss.rectify_epsilon(masked)
    found = (entries, masked, rectified, loss.reduce_loss(rectified), loss.reduce_loss(rectified, "sum"))
    assert {arrays.dtype_of(array) for array in found} == {result}
    assert [arrays.read(array) for array in found] == [
        [[5.0, 10.0], [0.0, 2.0]],
        [[0.0, 10.0], [0.0, 2.0]],
        [[0.0, 6.0], [0.0, 0.0]],
        1.5,
        6.0,
    ]
    assert loss.reduce_loss(rectified, "none") is rectified


def test_entries_of_any_shape_and_sign(arrays: Arrays) -> None:
    loss = TemporalLoss(epsilon=1.0, prob_threshold=0.5)
    assert arrays.read(loss.reduce_loss(arrays.make([1, 2, 6]))) == 3.0
    assert arrays.read(loss.reduce_loss(arrays.zeros((0, 2)))) == 0.0
    # An overridden stage may make them negative, and no epsilon rectifies by 0.
    assert arrays.read(TemporalLoss().rectify_epsilon(arrays.make([[-1, 2]]))) == [[0.0, 2.0]]
    entries = arrays.make([[[4], [2]], [[1], [8]]])
    masked = loss.remove_nans(entries, arrays.make([[[0], [1], [1]], [[1], [1], [1]]]))
    assert arrays.read(loss.rectify_epsilon(masked)) == [[[0.0], [1.0]], [[0.0], [7.0]]]


def test_the_stages_have_gradients_of_their_own(autodiff: Arrays) -> None:
    loss = TemporalLoss(epsilon=5.0, prob_threshold=0.5)
    at_rest = autodiff.make([[0, 0, 7, 7], [3, 4, 7, 7]])
    total = autodiff.gradient(lambda k: loss.reduce_loss(loss.compute_loss(k), "sum"), at_rest)
    assert total[1] == [near(0.6), near(0.8), 0.0, 0.0]
    entries, sure = autodiff.make([[5, 4, 7]]), autodiff.make([[1, 0.25, 1], [1, 1, 1]])
    rectified = autodiff.gradient(lambda e: loss.reduce_loss(loss.rectify_epsilon(e), "sum"), entries)
    assert rectified == [[0.0, 0.0, 1.0]]
    masked = autodiff.gradient(lambda e: loss.reduce_loss(loss.remove_nans(e, sure), "sum"), entries)
    assert masked == [[1.0, 0.0, 1.0]]


def test_the_class_has_the_gradient_of_the_function(autodiff: Arrays) -> None:
    loss = TemporalLoss(epsilon=worked.EPSILON, prob_threshold=worked.THRESHOLD)
    keypoints, confidences, ids = worked.given(autodiff)
    found = autodiff.gradient(lambda k: loss(k, confidences, segment_ids=ids)[0], keypoints)
    assert found == worked.gradient("mean")


# Unknown keywords ---------------------------------------------------------------------------

NEAR = {
    "prob_treshold": "prob_threshold",
    "threshold": "prob_threshold",
    "Epsilon": "epsilon",
    "logweight": "log_weight",
    "nan_polcy": "nan_policy",
    "reductions": "reduction",
    "data_modul": "data_module",
}
NEAR_IN_CALLS = {
    "confidences_pred": "confidences",
    "keypoint_pred": "keypoints_pred",
    "keypoints": "keypoints_pred",
    "segments_ids": "segment_ids",
    "stages": "stage",
}
# What lightning-pose's factory passes when it makes a loss, and when it calls one.
OF_THE_FACTORY = (
    *("loss_name", "loss_params", "loss_params_dict", "data_module", "device", "mirrored_column_matches"),
    *("columns_for_singleview_pca", "components_to_keep", "empirical_epsilon_percentile", "losses_to_use"),
    *("heatmaps_targ", "heatmaps_pred", "keypoints_targ", "keypoints_pred_augmented", "keypoints_mask"),
    *("bbox", "is_multiview"),
)


@pytest.mark.parametrize("name", [*NEAR, *NEAR_IN_CALLS])
def test_a_keyword_nearly_that_of_a_parameter_warns(arrays: Arrays, name: str) -> None:
    meant = {**NEAR, **NEAR_IN_CALLS}[name]
    unknown: dict[str, Any] = {name: None}
    call, given = (TemporalLoss, []) if name in NEAR else (TemporalLoss(), [arrays.make([[0, 0], [3, 4]])])
    with pytest.warns(UserWarning, match=f"'{name}'; did you mean '{meant}'") as caught:
        call(*given, **unknown)
    # It points to who wrote it.
    assert [warning.filename for warning in caught] == [__file__]


def test_what_the_factory_of_the_origin_passes_is_ignored_in_silence(arrays: Arrays) -> None:
    keypoints = arrays.make([[0, 0], [3, 4]])
    given: dict[str, Any] = dict.fromkeys(OF_THE_FACTORY)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss = TemporalLoss(**given)
        assert arrays.read(loss(keypoints, **given)[0]) == 5.0
    assert {*OF_THE_FACTORY} & {*vars(loss)} == {"data_module"}
    with pytest.raises(TypeError, match="unexpected keyword argument 'heatmaps_pred'"):
        temporal_loss(keypoints, heatmaps_pred=3)  # type: ignore[call-arg]
