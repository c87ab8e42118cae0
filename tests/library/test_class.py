"""TL-6: the class has the origin's surface, and each of its stages can be replaced."""

from __future__ import annotations

import copy
import inspect
import math
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from support import near

import temporal_loss as package
from temporal_loss import TemporalLoss, temporal_loss

if TYPE_CHECKING:
    from support import Arrays

# Entries 5 and 10, 0 and 2.
PATH = [[0, 0, 0, 0], [3, 4, 6, 8], [3, 4, 6, 10]]
SURE = [[0.25, 1], [1, 1], [1, 1]]


def _signature(function: Any) -> str:
    signature = inspect.signature(function)
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    return str(inspect.Signature(bare))


@pytest.mark.parametrize(
    ("name", "expected"),
    {
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
        "temporal_loss": (
            "(keypoints, confidences=None, *, epsilon=0.0, prob_threshold=0.0, reduction='mean', "
            "segment_ids=None, nan_policy='propagate')"
        ),
        "temporal_loss_and_grad": (
            "(keypoints, confidences=None, *, epsilon=0.0, prob_threshold=0.0, reduction='mean', "
            "segment_ids=None, nan_policy='propagate')"
        ),
        "temporal_norm": "(keypoints)",
        "estimate_epsilon": "(keypoints, confidences=None, *, prob_threshold=0.0, quantile=0.99)",
    }.items(),
)
def test_signatures(name: str, expected: str) -> None:
    found: Any = package
    for part in name.split("."):
        found = getattr(found, part)
    assert _signature(found) == expected


def test_what_is_public_is_listed() -> None:
    public = {n for n, v in vars(package).items() if not n.startswith("_") and not inspect.ismodule(v)}
    assert public == set(package.__all__)
    assert sorted(package.__all__) == [
        "TemporalLoss",
        "estimate_epsilon",
        "temporal_loss",
        "temporal_loss_and_grad",
        "temporal_norm",
    ]


def test_everything_public_says_what_it_does() -> None:
    documented = [getattr(package, name) for name in package.__all__]
    documented += [v for n, v in vars(TemporalLoss).items() if callable(v) and not n.startswith("_")]
    assert all(inspect.getdoc(item) for item in documented)


def test_the_name_of_the_loss() -> None:
    assert (TemporalLoss.loss_name, TemporalLoss().loss_name) == ("temporal", "temporal")


def test_call_gives_the_mean_and_what_to_log(arrays: Arrays, dtype: str) -> None:
    loss = TemporalLoss(None, 1.0, 0.5, 0.0)
    keypoints, confidences = arrays.make(PATH, dtype), arrays.make(SURE, dtype)
    value, logs = loss(keypoints, confidences, "train")
    # 0 (masked), 9, 0, 1 over four.
    assert arrays.read(value) == 2.5
    assert [list(entry) for entry in logs] == [["name", "value", "prog_bar"], ["name", "value"]]
    assert logs[0]["name"] == "train_temporal_loss"
    assert logs[0]["value"] is value
    assert logs[0]["prog_bar"] is True
    assert logs[1]["name"] == "temporal_weight"
    assert arrays.read(logs[1]["value"]) == 0.5


@pytest.mark.parametrize("stage", ["train", "val", "test", None])
def test_the_stage_is_the_prefix_of_the_logged_name(arrays: Arrays, stage: Any) -> None:
    _, logs = TemporalLoss()(arrays.make(PATH), stage=stage)
    assert logs[0]["name"] == f"{stage}_temporal_loss"


def test_the_loss_is_not_weighted(arrays: Arrays) -> None:
    value, logs = TemporalLoss(log_weight=math.log(4.0))(arrays.make(PATH))
    assert arrays.read(value) == 17 / 4
    assert arrays.read(logs[1]["value"]) == near(0.125)


@pytest.mark.parametrize(
    ("log_weight", "expected"),
    # 1000: exp overflows; -1000: it underflows.
    [(0.0, 0.5), (1, 0.5 / math.e), (-math.log(8.0), 4.0), (1000.0, 0.0), (-1000.0, math.inf)],
)
def test_the_weight_of_a_number(log_weight: float, expected: float) -> None:
    weight = TemporalLoss(log_weight=log_weight).weight
    assert isinstance(weight, float)
    assert weight == pytest.approx(expected, rel=1e-15)


def test_the_weight_of_an_array_is_one(arrays: Arrays, full_dtype: str) -> None:
    loss = TemporalLoss(log_weight=arrays.make(0.0, full_dtype))
    assert arrays.read(loss.weight) == 0.5
    assert arrays.dtype_of(loss.weight) == full_dtype
    _, logs = loss(arrays.make(PATH, full_dtype))
    assert arrays.read(logs[1]["value"]) == 0.5


def test_the_weight_follows_a_changed_log_weight() -> None:
    loss = TemporalLoss()
    loss.log_weight = -math.log(8.0)
    assert loss.weight == pytest.approx(4.0)


def test_changed_parameters_take_effect(arrays: Arrays) -> None:
    loss = TemporalLoss()
    keypoints, confidences = arrays.make(PATH), arrays.make(SURE)
    assert arrays.read(loss(keypoints, confidences)[0]) == 17 / 4
    loss.epsilon = 2.0
    assert arrays.read(loss(keypoints, confidences)[0]) == 11 / 4
    loss.prob_threshold = 0.5
    assert arrays.read(loss(keypoints, confidences)[0]) == 8 / 4


def test_unknown_keywords_are_ignored_by_the_class_and_refused_by_the_function(arrays: Arrays) -> None:
    keypoints = arrays.make(PATH)
    loss = TemporalLoss(epsilon=1.0, loss_params=None, device="cuda")
    assert arrays.read(loss(keypoints, heatmaps_pred=3, keypoints_pred_multiview=None)[0]) == 14 / 4
    with pytest.raises(TypeError, match="unexpected keyword argument 'heatmaps_pred'"):
        temporal_loss(keypoints, heatmaps_pred=3)  # type: ignore[call-arg]


def test_keywords_as_the_origin_names_them(arrays: Arrays) -> None:
    given = {"confidences": arrays.make(SURE), "keypoints_pred": arrays.make(PATH), "stage": "val"}
    value, logs = TemporalLoss(prob_threshold=0.5)(**given)
    assert arrays.read(value) == 12 / 4
    assert logs[0]["name"] == "val_temporal_loss"


def test_the_data_module_is_kept_and_never_touched() -> None:
    module = object()
    assert TemporalLoss(module).data_module is module


def test_the_stages_one_by_one(arrays: Arrays, dtype: str) -> None:
    loss = TemporalLoss(epsilon=[1.0, 4.0], prob_threshold=0.5)
    result = "float64" if dtype == "float64" else "float32"
    entries = loss.compute_loss(arrays.make(PATH, dtype))
    assert (arrays.read(entries), arrays.dtype_of(entries)) == ([[5.0, 10.0], [0.0, 2.0]], result)
    masked = loss.remove_nans(entries, arrays.make(SURE, dtype))
    assert (arrays.read(masked), arrays.dtype_of(masked)) == ([[0.0, 10.0], [0.0, 2.0]], result)
    rectified = loss.rectify_epsilon(masked)
    assert (arrays.read(rectified), arrays.dtype_of(rectified)) == ([[0.0, 6.0], [0.0, 0.0]], result)
    mean = loss.reduce_loss(rectified)
    assert (arrays.read(mean), arrays.dtype_of(mean)) == (1.5, result)


def test_a_masked_nan_is_gone_and_an_unmasked_one_is_not(arrays: Arrays) -> None:
    loss = TemporalLoss(epsilon=1.0, prob_threshold=0.5)
    entries = arrays.make([[math.nan, math.nan], [5, 0.5]])
    masked = loss.rectify_epsilon(loss.remove_nans(entries, arrays.make([[0.25, 1], [1, 1], [1, 1]])))
    first, second = arrays.read(masked)
    assert (first[0], second) == (0.0, [4.0, 0.0])
    assert math.isnan(first[1])


@pytest.mark.parametrize(
    ("method", "expected"), [("mean", 2.5), ("sum", 10.0), ("none", [[1.0, 2.0], [3.0, 4.0]])]
)
def test_reduce_loss(arrays: Arrays, method: str, expected: object) -> None:
    assert arrays.read(TemporalLoss().reduce_loss(arrays.make([[1, 2], [3, 4]]), method)) == expected


def test_reduce_loss_takes_entries_of_any_shape(arrays: Arrays) -> None:
    assert arrays.read(TemporalLoss().reduce_loss(arrays.make([1, 2, 6]))) == 3.0
    assert arrays.read(TemporalLoss().reduce_loss(arrays.zeros((0, 2)))) == 0.0


def test_stages_of_a_batch(arrays: Arrays) -> None:
    loss = TemporalLoss(epsilon=1.0, prob_threshold=0.5)
    entries = loss.compute_loss(arrays.make([[[[0]], [[4]], [[6]]], [[[0]], [[1]], [[9]]]]))
    masked = loss.remove_nans(entries, arrays.make([[[0], [1], [1]], [[1], [1], [1]]]))
    assert arrays.read(loss.rectify_epsilon(masked)) == [[[0.0], [1.0]], [[0.0], [7.0]]]


class _Doubled(TemporalLoss):
    def compute_loss(self, predictions: Any) -> Any:
        return 2.0 * super().compute_loss(predictions)


class _Unmasked(TemporalLoss):
    def remove_nans(self, loss: Any, confidences: Any) -> Any:
        del confidences
        return loss


class _Hard(TemporalLoss):
    def rectify_epsilon(self, loss: Any) -> Any:
        return super().rectify_epsilon(loss) * 0.0 + loss


class _Summed(TemporalLoss):
    def reduce_loss(self, loss: Any, method: str = "mean") -> Any:
        del method
        return super().reduce_loss(loss, "sum")


class _Renamed(TemporalLoss):
    loss_name = "other"


# Entries 5, 10, 0, 2; the 5 is masked; epsilon is 1.
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (TemporalLoss, (9 + 1) / 4),
        (_Doubled, (19 + 3) / 4),
        (_Unmasked, (4 + 9 + 1) / 4),
        (_Hard, (10 + 2) / 4),
        (_Summed, 9 + 1),
    ],
)
def test_a_replaced_stage_takes_effect(arrays: Arrays, kind: type[TemporalLoss], expected: float) -> None:
    loss = kind(epsilon=1.0, prob_threshold=0.5)
    assert arrays.read(loss(arrays.make(PATH), arrays.make(SURE))[0]) == expected


def test_a_stage_replaced_on_one_object_takes_effect(arrays: Arrays) -> None:
    # As tests of other people do it. Stages are called by the names of the origin's arguments.
    loss = TemporalLoss(epsilon=1.0, prob_threshold=0.5)
    called: dict[str, list[str]] = {}

    def spy(name: str) -> None:
        stage = getattr(loss, name)

        def noted(*args: Any, **keywords: Any) -> Any:
            called[name] = sorted(keywords)
            return stage(*args, **keywords)

        setattr(loss, name, noted)

    for name in ("compute_loss", "remove_nans", "rectify_epsilon"):
        spy(name)
    assert arrays.read(loss(arrays.make(PATH), arrays.make(SURE))[0]) == 2.5
    assert called == {
        "compute_loss": ["predictions"],
        "remove_nans": ["confidences", "loss"],
        "rectify_epsilon": ["loss"],
    }


# As before, and the second step crosses: no transition, and the mean is over two.
@pytest.mark.parametrize(
    ("kind", "expected"),
    [(TemporalLoss, 9 / 2), (_Doubled, 19 / 2), (_Unmasked, (4 + 9) / 2), (_Hard, 10 / 2)],
)
def test_a_replaced_stage_with_segments(arrays: Arrays, kind: type[TemporalLoss], expected: float) -> None:
    loss = kind(epsilon=1.0, prob_threshold=0.5)
    segment_ids = arrays.make([0, 0, 1], "int32")
    found, _ = loss(arrays.make(PATH), arrays.make(SURE), segment_ids=segment_ids)
    assert arrays.read(found) == expected


def test_a_subclass_may_have_another_name_in_the_log(arrays: Arrays) -> None:
    _, logs = _Renamed()(arrays.make(PATH), stage="val")
    assert [entry["name"] for entry in logs] == ["val_other_loss", "other_weight"]


def test_a_replaced_stage_without_confidences(arrays: Arrays) -> None:
    assert arrays.read(_Doubled()(arrays.make(PATH))[0]) == 34 / 4


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda loss: pickle.loads(pickle.dumps(loss))])  # noqa: S301
def test_copies_and_pickles(arrays: Arrays, copied: Any) -> None:
    loss = TemporalLoss(epsilon=[1.0, 4.0], prob_threshold=0.5, log_weight=math.log(4.0))
    keypoints, confidences = arrays.make(PATH), arrays.make(SURE)
    loss(keypoints, confidences)
    twin = copied(loss)
    assert twin is not loss
    assert vars(twin) == vars(loss)
    assert arrays.read(twin(keypoints, confidences)[0]) == 1.5
    assert twin.weight == loss.weight


def test_a_deep_copy_has_an_epsilon_of_its_own() -> None:
    loss = TemporalLoss(epsilon=[1.0])
    twin = copy.deepcopy(loss)
    loss.epsilon[0] = 2.0
    assert twin.epsilon == [1.0]


def test_repr_shows_the_parameters() -> None:
    loss = TemporalLoss(object(), epsilon=[1.0, 2.5], prob_threshold=0.9, log_weight=2)
    words = "reduction='mean', nan_policy='propagate'"
    assert repr(loss) == f"TemporalLoss(epsilon=[1.0, 2.5], prob_threshold=0.9, log_weight=2, {words})"
    other = _Renamed(reduction="none", nan_policy="omit")
    words = "reduction='none', nan_policy='omit'"
    assert repr(other) == f"_Renamed(epsilon=0.0, prob_threshold=0.0, log_weight=0.0, {words})"
