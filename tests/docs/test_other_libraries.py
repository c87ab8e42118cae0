"""What the page on other array libraries says that one needs is what is called, and no more."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from support import select

from temporal_loss import _libraries, estimate_epsilon, temporal_loss, temporal_loss_and_grad, temporal_norm

from .blocks import ROOT, blocks_of
from .test_text import literals, rows

PAGE = "docs/howto/other-libraries.md"

if "strict" not in select().names:
    pytest.skip("needs array-api-strict, which is not under test", allow_module_level=True)

import array_api_strict as xp  # noqa: E402 - after the skip

KEYPOINTS = xp.asarray([[0.0, 0.0], [3.0, 4.0], [3.0, 4.0]])
CONFIDENCES = xp.asarray([[0.9], [0.9], [0.4]])
SURE = {"confidences": CONFIDENCES, "prob_threshold": 0.5}
CALLS: dict[str, Any] = {
    "the loss": lambda: [
        temporal_loss(KEYPOINTS, epsilon=1.0, reduction=word, **more)
        for word in ("mean", "valid_mean", "sum", "none")
        for more in ({}, SURE)
    ],
    "its gradient": lambda: temporal_loss_and_grad(KEYPOINTS, epsilon=1.0, **SURE),
    '`nan_policy="omit"`': lambda: temporal_loss(KEYPOINTS, nan_policy="omit"),
    "`segment_ids`": lambda: temporal_loss(KEYPOINTS, segment_ids=xp.asarray([0, 0, 1])),
    "a list of epsilons": lambda: temporal_loss(KEYPOINTS, epsilon=[1.0]),
    "an array of epsilons": lambda: temporal_loss(KEYPOINTS, epsilon=xp.asarray([1])),
    "`temporal_norm`": lambda: temporal_norm(KEYPOINTS),
    "`estimate_epsilon`": lambda: [estimate_epsilon(KEYPOINTS, quantile=q, **SURE) for q in (0.4, 1.0)],
}


class Watched(ModuleType):
    """array-api-strict, with a list of what was called, and without some of its functions."""

    def __init__(self, lacking: set[str]) -> None:
        super().__init__("watched_arrays")
        self.lacking, self.called = lacking, set()

    def __getattr__(self, name: str) -> Any:
        if name in self.lacking:
            message = f"module {self.__name__!r} has no attribute {name!r}"
            raise AttributeError(message, name=name, obj=self)
        found = getattr(xp, name)
        if not name.startswith("__") and callable(found):
            self.called.add(name)
        return found


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    library = Watched(set())
    monkeypatch.setattr(_libraries, "_of_types", {})
    monkeypatch.setattr(type(KEYPOINTS), "__array_namespace__", lambda _, **__: library)
    return library


NEEDED = {row[0]: set(literals(row[1])) for row in rows(PAGE, "What a library needs")}
ALWAYS = NEEDED["the loss"]


def test_every_row_is_checked() -> None:
    assert set(NEEDED) == set(CALLS)


@pytest.mark.parametrize("what", CALLS)
def test_functions_called(watched: Watched, what: str) -> None:
    CALLS[what]()
    assert watched.called - ALWAYS == NEEDED[what] - ALWAYS
    if what == "the loss":
        assert watched.called == ALWAYS


def test_message_where_one_is_missing(watched: Watched) -> None:
    watched.lacking.add("sort")
    with pytest.raises(TypeError) as caught:
        CALLS["`estimate_epsilon`"]()
    shown = [block.text.strip() for block in blocks_of(ROOT / PAGE) if block.language == "text"]
    assert str(caught.value) in [" ".join(text.split()) for text in shown]
