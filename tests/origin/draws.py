"""Inputs for comparing with the origin, and how far two right answers may lie apart.

The budgets are first-order bounds on both sides together, u being the unit
roundoff of the dtype. The differences d are one rounding of the same operands,
so both sides hold the same d. From there:

- a length is sqrt(d0*d0 + d1*d1): two squares, a sum, a root, (u + u)/2 + u = 2u
  of the length n on each side, 4u together;
- the soft threshold subtracts once more, at most u*n on each side: 6u*n;
- a mean adds N terms and divides once, at most N*u of the mean Y on each side,
  so 2N*u*Y + 6u*A together, A being the mean length that entered it;
- a gradient is the sum, one rounding, of two terms d/(n*N) of at most six
  roundings: on each side 6u*(|a| + |b|)/N + 2u*|g|.

Coordinates keep the differences within 2^-54 .. 2^42, where no square leaves
the range of float32, so that none of this is disturbed by underflow.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

NAN, INF = float("nan"), float("inf")
UNIT = {torch.float32: 2.0**-24, torch.float64: 2.0**-53}
DTYPES = st.sampled_from([torch.float32, torch.float64])
# Numbers of frames and of keypoints.
SIZES = st.tuples(st.integers(2, 8), st.integers(1, 4))

# Steps whose length is a whole number: every stage before the division is exact.
EXACT_STEPS = np.array(
    [(0, 0), (3, 4), (-4, 3), (5, -12), (-8, -15), (0, 1), (-1, 0), (20, 21), (6, 8)], dtype=float
)
# Pixels with sub-pixel parts, and numbers of very different sizes.
COORDINATES = st.one_of(
    st.integers(-(2**20), 2**20).map(lambda count: count / 256),
    st.floats(2.0**-30, 2.0**40, width=32),
    st.floats(-(2.0**40), -(2.0**-30), width=32),
)


@dataclass(frozen=True)
class Sample:
    """One drawn input with its parameters."""

    keypoints: torch.Tensor
    confidences: torch.Tensor | None
    parameters: dict[str, Any]
    stage: str | None

    @property
    def unit(self) -> float:
        """Unit roundoff of the result dtype."""
        return UNIT[self.keypoints.dtype]

    @property
    def count(self) -> int:
        """Number of entries that the mean divides by."""
        frames, columns = self.keypoints.shape
        return int((frames - 1) * (columns // 2))


@st.composite
def tracks(draw: st.DrawFn, *, nans: bool) -> Any:
    """Draw T rows of 2K coordinates; frames may repeat, and hold NaN and inf where asked for."""
    frames, keypoints = draw(SIZES)
    value = st.one_of(COORDINATES, st.sampled_from([NAN, INF, -INF])) if nans else COORDINATES
    rows = draw(arrays(float, (frames, keypoints, 2), elements=value))
    still = draw(arrays(bool, (frames, keypoints)))
    for before, row, same in zip(rows[:-1], rows[1:], still[1:], strict=True):
        row[same] = before[same]
    return rows.reshape(frames, -1)


@st.composite
def exact_tracks(draw: st.DrawFn) -> Any:
    """Draw rows whose steps have lengths that are exact in float32."""
    frames, keypoints = draw(SIZES)
    start = draw(arrays(float, (1, keypoints, 2), elements=st.integers(-100, 100)))
    which = draw(arrays(int, (frames - 1, keypoints), elements=st.integers(0, len(EXACT_STEPS) - 1)))
    rows = np.concatenate([start, EXACT_STEPS[which]]).cumsum(axis=0)
    return rows.reshape(frames, -1) * 2.0 ** draw(st.integers(-4, 4))


def numbers(low: float, high: float, dtype: torch.dtype) -> st.SearchStrategy[float]:
    """Draw parameters; beside float64 only those that float32 holds.

    The origin rounds parameters to float32 for every input. For float64 input
    that is a deliberate difference, shown in test_differences.
    """
    narrow = dtype == torch.float64
    return st.floats(low, high, width=32 if narrow else 64, allow_subnormal=False)


def confidences_near(
    threshold: float, shape: tuple[int, int], dtype: torch.dtype
) -> st.SearchStrategy[torch.Tensor]:
    """Draw confidences: the threshold itself, its two neighbours, NaN, and others."""
    exact = torch.tensor(threshold, dtype=dtype)
    around = [torch.nextafter(exact, exact + way).item() for way in (-1.0, 1.0)]
    value = st.one_of(st.sampled_from([exact.item(), *around, NAN, 0.0, 1.0]), st.floats(0.0, 1.0, width=32))
    return arrays(float, shape, elements=value).map(lambda drawn: torch.tensor(drawn, dtype=dtype))


@st.composite
def samples(draw: st.DrawFn, *, exact: bool = False, nans: bool = False) -> Sample:
    """Draw keypoints, confidences or none, and every parameter."""
    dtype = draw(DTYPES)
    keypoints = torch.tensor(draw(exact_tracks() if exact else tracks(nans=nans)), dtype=dtype)
    shape = (keypoints.shape[0], keypoints.shape[1] // 2)
    size = numbers(0.0, 64.0, dtype)
    if exact:
        # Lengths that occur, so that many entries lie exactly at the kink.
        lengths = torch.linalg.norm(keypoints.diff(dim=0).reshape(shape[0] - 1, -1, 2), dim=-1)
        size = st.sampled_from(lengths.flatten().tolist())
    confidence_dtype = draw(DTYPES)
    threshold = draw(numbers(0.0, 1.0, confidence_dtype))
    confidences = draw(st.one_of(st.none(), confidences_near(threshold, shape, confidence_dtype)))
    parameters = {
        "epsilon": draw(st.one_of(st.just(0.0), size, st.lists(size, min_size=shape[1], max_size=shape[1]))),
        "prob_threshold": threshold,
        "log_weight": draw(st.floats(-20.0, 20.0)),
    }
    # A library may take another way where no gradient is asked for: both are drawn.
    keypoints.requires_grad_(draw(st.booleans()))
    return Sample(keypoints, confidences, parameters, draw(st.sampled_from([None, "train", "val", "test"])))
