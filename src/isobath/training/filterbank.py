"""The filter bank: a cosine-modulated pseudo-quadrature bank of M bands.

Nguyen, "Near-perfect-reconstruction pseudo-QMF banks" (IEEE TSP 1994) and the 1-D
design search of Creusere & Mitra (1995): a Kaiser low-pass whose cut-off makes the
autocorrelation of the prototype vanish at multiples of 2M. Adjacent bands alias into
each other with opposite signs, so analysis followed by synthesis is a delay of
taps - 1 samples and an error that depends on the prototype alone.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0


def _prototype(cutoff: float, taps: int, beta: float) -> NDArray[np.float64]:
    n = np.arange(taps) - (taps - 1) / 2
    return np.asarray(2 * cutoff * np.sinc(2 * cutoff * n) * np.kaiser(taps, beta))


def _defect(cutoff: float, bands: int, taps: int, beta: float) -> float:
    """Largest autocorrelation of the prototype at multiples of 2M, relative to lag 0."""
    p = _prototype(cutoff, taps, beta)
    lags = np.correlate(p, p, "full")[taps - 1 :]
    return float(np.max(np.abs(lags[2 * bands :: 2 * bands])) / lags[0])


def _best_cutoff(bands: int, taps: int, beta: float) -> tuple[float, float]:
    low, high = 0.9 / (4 * bands), 1.4 / (4 * bands)  # beyond, bands overlap twice
    grid = np.linspace(low, high, 60)
    defects = [_defect(float(c), bands, taps, beta) for c in grid]
    i = int(np.argmin(defects))
    a, b = float(grid[max(i - 1, 0)]), float(grid[min(i + 1, 59)])
    for _ in range(40):
        c, d = b - _GOLDEN * (b - a), a + _GOLDEN * (b - a)
        if _defect(c, bands, taps, beta) < _defect(d, bands, taps, beta):
            b = d
        else:
            a = c
    middle = (a + b) / 2
    return _defect(middle, bands, taps, beta), middle


@lru_cache(maxsize=8)
def filters(bands: int, taps: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Analysis and synthesis filters, each [bands, taps], of unit gain through both.

    The synthesis filters are the analysis filters reversed in time; total delay taps - 1.
    """
    betas = np.linspace(4.0, 12.0, 17)
    _, cutoff, beta = min((*_best_cutoff(bands, taps, float(b)), float(b)) for b in betas)
    p = _prototype(cutoff, taps, beta)
    n = np.arange(taps) - (taps - 1) / 2
    m = np.arange(bands)[:, None]
    turn = (np.pi / 4) * (-1.0) ** m
    h = 2 * p * np.cos((2 * m + 1) * np.pi / (2 * bands) * n + turn)
    # Unit gain: over the bands, sum of |H|^2 equals 1 (per M of decimation).
    response = np.abs(np.fft.rfft(h, 8192, axis=1)) ** 2
    h = h / np.sqrt(np.mean(response.sum(axis=0)))
    return h.astype(np.float32), h[:, ::-1].astype(np.float32)
