"""True peak: how high a sound reaches between its samples (ITU-R BS.1770, annex 2).

A meter for tests and reports, finer than the limiter's own detector and independent of it: any whole
oversampling, a longer filter, everything in double.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from isobath.types import Audio
from isobath.units import SILENCE_DB

_HALF = 32
"""Samples of the interpolator on each side."""


def _phases(oversampling: int) -> NDArray[np.float64]:
    """(oversampling, 2 * _HALF): for each fraction of a sample, the weights of its neighbours."""
    at = np.arange(-_HALF, _HALF)[None, :] + 1 - np.arange(oversampling)[:, None] / oversampling
    window = np.i0(8.0 * np.sqrt(np.maximum(0.0, 1 - (at / _HALF) ** 2))) / np.i0(8.0)
    weights = np.sinc(at) * window
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float64)


def true_peak(audio: Audio | NDArray[np.float64], oversampling: int = 16) -> float:
    """Largest magnitude of the sound and what lies between its samples, linear."""
    sound = np.atleast_2d(np.asarray(audio, dtype=np.float64))
    if sound.shape[1] == 0:
        return 0.0
    peak = float(np.abs(sound).max())
    for weights in _phases(oversampling)[1:]:
        for channel in sound:
            peak = max(peak, float(np.abs(np.convolve(channel, weights[::-1])).max()))
    return peak


def true_peak_db(audio: Audio | NDArray[np.float64], oversampling: int = 16) -> float:
    """The same in dBTP."""
    peak = true_peak(audio, oversampling)
    return max(SILENCE_DB, 20 * float(np.log10(peak))) if peak > 0 else SILENCE_DB
