"""The steps of the tutorial's recording, with the suspect ones marked."""

import matplotlib.pyplot as plt
import numpy as np

from pictures import page
from pictures.look import Look

MADE_FROM = ("tutorials/bad-frames.md",)


def draw(look: Look) -> None:
    """Draw one chart per body part."""
    names = page.run(*MADE_FROM)
    norm, epsilon, trusted = names["norm"], names["epsilon"], names["trusted"]
    frames = np.arange(len(norm))
    _, axes = plt.subplots(2, 1, figsize=(6.2, 4.2), sharex=True)
    for k, (axis, title) in enumerate(zip(axes, names["names"], strict=True)):
        line = 3 * epsilon[k]
        suspect = frames[(norm[:, k] > line) & trusted[:, k]]
        axis.plot(frames, norm[:, k], color=look.first, linewidth=0.9)
        axis.plot(suspect, norm[suspect, k], "o", color=look.second, fillstyle="none", markersize=9)
        axis.axhline(line, color=look.third, linestyle="--", linewidth=1)
        axis.annotate(
            "three times epsilon",
            (frames[-1], line),
            (0, 4),
            textcoords="offset points",
            color=look.third,
            ha="right",
        )
        for frame in suspect[::2]:
            axis.annotate(
                f"{frame}", (frame, norm[frame, k]), (-10, 0), textcoords="offset points", ha="right"
            )
        unsure = frames[~trusted[:, k] & (frames > 0)]
        if len(unsure):
            axis.axvspan(unsure[0] - 4, unsure[-1] + 4, color=look.faint, alpha=0.3, linewidth=0)
        axis.set(title=title, ylabel="step (px)")
    axes[-1].set_xlabel("frame")
