"""What the page on other array libraries says that one needs is what is called, and no more."""

from __future__ import annotations

import os
import subprocess
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from support import select

from temporal_loss import _libraries, estimate_epsilon, temporal_loss, temporal_loss_and_grad, temporal_norm

from .blocks import ROOT, blocks_of
from .test_results import load
from .test_text import literals, rows

if TYPE_CHECKING:
    from pathlib import Path

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
    """array-api-strict, with a list of what was called, and without some functions or keywords."""

    def __init__(self, lacking: set[str], name: str = "watched_arrays") -> None:
        super().__init__(name)
        self.lacking, self.called = lacking, set()
        self.refused: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        if name in self.lacking:
            message = f"module {self.__name__!r} has no attribute {name!r}"
            raise AttributeError(message, name=name, obj=self)
        found = getattr(xp, name)
        if not name.startswith("__") and callable(found):
            self.called.add(name)
        return self._refusing(found, self.refused[name]) if name in self.refused else found

    @staticmethod
    def _refusing(function: Any, keyword: str) -> Any:
        def called(*args: Any, **more: Any) -> Any:
            if keyword in more:
                message = f"{function.__name__}() takes no {keyword}.\nIt takes others."
                raise TypeError(message)
            return function(*args, **more)

        return called


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


def test_message_where_a_call_is_refused(watched: Watched) -> None:
    watched.refused = {"sum": "dtype"}
    with pytest.raises(TypeError) as caught:
        CALLS["`segment_ids`"]()
    assert str(caught.value) == (
        "keypoints are arrays of watched-arrays, which refused a call of the array API standard: "
        "sum() takes no dtype."
    )


def test_a_refusal_of_a_kind_of_its_own_is_left_alone(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    class UnitError(TypeError):
        pass

    def sqrt(_: Any) -> Any:
        raise UnitError

    monkeypatch.setattr(watched, "sqrt", sqrt, raising=False)
    with pytest.raises(UnitError):
        CALLS["`temporal_norm`"]()


def test_a_list_of_epsilons_takes_no_device(watched: Watched) -> None:
    watched.refused = {"asarray": "device"}
    assert float(CALLS["a list of epsilons"]()) == 2.0


@pytest.mark.usefixtures("watched")
def test_sparse_arrays_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(KEYPOINTS), "todense", None, raising=False)
    for call in (CALLS["the loss"], CALLS["its gradient"], CALLS["`temporal_norm`"]):
        with pytest.raises(TypeError, match=r"^keypoints must be a dense array, got a sparse Array$"):
            call()


@pytest.mark.parametrize("what", CALLS)
def test_mlx_whose_sums_take_no_dtype(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """On a stand-in for its namespace; `nox -s others` has the real one."""
    stand_in = Watched(set(), "mlx.core")
    stand_in.refused = {"sum": "dtype"}
    # Imported anew, and not kept.
    monkeypatch.setitem(sys.modules, "temporal_loss._libraries.mlx", None)
    del sys.modules["temporal_loss._libraries.mlx"]
    package = ModuleType("mlx")
    package.core = stand_in  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mlx", package)
    monkeypatch.setitem(sys.modules, "mlx.core", stand_in)
    monkeypatch.setattr(_libraries, "_of_types", {})
    plain = CALLS[what]()
    monkeypatch.setattr(_libraries, "_of_types", {})
    monkeypatch.setattr(type(KEYPOINTS), "__array_namespace__", lambda _, **__: stand_in)
    found = CALLS[what]()
    assert repr(found) == repr(plain)
    assert "sum" in stand_in.called or what == "`temporal_norm`"


def test_the_backend_shown_is_one(tmp_path: Path) -> None:
    (shown,) = [block.text for block in blocks_of(ROOT / PAGE) if "class Ours(Backend)" in block.text]
    assert len(shown.splitlines()) <= 35
    (tmp_path / "ours_backend.py").write_text(shown, encoding="utf-8")
    cases = ("value-exact-f32-001", "gradient-masked-f32-008", "value-error-bool-001", "value-half-bf16-001")
    command = ["--backend", "ours_backend:BACKEND", "--case", ",".join(cases), "--jsonl", "r.jsonl"]
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "conformance", *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed, 1 unsupported" in done.stdout


def test_table_is_that_of_the_kept_rows() -> None:
    others = load("others")
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    assert others.with_table(page) == page
    assert {row[0].partition(" ")[0] for row in others.kept()} == {
        path.stem.removesuffix("_backend") for path in (ROOT / "examples" / "backends").glob("*_backend.py")
    }
