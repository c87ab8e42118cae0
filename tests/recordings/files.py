"""Files of recorded predictions, good and broken, and how a refusal is read."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest

from temporal_loss.recordings import RecordingError, read

if TYPE_CHECKING:
    from pathlib import Path

SCORER = "scorer,net,net,net,net,net,net\n"
HEADER = SCORER + "bodyparts,nose,nose,nose,tail,tail,tail\n"
COORDS = "coords,x,y,likelihood,x,y,likelihood\n"
GOOD = HEADER + COORDS + "0,1.5,2.5,0.9,10,20,0.1\n1,4.5,6.5,0.8,10,20,0.2\n"
FRAMES = [[1.0, 2.0], [3.0, 4.0]]


def refusal(path: Path) -> str:
    """Message for a file that must be refused, without the file's name, which must be in front."""
    with pytest.raises(RecordingError) as caught:
        read(path)
    message = str(caught.value)
    assert message.isprintable()  # a line break is not printable
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


def write(folder: Path, text: str | bytes, name: str = "recording.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def saved(*, compressed: bool = False, **arrays: object) -> bytes:
    """Bytes of an .npz file."""
    stream = io.BytesIO()
    save = np.savez_compressed if compressed else np.savez
    save(stream, **{name: np.asarray(array) for name, array in arrays.items()})
    return stream.getvalue()


def deeplabcut(columns: list[tuple[str, str, str]], rows: list[list[object]]) -> str:
    """CSV with the columns (individual, body part, coordinate); no row of individuals if all are empty."""
    individuals, parts, coords = zip(*columns, strict=True)
    table = [["scorer", *("net" for _ in columns)], ["bodyparts", *parts], ["coords", *coords]]
    if any(individuals):
        table.insert(1, ["individuals", *individuals])
    table += [[str(frame), *map(str, row)] for frame, row in enumerate(rows)]
    return "".join(",".join(cells) + "\n" for cells in table)
