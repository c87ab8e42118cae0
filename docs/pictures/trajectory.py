"""Path and steps of the keypoint that the how-to on SciPy smooths."""

import matplotlib.pyplot as plt
import numpy as np

from pictures import page
from pictures.look import Look

MADE_FROM = ("howto/scipy.md",)


def draw(look: Look) -> None:
    """Draw the path, and the steps before and after."""
    names = page.run(*MADE_FROM)
    _, (above, below) = plt.subplots(2, 1, figsize=(6.2, 6.4), height_ratios=(1.7, 1))
    for name, style, label in (
        ("observed", {"color": look.faint, "marker": ".", "linestyle": "none"}, "observed"),
        ("truth", {"color": look.second, "linestyle": "--"}, "truth"),
        ("smooth", {"color": look.first, "linewidth": 2}, "smoothed"),
    ):
        above.plot(*names[name].T, label=label, **style)
    above.set(title="path", xlabel="x (px)", ylabel="y (px)", aspect="equal")
    above.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    norm = names["temporal_norm"]
    below.plot(norm(names["start"]), color=look.faint, linewidth=1, label="before")
    below.plot(norm(names["smooth"]), color=look.first, linewidth=2, label="smoothed")
    below.axhline(4.0, color=look.third, linestyle="--", linewidth=1, label="epsilon")
    lost = np.flatnonzero(~names["seen"][:, 0])
    for gap in np.split(lost, np.flatnonzero(np.diff(lost) > 1) + 1):
        below.axvspan(gap[0] - 0.5, gap[-1] + 0.5, color=look.faint, alpha=0.3, linewidth=0)
    below.set(title="length of the step into each frame", xlabel="frame", ylabel="px", ylim=(0, None))
    below.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
