"""How loud a sound is to people: K-weighted loudness and A-weighted level.

ITU-R BS.1770 weighs a sound by a shelf (the head) and a high pass, and takes the mean square
over 400 ms for the momentary loudness. The filters are applied as frequency responses, which needs no
loop over samples. The kernel's guard has its own running copy (kernel/guard.c); this one is for
measuring, and the tests hold the two against each other.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from isobath.types import Audio
from isobath.units import SILENCE_DB

Floats = NDArray[np.float64]
_BLOCK_SECONDS = 8.0
_RING_SECONDS = 1.0
"""The high pass rings for less than this."""


def biquads(sample_rate: int) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Numerator and denominator of the two halves of K-weighting, at any rate.

    The analogue prototypes that give the figures of BS.1770, tables 1 and 2, at 48 kHz.
    """
    k, q = math.tan(math.pi * 1681.974450955533 / sample_rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / q + k * k
    poles = np.array([1, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0])
    shelf = (
        np.array([high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k]) / a0,
        poles,
    )
    k, q = math.tan(math.pi * 38.13547087602444 / sample_rate), 0.5003270373238773
    a0 = 1 + k / q + k * k
    passing = (np.array([1.0, -2.0, 1.0]), np.array([1, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]))
    return shelf, passing


def _response(sample_rate: int, size: int) -> NDArray[np.complex128]:
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    response = np.ones(len(z), dtype=np.complex128)
    for numerator, denominator in biquads(sample_rate):
        response *= (numerator @ [z**0, z, z**2]) / (denominator @ [z**0, z, z**2])
    return response


def k_weighted(audio: Audio | Floats, sample_rate: int) -> Floats:
    """The sound as BS.1770 hears it, (channels, samples)."""
    sound = np.atleast_2d(np.asarray(audio, dtype=np.float64))
    block, ring = int(_BLOCK_SECONDS * sample_rate), int(_RING_SECONDS * sample_rate)
    size = 1 << (block + ring - 1).bit_length()
    response = _response(sample_rate, size)
    out = np.zeros((sound.shape[0], sound.shape[1] + size))
    for start in range(0, sound.shape[1], block):
        spectrum = np.fft.rfft(sound[:, start : start + block], size)
        out[:, start : start + size] += np.fft.irfft(spectrum * response, size)
    return out[:, : sound.shape[1]]


def loudness_of_energy(mean_square: Floats) -> Floats:
    """LUFS of a K-weighted mean square summed over channels."""
    return np.asarray(
        np.maximum(SILENCE_DB, -0.691 + 10 * np.log10(np.maximum(mean_square, 1e-30))), dtype=np.float64
    )


def momentary(audio: Audio | Floats, sample_rate: int, step_seconds: float = 0.01) -> Floats:
    """Momentary loudness in LUFS, one value each step: of the 400 ms that end there.

    Before the sound there is silence, so that the first values rise from it.
    """
    energy = (k_weighted(audio, sample_rate) ** 2).sum(axis=0)
    window, step = round(0.4 * sample_rate), max(1, round(step_seconds * sample_rate))
    total = np.concatenate([np.zeros(window + 1), np.cumsum(energy)])
    ends = np.arange(step, len(energy) + 1, step) + window
    return loudness_of_energy((total[ends] - total[ends - window]) / window)


class Gated:
    """Loudness of a whole sound, heard block by block (ITU-R BS.1770-4, gated), the mean over channels: a
    sound on one channel and the same on two are as loud. Constant memory but for ten numbers a second.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._step = max(1, round(0.1 * sample_rate))
        self._past = np.zeros((1, 0))
        self._rest = np.zeros(0)
        self._energies: list[float] = []
        """Mean square of each 100 ms."""

    def hear(self, audio: Audio | Floats) -> None:
        """The next (channels, samples)."""
        sound = np.atleast_2d(np.asarray(audio, dtype=np.float64))
        if self._past.shape[0] != sound.shape[0]:
            self._past = np.zeros((sound.shape[0], 0))
        whole = np.concatenate([self._past, sound], axis=1)
        weighted = k_weighted(whole, self.sample_rate)[:, self._past.shape[1] :]
        self._past = whole[:, -round(_RING_SECONDS * self.sample_rate) :]
        energy = np.concatenate([self._rest, (weighted**2).mean(axis=0)])
        steps = len(energy) // self._step
        self._energies += energy[: steps * self._step].reshape(steps, self._step).mean(axis=1).tolist()
        self._rest = energy[steps * self._step :]

    def momentary(self) -> Floats:
        """LUFS of every 400 ms, each 100 ms; of a shorter sound, of what there is."""
        energies = np.array([*self._energies, *([self._rest.mean()] if len(self._rest) else [])])
        if len(energies) == 0:
            return np.zeros(0)
        width = min(4, len(energies))
        return loudness_of_energy(np.convolve(energies, np.full(width, 1 / width), "valid"))

    def integrated(self) -> float:
        """LUFS over everything louder than the gates; SILENCE_DB where nothing is."""
        levels = self.momentary()
        loud = levels[levels > -70.0]
        if len(loud) == 0:
            return SILENCE_DB
        mean = _mean_loudness(loud)
        return _mean_loudness(loud[loud > mean - 10.0])


def _mean_loudness(levels: Floats) -> float:
    return float(-0.691 + 10 * np.log10(np.mean(10 ** ((levels + 0.691) / 10))))


def steepest_rise(momentary_lufs: Floats, step_seconds: float = 0.01, floor: float = SILENCE_DB) -> float:
    """Largest rise of momentary loudness within any second, in LU; what lies under `floor` counts as it."""
    levels = np.maximum(momentary_lufs, floor)
    steps = round(1.0 / step_seconds)
    steepest = 0.0
    for end in range(1, len(levels)):
        steepest = max(steepest, float(levels[end] - levels[max(0, end - steps) : end].min()))
    return steepest


def a_weight(hz: Floats) -> Floats:
    """Gain of A-weighting at these frequencies (IEC 61672-1, annex E), 1 at 1 kHz."""
    square = np.asarray(hz, dtype=np.float64) ** 2
    curve = (12194.217**2 * square**2) / (
        (square + 20.598997**2)
        * np.sqrt((square + 107.65265**2) * (square + 737.86223**2))
        * (square + 12194.217**2)
    )
    return np.asarray(curve * 10 ** (1.9997 / 20), dtype=np.float64)
