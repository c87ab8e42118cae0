"""A fresh case that fails, made small: hypothesis looks for the smallest that fails in the same way."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, Verbosity, assume, find, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException

from conformance.drawing import SIMPLEST, UndrawableError
from conformance.drawing import draw as drawn
from conformance.features import features
from conformance.model import Case, Recipe

if TYPE_CHECKING:
    from collections.abc import Callable

ASKED = 150
"""How often a subject is asked at most."""
_KEPT = 7
"""So many times of eight a feature is left as it is, so that what fails by several is found again."""
_SETTINGS = settings(
    max_examples=ASKED,
    phases=[Phase.generate, Phase.shrink],
    database=None,
    deadline=None,
    verbosity=Verbosity.quiet,
    suppress_health_check=list(HealthCheck),
)


def shrink(case: Case, fails: Callable[[Case], bool]) -> Recipe | None:
    """Return the smallest case found for which `fails`; None if none was found.

    Fewer frames and keypoints are tried, and simpler features.
    """
    found: dict[Recipe, bool] = {}
    best: list[Recipe] = []

    def looked_at(recipe: Recipe) -> bool:
        if recipe not in found:
            if len(found) >= ASKED:
                return False
            try:
                found[recipe] = fails(drawn(case.id, recipe))
            except UndrawableError:
                found[recipe] = False
            if found[recipe]:
                best.append(recipe)
        return found[recipe]

    try:
        return find(_simpler(case), looked_at, settings=_SETTINGS, random=Random(0))  # noqa: S311
    except HypothesisException:
        # Nothing, or a subject that does not answer the same twice.
        return best[-1] if best else None


@st.composite
def _simpler(draw: st.DrawFn, case: Case) -> Recipe:
    row = features(case.request)
    frames, keypoints = _size(case)
    kept = st.integers(0, _KEPT)
    chosen = {n: v if v == SIMPLEST[n] or draw(kept) else SIMPLEST[n] for n, v in row.items()}
    fewer = (draw(st.integers(2, min(frames, 6))), draw(st.integers(1, keypoints)))
    if chosen["size"] == "few":
        assume(fewer[0] > 2)
    # Other numbers let some be smaller: two frames of one segment, say.
    seed = f"{case.id} {draw(st.integers(0, 3))}"
    return Recipe(case.op, tuple(chosen.values()), seed, *fewer)


def _size(case: Case) -> tuple[int, int]:
    shape = case.inputs["keypoints"].shape
    return (shape[0], shape[1] // 2) if len(shape) == 2 else (shape[-3], shape[-2])
