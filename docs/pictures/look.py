"""What the pictures share: colours on light and on dark pages, and how they are saved."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

mpl.use("svg")


@dataclass(frozen=True)
class Look:
    """Colours of one kind of page; the three told apart by any eye."""

    name: str
    ink: str
    faint: str
    first: str
    second: str
    third: str


LOOKS = (
    Look("light", ink="#1f2328", faint="#8a9099", first="#0b5c8f", second="#b3470c", third="#0a7a52"),
    Look("dark", ink="#e6e9ed", faint="#7d8590", first="#7cc4f0", second="#f0a35c", third="#5fd3a6"),
)


@contextmanager
def saved(look: Look, path: Path) -> Iterator[None]:
    """Draw in a look; whatever figure is current at the end is saved, the same bytes every time."""
    settings: Any = {
        "axes.edgecolor": look.faint,
        "axes.labelcolor": look.ink,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlecolor": look.ink,
        "axes.titlelocation": "left",
        "axes.titlesize": 10,
        "figure.constrained_layout.use": True,
        "font.size": 9,
        "legend.frameon": False,
        "legend.labelcolor": look.ink,
        "svg.hashsalt": path.stem,
        "text.color": look.ink,
        "xtick.color": look.faint,
        "xtick.labelcolor": look.ink,
        "ytick.color": look.faint,
        "ytick.labelcolor": look.ink,
    }
    with mpl.rc_context(settings):
        yield
        plt.savefig(path, transparent=True, metadata={"Date": None})
        plt.close("all")
