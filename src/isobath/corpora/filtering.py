"""Recursive filters over long sounds, block by block, without a loop over samples.

A filter that rings for less than a block is its frequency response: each block is multiplied in the
spectrum and its ringing added to the next (overlap-add). In single precision, which is half the work:
the error is some 140 dB below the sound.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from isobath.sound.loudness import biquads, loudness_of_energy
from isobath.types import Audio
from isobath.units import SILENCE_DB

Floats = NDArray[np.float64]
Section = tuple[Floats, Floats]
"""Numerator and denominator in powers of z⁻¹."""

_BLOCK = 65536
_INAUDIBLE = 1e-8
"""What a filter rings with when it counts as silent."""


def high_pass(hz: float, sample_rate: int) -> list[Section]:
    """A Butterworth high pass of 24 dB an octave, by the bilinear transform, as two sections."""
    k = math.tan(math.pi * hz / sample_rate)
    sections = []
    for q in (0.5411961001461971, 1.3065629648763766):
        a0 = 1 + k / q + k * k
        poles = np.array([1, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0])
        sections.append((np.array([1.0, -2.0, 1.0]) / a0, poles))
    return sections


class Filter:
    """Sections one after another on a stream (channels, samples); state between blocks."""

    def __init__(self, sections: list[Section], channels: int) -> None:
        self._coefficients = tuple((tuple(n), tuple(d)) for n, d in sections)
        slowest = max(float(np.abs(np.roots(d)).max()) for _, d in sections)
        self._ring = math.ceil(math.log(_INAUDIBLE) / math.log(slowest)) if slowest < 1 else 0
        self._ringing = np.zeros((channels, self._ring), np.float32)

    def push(self, audio: Audio) -> Audio:
        """The filtered block, as long as what came in."""
        pieces = [self._piece(audio[:, at : at + _BLOCK]) for at in range(0, audio.shape[1], _BLOCK)]
        return np.concatenate(pieces, axis=1) if pieces else audio

    def _piece(self, audio: Audio) -> Audio:
        n = audio.shape[1]
        size = 1 << (n + self._ring - 1).bit_length()
        response = _response(self._coefficients, size)
        out = np.fft.irfft(np.fft.rfft(audio, size) * response, size).astype(np.float32, copy=False)
        out[:, : self._ring] += self._ringing
        self._ringing = out[:, n : n + self._ring].copy()
        return out[:, :n]


@lru_cache(maxsize=8)
def _response(
    sections: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...], size: int
) -> NDArray[np.complex64]:
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    response = np.ones(len(z), np.complex128)
    for numerator, denominator in sections:
        response *= np.polyval(numerator[::-1], z) / np.polyval(denominator[::-1], z)
    return response.astype(np.complex64)


class Level:
    """Highest sample and loudness of a stream, the latter as ITU-R BS.1770-4 gates it."""

    def __init__(self, channels: int, sample_rate: int) -> None:
        self.peak = 0.0
        self._weigh = Filter(list(biquads(sample_rate)), channels)
        self._step = round(0.1 * sample_rate)
        self._rest = np.zeros(0)
        self._energies: list[Floats] = []

    def push(self, audio: Audio) -> None:
        """Hear a block (channels, samples)."""
        if audio.shape[1] == 0:
            return
        self.peak = max(self.peak, float(np.abs(audio).max()))
        energy = (self._weigh.push(audio).astype(np.float64) ** 2).sum(axis=0)
        energy = np.concatenate((self._rest, energy))
        whole = len(energy) // self._step * self._step
        self._energies.append(energy[:whole].reshape(-1, self._step).mean(axis=1))
        self._rest = energy[whole:]

    @property
    def peak_db(self) -> float:
        """Highest sample, dBFS."""
        return max(SILENCE_DB, 20 * math.log10(self.peak)) if self.peak > 0 else SILENCE_DB

    def loudness(self) -> float:
        """Integrated loudness, LUFS; a sound shorter than 400 ms is measured as a whole."""
        rest = [self._rest.mean(keepdims=True)] if len(self._rest) else []
        steps = np.concatenate([np.zeros(0), *self._energies, *rest])
        if len(steps) == 0:
            return SILENCE_DB
        total = np.concatenate(([0.0], np.cumsum(steps)))
        width = min(4, len(steps))
        blocks = (total[width:] - total[:-width]) / width
        for gate in (-70.0, None):
            if len(blocks) == 0:
                return SILENCE_DB
            floor = gate if gate is not None else float(loudness_of_energy(blocks.mean())) - 10
            blocks = blocks[loudness_of_energy(blocks) > floor]
        return float(loudness_of_energy(blocks.mean())) if len(blocks) else SILENCE_DB
