"""nan_policy: what is omitted, and whether it is counted."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from conformance.model import Op
from conformance.mutants.registry import mutant

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.oracle import Definition, Entry, Problem

omit = partial(mutant, ops=(Op.VALUE, Op.GRADIENT), needs="omit")

omit("nan-policy-ignored: Ignores nan_policy and lets NaN through.", omitted=lambda *_: False)
mutant(
    "nan-always-omitted: Masks NaN keypoints whatever nan_policy says.",
    ops=(Op.VALUE, Op.GRADIENT),
    needs="special",
    omitted=lambda truth, p, *cell: truth.omitted(replace(p, nan_policy="omit"), *cell),
)
omit(
    'omit-takes-infinity-too: Treats infinite keypoints as NaN where nan_policy is "omit".',
    prepare=lambda _, p: replace(p, x=tuple(math.nan if math.isinf(v) else v for v in p.x)),
)


def missing(what: str, lost: Callable[[Problem, int, int, int], bool]) -> None:
    """Declare a rule for whether a keypoint, of a sequence and frame, is taken for missing."""

    def omitted(_: Definition, p: Problem, b: int, before: int, after: int, k: int) -> bool:
        return lost(p, b, before, k) or lost(p, b, after, k)

    omit(what, omitted=omitted)


def nan_at(p: Problem, b: int, t: int, k: int, axes: int = 3) -> bool:
    """Whether a keypoint has NaN among its first coordinates."""
    i = p.point(b, t, k)
    return any(map(math.isnan, p.x[i : i + min(p.axes, axes)]))


missing(
    "omit-by-first-axis: Looks for NaN in the first coordinate only.",
    lambda p, b, t, k: nan_at(p, b, t, k, axes=1),
)
missing(
    "omit-by-first-two-axes: Looks for NaN in the first two coordinates only.",
    lambda p, b, t, k: nan_at(p, b, t, k, axes=2),
)
missing(
    "omit-whole-frames: Omits every keypoint of a frame in which one is NaN.",
    lambda p, b, t, _: any(nan_at(p, b, t, k) for k in range(p.keypoints)),
)
missing(
    "omit-across-sequences: Omits a keypoint's step in every sequence of a batch where it is NaN in one.",
    lambda p, _, t, k: any(nan_at(p, b, t, k) for b in range(p.batch)),
)
missing(
    "omit-by-first-sequence: "
    "Looks for NaN in the first sequence of a batch, and omits the same steps in the others.",
    lambda p, _, t, k: nan_at(p, 0, t, k),
)


def _in_its_segment(p: Problem, b: int, t: int, k: int) -> bool:
    if p.segments is None:
        return nan_at(p, b, t, k)
    ids = p.segments[b * p.frames : (b + 1) * p.frames]
    return any(nan_at(p, b, other, k) for other in range(p.frames) if ids[other] == ids[t])


missing(
    "omit-whole-segments: Omits a keypoint in the whole of a segment in which it is NaN once.",
    _in_its_segment,
)


def _by_length(_: Definition, p: Problem, b: int, before: int, after: int, k: int) -> bool:
    i, j = p.point(b, before, k), p.point(b, after, k)
    return any(math.isnan(p.x[j + axis] - p.x[i + axis]) for axis in range(p.axes))


omit(
    "omit-by-length: Omits a length that is NaN and not a keypoint that is: inf - inf disappears.",
    omitted=_by_length,
)
omit(
    "omit-not-beside-segments: Ignores nan_policy where segment_ids are given.",
    omitted=lambda truth, p, *cell: p.segments is None and truth.omitted(p, *cell),
)
omit(
    "omit-not-beside-confidences: Ignores nan_policy where confidences are given.",
    omitted=lambda truth, p, *cell: p.confidences is None and truth.omitted(p, *cell),
)
omit('segments-not-beside-omit: Ignores segment_ids where nan_policy is "omit".', joins=lambda *_: False)


def _not_counted(truth: Definition, p: Problem, e: Entry) -> bool:
    return truth.counts(p, e) and not truth.omitted(p, e.batch, e.before, e.after, e.keypoint)


def _counted_as_valid(truth: Definition, p: Problem, e: Entry) -> bool:
    if p.reduction != "valid_mean":
        return truth.counts(p, e)
    return not e.joins and not truth.doubted(p, e.batch, e.before, e.after, e.keypoint)


omit("omit-not-counted: Leaves omitted steps out of the divisor of a plain mean.", counts=_not_counted)
omit("omit-counted-as-valid: Counts omitted steps in the divisor of a valid_mean.", counts=_counted_as_valid)
