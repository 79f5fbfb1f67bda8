"""A compact spectrum to compare sounds by."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from isobath.types import Audio
from isobath.units import SILENCE_DB

Floats = NDArray[np.float64]
_LOWEST_HZ = 50.0


def magnitudes(audio: Audio | Floats, size: int = 2048, hop: int | None = None) -> Floats:
    """Magnitudes (frames, size // 2 + 1) of the channels' mean under a Hann window; a full-scale
    sine reads 1 in its bin. A sound shorter than one window is continued with silence."""
    sound = np.atleast_2d(np.asarray(audio, dtype=np.float64)).mean(axis=0)
    hop = hop or size // 4
    sound = np.pad(sound, (0, max(0, size - len(sound))))
    frames = np.lib.stride_tricks.sliding_window_view(sound, size)[::hop]
    window = np.hanning(size + 1)[:-1]
    return np.asarray(np.abs(np.fft.rfft(frames * window)) / (window.sum() / 2), dtype=np.float64)


def third_octaves(audio: Audio | Floats, sample_rate: int, seconds: float = 0.25) -> Floats:
    """Level in dB of each third of an octave from 50 Hz up, (stretches of so many seconds, bands).

    Coarse enough to survive another compiler, fine enough that a wrong pitch or a lost partial shows.
    """
    size = 1 << int(seconds * sample_rate).bit_length()
    power = magnitudes(audio, size, int(seconds * sample_rate)) ** 2
    hz = np.fft.rfftfreq(size, 1 / sample_rate)
    bands = int(3 * np.log2(sample_rate / 2 / _LOWEST_HZ))
    edges = _LOWEST_HZ * 2 ** (np.arange(bands + 1) / 3)
    sums = [power[:, (hz >= low) & (hz < high)].sum(axis=1) for low, high in pairwise(edges)]
    return np.asarray(np.maximum(SILENCE_DB, 10 * np.log10(np.stack(sums, axis=1) + 1e-30)), dtype=np.float64)
