"""How rough a sound is: beating and buzzing too quick to follow and too slow to be a tone.

A simplified form of Daniel & Weber (Acustica 83, 1997): the sound is cut into bands an ear's width
wide; how deep each band's envelope moves between some 15 and 300 times a second, most at 70, is squared and
averaged where neighbouring bands move together, as they do in a buzz and do not in noise; a sound that is
rough in many bands is rougher. In asper: a tone of 1 kHz, wholly modulated at 70 Hz, is 1. Loudness
does not enter, but bands far below the loudest do not count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_BANDS = 22
"""A Bark apart, from the first; above there is little that beats."""
_WIDTH = 1.5
"""Bark on each side of a band's middle, raised cosine."""
_SLOWEST, _QUICKEST, _BEST = 15.0, 300.0, 70.0
"""Hz of modulation."""
_QUIET = 1e-3
"""Share of the loudest band's energy under which a band does not count."""
_ONE_ASPER = 2.04
"""Brings the reference tone to 1."""


def bark(hz: NDArray[np.floating]) -> Floats:
    """Critical-band rate (Traunmüller 1990)."""
    return np.asarray(26.81 * hz / (1960.0 + hz) - 0.53, dtype=np.float64)


@dataclass(frozen=True)
class _Band:
    """Bins of the sound's spectrum that it is made of, and how large its own envelope's must be."""

    first: int
    gains: Floats
    size: int


@dataclass(frozen=True)
class _Plan:
    bands: tuple[_Band, ...]
    window: Floats
    modulations: Floats
    """Gain of each modulation, from 0 Hz on."""
    size: int
    """Samples that an envelope's movement is kept at."""


@cache
def _plan(samples: int, sample_rate: int) -> _Plan:
    places = bark(np.fft.rfftfreq(samples, 1 / sample_rate))
    seconds = samples / sample_rate
    count = math.ceil(_QUICKEST * seconds) + 1
    ratio = np.arange(count) / seconds / _BEST
    modulations = 2 * ratio / (1 + ratio**2)
    modulations[: math.floor(_SLOWEST * seconds)] = 0.0
    size = 1 << (2 * count - 1).bit_length()
    bands = []
    for middle in 1.0 + np.arange(_BANDS):
        inside = np.flatnonzero(np.abs(places - middle) < _WIDTH)
        if len(inside) < 2:
            continue
        gains = 0.5 + 0.5 * np.cos(np.pi * (places[inside] - middle) / _WIDTH)
        room = 1 << (max(len(inside), 2 * count) - 1).bit_length()
        bands.append(_Band(int(inside[0]), gains, room))
    return _Plan(tuple(bands), np.hanning(samples), modulations, size)


def roughness(audio: NDArray[np.floating], sample_rate: int) -> Floats:
    """Asper of each of several sounds, (sounds, samples) -> (sounds,); half a second each is enough."""
    sound = np.atleast_2d(np.asarray(audio, dtype=np.float64))
    plan = _plan(sound.shape[1], sample_rate)
    spectrum = np.fft.rfft(sound * plan.window, axis=1)
    level = np.empty((len(plan.bands), len(sound)))
    moving = np.empty((len(plan.bands), len(sound), plan.size))
    for k, band in enumerate(plan.bands):
        level[k], moving[k] = _envelope(spectrum, band, plan)
    depth = np.minimum(1.5, np.sqrt(2 * (moving**2).mean(axis=2)) / level)
    energy = level**2
    share = np.where(energy < _QUIET * energy.max(axis=0), 0.0, energy**0.25)
    share /= np.maximum(share.sum(axis=0), 1e-12)
    wide = 1.0 / np.maximum((share**2).sum(axis=0), 1e-12)  # how many bands take part
    rough = (share * (depth * _together(moving)) ** 2).sum(axis=0)
    return np.asarray(_ONE_ASPER * rough * np.sqrt(wide / 3.0), dtype=np.float64)


def _envelope(spectrum: NDArray[np.complex128], band: _Band, plan: _Plan) -> tuple[Floats, Floats]:
    """A band's mean level (sounds,), and how its envelope moves (sounds, size)."""
    inside = np.zeros((len(spectrum), band.size), dtype=np.complex128)
    count = len(band.gains)
    inside[:, :count] = spectrum[:, band.first : band.first + count] * band.gains
    envelope = np.abs(np.fft.ifft(inside, axis=1)) * band.size
    window = np.hanning(band.size)
    level = np.maximum(envelope.mean(axis=1) / window.mean(), 1e-9)
    beats = np.fft.rfft(envelope - level[:, None] * window, axis=1)[:, : len(plan.modulations)]
    whole = np.zeros((len(spectrum), plan.size // 2 + 1), dtype=np.complex128)
    whole[:, : len(plan.modulations)] = beats * plan.modulations * (plan.size / band.size)
    through = math.sqrt(float((window**2).mean()))
    return level, np.fft.irfft(whole, plan.size, axis=1) / through


def _together(moving: Floats) -> Floats:
    """How far each band moves with its neighbour on either side, 0..1."""
    size = np.sqrt((moving**2).mean(axis=2)) + 1e-12
    alike = (moving[1:] * moving[:-1]).mean(axis=2) / (size[1:] * size[:-1])
    alike = np.clip(alike, 0.0, 1.0)
    found = np.zeros(size.shape)
    found[1:] = alike
    found[:-1] = np.maximum(found[:-1], alike)
    return found
