"""A plucked string for melodies: partials a little sharper than harmonics, the higher the sooner gone.

A closed formula of time, as the kit is (`isobath.sound.kit`); the page has the same in web/src/jam/pluck.ts.
Harder is louder and brighter. Stretch of the partials: Fletcher & Rossing 1998, equation 2.67.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from isobath.sound.kit import FADE_SECONDS, TAU, Samples

PARTIALS = 14
STIFFNESS = 0.00012
PLUCKED_AT = 0.19
"""Of the string's length."""
RELEASE_SECONDS = 0.07
LONGEST_SECONDS = 6.0
LOUDNESS = 1.4


@lru_cache(maxsize=512)
def note(pitch: int, velocity: float, seconds: float, rate: int, tune: float = 1.0) -> Samples:
    """One note, (samples,), not to be written to.

    pitch: MIDI, 60 is the middle C. velocity: 0 to 1. seconds: until it is let go. tune: factor of the pitch.
    """
    force = min(1.0, max(0.0, velocity))
    held = min(max(seconds, 0.02), LONGEST_SECONDS)
    count = int((held + 6.0 * RELEASE_SECONDS) * rate)
    t = np.arange(count, dtype=np.float64) / rate
    hertz = 440.0 * 2.0 ** ((pitch - 69) / 12.0) * tune
    decay = 1.6 * (220.0 / hertz) ** 0.5
    bright = 0.45 + 0.45 * force
    sound = np.zeros(count)
    for k in range(1, PARTIALS + 1):
        at = k * hertz * (1.0 + STIFFNESS * k * k) ** 0.5
        if at < 0.45 * rate:
            loud = np.sin(np.pi * k * PLUCKED_AT) / k * bright ** (k - 1)
            sound += loud * np.sin(TAU * at * t) * np.exp(-t / decay * (1.0 + 0.3 * (k - 1)))
    sound *= 1.0 - np.exp(-t / 0.0012)
    sound *= np.exp(-np.maximum(t - held, 0.0) / RELEASE_SECONDS)
    fade = int(FADE_SECONDS * rate)
    sound[-fade:] *= 1.0 - np.arange(1, fade + 1) / fade
    made: Samples = (0.8 * force**LOUDNESS * sound).astype(np.float32)
    made.flags.writeable = False
    return made
