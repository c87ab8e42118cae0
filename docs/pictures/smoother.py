"""Training curves and one path of the tutorial's smoother."""

import matplotlib.pyplot as plt
import numpy as np

from pictures import page
from pictures.look import Look

MADE_FROM = ("tutorials/smoother.md",)
_SHOWN = slice(20, 80)


def draw(look: Look) -> None:
    """Draw both objectives, and a part of the first keypoint's path."""
    names = page.run(*MADE_FROM)
    _, (above, below) = plt.subplots(2, 1, figsize=(6.2, 6.0), height_ratios=(1, 1.6))
    above.plot(names["torch_history"], color=look.first, linewidth=2.5, label="torch")
    above.plot(names["jax_history"], color=look.second, linestyle=(0, (3, 3)), label="JAX")
    above.set(title="objective", xlabel="step of training", yscale="log")
    above.set_yticks([6, 10, 20, 40], ["6", "10", "20", "40"])
    above.minorticks_off()
    above.legend()
    for name, style, label in (
        ("torch_middle", {"color": look.faint, "marker": ".", "linewidth": 0.8}, "predictions"),
        ("torch_smoothed", {"color": look.first, "linewidth": 2}, "smoothed"),
        ("truth", {"color": look.second, "linestyle": "--"}, "truth"),
    ):
        path = np.asarray(names[name])[_SHOWN]
        below.plot(path[:, 0], path[:, 1], label=label, **style)
    below.set(title="first keypoint, 60 frames", xlabel="x (px)", ylabel="y (px)", aspect="equal")
    below.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
