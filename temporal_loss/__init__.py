"""The temporal loss: a penalty on frame-to-frame motion of predicted keypoints.

One array-API implementation for NumPy, torch, JAX, Dask, array-api-strict and CuPy, which was run on a
stand-in alone.
Importing this package imports no array library.
"""

from temporal_loss._class import TemporalLoss
from temporal_loss._loss import temporal_loss, temporal_loss_and_grad
from temporal_loss._metrics import count_valid, estimate_epsilon, temporal_norm

__all__ = [
    "TemporalLoss",
    "count_valid",
    "estimate_epsilon",
    "temporal_loss",
    "temporal_loss_and_grad",
    "temporal_norm",
]
__version__ = "0.1.0"
