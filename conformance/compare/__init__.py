"""The loss of a recording on every backend, device and mode here, held to the high-precision value."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from conformance.compare.parameters import read_epsilon, read_nan_policy, read_threshold
from conformance.exits import UsageError
from conformance.recordings import RecordingError, read
from conformance.recordings.recording import show
from conformance.subjects.backends.protocol import AUTODIFF

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from rich.console import Console

    from conformance.compare.reference import Reference
    from conformance.compare.report import Row
    from conformance.compare.steps import Question
    from conformance.subjects.find import Choice

__all__ = ["run"]

DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class _Wanted:
    """What was asked for, as it was typed."""

    epsilon: str | float | None
    prob_threshold: str | float
    nan_policy: str
    subjects: tuple[Sequence[str], Sequence[str], Sequence[str]]


def run(  # noqa: PLR0913 - the options of one command
    path: str | os.PathLike[str],
    *,
    epsilon: str | float | None = None,
    prob_threshold: str | float = 0.0,
    backends: Sequence[str] | None = None,
    devices: Sequence[str] = (),
    modes: Sequence[str] = ("all",),
    nan_policy: str = "propagate",
    console: Console,
) -> int:
    """Compare and print.

    Parameters
    ----------
    path : path of a .csv, .npy or .npz file
    epsilon : number of pixels, or text of one per keypoint separated by commas
    prob_threshold : confidence from 0 to 1
    backends, devices, modes : sequences of str
        As for `conformance.subjects.find.find`; None means all.
    nan_policy : {"propagate", "omit"}
    console : rich Console

    Returns
    -------
    int
        0 if all agree, 1 if one does not, 5 if nothing here could run.

    Raises
    ------
    UsageError
        The file or a parameter cannot be used; nothing was run.
    """
    wanted = _Wanted(epsilon, prob_threshold, nan_policy, (backends or (), devices, modes))
    try:
        return _run(path, wanted, console)
    except RecordingError as error:
        raise UsageError(str(error)) from error


def _run(path: str | os.PathLike[str], wanted: _Wanted, console: Console) -> int:
    if importlib.util.find_spec("numpy") is None:
        message = "reading a recording takes NumPy, which is not installed (pip install numpy)"
        raise RecordingError(message)
    from conformance.compare import report, steps  # noqa: PLC0415 - they import NumPy
    from conformance.subjects.find import find  # noqa: PLC0415

    # The quick checks first: a file may take seconds to read.
    threshold, policy = read_threshold(wanted.prob_threshold), read_nan_policy(wanted.nan_policy)
    with console.status("Reading the recording"):
        recording = read(path)
    pixels = read_epsilon(wanted.epsilon, recording.names)
    with console.status("Looking for backends"):
        choices, absences = find(*wanted.subjects)
    # No gradient is asked for.
    choices = [choice for choice in choices if not choice.mode.endswith(AUTODIFF)]
    reasons = {dtype: steps.too_large(recording, dtype) for dtype in DTYPES}
    if all(reasons.values()):
        message = f"{show(path)}: {reasons[DTYPES[-1]]}"
        raise RecordingError(message)
    questions = [
        steps.ask(recording, dtype, pixels, threshold, policy) for dtype in DTYPES if not reasons[dtype]
    ]
    left_out = [f"{dtype}: {reason}" for dtype, reason in reasons.items() if reason]
    report.print_summary(console, recording, questions[-1], steps.summarise(questions[-1]))
    references: list[Reference] = []
    rows: list[Row] = []
    for question in questions:
        high, found = _compare(question, choices, console)
        ran = [row for row in found if not row.measurement.unsupported]
        left_out += [
            f"{row.measurement.subject} in {row.dtype}: {row.measurement.unsupported}"
            for row in found
            if row.measurement.unsupported
        ]
        report.print_table(console, high, ran)
        rows += ran
        references.append(high)
    report.print_absent(console, absences, left_out)
    if not rows:
        console.print(Text("Nothing ran.", style="bold red"))
        return 5
    return 0 if report.conclude(console, references, rows) else 1


def _compare(question: Question, choices: Sequence[Choice], console: Console) -> tuple[Reference, list[Row]]:
    from conformance.compare import measure, reference, report  # noqa: PLC0415 - they import NumPy

    with console.status("") as status:

        def progress(share: float) -> None:
            status.update(f"High-precision value in {question.dtype}: {share:.0%}")

        high = reference.refer(question, progress)
        rows = []
        for i, choice in enumerate(choices, 1):
            status.update(f"{choice.name} in {question.dtype} ({i} of {len(choices)})")
            rows.append(report.grade(measure.measure(choice, question), high))
    return high, rows
