"""The pitch of a moment of sound, by the shape of its own repetition (McLeod and Wyvill 2005)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

LOWEST_HZ, HIGHEST_HZ = 55.0, 1760.0
CLEAR = 0.85
"""How alike a sound must be to itself one period later to have a pitch."""
FIRST = 0.9
"""Of the most alike, so much is enough for the first: an octave below is as alike."""


def pitch(window: NDArray[np.floating], sample_rate: int) -> float | None:
    """Hz, 55 to 1760; None: it has none. window: (samples,), three of its longest periods or more."""
    x = np.asarray(window, dtype=np.float64)
    x = x - x.mean()
    n = len(x)
    longest = min(n // 2, math.ceil(sample_rate / LOWEST_HZ))
    shortest = max(2, int(sample_rate / HIGHEST_HZ))
    if longest <= shortest + 2 or float(x @ x) < 1e-8 * n:
        return None
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(x, size)
    alike = np.fft.irfft(spectrum * spectrum.conj(), size)[: longest + 2]
    squares = np.cumsum(x * x)
    lags = np.arange(longest + 2)
    energy = squares[n - 1 - lags] + squares[n - 1] - np.concatenate(([0.0], squares))[lags]
    clear = 2.0 * alike / np.maximum(energy, 1e-12)
    inner = clear[1:-1]
    peaks = np.flatnonzero((inner > clear[:-2]) & (inner >= clear[2:])) + 1
    peaks = peaks[(peaks >= shortest) & (peaks <= longest)]
    if len(peaks) == 0 or clear[peaks].max() < CLEAR:
        return None
    at = int(peaks[clear[peaks] >= FIRST * clear[peaks].max()][0])
    before, here, after = clear[at - 1], clear[at], clear[at + 1]
    bend = before - 2.0 * here + after
    shift = 0.0 if bend == 0.0 else 0.5 * (before - after) / bend
    return sample_rate / (at + shift)


def place(hz: float) -> float:
    """0..1 of the five octaves between 55 and 1760 Hz."""
    return min(1.0, max(0.0, math.log2(hz / LOWEST_HZ) / math.log2(HIGHEST_HZ / LOWEST_HZ)))
