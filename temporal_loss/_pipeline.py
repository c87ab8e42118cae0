"""The stages one after the other, on whole arrays or block by block where that saves memory and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from temporal_loss import _blocks, _stages

if TYPE_CHECKING:
    from temporal_loss._settings import Frames, Settings


class Entries(NamedTuple):
    """Entries before reduction, with the marks of those masked and of those no transitions at all."""

    values: Any
    masked: Any
    crossing: Any


def evaluate(frames: Frames, settings: Settings) -> Entries:
    """Run the stages up to reduction."""
    xp, guard, zero = settings.library.xp, settings.guard, settings.zero
    keypoints = frames.keypoints
    if settings.widen:
        # Before differencing: a jump of 300 pixels squared is beyond float16.
        keypoints = xp.astype(keypoints, settings.dtype)

    step = _stages.steps(keypoints)
    marks = None if frames.confidences is None else _stages.unsure(frames.confidences, settings.threshold)
    if settings.omit_nan:
        missing = _stages.missing(xp, keypoints)
        marks = missing if marks is None else marks | missing
    masked = None if marks is None else _stages.either_frame(marks)
    crossing = None
    if frames.segment_ids is not None:
        crossing = _stages.crossing(frames.segment_ids)
        masked = crossing if masked is None else masked | crossing

    values, unmasked = _lengths(frames, settings, step, masked)
    # Lengths are never negative: an epsilon of 0 changes none of them.
    epsilon = settings.epsilon
    rectifies = not isinstance(epsilon, float) or epsilon != 0.0
    if unmasked is not None and not (guard and rectifies):
        if settings.in_blocks:
            values = _blocks.hide(xp, values, unmasked, settings.dtype)
        else:
            values = _stages.mask(xp, values, unmasked, zero)
        unmasked = None
    if rectifies:
        if settings.in_blocks:
            epsilon, zero = (_blocks.for_steps(each, values) for each in (epsilon, zero))
        values = _stages.rectify(xp, values, epsilon, zero, guard=guard, masked=unmasked)
    return Entries(values, masked, crossing)


def _lengths(frames: Frames, settings: Settings, step: Any, masked: Any) -> tuple[Any, Any]:
    """Lengths of steps, and those marks of `masked` that are still to be acted upon."""
    xp, guard, zero = settings.library.xp, settings.guard, settings.zero
    looks = guard and settings.library.is_at_hand(frames.keypoints)
    if looks or not guard or masked is None:
        # Squared before it is taken apart: strided arithmetic is slow.
        squared = _stages.squared_lengths(_stages.coordinates(step * step))
        if looks and _stages.are_ordinary(xp, squared):
            guard = False
        if not guard or masked is None:
            return _stages.lengths(xp, squared, zero, guard=guard), masked
    # Masking the lengths is too late here: 0 * NaN in the backward pass is NaN.
    moved = [_stages.mask(xp, part, masked, zero) for part in _stages.coordinates(step)]
    squared = _stages.squared_lengths([part * part for part in moved])
    return _stages.lengths(xp, squared, zero, guard=guard), None


def entries(frames: Frames, settings: Settings) -> Any:
    """Entries (..., T-1, K)."""
    return evaluate(frames, settings).values


def reduce(frames: Frames, settings: Settings, reduction: str) -> Any:
    """Run all stages; `reduction` is not "none"."""
    return finish(settings, reduction, *sum_and_count(frames, settings, reduction))


def finish(settings: Settings, reduction: str, loss_sum: Any, counted: Any) -> Any:
    """Loss from the sum of all entries and what a mean divides by, None if that was known beforehand."""
    if reduction == "sum":
        return loss_sum
    if counted is None:
        return loss_sum / settings.transitions
    return _stages.ratio(settings.library.xp, loss_sum, counted)


def sum_and_count(frames: Frames, settings: Settings, reduction: str) -> tuple[Any, Any]:
    """Sum of the entries, and how many a mean divides by, None if that takes no values to know."""
    if not _blocks.are_worthwhile(frames, settings):
        return _sum_and_count(frames, settings, reduction)
    xp, settings = settings.library.xp, _blocks.prepare(frames, settings)
    parts = (_sum_and_count(block, settings, reduction) for block in _blocks.cut(frames))
    sums, counts = zip(*parts, strict=True)
    # Stacked, so that many blocks are added as accurately as the backend adds many entries.
    return xp.sum(xp.stack(sums)), None if counts[0] is None else xp.sum(xp.stack(counts))


def _sum_and_count(frames: Frames, settings: Settings, reduction: str) -> tuple[Any, Any]:
    xp = settings.library.xp
    found = evaluate(frames, settings)
    as_complex = settings.library.writes_real_terms(found.values)
    loss_sum = _stages.total(xp, found.values, as_complex=as_complex)
    if not counts_some(frames, settings, reduction):
        return loss_sum, None
    marks = found.masked if reduction == "valid_mean" else found.crossing
    # Marks of whole steps, shape (..., T-1, 1), stand for each of their K keypoints.
    stands_for = found.values.shape[-1] // marks.shape[-1]
    return loss_sum, _stages.count_unmarked(xp, marks, settings.dtype) * stands_for


def counts_some(frames: Frames, settings: Settings, reduction: str) -> bool:
    """Whether it takes the values to know how many entries a mean divides by."""
    if reduction == "valid_mean" and (frames.confidences is not None or settings.omit_nan):
        return True
    return reduction != "sum" and frames.segment_ids is not None
