"""The loss of a recording on every backend, device and mode here, held to the high-precision value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from conformance.compare.parameters import read_epsilon, read_threshold
from conformance.exits import Exit, UsageError
from conformance.subjects import backends
from conformance.subjects.backends.protocol import AUTODIFF
from temporal_loss.recordings import RecordingError, read
from temporal_loss.recordings.recording import show

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from rich.console import Console

    from conformance.compare.reference import Reference
    from conformance.compare.report import Row
    from conformance.compare.steps import Question
    from conformance.subjects.find import Choice
    from temporal_loss.recordings import Recording

__all__ = ["run"]

DTYPES = ("float32", "float64")


def run(  # noqa: PLR0913 - the options of one command
    data: str | os.PathLike[str],
    *,
    epsilon: str = "0",
    prob_threshold: str = "0",
    nan_policy: str = "propagate",
    backend: Sequence[str] = (),
    device: Sequence[str] = (),
    mode: Sequence[str] = ("all",),
    console: Console,
) -> int:
    """Compare and print.

    Parameters
    ----------
    data : path of a file that `temporal_loss.recordings.read` reads
    epsilon : number of pixels, or one per keypoint separated by commas, as text
    prob_threshold : confidence from 0 to 1, as text
    nan_policy : {"propagate", "omit"}
    backend, device, mode : sequences of str
        As for `conformance.subjects.find.find`.
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
    try:
        recording, questions, left_out = _ask(data, epsilon, prob_threshold, nan_policy, console)
    except RecordingError as error:
        raise UsageError(str(error)) from error
    from conformance.compare import report  # noqa: PLC0415 - it imports NumPy
    from conformance.subjects.find import find  # noqa: PLC0415

    with console.status("Looking for backends"):
        choices, absences = find(backend, device, mode)
    # No gradient is asked for, and pretended devices only by name.
    choices = [
        c for c in choices if not c.mode.endswith(AUTODIFF) and (backend or c.backend != backends.PRETENDED)
    ]
    report.print_summary(console, recording, questions[-1])
    references: list[Reference] = []
    rows: list[Row] = []
    for question in questions:
        reference, found = _compare(question, choices, console)
        references.append(reference)
        ran = [row for row in found if not row.measurement.unsupported]
        left_out += [
            f"{row.measurement.subject} in {row.dtype}: {row.measurement.unsupported}"
            for row in found
            if row.measurement.unsupported
        ]
        if ran:
            report.print_table(console, reference, ran)
        rows += ran
    for line in [*(f"{a.name}: {a.reason}" for a in absences), *left_out]:
        console.print(Text(f"not run: {show(line, 200)}"), soft_wrap=True)
    if not rows:
        console.print(Text("Nothing ran.", style="bold red"))
        return Exit.INCOMPLETE
    return Exit.CONFORMS if report.conclude(console, references, rows) else Exit.DOES_NOT


def _ask(
    data: str | os.PathLike[str], epsilon: str, prob_threshold: str, nan_policy: str, console: Console
) -> tuple[Recording, list[Question], list[str]]:
    """Read a recording; one question per dtype that can hold it, and why the others cannot."""
    # The quick checks first: a file may take seconds to read.
    threshold = read_threshold(prob_threshold)
    with console.status("Reading the recording"):
        recording = read(data)
    from conformance.compare import steps  # noqa: PLC0415 - it imports NumPy, which `read` has found

    pixels = read_epsilon(epsilon, recording.names)
    reasons = {dtype: steps.out_of_range(recording, dtype) for dtype in DTYPES}
    questions = [
        steps.ask(recording, dtype, pixels, threshold, nan_policy) for dtype in DTYPES if not reasons[dtype]
    ]
    if not questions:
        message = f"{show(data)}: {reasons[DTYPES[-1]]}"
        raise RecordingError(message)
    return recording, questions, [f"{dtype}: {reason}" for dtype, reason in reasons.items() if reason]


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
