"""Value and gradient of a single step around each of the loss's kinks."""

from typing import NamedTuple

import matplotlib.pyplot as plt
import torch

from pictures.look import Look
from temporal_loss import temporal_loss

THRESHOLD = 0.5


class Kink(NamedTuple):
    """One column: what varies over `over`, with the kink at `at`."""

    title: str
    varies: str
    over: torch.Tensor
    at: float
    epsilon: float = 0.0


KINKS = (
    Kink("at rest", "step along x (px)", torch.linspace(-3.0, 3.0, 400), 0.0),
    Kink("at epsilon = 1 px", "step along x (px)", torch.linspace(0.01, 3.0, 400), 1.0, epsilon=1.0),
    Kink("at prob_threshold = 0.5", "confidence", torch.linspace(0.0, 1.0, 400), THRESHOLD),
)


def value_and_gradient(kink: Kink, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Entries of single steps along x, one keypoint each, and their derivative by where the step ends."""
    by_confidence = kink.varies == "confidence"
    ends = (torch.full_like(values, 2.0) if by_confidence else values.clone()).requires_grad_()
    sure = values if by_confidence else torch.ones_like(values)
    keypoints = torch.stack([torch.zeros(len(values), 1), ends[:, None]])
    confidences = torch.stack([torch.ones_like(sure), sure])
    entries = temporal_loss(
        keypoints, confidences, epsilon=kink.epsilon, prob_threshold=THRESHOLD, reduction="none"
    )
    (gradient,) = torch.autograd.grad(entries.sum(), ends)
    return entries[0].detach(), gradient


def draw(look: Look) -> None:
    """Draw one column per kink."""
    _, axes = plt.subplots(2, len(KINKS), figsize=(6.2, 3.8), sharex="col", sharey="row")
    for pair, kink in zip(axes.T, KINKS, strict=True):
        # Two pieces, so that a jump is no line.
        for piece in (kink.over[kink.over < kink.at], kink.over[kink.over > kink.at]):
            for axis, drawn in zip(pair, value_and_gradient(kink, piece), strict=True):
                axis.plot(piece, drawn, color=look.first)
        for axis, drawn in zip(pair, value_and_gradient(kink, torch.tensor([kink.at])), strict=True):
            axis.plot([kink.at], drawn, "o", color=look.second, markersize=5)
        pair[0].set_title(kink.title)
        pair[1].set_xlabel(kink.varies)
    axes[0, 0].set_ylabel("value (px)")
    axes[1, 0].set_ylabel("gradient")
