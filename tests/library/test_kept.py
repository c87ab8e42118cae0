"""What is kept between calls: libraries of types, names of dtypes, checks passed, rounded numbers; no array.

All of it is bounded, and keyed by all that it depends on.
"""

from __future__ import annotations

import gc
import math
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from support import available

from temporal_loss import TemporalLoss, _libraries, _loss, _rounding, temporal_loss, temporal_loss_and_grad
from temporal_loss._libraries import base

if TYPE_CHECKING:
    from support import Arrays


@pytest.fixture
def np() -> Any:
    return pytest.importorskip("numpy", reason="numpy is not installed")


def test_numbers_that_are_always_new_fill_no_memory(arrays: Arrays) -> None:
    keypoints, confidences = arrays.make([[0, 0], [3, 4]]), arrays.make([[1], [1]])
    most = _rounding.rounded.cache_info().maxsize
    assert most is not None
    for number in range(50):
        # Integers have to be rounded, floats are not.
        for epsilon in ([number / 64], [number + 1], number / 64):
            temporal_loss(keypoints, confidences, epsilon=epsilon, prob_threshold=-number / 64)
    for number in range(2 * most):
        _rounding.rounded(number / 64, "float32")
    assert _rounding.rounded.cache_info().currsize <= most <= 4096
    assert _loss._kept.cache_info().currsize <= _loss._kept.cache_info().maxsize <= 256
    assert len(base._names) <= 64
    assert len(_libraries._of_types) <= _libraries._MOST_TYPES
    assert arrays.read(temporal_loss(keypoints, epsilon=[1.5])) == 3.5


def _asked(np: Any, of: type) -> Any:
    """Make a type thrown away after a call that takes its array, or refuses it."""
    kind: Any = type("ThrownAway", (of,), {})
    value = np.asarray([[0.0, 0.0], [3.0, 4.0]]).view(kind) if issubclass(of, np.ndarray) else kind()
    if of is np.ndarray:
        assert float(temporal_loss(value)) == 5.0
    else:
        before = dict(_libraries._of_types)
        with pytest.raises(TypeError, match="must be an array"):
            temporal_loss(value)
        assert _libraries._of_types == before
    return weakref.ref(kind)


def test_types_that_are_always_new_fill_no_memory_and_do_not_live_for_ever(np: Any) -> None:
    first = [_asked(np, of) for of in (object, list, np.ma.MaskedArray, np.ndarray)]
    # array-api-compat keeps a hundred types itself, which others drive out.
    for _ in range(150):
        _asked(np, object)
        _asked(np, np.ndarray)
        assert len(_libraries._of_types) <= _libraries._MOST_TYPES
    gc.collect()
    assert [gone() for gone in first] == [None] * 4


def test_no_array_that_was_given_is_kept(arrays: Arrays) -> None:
    given = {
        "keypoints": arrays.make([[0, 0, 0, 0], [3, 4, 6, 8]]),
        "confidences": arrays.make([[1, 1], [1, 1]]),
        "segment_ids": arrays.make([0, 0], "int32"),
        "epsilon": arrays.make([1, 2]),
    }
    try:
        gone = [weakref.ref(array) for array in given.values()]
    except TypeError:
        pytest.skip(f"arrays of {arrays.label} cannot be watched")
    temporal_loss(**given)
    temporal_loss_and_grad(**given)
    TemporalLoss(epsilon=given.pop("epsilon"))(
        given.pop("keypoints"), given.pop("confidences"), segment_ids=given.pop("segment_ids")
    )
    gc.collect()
    assert [ref() for ref in gone] == [None] * 4


def test_no_array_that_was_made_is_kept(np: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # A list of epsilons becomes an array; nobody holds it after the call.
    rows: list[Any] = []
    library: Any = type(_libraries.library_of(np.zeros(1)))
    made_for = library.epsilon_of

    def watched(*args: Any, **keywords: Any) -> Any:
        made = made_for(*args, **keywords)
        rows.append(weakref.ref(made))
        return made

    monkeypatch.setattr(library, "epsilon_of", watched)
    for _ in range(2):
        temporal_loss(np.zeros((2, 4)), epsilon=[1.0, 2.0])
    gc.collect()
    assert [ref() for ref in rows] == [None, None]


@pytest.mark.skipif(available("jax") is not None, reason="jax is not installed")
@pytest.mark.parametrize("first", [True, False])
def test_an_array_of_numpy_that_is_one_of_jax_takes_nothing_from_the_others(
    np: Any, monkeypatch: pytest.MonkeyPatch, *, first: bool
) -> None:
    # JAX has gradients of integers in the dtype float0, as arrays of NumPy's type.
    import jax  # noqa: PLC0415

    if first:
        monkeypatch.setattr(_libraries, "_of_types", {})
    float0 = np.zeros((2, 2), jax.dtypes.float0)
    for _ in range(2):
        with pytest.raises(TypeError, match=r"^keypoints must .* got"):
            temporal_loss(float0)
        found = temporal_loss(np.asarray([[0.0, 0.0], [3.0, 4.0]]))
        assert isinstance(found, np.floating | np.ndarray)
        assert (float(found), found.dtype) == (5.0, np.float64)
        with pytest.raises(TypeError, match=r"^confidences must .* got"):
            temporal_loss(np.zeros((2, 4)), float0)
    assert _libraries._of_types[np.ndarray].name == "NumPy"


def test_a_name_is_kept_for_the_dtype_of_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    # Dtypes of two libraries may be equal, and hash alike.
    class Dtype:
        def __init__(self, name: str) -> None:
            self.name = name

        def __eq__(self, other: object) -> bool:
            return hasattr(other, "name")

        def __hash__(self) -> int:
            return 0

    class Other(Dtype):
        pass

    monkeypatch.setattr(base, "_names", {})
    library = base.Library(math)
    assert library.dtype_name(Dtype("float32")) == "float32"
    assert library.dtype_name(Other("float64")) == "float64"


def test_what_is_refused_is_refused_after_its_equal_has_passed(arrays: Arrays) -> None:
    keypoints, confidences = arrays.make([[0, 0], [3, 4]]), arrays.make([[1], [1]])
    assert arrays.read(temporal_loss(keypoints, confidences, epsilon=1.0, prob_threshold=1.0)) == 4.0
    assert arrays.read(temporal_loss(keypoints, confidences, epsilon=[1.0], prob_threshold=1.0)) == 4.0
    for faulty in ({"epsilon": True}, {"epsilon": [True]}, {"prob_threshold": True}):
        with pytest.raises(ValueError, match=f"^{next(iter(faulty))}"):
            temporal_loss(keypoints, confidences, **{"epsilon": 1.0, "prob_threshold": 1.0} | faulty)


def test_each_part_of_a_call_counts(arrays: Arrays) -> None:
    # Two calls that differ in nothing else, and what each has to give.
    walk = arrays.make([[0, 0, 0, 0], [3, 4, 3, 4], [6, 8, math.nan, 8]])
    sure, unsure = arrays.make([[1, 1]] * 3), arrays.make([[1, 1], [1, 1], [1, 0.25]])
    ids = arrays.make([0, 0, 1], "int32")
    usual: dict[str, Any] = {"confidences": unsure, "prob_threshold": 0.5, "epsilon": 1.0}
    changes: list[tuple[dict[str, Any], float]] = [
        ({}, 3.0),
        ({"reduction": "sum"}, 12.0),
        ({"reduction": "valid_mean"}, 4.0),
        ({"epsilon": 2.0}, 2.25),
        ({"epsilon": [1.0, 2.0]}, 2.75),
        ({"epsilon": [2.0, 1.0]}, 2.5),
        ({"prob_threshold": 0.25}, math.nan),
        ({"prob_threshold": 0.25, "nan_policy": "omit"}, 3.0),
        ({"confidences": None}, math.nan),
        ({"confidences": sure}, math.nan),
        ({"confidences": sure, "nan_policy": "omit", "reduction": "valid_mean"}, 4.0),
        ({"segment_ids": ids}, 4.0),
        ({"segment_ids": ids, "reduction": "sum"}, 8.0),
    ]
    for change, due in (*changes, *reversed(changes)):
        found = arrays.read(temporal_loss(walk, **usual | change))
        assert found == due or (math.isnan(due) and math.isnan(found)), change
