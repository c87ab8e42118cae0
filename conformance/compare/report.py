"""A comparison, printed for a person."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from conformance.compare.steps import summarise
from temporal_loss.recordings.recording import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from conformance.compare.measure import Measurement
    from conformance.compare.reference import Reference
    from conformance.compare.steps import Question
    from temporal_loss.recordings import Recording

DIGITS = {"float32": 9, "float64": 17}


@dataclass(frozen=True)
class Row:
    """One measurement held to the high-precision value.

    `grade` is "tight" (as near as a pairwise sum comes), "budget" (as near as any sound sum), or "".
    """

    dtype: str
    measurement: Measurement
    off: float = math.nan
    relative: float = math.nan
    ulp: float = math.nan
    grade: str = ""

    @property
    def verdict(self) -> Text:
        """The last cell of the row."""
        if not self.measurement.losses:
            return Text("FAILS", style="bold red")
        words = {"tight": ("ok", "green"), "budget": ("loose", "yellow"), "": ("OFF", "bold red")}
        return Text(*words[self.grade])


def grade(measurement: Measurement, reference: Reference) -> Row:
    """Judge a subject by the worst of its calls."""
    if not measurement.losses:
        return Row(reference.dtype, measurement)
    off = max(map(reference.off, measurement.losses))
    word = "tight" if off <= reference.tight else "budget" if off <= reference.budget else ""
    return Row(reference.dtype, measurement, off, reference.relative(off), reference.ulp(off), word)


def print_summary(console: Console, recording: Recording, question: Question) -> None:
    """Say what the recording holds, and where its longest steps are."""
    summary = summarise(question)
    names = recording.names
    sequences = f"{summary.sequences:,} sequences of " if summary.sequences > 1 else ""
    given = [f"epsilon {show(str(question.epsilon), 60)}"]
    if question.confidences is not None:
        given.append(f"confidence threshold {question.prob_threshold:g}")
    if question.nan_policy == "omit":
        given.append("missing positions left out")
    masked = f"  masked steps: {_share(summary.masked, summary.entries)} ({', '.join(given)})"
    if question.confidences is None:
        masked += "\n  no confidences in the file: prob_threshold masks nothing"
    what = f"{_count(len(names), 'keypoint')} ({show(', '.join(names), 60)})"
    lines = [
        f"{show(recording.path)}: {recording.source}, {recording.dtype}",
        f"  {sequences}{summary.frames:,} frames, {what}, {_count(summary.entries, 'step')}",
        *(f"  {note}" for note in recording.notes),
        masked,
    ]
    if summary.entries and summary.masked == summary.entries:
        lines.append("  every step is masked: the loss of 0 says nothing about the motion")
    if summary.missing:
        lines.append(f"  steps at a missing position, not masked: {_share(summary.missing, summary.entries)}")
    if summary.jumps:
        longest = ", ".join(
            f"{jump.pixels:.4g} px of {show(names[jump.keypoint], 30)} into frame {jump.frame:,}"
            + (f" of sequence {jump.sequence}" if summary.sequences > 1 else "")
            for jump in summary.jumps
        )
        of = "longest steps not masked" if summary.masked else "longest steps"
        lines.append(f"  {of}: {longest} (frames count from 0)")
    console.print(Text("\n".join(lines)), soft_wrap=True)


def print_table(console: Console, reference: Reference, rows: Sequence[Row]) -> None:
    """Print every subject in one dtype."""
    dtype = reference.dtype
    kind = "exact value" if reference.exact else "value to 25 digits"
    rounded = " of the numbers rounded to float32" if dtype == "float32" else ""
    console.print(Text(f"\n{dtype}: {kind}{rounded} {reference.text}", style="bold"), soft_wrap=True)
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("subject", no_wrap=True)
    for heading in ("loss", "first", "time", "rel. error", "ULP"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for row in rows:
        found = row.measurement
        cells = ["-"] * 5
        if found.losses:
            ulp = "0" if row.ulp == 0 else f"{row.ulp:.2g}" if row.ulp < 100 else f"{row.ulp:.0e}"
            loss = f"{found.losses[0]:.{DIGITS[dtype]}g}"
            cells = [loss, _seconds(found.first), _seconds(found.median), _distance(row.relative), ulp]
        table.add_row(found.subject, *cells, row.verdict)
    console.print(table)


def conclude(console: Console, references: Sequence[Reference], rows: Sequence[Row]) -> bool:
    """Print the last line, in plain words; tell whether all is well."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if not row.grade:
            off = f"{_distance(row.relative)} off, more than rounding explains"
            reason = row.measurement.problem or (off if row.measurement.losses else "did not run")
            reasons.setdefault(reason, []).append(f"{row.measurement.subject} in {row.dtype}")
    for reason, names in reasons.items():
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        console.print(Text(f"{', '.join(names[:3])}{more}: {show(reason, 300)}", style="red"), soft_wrap=True)
    if reasons:
        wrong = sum(map(len, reasons.values()))
        text = f"{wrong} of {len(rows)} do not agree with the exact value."
        console.print(Text(text, style="bold red"), soft_wrap=True)
        return False
    value = "exact value" if all(r.exact for r in references) else "high-precision value"
    special = [r.rounded for r in references if not math.isfinite(r.rounded)]
    if special:
        word = "NaN, as positions are missing that are not masked" if math.isnan(special[0]) else "infinite"
        text = f"All {len(rows)} agree with the {value}: {word}."
    else:
        text = f"All {len(rows)} agree with the {value} to within {_bounds(rows)}."
    console.print(Text(text, style="bold green"), soft_wrap=True)
    return True


def _bounds(rows: Sequence[Row]) -> str:
    """Whole ULP by dtype, and apart from these the subjects that add up less well than they could."""
    worst: dict[str, float] = {}
    for row in rows:
        if row.grade == "tight":
            worst[row.dtype] = max(worst.get(row.dtype, 0.0), row.ulp)
    bounds = {dtype: f"{max(1, math.ceil(ulp)):,} ULP" for dtype, ulp in worst.items()}
    parts = [f"{bound} in {dtype}" for dtype, bound in bounds.items()]
    if len(set(bounds.values())) == 1:
        parts = [next(iter(bounds.values()))]
    parts += [
        f"{row.relative:.1e} for {row.measurement.subject} in {row.dtype}"
        for row in rows
        if row.grade == "budget"
    ]
    return ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else parts[0]


def _distance(relative: float) -> str:
    return "0" if relative == 0 else f"{relative:.1e}"


def _seconds(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= 0.9995 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.0f} µs"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _share(part: int, whole: int) -> str:
    return f"{part:,} of {_count(whole, 'step')} ({part / whole:.1%})"
