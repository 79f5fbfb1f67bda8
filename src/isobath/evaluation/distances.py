"""Distances between the spectra of two sounds, as a listener would group them.

The spectral distance is the one that training minimises (training/losses.py): per scale, the
error relative to the target's level plus the mean difference of logarithms (Caillon & Esling
2021, section 3.1; Engel et al. 2020, DDSP, section 4.2.1).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
SCALES = (2048, 1024, 512, 256, 128)
LOG_FLOOR = 2e-5
"""Magnitudes below this (-94 dBFS a bin) are all silence."""
ENERGY_FLOOR = 1e-6
_FRAMES_AT_ONCE = 512


def magnitudes(audio: Floats, n: int) -> Floats:
    """(channels, samples) -> (channels, frames, bins): a unit sinusoid reads about 1; hop n/4."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    if audio.shape[1] < n:
        audio = np.pad(audio, ((0, 0), (0, n - audio.shape[1])))
    frames = np.lib.stride_tricks.sliding_window_view(audio, n, axis=1)[:, :: n // 4]
    found = np.empty((*frames.shape[:2], n // 2 + 1), np.float32)
    for start in range(0, frames.shape[1], _FRAMES_AT_ONCE):
        z = np.fft.rfft(frames[:, start : start + _FRAMES_AT_ONCE] * window, axis=2)
        found[:, start : start + _FRAMES_AT_ONCE] = np.abs(z)
    return found * (4.0 / n)


def scale_distance(out: Floats, target: Floats, n: int) -> float:
    """One resolution of the spectral distance, mean over channels."""
    a, b = magnitudes(out, n), magnitudes(target, n)
    energy = np.mean(b**2, axis=(1, 2)) + ENERGY_FLOOR / n
    relative = np.sqrt(np.mean((a - b) ** 2, axis=(1, 2)) / energy + 1e-8).mean()
    return float(relative + np.abs(np.log(a + LOG_FLOOR) - np.log(b + LOG_FLOOR)).mean())


def spectral_distance(out: Floats, target: Floats, scales: tuple[int, ...] = SCALES) -> float:
    """Mean over scales; (channels, samples) both."""
    return float(np.mean([scale_distance(out, target, n) for n in scales]))


@lru_cache(maxsize=8)
def mel_matrix(sample_rate: int, n: int, bands: int = 80) -> Floats:
    """Triangular filters on the mel scale (O'Shaughnessy), (bands, bins), 40 Hz to 16 kHz."""
    ends = 2595.0 * np.log10(1.0 + np.array([40.0, min(16000.0, 0.48 * sample_rate)]) / 700.0)
    edges = np.linspace(ends[0], ends[1], bands + 2)
    hz = 700.0 * (10.0 ** (edges / 2595.0) - 1.0)
    f = np.fft.rfftfreq(n, 1 / sample_rate)[None]
    low, mid, high = hz[:-2, None], hz[1:-1, None], hz[2:, None]
    rise, fall = (f - low) / (mid - low), (high - f) / (high - mid)
    return np.maximum(0.0, np.minimum(rise, fall))


def log_mel(audio: Floats, sample_rate: int, n: int = 2048, bands: int = 80) -> Floats:
    """Log-mel spectrum (natural log of magnitude), (channels, bands, frames), hop n/4."""
    power = magnitudes(audio, n) ** 2 @ mel_matrix(sample_rate, n, bands).T
    found: Floats = 0.5 * np.log(power + LOG_FLOOR**2)
    return found.transpose(0, 2, 1)


def decibels(difference: Floats) -> float:
    """Mean absolute difference of natural logarithms of magnitude, in dB."""
    return float(np.abs(difference).mean() * 20 / np.log(10))
