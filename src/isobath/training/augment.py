"""What is done to a crop before it is heard, so that a small set teaches more than itself.

Every augmentation takes a random generator, the sound (channels, samples) and the sample
rate, and gives back a sound of the same size. Input and aim of a step are cut from the same
augmented sound, so none of them teaches a change of sound.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import soxr
from numpy.typing import NDArray

from isobath.errors import UsageError

Sound = NDArray[np.float32]
Augmentation = Callable[[np.random.Generator, Sound, int], Sound]
SEMITONES = 2.0
"""Most that `pitch` moves a sound, up or down."""


def _quick(least: int) -> int:
    """The next size whose only factors are 2, 3 and 5: transforms of others take many times as long."""
    odd = (int(3**a * 5**b) for a in range(6) for b in range(6))
    return min(n << max(0, (-(-least // n) - 1).bit_length()) for n in odd)


def allpass(rng: np.random.Generator, sound: Sound, sample_rate: int) -> Sound:
    """Mostly: a second-order all-pass at 20 to 2000 Hz, pole radius .99. New phases, same sound."""
    if rng.random() >= 0.8:
        return sound
    turn = 2 * np.pi * np.exp(rng.uniform(np.log(20), np.log(2000))) / sample_rate
    a, b = -2 * 0.99 * np.cos(turn), 0.99**2
    n = sound.shape[1]
    size = _quick(n + 2048)  # the pole has faded by 178 dB
    w = np.exp(-2j * np.pi * np.fft.rfftfreq(size))
    response = (b + a * w + w**2) / (1 + a * w + b * w**2)
    return np.fft.irfft(np.fft.rfft(sound, size) * response, size)[:, :n].astype(np.float32)


def dither(rng: np.random.Generator, sound: Sound, _: int) -> Sound:
    """Noise of half a step of 16 bits, so that silence is never exactly nothing."""
    return sound + rng.uniform(-1, 1, sound.shape).astype(np.float32) * np.float32(2.0**-16)


def mute(rng: np.random.Generator, sound: Sound, _: int) -> Sound:
    """One time in ten: silence."""
    return np.zeros_like(sound) if rng.random() < 0.1 else sound


def gain(rng: np.random.Generator, sound: Sound, _: int) -> Sound:
    """Every other time: -6 to +3 dB, as far as it does not clip."""
    if rng.random() >= 0.5:
        return sound
    factor = 10 ** (rng.uniform(-6.0, 3.0) / 20)
    peak = float(np.abs(sound).max(initial=0.0))
    return sound * np.float32(min(factor, max(1.0, 1.0 / max(peak, 1e-9))))


def compress(rng: np.random.Generator, sound: Sound, sample_rate: int) -> Sound:
    """Mostly: what is above a threshold of -30 to -10 dB brought down 2 to 6 times, then raised to the
    old peak. The level is followed in blocks of 3 ms."""
    if rng.random() >= 0.8 or not sound.any():
        return sound
    threshold, ratio = rng.uniform(-30.0, -10.0), rng.uniform(2.0, 6.0)
    block = max(1, round(0.003 * sample_rate))
    n = sound.shape[1]
    padded = np.pad(sound, ((0, 0), (0, -n % block)))
    power = np.square(padded.reshape(len(sound), -1, block).astype(np.float64)).mean(axis=(0, 2))
    level = 10 * np.log10(np.convolve(np.pad(power, 3, "edge"), np.full(7, 1 / 7), "valid") + 1e-12)
    down = -np.maximum(level - threshold, 0.0) * (1 - 1 / ratio)
    db = np.interp(np.arange(n), (np.arange(len(down)) + 0.5) * block, down)
    made = sound * (10 ** (db / 20)).astype(np.float32)
    return made * np.float32(np.abs(sound).max() / max(float(np.abs(made).max()), 1e-9))


def pitch(rng: np.random.Generator, sound: Sound, sample_rate: int) -> Sound:
    """Every other time: up to two semitones higher or lower, by playing it faster or slower."""
    if rng.random() >= 0.5:
        return sound
    ratio = 2 ** (rng.uniform(-SEMITONES, SEMITONES) / 12)
    played = soxr.resample(np.ascontiguousarray(sound.T), sample_rate * ratio, sample_rate).T
    n = sound.shape[1]
    if played.shape[1] < n:  # faster: hear its beginning again
        played = np.concatenate((played, played[:, : n - played.shape[1]]), axis=1)
    return np.ascontiguousarray(played[:, :n], dtype=np.float32)


def normalise(_: np.random.Generator, sound: Sound, __: int) -> Sound:
    """Raised to a peak of .95, by 30 dB at most; never lowered."""
    peak = float(np.abs(sound).max(initial=0.0))
    return sound * np.float32(min(max(0.95 / max(peak, 1e-9), 1.0), 10**1.5))


def derivative(rng: np.random.Generator, sound: Sound, _: int) -> Sound:
    """Every other time: differences of neighbouring samples at the old peak, for sounds all in the bass."""
    if rng.random() >= 0.5 or not sound.any():
        return sound
    steps = np.diff(sound, axis=1, prepend=sound[:, :1])
    return steps * np.float32(np.abs(sound).max() / max(float(np.abs(steps).max()), 1e-9))


AUGMENTATIONS: dict[str, Augmentation] = {
    "allpass": allpass, "dither": dither, "mute": mute, "compress": compress, "gain": gain,
    "pitch": pitch, "normalise": normalise, "derivative": derivative,
}  # fmt: skip
"""By name, as `--augment` and `Course.augment` give them. `levels` (corpus.py) is one of them, too."""


def check(names: tuple[str, ...]) -> None:
    """Refuse what there is not."""
    for name in names:
        if name not in AUGMENTATIONS and name != "levels":
            raise UsageError(
                f"There is no augmentation {name}. Choose from: {', '.join([*AUGMENTATIONS, 'levels'])}."
            )


def augmented(names: tuple[str, ...], rng: np.random.Generator, sound: Sound, sample_rate: int) -> Sound:
    """The sound after all of them, in order."""
    for name in names:
        if name in AUGMENTATIONS:
            sound = AUGMENTATIONS[name](rng, sound, sample_rate)
    return sound
