"""DeepLabCut-style CSV: header rows, an index column, then x, y and likelihood per keypoint.

The header rows are scorer, bodyparts, coords; files of several animals have `individuals` before
`bodyparts`, and each animal's body part counts as a keypoint of its own.
"""

from __future__ import annotations

import array
import csv
import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from conformance.recordings.recording import Recording, RecordingError, quote, show

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

    Rows = Iterator[tuple[int, list[str]]]

COORDS = ("x", "y", "likelihood")
LONGEST_LINE = 1 << 20


def read(path: Path) -> Recording:
    """Read a CSV file; an empty cell is NaN. Errors name the line and the column."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = _rows(file)
            columns = _columns(rows)
            values = _values(rows, columns)
    except UnicodeDecodeError as error:
        found = error.object[error.start]
        message = f"found byte 0x{found:02x} that is not UTF-8, expected a CSV file of plain text"
        raise RecordingError(message) from error
    names = tuple(dict.fromkeys(name for name, _ in columns))
    place = {column: i for i, column in enumerate(columns)}
    table = np.frombuffer(values, dtype=np.float64).reshape(-1, len(columns))
    return Recording(
        path=path,
        source="DeepLabCut-style CSV",
        names=names,
        keypoints=np.ascontiguousarray(table[:, [[place[n, "x"], place[n, "y"]] for n in names]]),
        confidences=np.ascontiguousarray(table[:, [place[n, "likelihood"] for n in names]]),
        dtype="float64",
    )


def _lines(file: TextIO) -> Iterator[str]:
    """Lines of a text; what is none is found before it fills the memory."""
    for number, line in enumerate(iter(partial(file.readline, LONGEST_LINE), ""), 1):
        if "\0" in line:
            message = f"line {number}: holds a NUL character, expected a CSV file of plain text"
            raise RecordingError(message)
        if len(line) == LONGEST_LINE and not line.endswith("\n"):
            message = f"line {number}: longer than {LONGEST_LINE:,} characters, expected one frame per line"
            raise RecordingError(message)
        yield line


def _rows(file: TextIO) -> Rows:
    """Each row with the number of the line it starts on."""
    reader = csv.reader(_lines(file), strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            message = f"line {line}: not a row of comma-separated cells ({error})"
            raise RecordingError(message) from error
        yield line, cells
        line = reader.line_num + 1


def _columns(rows: Rows) -> list[tuple[str, str]]:
    """(Keypoint, coordinate) of each column after the index, from the header rows."""
    header = _header(rows)
    columns: dict[tuple[str, str], int] = {}
    individuals = header.get("individuals")
    for i, (part, coord) in enumerate(zip(header["bodyparts"], header["coords"], strict=True)):
        where = f"column {i + 2} (bodypart {quote(part)})"
        if coord not in COORDS:
            message = f"header row coords, {where}: found {quote(coord)}, expected x, y or likelihood"
            raise RecordingError(message)
        column = (f"{individuals[i]}/{part}" if individuals else part, coord)
        if column in columns:
            message = f"header, {where}: {coord} is already in column {columns[column]}, expected each once"
            raise RecordingError(message)
        columns[column] = i + 2
    for name, _ in columns:
        for coord in COORDS:
            if (name, coord) not in columns:
                message = f"header: no {coord} column for {quote(name)}, expected x, y and likelihood"
                raise RecordingError(message)
    return list(columns)


def _header(rows: Rows) -> dict[str, list[str]]:
    """Read the header rows, by label and without the label, all of one width."""
    header: dict[str, list[str]] = {}
    wanted = ["scorer", "bodyparts", "coords"]
    line = 0
    while wanted:
        line, cells = next(rows, (line + 1, []))
        label = cells[0] if cells else ""
        if label == "individuals" and wanted[0] == "bodyparts" and "individuals" not in header:
            wanted.insert(0, "individuals")
        if label != wanted[0]:
            found = quote(label) if cells else "nothing"
            message = (
                f"line {line}, column 1: found {found}, expected {wanted[0]!r}"
                " (a file starts with the rows scorer, bodyparts, coords)"
            )
            raise RecordingError(message)
        header[wanted.pop(0)] = cells[1:]
        width = len(header["scorer"]) + 1
        if len(cells) != width:
            message = f"line {line}: found {len(cells)} cells, expected {width} as in line 1"
            raise RecordingError(message)
    if not header["coords"]:
        message = f"line {line}: found no column after the first, expected x, y and likelihood per keypoint"
        raise RecordingError(message)
    return header


def _values(rows: Rows, columns: list[tuple[str, str]]) -> array.array[float]:
    """All numbers, row by row."""
    values = array.array("d")
    blank = 0
    for line, cells in rows:
        if not cells:
            blank = blank or line
            continue
        if blank:
            message = f"line {blank}: found an empty line between frames, expected {len(columns) + 1} cells"
            raise RecordingError(message)
        if len(cells) != len(columns) + 1:
            message = f"line {line}: found {len(cells)} cells, expected {len(columns) + 1} as in the header"
            raise RecordingError(message)
        values.fromlist(_numbers(cells[1:], columns, line))
    return values


def _numbers(cells: list[str], columns: list[tuple[str, str]], line: int) -> list[float]:
    """Numbers of one row. The usual row goes through `float` at once; any other cell by cell."""
    text = "".join(cells)
    if text.isascii() and "_" not in text:  # `float` also reads 1_000 and other scripts' digits
        try:
            return list(map(float, cells))
        except ValueError:
            pass
    numbers = []
    for i, cell in enumerate(cells):
        number = _number(cell)
        if number is None:
            name, coord = columns[i]
            where = f"line {line}, column {i + 2} ({show(name, 40)} {coord})"
            message = f"{where}: found {quote(cell)}, expected a number"
            raise RecordingError(message)
        numbers.append(number)
    return numbers


def _number(cell: str) -> float | None:
    if not cell.strip():
        return math.nan
    if "_" in cell or not cell.isascii():
        return None
    try:
        return float(cell)
    except ValueError:
        return None
