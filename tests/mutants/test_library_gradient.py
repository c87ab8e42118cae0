"""Mutants of the library's own gradient: each stage of it done wrongly is seen by a named case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.selection import select

from conformance import suite
from conformance.judge import judge
from conformance.model import Op, Status
from conformance.subjects import backends
from conformance.subjects.backend_subject import BackendSubject
from temporal_loss import _stages

if TYPE_CHECKING:
    from collections.abc import Callable

if not {"numpy", "strict"} & set(select().names):
    pytest.skip("neither numpy nor strict is under test", allow_module_level=True)
BACKEND = backends.load("numpy" if "numpy" in select().names else "strict")
CASES = [case for case in suite.load_cases() if case.op is Op.GRADIENT and case.error is None]


def _failed() -> set[str]:
    with BackendSubject(BACKEND, "cpu", "eager") as subject:
        verdicts = [judge(c, subject.answer(c.request), subject=subject.name, device="cpu") for c in CASES]
    return {v.case for v in verdicts if v.status not in {Status.PASS, Status.UNSUPPORTED}}


def _without_what_rests(xp: Any, found: Any, divisor: Any, *, guard: bool) -> Any:
    del guard
    return _stages.apart(xp, found.step) / (found.lengths * divisor)[..., None]


def _multiplied_where_idle(xp: Any, found: Any, divisor: Any, *, guard: bool) -> Any:
    del guard
    counts = xp.astype(found.values != 0.0, found.values.dtype)
    return _stages.apart(xp, found.step) / (found.lengths * divisor)[..., None] * counts[..., None]


def _nan_hidden(xp: Any, found: Any, divisor: Any, *, guard: bool) -> Any:
    pull = PULLS(xp, found, divisor, guard=guard)
    return xp.where((found.values > 0.0)[..., None], pull, 0.0)


def _undivided(xp: Any, found: Any, divisor: Any, *, guard: bool) -> Any:
    del divisor
    return PULLS(xp, found, 1.0, guard=guard)


def _of_the_excess(xp: Any, found: Any, divisor: Any, *, guard: bool) -> Any:
    return PULLS(xp, found._replace(lengths=found.values), divisor, guard=guard)


def _forwards_only(xp: Any, pull: Any) -> Any:
    return xp.concat([xp.zeros_like(pull[..., :1, :, :]), pull], axis=-3)


def _the_other_way_round(xp: Any, pull: Any) -> Any:
    return -SPREAD(xp, pull)


def _last_frame_left_out(xp: Any, pull: Any) -> Any:
    spread = SPREAD(xp, pull)
    return xp.concat([spread[..., :-1, :, :], xp.zeros_like(pull[..., :1, :, :])], axis=-3)


def _left_in_pairs(xp: Any, gradient: Any, keypoints: Any) -> Any:
    return xp.astype(gradient, keypoints.dtype)


def _left_wide(xp: Any, gradient: Any, keypoints: Any) -> Any:
    return xp.reshape(gradient, keypoints.shape)


PULLS, SPREAD = _stages.pulls, _stages.spread
WRONG: dict[str, tuple[str, Callable[..., Any], str]] = {
    "0 / 0 at rest": ("pulls", _without_what_rests, "gradient-rest-f64-001"),
    "a product hides NaN": ("pulls", _multiplied_where_idle, "gradient-masked-f64-003"),
    "NaN in the open is lost": ("pulls", _nan_hidden, "gradient-nan-f64-001"),
    "no divisor": ("pulls", _undivided, "gradient-moving-f64-001"),
    "over the excess": ("pulls", _of_the_excess, "gradient-moving-f64-005"),
    "later frames only": ("spread", _forwards_only, "gradient-moving-f64-001"),
    "signs swapped": ("spread", _the_other_way_round, "gradient-moving-f64-001"),
    "no last frame": ("spread", _last_frame_left_out, "gradient-moving-f64-001"),
    "pairs for columns": ("like_keypoints", _left_in_pairs, "gradient-moving-f64-001"),
    "float32 for halves": ("like_keypoints", _left_wide, "gradient-moving-f16-001"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_stage_is_seen(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, mutant, case = WRONG[wrong]
    monkeypatch.setattr(_stages, stage, mutant)
    if stage == "spread":
        # The default of the one that calls it was bound when the module was read.
        monkeypatch.setitem(_stages.loss_and_gradient.__kwdefaults__, "to_frames", mutant)
    if BACKEND.name == "strict" and "f16" in case:
        pytest.skip("array-api-strict has no half precision")
    assert case in _failed()
