"""Plot of time and peak memory against the number of frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.figure import Figure

    from benchmarks.results import Point

_LIMIT = 64
# Okabe and Ito's colours, which people with any colour vision tell apart; shapes say the same.
_STYLES = (
    ("#0072B2", "o"), ("#D55E00", "s"), ("#CC79A7", "D"), ("#009E73", "^"),
    ("#56B4E9", "v"), ("#E69F00", "P"), ("#999999", "X"),
)  # fmt: skip


def draw(points: Sequence[Point], path: Path) -> None:
    """Write the plot as SVG."""
    import matplotlib as mpl  # noqa: PLC0415 - a second, which --help need not take
    from matplotlib.figure import Figure  # noqa: PLC0415

    mpl.rcParams.update({"svg.hashsalt": "temporal-loss", "svg.fonttype": "none"})
    figure = Figure(figsize=(6.6, 7.8), layout="constrained")
    fill(figure, points)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


def fill(figure: Figure, points: Sequence[Point], ink: str = "#000000") -> None:
    """Draw time and memory into a figure, both axes logarithmic; `ink` stands out from its background."""
    # One above the other, so that both are large enough on a phone.
    time, memory = figure.subplots(2, 1)
    names = list(dict.fromkeys(point.name for point in points))
    for name, (colour, marker) in zip(names, (*_STYLES, (ink, "*")), strict=False):
        line = sorted((point for point in points if point.name == name), key=lambda point: point.frames)
        style = {"color": colour, "marker": marker, "markersize": 5, "linewidth": 1.3, "label": name}
        time.plot([point.frames for point in line], [point.seconds for point in line], **style)
        measured = [point for point in line if point.mebibytes]
        if measured:
            memory.plot([p.frames for p in measured], [p.mebibytes for p in measured], **style)
    memory.axhline(_LIMIT, color="#999999", linestyle=":", linewidth=1)
    memory.annotate(
        f"{_LIMIT} MiB", (0.01, _LIMIT), xycoords=("axes fraction", "data"), va="bottom", color="#808080"
    )
    for axes, title, unit in ((time, "time of a call", "seconds"), (memory, "peak above the inputs", "MiB")):
        axes.set(xscale="log", yscale="log", xlabel="frames (20 keypoints)", ylabel=unit, title=title)
        axes.grid(visible=True, which="major", color="#808080", alpha=0.25, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    figure.legend(
        *time.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=3,
        frameon=False,
        fontsize="small",
    )
