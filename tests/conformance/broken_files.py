"""Files that must be refused, and how the refusal is read."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest

from conformance.recordings import RecordingError, read

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "scorer,net,net,net,net,net,net\nbodyparts,nose,nose,nose,tail,tail,tail\n"
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


def saved(**arrays: object) -> bytes:
    """Bytes of an .npz file."""
    stream = io.BytesIO()
    np.savez(stream, **{name: np.asarray(array) for name, array in arrays.items()})
    return stream.getvalue()
