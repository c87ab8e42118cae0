"""The command line of `python -m temporal_loss`."""

from __future__ import annotations

import functools
import importlib
import itertools
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
import rich.progress
from rich.console import Console
from rich.table import Table
from rich.text import Text

import temporal_loss
from temporal_loss.recordings import examine, read
from temporal_loss.recordings.recording import listed, reason, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from temporal_loss.recordings.steps import Examination

_PICTURES = (".html", ".png", ".svg", ".pdf")
_OUT = click.Path(path_type=Path, dir_okay=False)


def _number(kind: type[float], least: float, most: float, due: str) -> Callable[..., float]:
    """Read a number as click's own ranges do, NaN refused, and say in plain words what was expected."""

    def read_number(_context: click.Context, _parameter: click.Parameter, text: str) -> float:
        try:
            number = kind(text)
        except ValueError:
            number = math.nan
        if not least <= number <= most:
            message = f"{text!r} is not {due}"
            raise click.BadParameter(message)
        return number

    return read_number


def _epsilon(_context: click.Context, _parameter: click.Parameter, value: str) -> str | list[float]:
    if value == "auto":
        return value
    try:
        pixels = [float(text) for text in value.split(",")]
    except ValueError:
        pixels = [math.nan]
    if not all(0 <= number < math.inf for number in pixels):
        due = "a number of pixels, finite and not negative, one per keypoint separated by commas, nor auto"
        message = f"{value!r} is neither {due}"
        raise click.BadParameter(message)
    return pixels


def _file(_context: click.Context, _parameter: click.Parameter, path: Path | None) -> Path | None:
    if path == Path("-"):
        message = "'-' is not standard output here, expected the name of a file"
        raise click.BadParameter(message)
    return path


def _picture(_context: click.Context, _parameter: click.Parameter, path: Path | None) -> Path | None:
    if path and path.suffix.lower() not in _PICTURES:
        message = f"{str(path)!r} does not end in {', '.join(_PICTURES)}"
        raise click.BadParameter(message)
    return path


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--top",
    metavar="N",
    default="20",
    callback=_number(int, 1, math.inf, "an integer of at least 1"),
    help="How many of the worst steps to list, at least 1 (20).",
)
@click.option(
    "--epsilon",
    metavar="E[,E...]|auto",
    default="auto",
    callback=_epsilon,
    help="Pixels that a step may have, one number or one per keypoint; auto, the default: what is suggested"
    " for each keypoint.",
)
@click.option(
    "--prob-threshold",
    metavar="P",
    default="0",
    callback=_number(float, 0, 1, "a number from 0 to 1"),
    help="Leave out steps with a confidence below P, from 0 to 1, in either frame.",
)
@click.option(
    "--nan-policy",
    type=click.Choice(["propagate", "omit"]),
    default="propagate",
    help="omit: leave out steps that touch a missing position.",
)
@click.option(
    "--scores",
    type=_OUT,
    callback=_file,
    help="Write all steps to a file (not to -), as lightning-pose's temporal_norm.csv.",
)
@click.option("--plot", type=_OUT, callback=_picture, help="Draw all steps: .png, .svg, .pdf or .html.")
@click.version_option(temporal_loss.__version__, prog_name="temporal_loss")
def command(file: Path, scores: Path | None, plot: Path | None, **options: Any) -> None:
    """Find the worst frames of a recording, and what is normal for each keypoint.

    FILE is the CSV of DeepLabCut, lightning-pose or SLEAP, .npy or .npz; with the extra `recordings` also
    .h5, .slp, .nwb, .nc or Anipose's CSV.
    """
    _keep_apart({"FILE": file, "--scores": scores, "--plot": plot})
    # What draws is asked for before anything takes time.
    drawing = importlib.import_module("temporal_loss.recordings.plot") if plot else None
    console, progress = Console(highlight=False), Console(stderr=True)
    # One that is disabled leaves an empty line, in rich 14.1 and before.
    opened: Callable[..., Any] = open
    if progress.is_terminal:
        opened = functools.partial(
            rich.progress.open, description="Reading", console=progress, transient=True
        )
    recording = read(file, opened=opened)
    _fit(options, recording.names)
    examined = examine(recording, **options)
    with console.capture() as capture:
        _print(console, examined, options)
    text = capture.get()
    outputs: list[tuple[Path, bytes]] = []
    if scores:
        outputs.append((scores, examined.scores().encode()))
    if plot and drawing:
        outputs.append((plot, drawing.draw(examined, plot.suffix.lower(), Text.from_ansi(text).plain)))
    for path, content in outputs:
        try:
            _write(path, content)
        except OSError as error:
            raise click.FileError(show(path), reason(error)) from error
    click.echo(text, nl=False)


def _fit(options: dict[str, Any], names: Sequence[str]) -> None:
    """Refuse a number of epsilons that is not that of the keypoints."""
    epsilon = options["epsilon"]
    if epsilon == "auto":
        return
    if len(epsilon) == 1:
        options["epsilon"] = epsilon[0]
    elif len(epsilon) != len(names):
        message = f"found {len(epsilon)} numbers, expected 1, or {len(names)} for {listed(names)}"
        raise click.BadParameter(message, param_hint="'--epsilon'")


def _keep_apart(paths: dict[str, Path | None]) -> None:
    """Refuse to write over what is read or written as well, under whatever name."""
    given = [(name, path) for name, path in paths.items() if path]
    for (first, one), (second, other) in itertools.combinations(given, 2):
        try:
            same = one.samefile(other)
        except OSError:  # one of them is not there yet
            same = os.path.realpath(one) == os.path.realpath(other)
        if same:
            message = f"{str(other)!r} is the same file as {first}, expected another"
            raise click.BadParameter(message, param_hint=repr(second))


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    if path.exists() and not path.is_file():
        path.write_bytes(content)  # a pipe or a device
        return
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path.resolve())
    finally:
        part.unlink(missing_ok=True)


def _print(console: Console, examined: Examination, options: dict[str, Any]) -> None:
    recording, say = examined.recording, functools.partial(console.print, soft_wrap=True, markup=False)
    frames, keypoints = examined.steps.shape
    say(f"{show(recording.path)}: {recording.source}, {frames:,} frames, {keypoints:,} keypoints")
    for note in recording.notes:
        say(f"  {note}")
    if options["prob_threshold"] and recording.confidences is None:
        say("  no confidences in the file: the threshold leaves nothing out")
    shares = [examined.masked.mean(axis=0), examined.missing.mean(axis=0)]
    headings = ["median step", "99 % = suggested epsilon", "masked", "missing"]
    rows = zip(examined.names, examined.median, examined.suggested, *shares, strict=True)
    table = [[name, _pixels(m), _pixels(s), *(f"{x:.1%}" for x in rest)] for name, m, s, *rest in rows]
    _tabulate(console, ["keypoint", *headings], table)
    epsilon = options["epsilon"]
    if epsilon != "auto":
        epsilon = listed(map(_pixels, np.atleast_1d(epsilon)))
    say(f"\nLoss with epsilon {epsilon}: {examined.loss:.6g}")
    nothing = _nothing_left(examined)
    missing = examined.missing & ~examined.masked
    if not nothing and np.isnan(examined.loss) and missing.any():
        share = f"{missing.mean():.1%} of the steps touch a missing position and are not masked"
        say(f"  {share}: --nan-policy omit leaves them out")
    none = nothing or "No step is longer than epsilon."
    say("\nWorst steps (frames count from 0):" if examined.worst else none)
    worst = [[f"{s.frame}", s.keypoint, _pixels(s.pixels), _pixels(s.excess)] for s in examined.worst]
    if worst:
        _tabulate(console, ["into frame", "keypoint", "step", "beyond epsilon"], worst)


def _nothing_left(examined: Examination) -> str:
    """Say why no step can be judged; nothing where one can."""
    masked, blank = examined.masked, np.isnan(examined.steps[1:])
    if not (masked | blank).all():
        return ""
    if blank.all():
        why = "none has a length"
    else:
        why = "all are masked" if masked.all() else "all are masked or have no length"
    return f"No step is left to judge: {why}. The loss says nothing of the motion."


def _tabulate(console: Console, headings: list[str], rows: Iterable[list[str]]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "keypoint" else "right", overflow="fold")
    for row in rows:
        table.add_row(*(Text(show(cell)) for cell in row))
    console.print(table)


def _pixels(length: float) -> str:
    return "-" if np.isnan(length) else f"{length:.4g} px"
