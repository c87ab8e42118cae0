"""Steps of a slow and a fast keypoint, and the epsilon estimated from them."""

import matplotlib.pyplot as plt
import numpy as np

from pictures import page
from pictures.look import Look
from temporal_loss import temporal_norm

MADE_FROM = ("howto/epsilon.md",)
_BINS = np.geomspace(0.01, 200.0, 70)


def draw(look: Look) -> None:
    """Draw a histogram for each keypoint of the page."""
    names = page.run(*MADE_FROM)
    epsilon, confidences = names["epsilon"], names["confidences"]
    steps = temporal_norm(names["keypoints"])[1:]
    trusted = np.minimum(confidences[1:], confidences[:-1]) >= 0.9
    _, axes = plt.subplots(2, 1, figsize=(6.2, 4.0), sharex=True, sharey=True)
    for k, (axis, title) in enumerate(zip(axes, ("slow keypoint", "fast keypoint"), strict=True)):
        parts = [steps[trusted[:, k], k], steps[~trusted[:, k], k]]
        axis.hist(parts, _BINS, stacked=True, color=[look.first, look.faint], label=["trusted", "left out"])
        axis.axvline(epsilon[k], color=look.second)
        axis.annotate(
            f"epsilon {epsilon[k]:.1f} px",
            (epsilon[k], 0.8),
            (6, 0),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            color=look.second,
        )
        axis.set(title=title, ylabel="steps", xscale="log", yscale="log")
    axes[0].legend(loc="upper left")
    axes[1].set_xlabel("length of a step (pixels)")
    axes[1].xaxis.set_major_formatter("{x:g}")
