"""Keypoints with a unit: what the page on other libraries says of them. `nox -s others` runs this."""

from __future__ import annotations

from typing import Any

import pytest

from temporal_loss import estimate_epsilon, temporal_loss, temporal_loss_and_grad, temporal_norm

np = pytest.importorskip("numpy")
# Steps of 5 and 0, and of 10 and 0.
WALK = np.asarray([[0.0, 0, 0, 0], [3, 4, 6, 8], [3, 4, 6, 8]])


def astropy() -> Any:
    return pytest.importorskip("astropy.units")


def test_astropy_gives_pixels() -> None:
    u = astropy()
    walk = WALK * u.pix
    for epsilon, due in ((0.0, 3.75), (1.0 * u.pix, 3.25), ([1.0, 2.0] * u.pix, 3.0), (0.001 * u.kpix, 3.25)):
        loss, gradient = temporal_loss_and_grad(walk, epsilon=epsilon)
        assert (loss.unit, loss.value) == (u.pix, pytest.approx(due))
        assert gradient[1].value.tolist() == pytest.approx([0.15, 0.2, 0.15, 0.2])
    for lengths in (temporal_norm(walk)[1], estimate_epsilon(walk, quantile=1.0)):
        assert (lengths.unit, lengths.value.tolist()) == (u.pix, [5.0, 10.0])


def test_astropy_on_a_long_recording() -> None:
    u = astropy()
    long = np.arange(200_000.0)[:, None, None] * np.asarray([[3.0, 4.0]]) * u.pix
    confidences = np.ones((200_000, 1))
    loss, gradient = temporal_loss_and_grad(long, confidences, epsilon=[1.0] * u.pix, prob_threshold=0.5)
    assert (loss.unit, loss.value) == (u.pix, pytest.approx(4.0))
    assert gradient[-1, 0].value.tolist() == pytest.approx([0.6 / 199_999, 0.8 / 199_999])


def test_astropy_refuses_other_units() -> None:
    u = astropy()
    for epsilon in (1.0, [1.0, 1.0], 1.0 * u.m):
        with pytest.raises(u.UnitConversionError, match=r"^[^\n]+$"):
            temporal_loss(WALK * u.pix, epsilon=epsilon)
    with pytest.raises(ValueError, match=r"^epsilon\[0\] must be a number, got Quantity"):
        temporal_loss(WALK * u.pix, epsilon=[1.0 * u.pix, 1.0 * u.pix])


def test_unxt_refuses_units() -> None:
    u = pytest.importorskip("unxt")
    with pytest.raises(ValueError, match=r"^'' .dimensionless. and 'pix2' are not convertible"):
        temporal_loss(u.Quantity(WALK, "pix"))
    assert float(temporal_loss(u.Quantity(WALK, ""), epsilon=[1.0, 2.0]).value) == 3.0
