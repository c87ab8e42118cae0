"""Fresh cases: drawn at run time, so that no program can know their answers."""

from __future__ import annotations

import random
import re
from functools import cache

from conformance.drawing import SIMPLEST, UndrawableError, draw
from conformance.features import FEATURES
from conformance.model import Case, Op, Recipe

COUNT = 100
"""How many a claim takes, and how many there are unless said otherwise."""
MOST = 10_000
_SIMPLE = 1 / 6
"""Share of features that are made as simple as can be, whatever their values are."""
_FRAMES, _KEYPOINTS = (3, 5), (1, 3)
"""Few different shapes: a library that compiles for each of them has most of them kept."""
_SIZES = ("few",) * 15 + ("two frames",) * 4 + ("many",)
"""Where steps have neighbours more is seen, and many entries take longest."""


def is_fresh(case: Case) -> bool:
    """Tell whether a case was drawn at run time."""
    return case.id.startswith("fresh-")


def cases(count: int, seed: int) -> list[Case]:
    """Draw cases: the same from the same seed."""
    return [_case(seed, number) for number in range(count)]


def by_id(name: str) -> Case | None:
    """Draw the case of an id, which holds the seed; None if it is the id of none."""
    told = re.fullmatch(r"fresh-(\d{1,20})-(\d{3,5})", name)
    return _case(int(told[1]), int(told[2])) if told else None


@cache
def _case(seed: int, number: int) -> Case:
    name = f"fresh-{seed}-{number:03d}"
    roll = random.Random(name).random  # noqa: S311 - not for secrets; the same on every Python
    while True:
        row = {n: _value(roll(), roll(), n, feature.values) for n, feature in FEATURES.items()}
        row["size"] = _SIZES[int(roll() * len(_SIZES))]
        features = tuple(row.values())
        frames, keypoints = (counts[int(roll() * len(counts))] for counts in (_FRAMES, _KEYPOINTS))
        op = Op.VALUE if roll() < 0.5 else Op.GRADIENT
        try:
            return draw(name, Recipe(op, features, f"{name} {roll()}", frames, keypoints))
        except UndrawableError:
            continue


def _value(first: float, second: float, name: str, values: tuple[str, ...]) -> str:
    return SIMPLEST[name] if first < _SIMPLE else values[int(second * len(values))]
