"""A small recording, and the comparison on it, for the tests of `--data`."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console

from conformance.compare import run
from conformance.exits import UsageError

if TYPE_CHECKING:
    from pathlib import Path

# Two keypoints; steps of 5, 10 and 0 px, and of 0, 3 and 3 px. Confidence of `tail` is low in frame 1.
TABLE = """scorer,net,net,net,net,net,net
bodyparts,nose,nose,nose,tail,tail,tail
coords,x,y,likelihood,x,y,likelihood
0,0,0,1,1,1,1
1,3,4,1,1,1,0.25
2,9,12,1,1,4,1
3,9,12,1,4,4,1
"""


def compare(path: object, *, width: int = 200, **options: Any) -> tuple[int, str]:
    """Exit code and everything printed, on NumPy unless told otherwise."""
    stream = io.StringIO()
    options = {"backend": ["numpy"], **options}
    try:
        code = run(path, console=Console(file=stream, width=width), **options)  # type: ignore[arg-type]
    except UsageError as error:
        refusal = str(error)
        assert refusal.isprintable()
        assert stream.getvalue() == ""
        return 2, refusal
    return code, stream.getvalue()


def agreed(path: object, **options: Any) -> str:
    """Everything printed where all agree."""
    code, text = compare(path, **options)
    assert code == 0, text
    assert " agree with the " in text.splitlines()[-1]
    return text


def walk(folder: Path, text: str = TABLE) -> Path:
    """Write the table to a file."""
    path = folder / "walk.csv"
    path.write_text(text)
    return path


def saved(tmp_path: Path, **arrays: object) -> Path:
    np.savez(tmp_path / "a.npz", **{name: np.asarray(array) for name, array in arrays.items()})
    return tmp_path / "a.npz"
