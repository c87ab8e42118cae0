"""What each stage makes of one trajectory."""

import matplotlib.pyplot as plt
import numpy as np

from pictures.look import Look
from temporal_loss import TemporalLoss

FRAMES, EPSILON, THRESHOLD = 40, 6.0, 0.9
LOST, JUMPED = slice(12, 15), 27


def trajectory() -> tuple[np.ndarray, np.ndarray]:
    """One keypoint that walks, is lost for three frames, and jumps once."""
    rng = np.random.default_rng(4)
    keypoints = np.cumsum(rng.normal(2.0, 1.2, (FRAMES, 2)), axis=0)
    keypoints[LOST] += rng.normal(0.0, 25.0, (3, 2))
    keypoints[JUMPED] += 30.0
    confidences = np.full((FRAMES, 1), 0.98)
    confidences[LOST] = 0.3
    return keypoints, confidences


def draw(look: Look) -> None:
    """Draw the positions, and the entries after each stage."""
    keypoints, confidences = trajectory()
    loss = TemporalLoss(epsilon=EPSILON, prob_threshold=THRESHOLD)
    lengths = loss.compute_loss(keypoints)
    masked = loss.remove_nans(lengths, confidences)
    rectified = loss.rectify_epsilon(masked)
    mean = float(loss.reduce_loss(rectified))

    frames = np.arange(FRAMES)
    figure, axes = plt.subplots(4, 1, figsize=(6.2, 7.2), sharex=True)
    axes[0].plot(frames, keypoints[:, 0], color=look.first, label="x")
    axes[0].plot(frames, keypoints[:, 1], color=look.second, linestyle="--", label="y")
    axes[0].set_title("the keypoint")
    axes[0].legend(loc="upper left", ncols=2)
    titles = (
        "1  compute_loss: the length of each step",
        f"2  remove_nans: 0 where either frame's confidence is below {THRESHOLD}",
        f"3  rectify_epsilon: {EPSILON:g} px off, never below 0",
    )
    for axis, entries, title in zip(axes[1:], (lengths, masked, rectified), titles, strict=True):
        axis.bar(frames[1:], entries[:, 0], color=look.first, width=0.7)
        axis.set_title(title)
    axes[2].axhline(EPSILON, color=look.second, linewidth=1)
    axes[2].annotate("epsilon", (0, EPSILON), color=look.second, va="bottom")
    axes[3].axhline(mean, color=look.third, linewidth=1.5, linestyle="--")
    axes[3].annotate(
        f"4  reduce_loss: the mean, {mean:.2f} px",
        (0, mean),
        (0, 12),
        textcoords="offset points",
        color=look.third,
    )
    for axis in axes:
        axis.axvspan(LOST.start - 0.5, LOST.stop - 0.5, color=look.faint, alpha=0.25, linewidth=0)
    axes[3].set_xlabel("frame (shaded: low confidence)")
    figure.supylabel("pixels", color=look.ink, fontsize=9)
