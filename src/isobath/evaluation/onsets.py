"""Where things begin: in a recording, and in what a model makes of it.

An onset is a peak of the spectral flux, the summed rise of a log-mel spectrum, above what is
usual around it (Dixon 2006, Onset detection revisited). Two lists of onsets are compared by
the F-measure with a window of 50 ms, as in the MIREX evaluations.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from isobath.types import Audio

from .distances import log_mel

WINDOW_SECONDS = 0.05
_SIZE = 1024
_BANDS = 40
_FLOOR = -7.0
"""Natural log of magnitude (-61 dB): rises below it are not heard."""


def flux(audio: Audio, sample_rate: int) -> np.ndarray:
    """Mean rise of the log-mel spectrum from frame to frame, every 256 samples."""
    mel = np.maximum(log_mel(audio, sample_rate, _SIZE, _BANDS), _FLOOR).mean(axis=0)
    rise = np.maximum(mel[:, 2:] - mel[:, :-2], 0.0).mean(axis=0)
    return np.pad(rise, (2, 0))


def onsets(audio: Audio, sample_rate: int, least: float = 0.15) -> np.ndarray:
    """Seconds at which something begins; at least 50 ms apart. least: smallest rise, nepers."""
    rise = flux(audio, sample_rate)
    step = _SIZE // 4 / sample_rate
    near, around = max(1, round(0.03 / step)), max(2, round(0.25 / step))
    padded = np.pad(rise, around, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * around + 1)
    usual = np.median(windows, axis=1) + 0.5 * windows.std(axis=1)
    highest = np.lib.stride_tricks.sliding_window_view(np.pad(rise, near), 2 * near + 1).max(axis=1)
    peaks = np.flatnonzero((rise >= highest) & (rise > usual) & (rise > least))
    chosen: list[int] = []
    for peak in peaks:
        if not chosen or (peak - chosen[-1]) * step >= WINDOW_SECONDS:
            chosen.append(int(peak))
    return np.array([peak * step + _SIZE / 2 / sample_rate for peak in chosen])


def merged(times: Sequence[float]) -> np.ndarray:
    """Labelled hits as a listener counts them: those within 30 ms are one."""
    found: list[float] = []
    for time in sorted(times):
        if not found or time - found[-1] > 0.03:
            found.append(time)
    return np.array(found)


def matches(truth: np.ndarray, found: np.ndarray, window: float = WINDOW_SECONDS) -> int:
    """How many pairs there are, each onset used once, in time order."""
    i = j = hits = 0
    while i < len(truth) and j < len(found):
        gap = found[j] - truth[i]
        if abs(gap) <= window:
            hits, i, j = hits + 1, i + 1, j + 1
        elif gap < 0:
            j += 1
        else:
            i += 1
    return hits


def f_measure(hits: int, truth: int, found: int) -> float:
    """Harmonic mean of precision and recall, 0..1; 1 where there was nothing and nothing was found."""
    return 2 * hits / (truth + found) if truth + found else 1.0
