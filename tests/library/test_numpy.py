"""What is particular to NumPy: how arrays lie in memory, and kinds of arrays and dtypes of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support import Arrays, under_test

from conformance.subjects import backends
from temporal_loss import (
    TemporalLoss,
    estimate_epsilon,
    temporal_loss,
    temporal_loss_and_grad,
    temporal_norm,
)
from temporal_loss._libraries import blocks

from . import worked
from .refusals import assert_refused, due

if TYPE_CHECKING:
    from pathlib import Path

np = under_test("numpy")
ARRAYS = Arrays("numpy", backends.load("numpy"))


def _read_only(array: Any) -> Any:
    array = array.copy()
    array.flags.writeable = False
    return array


def _unaligned(array: Any) -> Any:
    data = b"\0" + array.tobytes()
    return np.frombuffer(data, dtype=np.uint8)[1:].view(array.dtype).reshape(array.shape)


def _field(array: Any) -> Any:
    records = np.zeros(array.shape, dtype=[("other", "u1"), ("wanted", array.dtype)])
    records["wanted"] = array
    return records["wanted"]


VIEWS: dict[str, Any] = {
    "read-only": _read_only,
    "Fortran order": np.asfortranarray,
    "every second frame": lambda a: np.repeat(a, 2, axis=0)[::2],
    "all backwards": lambda a: np.flip(np.flip(a).copy()),
    "in the midst": lambda a: np.pad(a, [(2, 2)] * a.ndim, constant_values=7)[tuple([slice(2, -2)] * a.ndim)],
    "big-endian and backwards": lambda a: a[::-1].astype(a.dtype.newbyteorder(">"))[::-1],
    "unaligned": _unaligned,
    "field of a record": _field,
    "subclass": lambda a: a.view(type("Own", (np.ndarray,), {})),
}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("view", VIEWS)
def test_views(view: str, dtype: str) -> None:
    given = [VIEWS[view](np.asarray(array)) for array in worked.given(ARRAYS, dtype)]
    epsilon = VIEWS[view](np.array(worked.EPSILON, dtype))
    before = [array.tobytes() for array in (*given, epsilon)]
    for reduction in worked.REDUCTIONS:
        found = worked.loss(*given, reduction=reduction, epsilon=epsilon)
        assert found.tolist() == worked.expected(reduction)
        assert found.dtype == np.dtype("float64" if dtype == "float64" else "float32")
        assert found.dtype.isnative
    assert temporal_norm(given[0])[1].tolist() == [5.0, 10.0]
    assert estimate_epsilon(*given[:2], prob_threshold=0.5, quantile=1.0).tolist() == [5.0, 10.0]
    entries = TemporalLoss().compute_loss(given[0])
    masked = TemporalLoss(prob_threshold=0.5).remove_nans(entries, given[1])
    assert masked.tolist() == [[5.0, 10.0], [0.0, 0.0], [0.0, 5.0], [0.0, 2.0]]
    assert [array.tobytes() for array in (*given, epsilon)] == before


def test_one_frame_repeated_without_memory_for_it() -> None:
    assert temporal_loss(np.broadcast_to(np.array([1.0, 2.0]), (5, 2))) == 0.0


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_memory_mapped_files(tmp_path: Path, mode: Any) -> None:
    path = tmp_path / "keypoints.npy"
    np.save(path, np.array(worked.KEYPOINTS))
    before = path.read_bytes()
    keypoints = np.load(path, mmap_mode=mode)
    assert isinstance(keypoints, np.memmap)
    assert worked.loss(keypoints, *worked.given(ARRAYS, "float64")[1:]) == 12.0
    keypoints.flush()
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("dtype", "named"),
    [
        (np.longdouble, np.dtype(np.longdouble).name),
        (np.object_, "object"),
        (np.complex128, "complex128"),
        ("U3", "str96"),
        ("M8[s]", "datetime64[s]"),
        ([("x", "f4"), ("y", "f4")], "void64"),
    ],
)
def test_other_dtypes(dtype: Any, named: str) -> None:
    if named == "float64":
        pytest.skip("long double is float64 on this machine")
    refusal = due(TypeError, "keypoints", f"got {named}", "float16, bfloat16, float32 or float64")
    assert_refused(refusal, temporal_loss, np.zeros((3, 4), dtype))
    refusal = due(TypeError, "confidences", f"got {named}")
    assert_refused(refusal, temporal_loss, np.zeros((3, 4)), np.zeros((3, 2), dtype))


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_kinds_that_break_the_rules_of_arrays_are_refused() -> None:
    # A masked array loses its mask on the way; the product of matrices is another one.
    # Their like has passed before, but for the type.
    assert float(temporal_loss(np.zeros((3, 4)))) == 0.0
    for odd in (np.ma.masked_array(np.zeros((3, 4))), np.matrix(np.zeros((3, 4)))):
        assert_refused(due(TypeError, "keypoints must be an array", type(odd).__name__), temporal_loss, odd)
        refusal = due(TypeError, "confidences must be an array", type(odd).__name__)
        assert_refused(refusal, temporal_loss, np.zeros((3, 8)), odd)


def test_nothing_is_signalled_for_numbers_nan_and_rest() -> None:
    with np.errstate(all="raise"):
        keypoints, confidences, segment_ids = worked.given(ARRAYS)
        assert worked.loss(keypoints, confidences, segment_ids) == 12.0
        assert np.isnan(worked.loss(keypoints, None, segment_ids))
        assert worked.loss(keypoints, 0 * confidences, segment_ids, reduction="valid_mean") == 0.0
        worked.loss_and_grad(keypoints, None, segment_ids)
        estimate_epsilon(keypoints, 0 * confidences, prob_threshold=0.5)
        temporal_norm(keypoints)


class Pixels(np.ndarray):  # type: ignore[misc, name-defined] # untyped without NumPy
    """Arrays with a unit, to which plain numbers cannot be added."""

    def __array_ufunc__(self, function: Any, method: str, *given: Any, **more: Any) -> Any:
        kinds = {isinstance(each, Pixels) for each in given}
        if function is np.add and kinds == {True, False}:
            message = "pixels and plain numbers"
            raise TypeError(message)
        plain = [each.view(np.ndarray) if isinstance(each, Pixels) else each for each in given]
        found = getattr(function, method)(*plain, **more)
        return np.asarray(found).view(Pixels) if np.asarray(found).dtype.kind == "f" else found


def test_a_subclass_keeps_its_arithmetic_however_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "SIZE", 8)
    # Steps of 5, longer than a block.
    keypoints = np.arange(40.0)[:, None, None] * np.asarray([[3.0, 4.0], [4.0, 3.0]])
    loss, gradient = temporal_loss_and_grad(keypoints.view(Pixels), epsilon=1.0)
    assert type(loss) is Pixels
    assert float(loss) == 4.0
    assert not gradient[1:-1].any()
    assert np.allclose(gradient[-1], np.asarray([[0.6, 0.8], [0.8, 0.6]]) / 78)
