"""The filter bank gives back what it was given."""

import numpy as np
import pytest
import torch

from isobath.training.coder import analysis, synthesis
from isobath.training.filterbank import filters


@pytest.mark.parametrize(("bands", "taps", "ceiling_db"), [(16, 256, 60.0), (16, 384, 60.0), (8, 128, 55.0)])
def test_the_bank_returns_noise_with_little_error_after_its_delay(
    bands: int, taps: int, ceiling_db: float
) -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 2, bands * 400)
    down, up = (torch.from_numpy(f.copy()) for f in filters(bands, taps))
    y = synthesis(analysis(x, down), up)
    delay = taps - bands  # rows are taken at the newest sample
    source, out = x[..., 1000 : 2000 - delay], y[..., 1000 + delay : 2000]
    error = (source - out).square().mean() / source.square().mean()
    assert -10 * np.log10(error.item()) > ceiling_db


def test_a_tone_stays_in_its_band() -> None:
    down, _ = filters(16, 256)
    width = 0.5 / 16
    turn = 2j * np.pi * np.arange(256) * (5.5 * width)  # the middle of band 5
    level = np.abs(down @ np.exp(turn))
    assert level.argmax() == 5
    far = np.delete(level, [4, 5, 6])
    assert 20 * np.log10(far.max() / level[5]) < -50
