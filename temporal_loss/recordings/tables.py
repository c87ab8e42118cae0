"""Tables of predictions: DeepLabCut's CSV and HDF5, of one animal or several, and SLEAP's CSV.

DeepLabCut's have the header rows scorer, (individuals,) bodyparts, coords; so have the CSV of lightning-pose
and of ensemble smoothers, and labels. SLEAP's has a row for each track and frame. They are not left to
movement, which needs more than NumPy and does not look at which column is which: where animals have different
keypoints, or columns are more than x, y, likelihood, it gives numbers to the wrong keypoints.
"""

from __future__ import annotations

import array
import csv
import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from temporal_loss.recordings.datasets import read_movement
from temporal_loss.recordings.recording import Recording, listed, quote, reason, refuse, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Rows = Iterator[tuple[int, list[str]]]
    Columns = dict[tuple[str, str], int]

_SPACE = ("x", "y", "z")
_LIKELIHOOD = "likelihood"
_NOT_SLEAP_KEYPOINTS = {"track", "frame_idx", "instance.score"}


def read_csv(path: Path, opened: Callable[..., Any]) -> Recording:
    """Read a CSV file; an empty cell is NaN."""
    with opened(path, "r", encoding="utf-8-sig", newline="") as file:
        first = file.readline()
        # Spreadsheets of many languages write semicolons, and decimal commas.
        delimiter, point = (";", ",") if first.count(";") > first.count(",") else (",", ".")
        reader = csv.reader(itertools.chain([first], file), delimiter=delimiter, strict=True)
        header = next(reader, [])
        notes: list[str] = []
        rows = _rows(reader, len(header), point, notes)
        if header[:1] == ["scorer"]:
            return _read_deeplabcut(path, rows, notes)
        if "frame_idx" in header:
            return _read_sleap(path, header, rows, notes)
    if not any(cell.endswith("_score") for cell in header):
        due = "the header of DeepLabCut's CSV (scorer,...), SLEAP's (track,frame_idx,...) or Anipose's"
        refuse(f"line 1: found {quote(first.strip())}", due)
    return read_movement(path)


def _rows(reader: Any, width: int, point: str, notes: list[str]) -> Rows:
    """Rows that are not blank, with decimal points, each with the number of its line."""
    blank = 0
    for cells in reader:
        if not any(map(str.strip, cells)):
            blank += 1
        elif len(cells) != width:
            refuse(f"line {reader.line_num}: found {len(cells)} cells", f"{width} as in line 1")
        else:
            yield reader.line_num, cells if point == "." else [cell.replace(point, ".") for cell in cells]
    if blank:
        notes.append(f"blank rows left out: {blank}")


def _read_deeplabcut(path: Path, rows: Rows, notes: list[str]) -> Recording:
    header: dict[str, list[str]] = {}
    for _, cells in itertools.islice(rows, 3):
        header[cells[0]] = cells
        if cells[0] == "coords":
            break
    if not {"bodyparts", "coords"} <= header.keys() <= {"individuals", "bodyparts", "coords"}:
        refuse(f"found rows {listed(map(quote, header))} after scorer", "(individuals,) bodyparts, coords")
    columns = find_columns(header.get("individuals"), header["bodyparts"], header["coords"], notes)
    values = array.array("d")
    row, counted = "", True
    for frame, (line, cells) in enumerate(rows):
        values.extend(_numbers(line, cells, columns))
        row = cells[0]
        counted &= row.partition(".")[0] == str(frame)
    _note_rows(row, notes, counted=counted)
    table = np.array(values).reshape(-1, len(columns))
    return arrange(path, "DeepLabCut-style CSV", list(columns), table, notes)


def _read_sleap(path: Path, header: list[str], rows: Rows, notes: list[str]) -> Recording:
    """Read a row for each track and frame; a frame without one is NaN."""
    split = [("", "") if cell in _NOT_SLEAP_KEYPOINTS else cell.rpartition(".")[::2] for cell in header]
    coords = [_LIKELIHOOD if coord == "score" else coord for _, coord in split]
    columns = find_columns(None, [part for part, _ in split], coords, notes)
    at = header.index("frame_idx")
    found: dict[tuple[int, str], list[float]] = {}
    for line, cells in rows:
        if not (cells[at].isascii() and cells[at].isdecimal()):
            where = f"line {line}, column {at + 1} (frame_idx)"
            refuse(f"{where}: found {quote(cells[at])}", "a frame, counted from 0")
        frame, track = int(cells[at]), cells[header.index("track")] if "track" in header else ""
        if (frame, track) in found:
            instances = f"line {line}: frame {frame} has two instances of track {quote(track)}"
            refuse(instances, "one (SLEAP gives each animal a track)")
        found[frame, track] = _numbers(line, cells, columns)
    tracks = {track: i for i, track in enumerate(dict.fromkeys(track for _, track in found) or [""])}
    frames = 1 + max((frame for frame, _ in found), default=-1)
    table = np.full((frames, len(tracks), len(columns)), math.nan)
    for (frame, track), numbers in found.items():
        table[frame, tracks[track]] = numbers
    named = [(f"{track}/{part}" if track else part, coord) for track in tracks for part, coord in columns]
    return arrange(path, "SLEAP CSV", named, table.reshape(frames, len(named)), notes)


def read_hdf5(path: Path) -> Recording:
    """Read HDF5 of DeepLabCut or of SLEAP."""
    import h5py  # noqa: PLC0415 - of the extra `recordings`
    import pandas as pd  # noqa: PLC0415

    with h5py.File(path) as file:
        found = sorted(file)
    if "tracks" in found:
        return read_movement(path)
    try:
        frame = pd.read_hdf(path)
    except ValueError as error:
        keys = listed(map(quote, found)) or "nothing"
        refuse(f"found {keys} ({reason(error)})", "one table, of DeepLabCut, or SLEAP's 'tracks'")
    level = {name: frame.columns.get_level_values(name).tolist() for name in frame.columns.names}
    if not {"bodyparts", "coords"} <= level.keys():
        due = "levels (individuals,) bodyparts, coords"
        refuse(f"found a table with columns {listed(map(quote, map(str, frame.columns)))}", due)
    notes: list[str] = []
    columns = find_columns(level.get("individuals"), level["bodyparts"], level["coords"], notes)
    rows = frame.index.get_level_values(0).tolist()
    _note_rows(str(rows[-1]) if rows else "", notes, counted=rows == list(range(len(rows))))
    table = frame.iloc[:, list(columns.values())].to_numpy(dtype=float)
    return arrange(path, "DeepLabCut HDF5", list(columns), table, notes)


def _note_rows(last: str, notes: list[str], *, counted: bool) -> None:
    """Note rows that are images, or that the file does not number as frames are counted here."""
    if last.startswith("labeled-data"):
        notes.append("rows are labelled images: a step is one in time only between consecutive frames")
    elif not counted:
        notes.append("rows are not numbered 0, 1, 2, ... in the file: they are taken as consecutive frames")


def find_columns(
    individuals: list[str] | None, parts: list[str], coords: list[str], notes: list[str]
) -> Columns:
    """Find x, y, (z, likelihood) of each keypoint; columns of other coordinates are noted."""
    columns: Columns = {}
    ignored: dict[str, None] = {}
    for i, (part, coord) in enumerate(zip(parts, coords, strict=True)):
        column = f"{individuals[i]}/{part}" if individuals else part, coord
        if coord in {*_SPACE, _LIKELIHOOD}:
            if column in columns:
                refuse(f"header: found {coord} of {quote(column[0])} twice", "each once")
            columns[column] = i
        elif coord not in {"", "coords"}:  # without a coordinate it is the index
            ignored[coord] = None
    if not columns:
        refuse("header: found no keypoint", "columns x, y and likelihood of each")
    space = sorted({"x", "y", *(coord for _, coord in columns)} - {_LIKELIHOOD})
    for name, coord in itertools.product([name for name, _ in columns], space):
        if (name, coord) not in columns:
            refuse(f"header: found no {coord} of {quote(name)}", f"{', '.join(space)} of each keypoint")
    if ignored:
        notes.append(f"columns ignored: {listed(ignored)}")
    return columns


def arrange(
    path: Path, source: str, columns: list[tuple[str, str]], table: NDArray[Any], notes: list[str]
) -> Recording:
    """Make a recording of a table that has these columns."""
    place = {column: i for i, column in enumerate(columns)}
    names = tuple(dict.fromkeys(name for name, _ in columns))
    space = [coord for coord in _SPACE if (names[0], coord) in place]
    points = table[:, [[place[name, coord] for coord in space] for name in names]]
    # Who has no likelihood gets that of one column more, NaN.
    likelihoods = [place.get((name, _LIKELIHOOD), -1) for name in names]
    wider = np.pad(table, ((0, 0), (0, 1)), constant_values=math.nan)
    return Recording(
        path=path,
        source=source,
        names=names,
        keypoints=np.ascontiguousarray(points, dtype=np.float64),
        confidences=None if max(likelihoods) < 0 else np.ascontiguousarray(wider[:, likelihoods]),
        dtype=str(table.dtype),
        notes=tuple(notes),
    )


def _numbers(line: int, cells: list[str], columns: Columns) -> list[float]:
    numbers = []
    for (name, coord), i in columns.items():
        text = cells[i]
        try:
            number = float(text)
        except ValueError:
            number, usable = math.nan, not text.strip()
        else:
            # It also reads 1_000 and other scripts' digits, and makes infinity of 1e400.
            usable = "_" not in text and text.isascii()
            usable &= math.isfinite(number) or not any(map(str.isdigit, text))
        if not usable:
            where = f"line {line}, column {i + 1} ({show(name, 40)} {coord})"
            refuse(f"{where}: found {quote(text)}", "a number that float64 can hold")
        numbers.append(number)
    return numbers
