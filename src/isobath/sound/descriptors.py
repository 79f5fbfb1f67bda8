"""What is heard, as a few numbers that a drawing can follow, 30 times a second.

web/src/look/descriptors.ts is the same in the page, and tests/golden/descriptors.json holds both to it.
All values are 0..1: 32 bands from 40 Hz to 16 kHz (-90 to -20 dB), A-weighted loudness, brightness
(centroid, 100 Hz to 10 kHz), and onsets (mean rise of the bands far above what is usual).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isobath.sound.loudness import a_weight
from isobath.types import Audio

Floats = NDArray[np.float64]
BANDS, SNAPSHOTS_A_SECOND, REMEMBERED = 32, 30, 240
SIZE = 2048
_LOWEST, _HIGHEST, _QUIET, _RANGE, _APART = 40.0, 16000.0, -90.0, 70.0, 4
_SMOOTHING = 0.6
"""As the page's AnalyserNode has it."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One moment. bands (32,) from low to high; onset 0 where nothing begins; latent in deviations."""

    bands: Floats
    loudness: float
    brightness: float
    onset: float
    latent: Floats


def _clamp(x: float) -> float:
    return min(1.0, max(0.0, x))


class Descriptors:
    """The last eight seconds of a sound, from its spectrum in dB (bins,) 30 times a second."""

    def __init__(self, sample_rate: int) -> None:
        self.past: deque[Snapshot] = deque(maxlen=REMEMBERED)
        self.count = 0
        self._rate = sample_rate
        self._flux: deque[float] = deque(maxlen=20)
        self._since = _APART
        self._weights: Floats | None = None

    def hear(self, spectrum: Floats, latent: Sequence[float] | Floats = ()) -> Snapshot:
        """The next snapshot."""
        bins = len(spectrum)
        hz = np.arange(bins, dtype=np.float64) * (self._rate / 2 / bins)
        if self._weights is None or len(self._weights) != bins:
            self._weights = np.asarray(a_weight(np.asarray(hz, dtype=np.float64)) ** 2)
        bands = self._bands(spectrum, self._rate / 2 / bins)
        power = 10 ** (np.maximum(-200.0, spectrum[1:]) / 10)
        weighted, whole = float(power @ self._weights[1:]), float(power.sum())
        loudness = _clamp((10 * math.log10(weighted + 1e-12) + 70) / 60)
        centre = float(power @ hz[1:]) / whole if whole > 1e-9 else 0.0
        brightness = _clamp(math.log2(centre / 100) / math.log2(100)) if centre > 0 else 0.0
        snapshot = Snapshot(
            bands, loudness, brightness, self._onset(bands), np.asarray(latent, dtype=np.float64)
        )
        self.past.append(snapshot)
        self.count += 1
        return snapshot

    @staticmethod
    def _bands(spectrum: Floats, width: float) -> Floats:
        ratio = (_HIGHEST / _LOWEST) ** (1 / BANDS)
        found, low = np.empty(BANDS), _LOWEST
        for band in range(BANDS):
            first = max(1, int(low / width))
            last = min(len(spectrum) - 1, max(first, int(low * ratio / width)))
            most = float(spectrum[first : last + 1].max()) if last >= first else -math.inf
            found[band] = _clamp((most - _QUIET) / _RANGE)
            low *= ratio
        return found

    def _onset(self, bands: Floats) -> float:
        rise = float(np.maximum(0, bands - self.past[-1].bands).mean()) if self.past else 0.0
        usual = sum(self._flux) / max(1, len(self._flux))
        self._flux.append(rise)
        self._since += 1
        if rise < 0.03 + 2 * usual or self._since < _APART:
            return 0.0
        self._since = 0
        return _clamp(rise * 4)


class Listening:
    """Spectra in dB as an AnalyserNode gives them (1024 bins, Blackman, smoothed from one to the next)."""

    def __init__(self) -> None:
        n = np.arange(SIZE)
        self._window = 0.42 - 0.5 * np.cos(2 * np.pi * n / SIZE) + 0.08 * np.cos(4 * np.pi * n / SIZE)
        self._smooth: Floats = np.zeros(SIZE // 2)

    def hear(self, sound: Audio | Floats) -> Floats:
        """The next one: of the last `SIZE` samples, (channels, SIZE) or (SIZE,)."""
        heard = np.atleast_2d(sound).mean(axis=0, dtype=np.float64)
        size = np.abs(np.fft.rfft(heard * self._window))[: SIZE // 2] / SIZE
        self._smooth = _SMOOTHING * self._smooth + (1 - _SMOOTHING) * size
        return np.asarray(20 * np.log10(self._smooth + 1e-12))


def spectra(blocks: Iterable[Audio], sample_rate: int) -> Iterator[Floats]:
    """Spectra in dB as `Listening` has them, 30 a second.

    blocks: (channels, samples) one after another; only a window's length of it is kept.
    """
    listening = Listening()
    kept, begins, step = np.zeros(SIZE), -SIZE, 0
    for block in blocks:
        kept = np.concatenate((kept, block.mean(axis=0, dtype=np.float64)))
        while True:
            end = round((step + 1) * sample_rate / SNAPSHOTS_A_SECOND)
            if end > begins + len(kept):
                break
            yield listening.hear(kept[end - SIZE - begins : end - begins])
            step += 1
        drop = max(0, len(kept) - SIZE - sample_rate // SNAPSHOTS_A_SECOND)
        kept, begins = kept[drop:], begins + drop
