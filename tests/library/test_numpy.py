"""What is particular to NumPy: how arrays lie in memory, and kinds of arrays and dtypes of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support import under_test

from temporal_loss import TemporalLoss, estimate_epsilon, temporal_loss, temporal_norm

from . import worked
from .refusals import assert_refused, due

if TYPE_CHECKING:
    from pathlib import Path

np = under_test("numpy")


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
    "transposed": lambda a: a.T.copy().T,
    "every second frame": lambda a: np.repeat(a, 2, axis=0)[::2],
    "frames backwards": lambda a: a[::-1].copy()[::-1],
    "all backwards": lambda a: np.flip(np.flip(a).copy()),
    "in the midst": lambda a: np.pad(a, [(2, 2)] * a.ndim, constant_values=7)[tuple([slice(2, -2)] * a.ndim)],
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "big-endian and backwards": lambda a: a[::-1].astype(a.dtype.newbyteorder(">"))[::-1],
    "unaligned": _unaligned,
    "field of a record": _field,
    "subclass": lambda a: a.view(type("Own", (np.ndarray,), {})),
}


def _worked(dtype: str) -> tuple[Any, Any, Any]:
    return (
        np.array(worked.KEYPOINTS, dtype),
        np.array(worked.CONFIDENCES, dtype),
        np.array(worked.SEGMENT_IDS, np.int64),
    )


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("view", VIEWS)
def test_views(view: str, dtype: str) -> None:
    given = [VIEWS[view](array) for array in _worked(dtype)]
    epsilon = VIEWS[view](np.array(worked.EPSILON, dtype))
    before = [array.tobytes() for array in (*given, epsilon)]
    for reduction in ("none", "sum", "mean", "valid_mean"):
        found = worked.loss(*given, reduction=reduction, epsilon=epsilon)
        assert found.tolist() == worked.expected(reduction)
        assert found.dtype == np.dtype("float64" if dtype == "float64" else "float32")
        assert found.dtype.isnative
    assert [array.tobytes() for array in (*given, epsilon)] == before


@pytest.mark.parametrize("view", VIEWS)
def test_views_in_the_other_functions(view: str) -> None:
    keypoints = VIEWS[view](np.array([[0, 0, 1, 1], [3, 4, 1, 1], [3, 4, 1, 3]], np.float32))
    confidences = VIEWS[view](np.ones((3, 2), np.float32))
    before = keypoints.tobytes()
    assert temporal_norm(keypoints)[1:].tolist() == [[5.0, 0.0], [0.0, 2.0]]
    assert estimate_epsilon(keypoints, confidences, prob_threshold=0.5, quantile=1.0).tolist() == [5.0, 2.0]
    entries = TemporalLoss().compute_loss(keypoints)
    assert TemporalLoss(prob_threshold=0.5).remove_nans(entries, confidences).tolist() == [
        [5.0, 0.0],
        [0.0, 2.0],
    ]
    assert keypoints.tobytes() == before


def test_one_frame_repeated_without_memory_for_it() -> None:
    frames = np.broadcast_to(np.array([1.0, 2.0]), (5, 2))
    assert temporal_loss(frames) == 0.0


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_memory_mapped_files(tmp_path: Path, mode: Any) -> None:
    path = tmp_path / "keypoints.npy"
    np.save(path, np.array(worked.KEYPOINTS))
    before = path.read_bytes()
    keypoints = np.load(path, mmap_mode=mode)
    assert isinstance(keypoints, np.memmap)
    _, confidences, segment_ids = _worked("float64")
    assert worked.loss(keypoints, confidences, segment_ids) == 12.0
    assert temporal_norm(keypoints)[1].tolist() == [5.0, 10.0]
    keypoints.flush()
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("dtype", "named"),
    [
        (np.longdouble, np.dtype(np.longdouble).name),
        (np.object_, "object"),
        (np.int8, "int8"),
        (np.uint64, "uint64"),
        (np.complex128, "complex128"),
        (np.bool_, "bool"),
        ("U3", "str96"),
        ("S3", "bytes24"),
        ("M8[s]", "datetime64[s]"),
        ("m8[s]", "timedelta64[s]"),
    ],
)
def test_other_dtypes(dtype: Any, named: str) -> None:
    if named == "float64":
        pytest.skip("long double is float64 on this machine")
    refusal = due(TypeError, "keypoints", f"got {named}", "float16, bfloat16, float32 or float64")
    assert_refused(refusal, temporal_loss, np.zeros((3, 4), dtype))
    refusal = due(TypeError, "confidences", f"got {named}")
    assert_refused(refusal, temporal_loss, np.zeros((3, 4)), np.zeros((3, 2), dtype))


def test_a_record_array_is_refused() -> None:
    records = np.zeros((3, 4), dtype=[("x", "f4"), ("y", "f4")])
    assert_refused(due(TypeError, "keypoints", "float32 or float64"), temporal_loss, records)


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
        keypoints, confidences, segment_ids = _worked("float32")
        assert worked.loss(keypoints, confidences, segment_ids) == 12.0
        assert np.isnan(worked.loss(keypoints, None, segment_ids))
        assert worked.loss(keypoints, 0 * confidences, segment_ids, reduction="valid_mean") == 0.0
        estimate_epsilon(keypoints, 0 * confidences, prob_threshold=0.5)
        temporal_norm(keypoints)


def test_a_scalar_comes_out_as_numpys_own() -> None:
    assert type(temporal_loss(np.zeros((2, 2), np.float32))) in {np.float32, np.ndarray}
