"""Loudness, brightness and pitch of recordings and of what a model makes of them.

Loudness is RMS in dBFS after A-weighting (IEC 61672-1), brightness the spectral centroid,
pitch the YIN estimate (de Cheveigne & Kawahara 2002) by Fourier transform.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from isobath.sound.loudness import a_weight

Floats = NDArray[np.floating[Any]]


def _powers(audio: NDArray[np.float32], size: int, hop: int) -> Floats:
    """Mean-square per bin of Hann frames, (channels averaged): (frames, bins)."""
    window = np.hanning(size)
    frames = np.lib.stride_tricks.sliding_window_view(audio, size, axis=1)[:, ::hop]
    total: Floats = np.zeros((frames.shape[1], size // 2 + 1))
    for start in range(0, frames.shape[1], 256):
        z = np.fft.rfft(frames[:, start : start + 256] * window, axis=-1)
        total[start : start + 256] = np.mean(np.abs(z) ** 2, axis=0)
    return total * 2 / (size * np.sum(window**2))


def loudness_and_brightness(
    audio: NDArray[np.float32], sample_rate: int, size: int = 2048, hop: int = 512
) -> tuple[Floats, Floats]:
    """Per frame: A-weighted level (dBFS RMS, floor -120) and centroid (Hz)."""
    power = _powers(audio, size, hop)
    hz = np.fft.rfftfreq(size, 1 / sample_rate).astype(np.float64)
    level = 10 * np.log10(power @ a_weight(hz) ** 2 + 1e-12)
    centroid = power @ hz / (power.sum(axis=1) + 1e-12)
    return level, centroid


def pitch(
    audio: NDArray[np.float32], sample_rate: int, hop: int = 512,
    lowest_hz: float = 60.0, highest_hz: float = 1600.0, threshold: float = 0.15,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Per frame: pitch (Hz, 0 where unpitched) and YIN's aperiodicity at it (0 = periodic).

    audio: (samples,). Frames span two of the longest periods.
    """
    longest = int(np.ceil(sample_rate / lowest_hz))
    shortest = max(int(sample_rate / highest_hz), 2)
    span = 2 * longest
    padded = np.pad(audio.astype(np.float64), (0, span + longest))
    count = max(len(audio) // hop, 1)
    size = 1 << int(np.ceil(np.log2(span + longest)))
    found, doubt = np.zeros(count), np.ones(count)
    for start in range(0, count, 256):
        starts = np.arange(start, min(start + 256, count)) * hop
        frames = padded[starts[:, None] + np.arange(span + longest)]
        d = _differences(frames, span, longest, size)
        for row, curve in enumerate(d):
            found[start + row], doubt[start + row] = _dip(curve, shortest, threshold, sample_rate)
    return found, doubt


def _differences(frames: Floats, span: int, longest: int, size: int) -> Floats:
    """YIN's cumulative-mean-normalised difference, (frames, lags)."""
    head = np.fft.rfft(frames[:, :span], size)
    whole = np.fft.rfft(frames, size)
    cross = np.fft.irfft(np.conj(head) * whole, size)[:, :longest]
    energy = np.cumsum(np.pad(frames**2, ((0, 0), (1, 0))), axis=1)
    lagged = energy[:, span : span + longest] - energy[:, :longest]
    d = np.maximum(lagged[:, :1] + lagged - 2 * cross, 0.0) + 1e-12
    lags = np.arange(1, longest)
    normal = np.ones_like(d)
    normal[:, 1:] = d[:, 1:] * lags / np.cumsum(d[:, 1:], axis=1)
    return normal


def _dip(curve: Floats, shortest: int, threshold: float, sample_rate: int) -> tuple[float, float]:
    """First dip below the threshold, followed to its bottom and refined by a parabola."""
    below = np.flatnonzero(curve[shortest:-1] < threshold)
    if len(below) == 0:
        return 0.0, float(curve[shortest:].min())
    lag = int(below[0]) + shortest
    while lag + 1 < len(curve) - 1 and curve[lag + 1] < curve[lag]:
        lag += 1
    a, b, c = curve[lag - 1], curve[lag], curve[lag + 1]
    bend = a - 2 * b + c
    shift = 0.5 * (a - c) / bend if bend > 0 else 0.0
    return sample_rate / (lag + float(np.clip(shift, -1, 1))), float(b)
