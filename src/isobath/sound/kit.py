"""A drum kit of nine pieces, made by sums that both homes of the instrument work out alike.

Each hit is a closed formula of time: partials, a body whose pitch falls, and noise that is a function of
its index. Nothing recurs from sample to sample, so a hit is a few vector operations here and the same
numbers in the page (web/src/jam/kit.ts, held together by tests/golden/kit.json). Harder is louder, brighter,
longer and higher at its beginning, as on skins and metal (Fletcher & Rossing 1998, chapters 18 and 20).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Doubles = NDArray[np.floating[Any]]

TAU = 2.0 * np.pi
KICK, SNARE, CLOSED, OPEN, LOW_TOM, MID_TOM, HIGH_TOM, CRASH, RIDE = range(9)
PIECES = 9
LOUDNESS = 1.5
"""Power of the velocity."""
FADE_SECONDS = 0.005
"""Every hit ends in silence, not in a step."""
METAL = (1.0, 1.342, 1.5147, 1.9306, 2.1531, 2.4963)
"""Partials of a struck plate with nothing harmonic about it."""


@dataclass(frozen=True, slots=True)
class Skin:
    """A drum. low: Hz it settles at; fall: Hz above it at the beginning, as much again by force; settle,
    decay, rattle: seconds; noise: its share; band: Hz about which the noise lies, 0: everywhere; gain."""

    low: float
    fall: float
    settle: float
    decay: float
    noise: float
    rattle: float
    band: float
    gain: float


@dataclass(frozen=True, slots=True)
class Plate:
    """A cymbal. low: Hz of its lowest partial; decay: seconds; wash: share of noise; bell: share of a
    partial that stays clear; gain."""

    low: float
    decay: float
    wash: float
    bell: float
    gain: float


SKINS = {
    KICK: Skin(48.0, 110.0, 0.030, 0.160, 0.10, 0.004, 0.0, 1.00),
    SNARE: Skin(186.0, 60.0, 0.012, 0.085, 0.62, 0.110, 3200.0, 0.80),
    LOW_TOM: Skin(86.0, 42.0, 0.050, 0.260, 0.10, 0.020, 900.0, 0.85),
    MID_TOM: Skin(118.0, 52.0, 0.045, 0.220, 0.10, 0.018, 1200.0, 0.80),
    HIGH_TOM: Skin(160.0, 64.0, 0.040, 0.180, 0.10, 0.016, 1600.0, 0.78),
}
PLATES = {
    CLOSED: Plate(3140.0, 0.028, 0.62, 0.0, 0.42),
    OPEN: Plate(3140.0, 0.210, 0.58, 0.0, 0.42),
    CRASH: Plate(2210.0, 0.620, 0.70, 0.0, 0.55),
    RIDE: Plate(2730.0, 0.430, 0.34, 0.45, 0.36),
}


def noise(index: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Values from -1 to 1, one for each index: a hash, so that any of them is known without the ones
    before (finalizer of MurmurHash3, public domain)."""
    x = (index.astype(np.uint64) * np.uint64(2654435761) + np.uint64(seed * 40503 + 1)).astype(np.uint32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return x / 2147483648.0 - 1.0


def _soft_noise(t: Doubles, hertz: float, seed: int) -> Doubles:
    """Noise of a bandwidth: values at this rate, joined by straight lines."""
    at = t * hertz
    index = np.floor(at)
    share = at - index
    whole = index.astype(np.int64)
    return np.asarray(noise(whole, seed) * (1.0 - share) + noise(whole + 1, seed) * share)


@lru_cache(maxsize=1024)
def hit(piece: int, velocity: float, rate: int, tune: float = 1.0, variant: int = 0) -> Samples:
    """One hit, (samples,), not to be written to.

    piece: 0 to 8 as in the classes of bars. velocity: 0 to 1. tune: factor of all pitches.
    variant: another noise, so that repeated hits are not the same sound.
    """
    force = min(1.0, max(0.0, velocity))
    seed = piece * 16 + variant % 16
    made = (
        _skin(SKINS[piece], force, rate, tune, seed)
        if piece in SKINS
        else _plate(PLATES[piece], force, rate, tune, seed)
    )
    made.flags.writeable = False
    return made


def _times(seconds: float, rate: int) -> Doubles:
    return np.arange(int(seconds * rate), dtype=np.float64) / rate


def _ended(sound: Doubles, rate: int) -> Samples:
    fade = int(FADE_SECONDS * rate)
    sound[-fade:] *= 1.0 - np.arange(1, fade + 1) / fade
    return sound.astype(np.float32)


def _skin(skin: Skin, force: float, rate: int, tune: float, seed: int) -> Samples:
    t = _times(7.0 * max(skin.decay, skin.rattle), rate)
    low, fall = skin.low * tune, skin.fall * tune * (0.5 + force)
    phase = TAU * (low * t + fall * skin.settle * (1.0 - np.exp(-t / skin.settle)))
    body = np.sin(phase) + 0.35 * force * np.sin(1.593 * phase) * np.exp(-t / (0.4 * skin.decay))
    body *= np.exp(-t / (skin.decay * (0.7 + 0.3 * force)))
    if skin.band:
        rattle = _soft_noise(t, 1.2 * skin.band, seed) * np.cos(TAU * skin.band * tune * t)
        rattle += 0.6 * force * noise(np.arange(len(t)), seed + 1)
    else:
        rattle = noise(np.arange(len(t)), seed)
    rattle *= np.exp(-t / (skin.rattle * (0.6 + 0.4 * force)))
    share = skin.noise * (0.4 + 0.6 * force)
    drive = 1.0 + 1.5 * force
    sound = np.tanh(drive * ((1.0 - share) * body + share * rattle)) / np.tanh(drive)
    return _ended(skin.gain * force**LOUDNESS * sound, rate)


def _plate(plate: Plate, force: float, rate: int, tune: float, seed: int) -> Samples:
    decay = plate.decay * (0.6 + 0.4 * force)
    t = _times(5.5 * decay, rate)
    ring = np.zeros(len(t))
    for number, ratio in enumerate(METAL):
        hertz = plate.low * tune * ratio
        if hertz * 1.6 < 0.45 * rate:
            bend = (0.6 + 1.8 * force) * np.sin(TAU * 0.5312 * hertz * t)
            ring += np.sin(TAU * hertz * t + bend) * np.exp(-t / decay * (1.0 + 0.15 * number))
    ring /= len(METAL)
    index = np.arange(len(t))
    # the difference of neighbours leaves the high ones; harder opens more of them
    white = 0.5 * (noise(index + 1, seed) - (0.25 + 0.7 * force) * noise(index, seed))
    wash = white * np.exp(-t / (0.8 * decay))
    bell = np.sin(TAU * plate.low * 0.31 * tune * t) * np.exp(-t / (1.4 * decay))
    sound = (1.0 - plate.wash) * 2.0 * ring + plate.wash * wash + plate.bell * bell * (0.5 + 0.5 * force)
    return _ended(plate.gain * force**LOUDNESS * sound, rate)
