"""The steps of a recording as a picture, or as a page with the picture in it."""

from __future__ import annotations

import base64
import html
import io
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from temporal_loss.recordings.steps import Examination

_TALLEST = 300.0  # inches; matplotlib draws no picture beyond 2**16 pixels
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<body style="font-family: sans-serif; max-width: 64rem; margin: 1rem auto; padding: 0 1rem">
<h1>{title}</h1>
<pre style="overflow-x: auto">{text}</pre>
<img style="max-width: 100%" alt="The steps of each keypoint over time" src="data:image/png;base64,{picture}">
</body>
</html>
"""


def draw(examined: Examination, ending: str, text: str) -> bytes:
    """Make a picture of the kind that the ending says, or for .html a page of text and picture."""
    if ending == ".html":
        title = html.escape(f"Steps of {examined.recording.path.name}")
        picture = base64.b64encode(_picture(examined, ".png")).decode("ascii")
        return _PAGE.format(title=title, text=html.escape(text), picture=picture).encode()
    return _picture(examined, ending)


def _picture(examined: Examination, ending: str) -> bytes:
    """Draw a chart of each keypoint's steps, with epsilon and the worst of them marked."""
    count = len(examined.names)
    figure = Figure(figsize=(10, min(0.6 + 1.4 * count, _TALLEST)), layout="constrained")
    charts = figure.subplots(count, sharex=True, squeeze=False)[:, 0]
    kept = np.where(np.pad(examined.masked, ((1, 0), (0, 0))), np.nan, examined.steps)
    for k, (name, chart) in enumerate(zip(examined.names, charts, strict=True)):
        worst = [step for step in examined.worst if step.keypoint == name]
        chart.plot(examined.steps[:, k], color="0.75", linewidth=0.8, label="masked")
        chart.plot(kept[:, k], color="#0b5c8f", linewidth=0.8, label="step into the frame")
        chart.axhline(examined.epsilon[k], color="0.2", linestyle="--", linewidth=0.8, label="epsilon")
        places = [step.frame for step in worst], [step.pixels for step in worst]
        chart.plot(*places, "o", color="#b04a00", fillstyle="none", label="worst")
        chart.set_title(name, loc="left", fontsize="medium", parse_math=False)
        chart.set_ylabel("px")
    charts[0].legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4, fontsize="small", frameon=False)
    charts[-1].set_xlabel("frame, counted from 0")
    picture = io.BytesIO()
    with mpl.rc_context({"agg.path.chunksize": 10_000}):  # long recordings are too much for one path
        figure.savefig(picture, format=ending.removeprefix("."))
    return picture.getvalue()
