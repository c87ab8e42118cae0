"""Which calls are made of a request, by what a callable takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hand import KEYPOINTS
from support.selection import select

from conformance.model import Array, Op, Outputs, Request, Unsupported
from conformance.subjects import backends
from conformance.subjects.callables import CallableSubject

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NAMES = [n for n in ("numpy", "strict", "torch", "dask", "jax") if n in select().names]
pytestmark = pytest.mark.skipif(not NAMES, reason="no backend is under test")

CONFIDENCES = Array("float32", (3, 1), (1.0, 1.0, 0.25))
IDS = Array("int64", (3,), (0, 0, 1))
EPSILON = Array("float32", (1,), (2.0,))


def ask(loss: Callable[..., Any], request: Request) -> Any:
    backend = backends.load(NAMES[0])
    return CallableSubject("m:f", loss, backend, backend.devices()[0], backend.modes[0]).answer(request)


def request(op: Op = Op.VALUE, params: Mapping[str, Any] | None = None, **inputs: Array) -> Request:
    return Request("r", op, {"keypoints": KEYPOINTS, **inputs}, dict(params or {}))


def only_keypoints(keypoints: Any) -> Any:
    return keypoints


def two(keypoints: Any, confidences: Any = None) -> Any:
    assert confidences is not None
    return keypoints


def positional_only(keypoints: Any, confidences: Any = None, /) -> Any:
    return two(keypoints, confidences)


def with_epsilon(keypoints: Any, confidences: Any = None, *, epsilon: Any = 0.0) -> Any:
    assert confidences is None
    assert epsilon is not None
    return keypoints


def takes_all(keypoints: Any, *rest: Any, **options: Any) -> Any:
    assert rest
    assert set(options) == {"epsilon", "reduction"}
    return keypoints


@pytest.mark.parametrize(
    ("loss", "asked", "reason"),
    [
        (only_keypoints, request(), None),
        (only_keypoints, request(confidences=CONFIDENCES), "takes no confidences"),
        (two, request(confidences=CONFIDENCES), None),
        (positional_only, request(confidences=CONFIDENCES), None),
        (two, request(params={"epsilon": 0.0, "reduction": "mean"}, confidences=CONFIDENCES), None),
        (two, request(params={"epsilon": 0.5}), "takes no epsilon"),
        (two, request(params={"epsilon": -0.5}), "takes no epsilon"),
        (two, request(params={"reduction": "sum"}), "takes no reduction"),
        (with_epsilon, request(params={"epsilon": 0.5}), None),
        (with_epsilon, request(epsilon=EPSILON), None),
        (with_epsilon, request(segment_ids=IDS), "takes no segment_ids"),
        (with_epsilon, request(Op.STAGES), "takes no reduction"),
        (takes_all, request(params={"epsilon": 0.5, "reduction": "sum"}, confidences=CONFIDENCES), None),
        (only_keypoints, request(Op.NORM), "a callable has no temporal_norm"),
        (only_keypoints, request(Op.EPSILON), "a callable has no estimate_epsilon"),
    ],
)
def test_what_is_called_and_what_is_not(loss: Callable[..., Any], asked: Request, reason: str | None) -> None:
    answer = ask(loss, asked)
    if reason is None:
        assert isinstance(answer, Outputs), answer
        assert answer.arrays["loss"] == KEYPOINTS
    else:
        assert answer == Unsupported(reason)


def test_stages_are_told_apart_by_what_is_given() -> None:
    calls: list[tuple[bool, dict[str, Any]]] = []

    def loss(keypoints: Any, confidences: Any = None, **options: Any) -> Any:
        calls.append((confidences is not None, options))
        return keypoints

    params = {"epsilon": 0.5, "prob_threshold": 0.25}
    answer = ask(loss, request(Op.STAGES, params, confidences=CONFIDENCES))
    assert isinstance(answer, Outputs)
    assert list(answer.arrays) == ["differences", "masked", "rectified"]
    assert calls == [
        (False, {"reduction": "none"}),
        (True, {"reduction": "none", "prob_threshold": 0.25}),
        (True, {"reduction": "none", "prob_threshold": 0.25, "epsilon": 0.5}),
    ]


def test_a_callable_without_a_signature_is_given_everything() -> None:
    class Silent:
        @property
        def __signature__(self) -> Any:
            raise ValueError

        def __call__(self, keypoints: Any, confidences: Any = None, **options: Any) -> Any:
            del confidences
            assert options == {"reduction": "sum"}
            return keypoints

    assert isinstance(ask(Silent(), request(params={"reduction": "sum"})), Outputs)
